package wca

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

const (
	magic    = 0x31414357
	headSize = 40
)

// Table is all of one round in the form binary.
type Table struct {
	// Wall clock, milliseconds since the epoch.
	TimeMs       float64
	IntervalSecs float64
	// Another number than last time: Meta has changed.
	MetaVersion uint32
	Rows        int
	Columns     int
	// Row by row, a row for each task; NaN where there is no value.
	Values []float64
	Meta   Meta
}

// Meta is what the rows and columns of a table are.
type Meta struct {
	Platform             *Platform    `json:"platform"`
	PlatformMeasurements Measurements `json:"platformMeasurements"`
	Tasks                TaskColumns  `json:"tasks"`
	// Path into the measurements of each column.
	Columns [][]string `json:"columns"`
}

// Value of the task in the column, NaN where there is none.
func (t *Table) Value(row, column int) float64 { return t.Values[row*t.Columns+column] }

func (t *Table) read(bytes []byte) error {
	word := binary.LittleEndian.Uint32
	if len(bytes) < headSize || word(bytes) != magic {
		return errors.New("cannot read the snapshot: it is not in the form binary of protocol 1")
	}
	metaSize := uint64(word(bytes[4:]))
	t.Rows, t.Columns = int(word(bytes[8:])), int(word(bytes[12:]))
	if wanted := headSize + 8*uint64(t.Rows)*uint64(t.Columns) + metaSize; uint64(len(bytes)) != wanted {
		return fmt.Errorf("cannot read the snapshot: it has %d bytes, not %d", len(bytes), wanted)
	}
	t.TimeMs, t.IntervalSecs = number(bytes[16:]), number(bytes[24:])
	t.MetaVersion = word(bytes[32:])
	t.Values = make([]float64, t.Rows*t.Columns)
	for i := range t.Values {
		t.Values[i] = number(bytes[headSize+8*i:])
	}
	return json.Unmarshal(bytes[headSize+8*len(t.Values):], &t.Meta)
}

func number(bytes []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(bytes)) }
