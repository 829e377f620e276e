package main

// Rounds that are remembered.
const rememberedRounds = 600

// A clock that was set back by more than this many seconds is believed.
const mostStepBackSecs = 60

// The times of the last rounds. Tasks keep their samples in the same slots.
type rounds struct {
	times [rememberedRounds]float64
	count int
}

type began int

const (
	round began = iota
	// The clock has not moved on, so nothing can be said of the time between.
	still
	// It was set back for good: all that was remembered is worthless, and this is the first round again.
	back
)

func (r *rounds) begin(secs float64) began {
	isBack := secs < r.time()-mostStepBackSecs
	if isBack {
		r.count = 0
	} else if secs <= r.time() {
		return still
	}
	r.count++
	r.times[r.slot()] = secs
	if isBack {
		return back
	}
	return round
}

// Of this round; NaN before the first.
func (r *rounds) time() float64 {
	if r.count == 0 {
		return unknown
	}
	return r.times[r.slot()]
}

// Where this round's samples are.
func (r *rounds) slot() int { return (r.count - 1) % rememberedRounds }

// Slots in the order of time, this round last.
func (r *rounds) slots(yield func(int) bool) {
	for round := max(0, r.count-rememberedRounds); round < r.count; round++ {
		if !yield(round % rememberedRounds) {
			return
		}
	}
}
