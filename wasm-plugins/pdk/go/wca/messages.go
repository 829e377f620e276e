package wca

import "encoding/json"

// The messages, field by field as in the agent's src/protocol/messages.ts.

// Description is what the plugin is. Serve fills in protocol, role and input.
type Description struct {
	Protocol int    `json:"protocol"`
	Role     string `json:"role"`
	Doc      string `json:"doc"`
	Version  string `json:"version,omitempty"`
	// JSON Schema of the options: an object with properties.
	Options json.RawMessage `json:"options,omitempty"`
	Input   string          `json:"input"`
	// Names of the measurements it looks at. nil: all; empty: none.
	Measurements         []string `json:"measurements,omitzero"`
	PlatformMeasurements []string `json:"platformMeasurements,omitzero"`
}

type InitMessage struct {
	Protocol int `json:"protocol"`
	// A JSON object, as configured, defaults filled in.
	Options      json.RawMessage `json:"options"`
	Hostname     string          `json:"hostname"`
	AgentVersion string          `json:"agentVersion"`
}

// Snapshot is all of one round.
type Snapshot struct {
	// Wall clock, milliseconds since the epoch.
	TimeMs               float64      `json:"timeMs"`
	IntervalSecs         float64      `json:"intervalSecs"`
	Platform             *Platform    `json:"platform"`
	PlatformMeasurements Measurements `json:"platformMeasurements"`
	Tasks                []Task       `json:"tasks"`
}

// Platform is the machine; keys of maps are decimal numbers.
type Platform struct {
	CPUModel       string `json:"cpuModel"`
	CPUVendor      string `json:"cpuVendor"`
	CPUFamily      int    `json:"cpuFamily"`
	CPUModelNumber int    `json:"cpuModelNumber"`
	CPUStepping    int    `json:"cpuStepping"`
	Sockets        int    `json:"sockets"`
	Cores          int    `json:"cores"`
	CPUs           int    `json:"cpus"`
	OnlineCPUs     []int  `json:"onlineCpus"`
	// Socket → core → CPUs.
	Topology      map[string]map[string][]int   `json:"topology"`
	NodeCPUs      map[string][]int              `json:"nodeCpus"`
	NodeDistances map[string]map[string]float64 `json:"nodeDistances"`
}

type Task struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	CgroupPath     string   `json:"cgroupPath"`
	SubcgroupPaths []string `json:"subcgroupPaths"`
	// Inode of the cgroup: another one means that counters start anew.
	Identity float64           `json:"identity"`
	Labels   map[string]string `json:"labels"`
	// Numbers or text.
	Resources    map[string]any `json:"resources"`
	Measurements Measurements   `json:"measurements"`
}

// Resource is what tasks contend for.
type Resource string

const (
	MemoryBandwidth    Resource = "memory bandwidth"
	Cache              Resource = "cache"
	CPUs               Resource = "cpus"
	ThermalDesignPower Resource = "thermal design power"
	UnknownResource    Resource = "unknown resource"
)

// State is where an anomaly is in its life. One that is clear has just ended.
type State string

const (
	Onset   State = "onset"
	Ongoing State = "ongoing"
	Clear   State = "clear"
)

// Anomaly: the task named by its id suffers from others.
type Anomaly struct {
	Resource        Resource `json:"resource"`
	ContendedTaskID string   `json:"contendedTaskId"`
	// Who is thought to cause it; empty when that is not known.
	ContendingTaskIDs []string `json:"contendingTaskIds"`
	Metrics           []Metric `json:"metrics,omitempty"`
	// How much the contended task suffers, 0 to 1.
	Severity *float64 `json:"severity,omitempty"`
	// How sure the detector is, 0 to 1.
	Confidence *float64 `json:"confidence,omitempty"`
	State      State    `json:"state,omitempty"`
}

type Metric struct {
	Name   string            `json:"name"`
	Value  float64           `json:"value"`
	Labels map[string]string `json:"labels,omitempty"`
	// "gauge" or "counter".
	Type string `json:"type,omitempty"`
}

// Gauge is a metric; labels are name, value, name, value, …
func Gauge(name string, value float64, labels ...string) Metric {
	metric := Metric{Name: name, Value: value, Type: "gauge"}
	for ; len(labels) >= 2; labels = labels[2:] {
		if metric.Labels == nil {
			metric.Labels = map[string]string{}
		}
		metric.Labels[labels[0]] = labels[1]
	}
	return metric
}

// Decision is what was concluded from one snapshot.
type Decision struct {
	Anomalies []Anomaly `json:"anomalies,omitempty"`
	// Metrics of the detector's own.
	Metrics []Metric `json:"metrics,omitempty"`
}

// MarshalJSON writes nobody as an empty list: null is not one.
func (a Anomaly) MarshalJSON() ([]byte, error) {
	type plain Anomaly
	if a.ContendingTaskIDs == nil {
		a.ContendingTaskIDs = []string{}
	}
	return json.Marshal(plain(a))
}
