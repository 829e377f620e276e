package main

import "math"

const bins = 64

// What is normal for a task, by load: a busy task waits more, and its CPI is another one.
type loadHistory struct {
	// As many as have been needed.
	bins []moments
	// Whether any bin has enough samples.
	isReady bool
}

// The history of that load, or of the nearest one known; of two equally near the busier one.
func (h *loadHistory) baseline(usage float64, o *options) (moments, bool) {
	bin := binOf(usage, o)
	for distance := 0; h.isReady && distance < bins; distance++ {
		for _, near := range []int{bin + distance, bin - distance} {
			if near >= 0 && near < len(h.bins) && h.bins[near].count >= o.MinSamples {
				return h.bins[near], true
			}
		}
	}
	return moments{}, false
}

func (h *loadHistory) learn(usage, sample float64, o *options) {
	bin := binOf(usage, o)
	if missing := bin + 1 - len(h.bins); missing > 0 {
		h.bins = append(h.bins, make([]moments, missing)...)
	}
	h.bins[bin].add(sample)
	h.isReady = h.isReady || h.bins[bin].count >= o.MinSamples
}

func binOf(usage float64, o *options) int {
	return int(min(bins-1, math.Floor(usage/o.LoadStep)))
}
