package main

import "math"

// From then on every sample weighs as much as the one before, and old ones fade.
const mostSamples = 3600

// Mean and variance of samples, exponentially weighted once there are many.
type moments struct {
	count          int
	mean, variance float64
}

func (m *moments) add(sample float64) {
	m.count = min(m.count+1, mostSamples)
	weight := 1 / float64(m.count)
	difference := sample - m.mean
	m.mean = m.mean + weight*difference
	m.variance = (1 - weight) * (m.variance + weight*difference*difference)
}

func (m *moments) deviation() float64 { return math.Sqrt(m.variance) }
