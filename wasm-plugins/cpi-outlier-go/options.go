package main

import _ "embed"

// What slows a task down: its cycles per instruction, or the share of time it waited for a CPU.
type signal string

const (
	auto signal = "auto"
	cpi  signal = "cpi"
	psi  signal = "psi"
)

// The same as those of the agent's CpiOutlierDetector.
type options struct {
	Signal             signal   `json:"signal"`
	Sigmas             float64  `json:"sigmas"`
	MinExcess          float64  `json:"min_excess"`
	Hits               int      `json:"hits"`
	Window             float64  `json:"window"`
	MinUsage           *float64 `json:"min_usage"`
	LoadStep           float64  `json:"load_step"`
	MinSamples         int      `json:"min_samples"`
	Correlation        float64  `json:"correlation"`
	CorrelationWindow  float64  `json:"correlation_window"`
	MaxContenders      int      `json:"max_contenders"`
	ClearAfter         float64  `json:"clear_after"`
	RelearnAfter       float64  `json:"relearn_after"`
	ReportUnattributed bool     `json:"report_unattributed"`
}

var defaults = options{
	Signal:            auto,
	Sigmas:            2,
	MinExcess:         0.1,
	Hits:              3,
	Window:            300,
	LoadStep:          0.5,
	MinSamples:        20,
	Correlation:       0.35,
	CorrelationWindow: 600,
	MaxContenders:     3,
	ClearAfter:        10,
	RelearnAfter:      3600,
}

// CPUs below which a task says nothing: hardly running, its CPI is noise.
func (o *options) leastUsage(of signal) float64 {
	switch {
	case o.MinUsage != nil:
		return *o.MinUsage
	case of == cpi:
		return 0.25
	default:
		return 0.02
	}
}

// JSON Schema for Describe: that of the agent's class, a copy of ../cpi-outlier/options.schema.json.
//
//go:embed options.schema.json
var schema string
