package wca

// Columns is all of one round in the form columnar.
type Columns struct {
	// Wall clock, milliseconds since the epoch.
	TimeMs               float64      `json:"timeMs"`
	IntervalSecs         float64      `json:"intervalSecs"`
	Platform             *Platform    `json:"platform"`
	PlatformMeasurements Measurements `json:"platformMeasurements"`
	Tasks                TaskColumns  `json:"tasks"`
	// Path into the measurements of each column.
	Columns [][]string `json:"columns"`
	// For each column the values of all tasks; nil: absent.
	Values [][]*float64 `json:"values"`
}

// TaskColumns has one entry for each task in all of them.
type TaskColumns struct {
	ID             []string            `json:"id"`
	Name           []string            `json:"name"`
	CgroupPath     []string            `json:"cgroupPath"`
	SubcgroupPaths [][]string          `json:"subcgroupPaths"`
	Identity       []float64           `json:"identity"`
	Labels         []map[string]string `json:"labels"`
	Resources      []map[string]any    `json:"resources"`
}
