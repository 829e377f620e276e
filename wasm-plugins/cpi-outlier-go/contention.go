package main

import "wca-pdk/wca"

// Share of time waiting beyond the usual that counts as the worst.
const worstPressure = 0.5

// A sample that is far above what is normal.
type outlier struct {
	signal                 signal
	value, mean, threshold float64
}

// An anomaly that lasts, as of its last outlier.
type contention struct {
	resource   wca.Resource
	outlier    outlier
	contenders []contender
	confidence float64
}

// Contenders are named anew when some were found; otherwise the ones before stay.
func (c *contention) goOn(outlier outlier, contenders []contender) {
	c.outlier = outlier
	if len(contenders) > 0 {
		c.contenders = contenders
		c.confidence = clip(contenders[0].score)
	}
}

func (c *contention) anomaly(contendedTaskID string, state wca.State) *wca.Anomaly {
	severity, confidence := 0.0, c.confidence
	if state != wca.Clear {
		severity = c.outlier.severity()
	}
	ids := make([]string, len(c.contenders))
	for i, contender := range c.contenders {
		ids[i] = contender.id
	}
	return &wca.Anomaly{
		Resource:          c.resource,
		ContendedTaskID:   contendedTaskID,
		ContendingTaskIDs: ids,
		Metrics:           c.metrics(),
		Severity:          &severity,
		Confidence:        &confidence,
		State:             state,
	}
}

func (c *contention) metrics() []wca.Metric {
	o, signal := c.outlier, string(c.outlier.signal)
	metrics := []wca.Metric{
		wca.Gauge("cpi_outlier_value", o.value, "signal", signal),
		wca.Gauge("cpi_outlier_mean", o.mean, "signal", signal),
		wca.Gauge("cpi_outlier_threshold", o.threshold, "signal", signal),
	}
	for _, contender := range c.contenders {
		metrics = append(metrics, wca.Gauge("cpi_outlier_correlation", contender.score, "contending_task_id", contender.id))
	}
	return metrics
}

func (o outlier) severity() float64 {
	switch {
	case o.signal == psi:
		return clip((o.value - o.mean) / worstPressure)
	case o.mean <= 0:
		return 1
	default:
		return clip(o.value/o.mean - 1)
	}
}

func clip(value float64) float64 { return min(1, max(0, value)) }
