// Package wca is for detectors of WCA in Go: the messages of the protocol, and what answers the agent. It needs
// nothing but Go's standard library, 1.24 or later: GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared.
package wca

import (
	"encoding/json"
	"errors"
)

// Input is the form in which the agent sends what was seen in a round.
type Input interface{ Snapshot | Columns | Table }

// Detector looks at all rounds. One instance lives as long as its sandbox.
type Detector[I Input] interface {
	Describe() Description
	// Init is called once, before all calls of Detect. Another host of Extism may not know of it: then it is called
	// with the options in Extism's config.
	Init(InitMessage) error
	Detect(*I) (Decision, error)
}

// Serve makes the detector answer the agent. Call it in a func init: main is never called.
func Serve[I Input](detector Detector[I]) {
	served = &adapter[I]{detector: detector}
}

// What the exports call.
type answerer interface {
	describe() ([]byte, error)
	init(input []byte) ([]byte, error)
	detect(input []byte) ([]byte, error)
}

var served answerer = nobody{}

type adapter[I Input] struct {
	detector      Detector[I]
	isInitialized bool
}

func (a *adapter[I]) describe() ([]byte, error) {
	description := a.detector.Describe()
	description.Protocol = 1
	if description.Role == "" {
		description.Role = "detector"
	}
	var input any = new(I)
	switch input.(type) {
	case *Columns:
		description.Input = "columnar"
	case *Table:
		description.Input = "binary"
	default:
		description.Input = "json"
	}
	return json.Marshal(description)
}

func (a *adapter[I]) init(input []byte) ([]byte, error) {
	var message InitMessage
	if err := json.Unmarshal(input, &message); err != nil {
		return nil, err
	}
	a.isInitialized = true
	return nil, a.detector.Init(message)
}

func (a *adapter[I]) detect(input []byte) ([]byte, error) {
	if !a.isInitialized {
		a.isInitialized = true
		if err := a.detector.Init(initFromConfig(a.detector.Describe().Options)); err != nil {
			return nil, err
		}
	}
	snapshot, err := read[I](input)
	if err != nil {
		return nil, err
	}
	decision, err := a.detector.Detect(snapshot)
	if err != nil {
		return nil, err
	}
	return json.Marshal(decision)
}

func read[I Input](input []byte) (*I, error) {
	snapshot := new(I)
	var target any = snapshot
	if table, ok := target.(*Table); ok {
		return snapshot, table.read(input)
	}
	return snapshot, json.Unmarshal(input, target)
}

// Options that the config does not have are missing: then the detector knows its defaults.
func initFromConfig(schema json.RawMessage) InitMessage {
	var described struct {
		Properties map[string]struct{ Type any }
	}
	options := map[string]any{}
	if json.Unmarshal(schema, &described) == nil {
		for name, property := range described.Properties {
			text, ok := Option(name)
			if !ok {
				continue
			}
			if property.Type == "string" || !json.Valid([]byte(text)) {
				options[name] = text
			} else {
				options[name] = json.RawMessage(text)
			}
		}
	}
	text, _ := json.Marshal(options)
	return InitMessage{Protocol: 1, Options: text}
}

// The plugin has not called Serve.
type nobody struct{}

var errNobody = errors.New("wca.Serve was not called in a func init")

func (nobody) describe() ([]byte, error)     { return nil, errNobody }
func (nobody) init([]byte) ([]byte, error)   { return nil, errNobody }
func (nobody) detect([]byte) ([]byte, error) { return nil, errNobody }
