package main

import (
	"math"
	"slices"

	"wca-pdk/wca"
)

// Share of the waiting from which it was the task's own quota.
const ownQuota = 0.5

// Says how a task fares in the round, and remembers it in the task.
func (d *detector) judge(task *watchedTask, secs float64) *wca.Anomaly {
	if c := task.contention; c != nil {
		c.contenders = slices.DeleteFunc(c.contenders, func(c contender) bool { return d.tasks[c.id] == nil })
	}
	before := task.signal
	task.signal = task.chooseSignal(d.options.Signal)
	if before != "" && task.signal != before {
		return changeSignal(task)
	}
	isSample, found := d.look(task)
	d.count(task, secs, isSample, found != nil)
	var anomaly *wca.Anomaly
	if found != nil {
		anomaly = d.suffering(task, *found, secs)
	} else {
		anomaly = d.calm(task, secs)
	}
	if secs-task.outlierSince >= d.options.RelearnAfter {
		return relearn(task, anomaly)
	}
	return anomaly
}

// One signal says nothing of another: the task is new, but for what suspects used.
func changeSignal(task *watchedTask) *wca.Anomaly {
	contention := task.contention
	task.relearn()
	task.forgetValues()
	task.contention = nil
	if contention == nil {
		return nil
	}
	return contention.anomaly(task.id, wca.Clear)
}

// Whether the task gave a sample, and the outlier if it is one. Learns when all is well.
func (d *detector) look(task *watchedTask) (isSample bool, found *outlier) {
	if task.signal == "" {
		return false, nil
	}
	r := task.rates
	value := r.pressure
	if task.signal == cpi {
		value = r.cpi
	}
	isLoaded := r.usage >= d.options.leastUsage(task.signal)
	if math.IsNaN(value) || (task.signal == cpi && !isLoaded) {
		return false, nil
	}
	if task.signal == psi && r.throttled > ownQuota*value {
		return true, nil
	}
	task.values[d.rounds.slot()] = value
	found = d.outlier(task, value)
	if found == nil && isLoaded && task.contention == nil {
		task.history.learn(task.usage(), value, &d.options)
		if !math.IsNaN(r.mpki) {
			task.cacheMisses.add(r.mpki)
		}
	}
	return true, found
}

func (d *detector) outlier(task *watchedTask, value float64) *outlier {
	baseline, ok := task.history.baseline(task.usage(), &d.options)
	if !ok {
		return nil
	}
	mean, excess := baseline.mean, d.options.MinExcess
	if task.signal == cpi {
		excess = mean * d.options.MinExcess
	}
	threshold := max(mean+d.options.Sigmas*baseline.deviation(), mean+excess)
	if value > threshold {
		return &outlier{task.signal, value, mean, threshold}
	}
	return nil
}

// Keeps the book of outliers. A row of them ends with a good sample, or without any samples after a while.
func (d *detector) count(task *watchedTask, secs float64, isSample, isOutlier bool) {
	if isOutlier {
		if math.IsNaN(task.outlierSince) {
			task.outlierSince = secs
		}
		task.lastOutlier = secs
		task.hits = append(task.hits, secs)
		if len(task.hits) > d.options.Hits {
			task.hits = task.hits[1:]
		}
	} else if isSample || secs-task.lastOutlier >= d.options.ClearAfter {
		task.outlierSince = unknown
	}
}

func (d *detector) suffering(task *watchedTask, found outlier, secs float64) *wca.Anomaly {
	contenders := d.search.find(task, d.present, found.threshold, &d.rounds, &d.options)
	if task.contention != nil {
		task.contention.goOn(found, contenders)
		return task.contention.anomaly(task.id, wca.Ongoing)
	}
	enough := len(task.hits) >= d.options.Hits && task.hits[0] >= secs-d.options.Window
	if !enough || (len(contenders) == 0 && !d.options.ReportUnattributed) {
		return nil
	}
	task.contention = &contention{resource: d.resource(task)}
	task.contention.goOn(found, contenders)
	return task.contention.anomaly(task.id, wca.Onset)
}

func (d *detector) calm(task *watchedTask, secs float64) *wca.Anomaly {
	contention := task.contention
	if contention == nil {
		return nil
	}
	if secs-task.lastOutlier < d.options.ClearAfter {
		return contention.anomaly(task.id, wca.Ongoing)
	}
	task.contention = nil
	task.hits = nil
	return contention.anomaly(task.id, wca.Clear)
}

// Misses that grew as well speak for the cache; else counters do not tell what was contended for.
func (d *detector) resource(task *watchedTask) wca.Resource {
	if task.signal == psi {
		return wca.CPUs
	}
	usual, mpki, o := &task.cacheMisses, task.rates.mpki, &d.options
	grew := mpki > usual.mean+o.Sigmas*usual.deviation() && mpki > usual.mean*(1+o.MinExcess)
	if usual.count >= o.MinSamples && grew {
		return wca.Cache
	}
	return wca.UnknownResource
}

// Outliers for so long are the new normal. Ends what had begun before this round.
func relearn(task *watchedTask, anomaly *wca.Anomaly) *wca.Anomaly {
	contention := task.contention
	task.relearn()
	task.contention = nil
	if anomaly == nil || anomaly.State == wca.Onset {
		return nil
	}
	if contention == nil {
		return anomaly
	}
	return contention.anomaly(task.id, wca.Clear)
}
