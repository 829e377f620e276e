package main

import "math"

// Rounds in a row in which a task ran uncounted before its counters are given up.
const mostUncounted = 10

const leastRunningUsage = 0.02

// All that is remembered of a task.
type watchedTask struct {
	id       string
	identity float64
	// CPUs used in each remembered round, 0 where it was not there or not known.
	usages [rememberedRounds]float64
	// The signal in each remembered round; NaN: no sample.
	values  [rememberedRounds]float64
	history loadHistory
	// Cache misses per 1000 instructions in good times.
	cacheMisses moments
	// Times of the last outliers.
	hits []float64
	// Since when there have been outliers only; NaN: the last sample was none.
	outlierSince float64
	lastOutlier  float64
	// Empty at first.
	signal signal
	rates  rates
	// The anomaly that lasts; nil: none.
	contention *contention
	readings   *readings
	uncounted  int
}

func newWatchedTask(id string, identity float64) *watchedTask {
	task := &watchedTask{id: id, identity: identity, lastOutlier: math.Inf(-1), outlierSince: unknown}
	task.forgetValues()
	return task
}

// Takes the readings of a round; secs are those since the round before.
func (t *watchedTask) read(now readings, secs float64, slot int) {
	t.rates = noRates
	if t.readings != nil {
		t.rates = now.ratesSince(*t.readings, secs)
	}
	t.readings = &now
	t.usages[slot] = t.usage()
	t.values[slot] = unknown
}

// CPUs used, 0 where that is not known.
func (t *watchedTask) usage() float64 {
	if math.IsNaN(t.rates.usage) {
		return 0
	}
	return t.rates.usage
}

// What to judge the task by. A round without instructions is no reason to give its history up.
func (t *watchedTask) chooseSignal(wanted signal) signal {
	if wanted != auto {
		return wanted
	}
	if !math.IsNaN(t.rates.cpi) {
		t.uncounted = 0
		return cpi
	}
	if t.signal == cpi {
		if t.rates.usage >= leastRunningUsage {
			t.uncounted++
		}
		if t.uncounted < mostUncounted {
			return cpi
		}
	}
	if math.IsNaN(t.rates.pressure) {
		return t.signal
	}
	return psi
}

// Forgets what is normal for the task.
func (t *watchedTask) relearn() {
	t.history = loadHistory{}
	t.cacheMisses = moments{}
	t.hits = nil
	t.outlierSince = unknown
}

func (t *watchedTask) forgetValues() {
	for slot := range t.values {
		t.values[slot] = unknown
	}
}
