package main

import (
	"math"

	"wca-pdk/wca"
)

var unknown = math.NaN()

// What has been counted of a task so far. NaN: not known, which makes every comparison false.
type readings struct {
	usage, cycles, instructions, cacheMisses, pressure, throttled float64
}

// What happened between two rounds; NaN: not known.
type rates struct {
	// CPUs used.
	usage float64
	// Cycles per instruction, cache misses per 1000 instructions.
	cpi, mpki float64
	// Shares of time; throttled is 0 when not known.
	pressure, throttled float64
}

// Of a task that was not there in the round before.
var noRates = rates{usage: unknown, cpi: unknown, mpki: unknown, pressure: unknown}

func readingsOf(measurements wca.Measurements) readings {
	// Counters by CPU are as good as their sum.
	sum := func(name string) float64 { return orUnknown(measurements.Sum(name)) }
	return readings{
		usage:        sum("task_cpu_usage_seconds"),
		cycles:       sum("task_cycles"),
		instructions: sum("task_instructions"),
		cacheMisses:  sum("task_cache_misses"),
		pressure:     orUnknown(measurements.Number("task_pressure_seconds_total", "cpu", "some")),
		throttled:    sum("task_cpu_throttled_seconds_total"),
	}
}

func orUnknown(number float64, known bool) float64 {
	if known {
		return number
	}
	return unknown
}

// Counters that fell have started anew: nothing is known of the time between.
func (now readings) ratesSince(before readings, secs float64) rates {
	instructions := now.instructions - before.instructions
	perInstruction := func(now, before, factor float64) float64 {
		if instructions > 0 && now >= before {
			return factor * (now - before) / instructions
		}
		return unknown
	}
	perSecond := func(now, before, otherwise float64) float64 {
		if now >= before {
			return (now - before) / secs
		}
		return otherwise
	}
	return rates{
		usage:     perSecond(now.usage, before.usage, unknown),
		cpi:       perInstruction(now.cycles, before.cycles, 1),
		mpki:      perInstruction(now.cacheMisses, before.cacheMisses, 1000),
		pressure:  perSecond(now.pressure, before.pressure, unknown),
		throttled: perSecond(now.throttled, before.throttled, 0),
	}
}
