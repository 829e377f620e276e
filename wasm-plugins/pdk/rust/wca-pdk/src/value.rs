use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::fmt;

/// A measurement: a number, or values by a level such as `cpu`, in the agent's order.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(f64),
    Levels(Vec<(String, Value)>),
}

impl Value {
    /// The value at the end of the path, if it is there.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        let Value::Levels(levels) = self else { return None };
        let (_, next) = levels.iter().find(|(name, _)| name == first)?;
        next.at(rest)
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Levels(_) => None,
        }
    }

    /// Of all numbers below, in order; nothing where there is none.
    pub fn sum(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Levels(levels) => levels.iter().filter_map(|(_, value)| value.sum()).reduce(|a, b| a + b),
        }
    }
}

/// Measurements by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurements(pub Vec<(String, Value)>);

impl Measurements {
    pub fn get(&self, name: &str) -> Option<&Value> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        Some(value)
    }
}

impl<'de> Deserialize<'de> for Measurements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Levels(levels) => Ok(Measurements(levels)),
            Value::Number(_) => Err(serde::de::Error::custom("measurements are an object")),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a number, or an object of numbers")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut levels = Vec::new();
        while let Some(entry) = map.next_entry()? {
            levels.push(entry);
        }
        Ok(Value::Levels(levels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_keep_their_order_and_are_summed_in_it() {
        let text = r#"{"b":{"10":1e16,"2":1,"1":-1e16},"a":3,"c":{"d":{}}}"#;
        let measurements: Measurements = serde_json::from_str(text).unwrap();
        let value = measurements.get("b").unwrap();
        assert_eq!(value.sum(), Some(0.0));
        assert_eq!(measurements.get("c").unwrap().sum(), None);
        assert_eq!(value.at(&["2"]).and_then(Value::number), Some(1.0));
        assert_eq!(value.at(&["2", "x"]), None);
        assert_eq!(value.number(), None);
        assert_eq!(measurements.get("a"), Some(&Value::Number(3.0)));
    }

    #[test]
    fn measurements_are_an_object() {
        let error = serde_json::from_str::<Measurements>("3").unwrap_err();
        assert!(error.to_string().starts_with("measurements are an object"));
    }
}
