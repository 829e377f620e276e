package main

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"wca-pdk/wca"
)

func TestDefaultsAreThoseOfTheSchema(t *testing.T) {
	var parsed struct {
		Properties map[string]struct{ Default any }
	}
	if err := json.Unmarshal([]byte(schema), &parsed); err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for name, property := range parsed.Properties {
		if property.Default != nil {
			values[name] = property.Default
		}
	}
	text, _ := json.Marshal(values)
	var got options
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, defaults) || len(parsed.Properties) != 14 {
		t.Errorf("got %+v, want %+v", got, defaults)
	}
}

func TestSchemaIsThatOfTheClass(t *testing.T) {
	want, err := os.ReadFile("../cpi-outlier/options.schema.json")
	if err != nil || schema != string(want) {
		t.Error("options.schema.json is not the one of ../cpi-outlier")
	}
}

func TestMoments(t *testing.T) {
	var m moments
	for _, sample := range []float64{1, 2, 6} {
		m.add(sample)
	}
	if m.count != 3 || m.mean != 3 || math.Abs(m.variance-14.0/3) > 1e-12 {
		t.Errorf("got %+v", m)
	}
}

func TestBaselineOfTheNearestLoad(t *testing.T) {
	o := defaults
	o.MinSamples = 2
	var h loadHistory
	if _, ok := h.baseline(0, &o); ok {
		t.Error("there is no baseline yet")
	}
	for _, sample := range [][2]float64{{0.1, 1}, {0.1, 1}, {2.2, 5}, {2.2, 5}, {1.2, 9}, {1e9, 7}} {
		h.learn(sample[0], sample[1], &o)
	}
	// 1.2 is as far from 0.1 as from 2.2.
	for usage, want := range map[float64]float64{0.6: 1, 1.2: 5, 1.7: 5, 1e9: 5} {
		if got, _ := h.baseline(usage, &o); got.mean != want {
			t.Errorf("baseline of %v is %v, want %v", usage, got.mean, want)
		}
	}
}

func TestRatesAreOfSums(t *testing.T) {
	read := func(text string) readings {
		var m wca.Measurements
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		return readingsOf(m)
	}
	before := read(`{"task_cpu_usage_seconds":10,"task_cycles":{"0":100,"1":200},"task_instructions":{"0":100},
		"task_cache_misses":7,"task_pressure_seconds_total":{"cpu":{"some":1,"full":5}}}`)
	now := read(`{"task_cpu_usage_seconds":14,"task_cycles":{"0":300,"1":300},"task_instructions":{"0":200},
		"task_cache_misses":6,"task_pressure_seconds_total":{"cpu":{"some":2,"full":9}}}`)
	got := now.ratesSince(before, 4)
	if got.usage != 1 || got.cpi != 3 || got.pressure != 0.25 || got.throttled != 0 || !math.IsNaN(got.mpki) {
		t.Errorf("got %+v", got)
	}
}

func TestTheLast600RoundsAreRemembered(t *testing.T) {
	var r rounds
	for secs := range 602 {
		if r.begin(float64(secs)) != round {
			t.Fatal("time goes on")
		}
	}
	slots := slices.Collect(r.slots)
	if len(slots) != 600 || slots[0] != 2 || slots[599] != 1 {
		t.Errorf("got %v", slots)
	}
	for _, row := range []struct {
		secs float64
		want began
	}{{601, still}, {541, still}, {540, back}} {
		if got := r.begin(row.secs); got != row.want {
			t.Errorf("%v gives %v, want %v", row.secs, got, row.want)
		}
	}
}

func TestContendedForCPUs(t *testing.T) {
	d := newDetector()
	usage, pressure := map[string]float64{}, map[string]float64{}
	var states []wca.State
	for second := range 40 {
		busy := second >= 30
		snapshot := &wca.Snapshot{TimeMs: float64(second) * 1000}
		for _, id := range []string{"victim", "batch"} {
			usage[id] += 0.5
			if busy && id == "batch" {
				usage[id] += 1
			}
			pressure[id] += 0.02
			if busy && id == "victim" {
				pressure[id] += 0.5
			}
			snapshot.Tasks = append(snapshot.Tasks, wca.Task{ID: id, Measurements: wca.Measurements{
				{Name: "task_cpu_usage_seconds", Number: usage[id]},
				{Name: "task_pressure_seconds_total", Levels: []wca.Measurement{
					{Name: "cpu", Levels: []wca.Measurement{{Name: "some", Number: pressure[id]}}},
				}},
			}})
		}
		decision, err := d.Detect(snapshot)
		if err != nil {
			t.Fatal(err)
		}
		for _, anomaly := range decision.Anomalies {
			states = append(states, anomaly.State)
			if anomaly.ContendedTaskID != "victim" || !slices.Equal(anomaly.ContendingTaskIDs, []string{"batch"}) || anomaly.Resource != wca.CPUs {
				t.Errorf("second %d: got %+v", second, anomaly)
			}
		}
	}
	want := append([]wca.State{wca.Onset}, slices.Repeat([]wca.State{wca.Ongoing}, 7)...)
	if !slices.Equal(states, want) {
		t.Errorf("got %v, want %v", states, want)
	}
}
