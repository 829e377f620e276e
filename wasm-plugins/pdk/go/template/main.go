// Command __NAME__ is a detector for WCA.
package main

import (
	"encoding/json"

	"__NAME__/wca"
)

func init() { wca.Serve(&stalled{}) }

func main() {}

// stalled finds tasks that wait for a CPU during more than a share of the time.
type stalled struct {
	Share  float64 `json:"share"`
	before map[string]reading
}

type reading struct{ secs, stalledSecs float64 }

func (s *stalled) Describe() wca.Description {
	return wca.Description{
		Doc: "Tasks that wait for a CPU during more than a share of the time.",
		Options: json.RawMessage(`{
			"type": "object",
			"properties": {
				"share": { "type": "number", "minimum": 0, "maximum": 1, "default": 0.5,
				           "description": "Share of time waiting for a CPU above which a task suffers." }
			}
		}`),
		Measurements:         []string{"task_pressure_seconds_total"},
		PlatformMeasurements: []string{},
	}
}

func (s *stalled) Init(message wca.InitMessage) error {
	return json.Unmarshal(message.Options, s)
}

func (s *stalled) Detect(snapshot *wca.Snapshot) (wca.Decision, error) {
	var decision wca.Decision
	secs, now := snapshot.TimeMs/1000, map[string]reading{}
	for _, task := range snapshot.Tasks {
		stalledSecs, ok := task.Measurements.Number("task_pressure_seconds_total", "cpu", "some")
		if !ok {
			continue
		}
		now[task.ID] = reading{secs, stalledSecs}
		before, ok := s.before[task.ID]
		share := (stalledSecs - before.stalledSecs) / (secs - before.secs)
		if !ok || secs <= before.secs || share <= s.Share {
			continue
		}
		severity := min(share, 1)
		decision.Anomalies = append(decision.Anomalies, wca.Anomaly{
			Resource:        wca.CPUs,
			ContendedTaskID: task.ID,
			Severity:        &severity,
			Metrics:         []wca.Metric{wca.Gauge("stalled_share", share)},
		})
	}
	s.before = now
	return decision, nil
}
