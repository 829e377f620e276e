package main

import (
	"cmp"
	"math"
	"slices"
)

// CPUs that a suspect uses more in bad rounds, on average, from which it can be to blame at all.
const leastExtraUsage = 0.05

// A task that is thought to slow another one down.
type contender struct {
	id string
	// -1 to 1: how far what it used beyond its usual went along with the other's suffering.
	score float64
}

type suspect struct {
	contender
	extraUsage float64
}

// How bad a remembered round was for the victim, seen from the threshold of now.
type weighed struct {
	slot   int
	isBad  bool
	weight float64
}

// Finds out who was busy while a task suffered: the antagonist score of CPI². Its space is used again and again.
type contenderSearch struct {
	rounds []weighed
	bad    int
}

// The most suspicious first; none when the task has had no good round to compare with.
func (s *contenderSearch) find(victim *watchedTask, tasks []*watchedTask, threshold float64, r *rounds, o *options) []contender {
	s.weigh(victim, threshold, r, o)
	if s.bad == len(s.rounds) {
		return nil
	}
	var suspects []suspect
	for _, task := range tasks {
		if task == victim {
			continue
		}
		if found, ok := s.suspect(task); ok && found.score >= o.Correlation {
			suspects = append(suspects, found)
		}
	}
	slices.SortFunc(suspects, func(a, b suspect) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.extraUsage, a.extraUsage), cmp.Compare(a.id, b.id))
	})
	var contenders []contender
	for _, suspect := range suspects[:min(len(suspects), o.MaxContenders)] {
		contenders = append(contenders, suspect.contender)
	}
	return contenders
}

func (s *contenderSearch) weigh(victim *watchedTask, threshold float64, r *rounds, o *options) {
	after := r.time() - o.CorrelationWindow
	s.rounds, s.bad = s.rounds[:0], 0
	for slot := range r.slots {
		value := victim.values[slot]
		if math.IsNaN(value) || r.times[slot] <= after {
			continue
		}
		round := weighed{slot: slot, isBad: value > threshold}
		if round.isBad {
			round.weight = 1 - threshold/value
			s.bad++
		} else if threshold > 0 {
			round.weight = value/threshold - 1
		}
		s.rounds = append(s.rounds, round)
	}
}

// What a task used beyond its own usage in the good rounds: one that is always busy is innocent.
func (s *contenderSearch) suspect(task *watchedTask) (suspect, bool) {
	inGood := 0.0
	for _, round := range s.rounds {
		if !round.isBad {
			inGood += task.usages[round.slot]
		}
	}
	base := inGood / float64(len(s.rounds)-s.bad)
	extra := func(round weighed) float64 { return max(0, task.usages[round.slot]-base) }
	extraUsage, extraInBad := 0.0, 0.0
	for _, round := range s.rounds {
		extraUsage += extra(round)
		if round.isBad {
			extraInBad += extra(round)
		}
	}
	if extraUsage <= 0 || extraInBad/float64(s.bad) < leastExtraUsage {
		return suspect{}, false
	}
	score := 0.0
	for _, round := range s.rounds {
		score += extra(round) / extraUsage * round.weight
	}
	return suspect{contender{task.id, score}, extraInBad}, true
}
