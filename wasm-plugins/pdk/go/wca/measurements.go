package wca

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Measurements by name, in the agent's order.
type Measurements []Measurement

// Measurement is a number, or values by a level such as cpu.
type Measurement struct {
	// Of the measurement, or of the level's value that this is.
	Name   string
	Number float64
	// nil: it is a number.
	Levels []Measurement
}

// Get finds what is at the end of the path: a name, then the values of levels.
func (m Measurements) Get(path ...string) (Measurement, bool) {
	for _, measurement := range m {
		if len(path) == 0 || measurement.Name != path[0] {
			continue
		}
		if len(path) == 1 {
			return measurement, true
		}
		return Measurements(measurement.Levels).Get(path[1:]...)
	}
	return Measurement{}, false
}

// Number is the one at the end of the path.
func (m Measurements) Number(path ...string) (float64, bool) {
	found, ok := m.Get(path...)
	return found.Number, ok && found.Levels == nil
}

// Sum of all numbers at and below the path, in order; false where there is none.
func (m Measurements) Sum(path ...string) (float64, bool) {
	found, ok := m.Get(path...)
	if !ok {
		return 0, false
	}
	return found.sum()
}

func (m Measurement) sum() (float64, bool) {
	if m.Levels == nil {
		return m.Number, true
	}
	sum, some := 0.0, false
	for _, level := range m.Levels {
		number, ok := level.sum()
		switch {
		case ok && some:
			sum += number
		case ok:
			sum, some = number, true
		}
	}
	return sum, some
}

// UnmarshalJSON keeps the order, which a map would lose, and is several times as quick as one.
func (m *Measurements) UnmarshalJSON(text []byte) error {
	p := parser{text: text}
	levels, err := p.levels()
	if err != nil {
		return fmt.Errorf("cannot read measurements: %w", err)
	}
	*m = levels
	return nil
}

// Of text that encoding/json has found to be valid.
type parser struct {
	text []byte
	at   int
}

func (p *parser) levels() ([]Measurement, error) {
	if p.next() != '{' {
		return nil, fmt.Errorf("an object is wanted at byte %d", p.at)
	}
	p.at++
	levels := []Measurement{}
	for p.next() != '}' {
		if p.text[p.at] == ',' {
			p.at++
			p.next()
		}
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		p.next()
		p.at++ // The colon.
		level := Measurement{Name: name}
		if p.next() == '{' {
			level.Levels, err = p.levels()
		} else {
			level.Number, err = p.number()
		}
		if err != nil {
			return nil, err
		}
		levels = append(levels, level)
	}
	p.at++
	return levels, nil
}

// The next byte that is not a space.
func (p *parser) next() byte {
	for p.at < len(p.text) && (p.text[p.at] <= ' ') {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) name() (string, error) {
	start, escaped := p.at, false
	for p.at++; p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			escaped = true
			p.at++
		}
	}
	p.at++
	if !escaped {
		return string(p.text[start+1 : p.at-1]), nil
	}
	var name string
	err := json.Unmarshal(p.text[start:p.at], &name)
	return name, err
}

func (p *parser) number() (float64, error) {
	start := p.at
	for p.at < len(p.text) && p.text[p.at] != ',' && p.text[p.at] != '}' && p.text[p.at] > ' ' {
		p.at++
	}
	return strconv.ParseFloat(string(p.text[start:p.at]), 64)
}
