package main

import (
	"encoding/json"

	"wca-pdk/wca"
)

type detector struct {
	options options
	rounds  rounds
	tasks   map[string]*watchedTask
	// In the order of the snapshot.
	present []*watchedTask
	search  contenderSearch
}

func newDetector() *detector {
	return &detector{options: defaults, tasks: map[string]*watchedTask{}}
}

func (d *detector) Describe() wca.Description {
	return wca.Description{
		Doc: "Finds tasks whose cycles per instruction, or CPU pressure, are far above their own history " +
			"at the same load, and the tasks whose CPU usage went along with it.",
		Version: "1.0.0",
		Options: json.RawMessage(schema),
		Measurements: []string{
			"task_cpu_usage_seconds",
			"task_cycles",
			"task_instructions",
			"task_cache_misses",
			"task_pressure_seconds_total",
			"task_cpu_throttled_seconds_total",
		},
		PlatformMeasurements: []string{},
	}
}

func (d *detector) Init(message wca.InitMessage) error {
	return json.Unmarshal(message.Options, &d.options)
}

func (d *detector) Detect(snapshot *wca.Snapshot) (wca.Decision, error) {
	secs, last := snapshot.TimeMs/1000, d.rounds.time()
	switch d.rounds.begin(secs) {
	case still:
		return wca.Decision{Metrics: d.census()}, nil
	case back:
		d.tasks = nil
	}
	d.read(snapshot.Tasks, secs-last)
	var anomalies []wca.Anomaly
	for _, task := range d.present {
		if anomaly := d.judge(task, secs); anomaly != nil {
			anomalies = append(anomalies, *anomaly)
		}
	}
	return wca.Decision{Anomalies: anomalies, Metrics: d.census()}, nil
}

// All tasks are read before any is judged, because each can be a contender of any other.
func (d *detector) read(observed []wca.Task, secs float64) {
	known := d.tasks
	d.tasks = make(map[string]*watchedTask, len(observed))
	d.present = d.present[:0]
	for _, seen := range observed {
		task := known[seen.ID]
		if task == nil || task.identity != seen.Identity {
			task = newWatchedTask(seen.ID, seen.Identity)
		}
		task.read(readingsOf(seen.Measurements), secs, d.rounds.slot())
		d.tasks[task.id] = task
		d.present = append(d.present, task)
	}
}

func (d *detector) census() []wca.Metric {
	learning, watched, contended := 0, 0, 0
	for _, task := range d.present {
		switch {
		case task.contention != nil:
			contended++
		case task.history.isReady:
			watched++
		default:
			learning++
		}
	}
	return []wca.Metric{
		wca.Gauge("cpi_outlier_tasks", float64(learning), "state", "learning"),
		wca.Gauge("cpi_outlier_tasks", float64(watched), "state", "watched"),
		wca.Gauge("cpi_outlier_tasks", float64(contended), "state", "contended"),
	}
}
