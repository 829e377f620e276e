use wca_pdk::{Measurements, Value};

/// What has been counted of a task so far. NaN: not known, which makes every comparison false.
#[derive(Clone, Copy)]
pub struct Readings {
    usage: f64,
    cycles: f64,
    instructions: f64,
    cache_misses: f64,
    pressure: f64,
    throttled: f64,
}

/// What happened between two rounds; NaN: not known.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// CPUs used.
    pub usage: f64,
    /// Cycles per instruction.
    pub cpi: f64,
    /// Cache misses per 1000 instructions.
    pub mpki: f64,
    /// Share of time.
    pub pressure: f64,
    /// Share of time, 0 when not known.
    pub throttled: f64,
}

impl Rates {
    /// Of a task that was not there in the round before.
    pub const NONE: Rates =
        Rates { usage: f64::NAN, cpi: f64::NAN, mpki: f64::NAN, pressure: f64::NAN, throttled: 0.0 };
}

impl Readings {
    pub fn of(measurements: &Measurements) -> Self {
        // Counters by CPU are as good as their sum.
        let sum = |name| measurements.get(name).and_then(Value::sum).unwrap_or(f64::NAN);
        let pressure = measurements.get("task_pressure_seconds_total");
        Readings {
            usage: sum("task_cpu_usage_seconds"),
            cycles: sum("task_cycles"),
            instructions: sum("task_instructions"),
            cache_misses: sum("task_cache_misses"),
            pressure: pressure.and_then(|value| value.at(&["cpu", "some"])?.number()).unwrap_or(f64::NAN),
            throttled: sum("task_cpu_throttled_seconds_total"),
        }
    }

    /// Counters that fell have started anew: nothing is known of the time between.
    pub fn rates_since(&self, before: &Readings, secs: f64) -> Rates {
        let instructions = self.instructions - before.instructions;
        let per_instruction = |now: f64, before: f64, factor: f64| {
            if instructions > 0.0 && now >= before { factor * (now - before) / instructions } else { f64::NAN }
        };
        let per_second =
            |now: f64, before: f64, otherwise| if now >= before { (now - before) / secs } else { otherwise };
        Rates {
            usage: per_second(self.usage, before.usage, f64::NAN),
            cpi: per_instruction(self.cycles, before.cycles, 1.0),
            mpki: per_instruction(self.cache_misses, before.cache_misses, 1000.0),
            pressure: per_second(self.pressure, before.pressure, f64::NAN),
            throttled: per_second(self.throttled, before.throttled, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(json: &str) -> Readings {
        Readings::of(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn rates_are_of_sums_and_nothing_is_known_of_counters_that_fell() {
        let before = readings(
            r#"{"task_cpu_usage_seconds":10,"task_cycles":{"0":100,"1":200},"task_instructions":{"0":100},
                "task_cache_misses":7,"task_pressure_seconds_total":{"cpu":{"some":1,"full":5}}}"#,
        );
        let now = readings(
            r#"{"task_cpu_usage_seconds":14,"task_cycles":{"0":300,"1":300},"task_instructions":{"0":200},
                "task_cache_misses":6,"task_pressure_seconds_total":{"cpu":{"some":2,"full":9}}}"#,
        );
        let rates = now.rates_since(&before, 4.0);
        assert_eq!((rates.usage, rates.cpi, rates.pressure, rates.throttled), (1.0, 3.0, 0.25, 0.0));
        assert!(rates.mpki.is_nan());
    }

    #[test]
    fn pressure_is_that_of_cpus_alone() {
        assert!(readings(r#"{"task_pressure_seconds_total":3}"#).pressure.is_nan());
        assert!(readings(r#"{"task_pressure_seconds_total":{"memory":{"some":3}}}"#).pressure.is_nan());
    }
}
