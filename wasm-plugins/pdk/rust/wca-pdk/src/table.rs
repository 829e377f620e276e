use crate::{Failure, Measurements, Platform, TaskColumns};
use serde::Deserialize;

const MAGIC: u32 = 0x3141_4357;
const HEAD: usize = 40;

/// All of one round in the form `binary`.
#[derive(Clone, Debug)]
pub struct Table {
    pub time_ms: f64,
    pub interval_secs: f64,
    /// Another number than last time: `meta` has changed.
    pub meta_version: u32,
    pub rows: usize,
    pub columns: usize,
    /// Row by row, a row for each task; NaN where there is no value.
    pub values: Vec<f64>,
    pub meta: Meta,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    #[serde(default)]
    pub platform: Option<Platform>,
    #[serde(default)]
    pub platform_measurements: Measurements,
    pub tasks: TaskColumns,
    /// Path into the measurements of each column.
    pub columns: Vec<Vec<String>>,
}

impl Table {
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.len() < HEAD || u32_at(bytes, 0) != MAGIC {
            return Err("Cannot read the snapshot: it is not in the form binary of protocol 1".into());
        }
        let meta_length = u32_at(bytes, 4) as usize;
        let (rows, columns) = (u32_at(bytes, 8) as usize, u32_at(bytes, 12) as usize);
        let wanted = HEAD as u64 + 8 * rows as u64 * columns as u64 + meta_length as u64;
        if bytes.len() as u64 != wanted {
            return Err(format!("Cannot read the snapshot: it has {} bytes, not {wanted}", bytes.len()).into());
        }
        let end = bytes.len() - meta_length;
        Ok(Table {
            time_ms: f64_at(bytes, 16),
            interval_secs: f64_at(bytes, 24),
            meta_version: u32_at(bytes, 32),
            rows,
            columns,
            values: (HEAD..end).step_by(8).map(|offset| f64_at(bytes, offset)).collect(),
            meta: serde_json::from_slice(&bytes[end..])?,
        })
    }

    /// The value of the task in the column, if there is one.
    pub fn value(&self, row: usize, column: usize) -> Option<f64> {
        let value = *self.values.get(row * self.columns + column)?;
        (!value.is_nan()).then_some(value)
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[offset..offset + 4]);
    u32::from_le_bytes(word)
}

fn f64_at(bytes: &[u8], offset: usize) -> f64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[offset..offset + 8]);
    f64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: u32, columns: u32, values: &[f64], meta: &str) -> Vec<u8> {
        let words = [MAGIC, meta.len() as u32, rows, columns];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.extend([1000.0f64, 5.0].iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend([7u32, 0].iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend(values.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend(meta.as_bytes());
        bytes
    }

    #[test]
    fn values_stand_row_by_row_and_nan_is_none() {
        let meta = r#"{"tasks":{"id":["a","b"]},"columns":[["x"],["y","cpu","some"]]}"#;
        let table = Table::read(&table(2, 2, &[1.0, f64::NAN, 3.0, 4.0], meta)).unwrap();
        assert_eq!((table.time_ms, table.interval_secs, table.meta_version), (1000.0, 5.0, 7));
        assert_eq!((table.value(0, 0), table.value(0, 1)), (Some(1.0), None));
        assert_eq!((table.value(1, 0), table.value(1, 1)), (Some(3.0), Some(4.0)));
        assert_eq!(table.meta.tasks.id, ["a", "b"]);
        assert_eq!(table.meta.columns[1], ["y", "cpu", "some"]);
    }

    #[test]
    fn what_is_cut_off_or_of_another_form_is_refused() {
        let whole = table(1, 1, &[1.0], r#"{"tasks":{},"columns":[["x"]]}"#);
        let cut = Table::read(&whole[..whole.len() - 1]).unwrap_err().to_string();
        assert_eq!(cut, "Cannot read the snapshot: it has 77 bytes, not 78");
        let other = Table::read(b"{}").unwrap_err().to_string();
        assert_eq!(other, "Cannot read the snapshot: it is not in the form binary of protocol 1");
    }
}
