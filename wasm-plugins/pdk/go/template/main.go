// Command __NAME__ is a detector for WCA.
package main

import (
	"encoding/json"

	"example.com/__NAME__/wca"
)

func init() { wca.Serve(&manyPids{Threshold: 1000}) }

func main() {}

// manyPids reports tasks with more than Threshold processes and threads.
type manyPids struct {
	Threshold float64 `json:"threshold"`
}

func (m *manyPids) Describe() wca.Description {
	return wca.Description{
		Doc:                  "Reports tasks with many processes and threads.",
		Version:              "0.1.0",
		Measurements:         []string{"task_pids"},
		PlatformMeasurements: []string{},
		Options: json.RawMessage(`{ "type": "object", "properties": { "threshold": {
			"type": "number",
			"default": 1000,
			"description": "Processes and threads from which a task is reported."
		} } }`),
	}
}

func (m *manyPids) Init(message wca.InitMessage) error {
	return json.Unmarshal(message.Options, m)
}

func (m *manyPids) Detect(snapshot *wca.Snapshot) (wca.Decision, error) {
	var decision wca.Decision
	for _, task := range snapshot.Tasks {
		if pids, ok := task.Measurements.Number("task_pids"); ok && pids > m.Threshold {
			decision.Anomalies = append(decision.Anomalies, wca.Anomaly{
				Resource:        wca.UnknownResource,
				ContendedTaskID: task.ID,
			})
		}
	}
	return decision, nil
}
