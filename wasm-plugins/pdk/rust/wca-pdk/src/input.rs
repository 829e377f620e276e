use crate::{Columns, Failure, InputForm, Snapshot, Table};

/// A form of snapshots.
pub trait Input: Sized {
    const FORM: InputForm;

    fn parse(bytes: &[u8]) -> Result<Self, Failure>;
}

impl Input for Snapshot {
    const FORM: InputForm = InputForm::Json;

    fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

impl Input for Columns {
    const FORM: InputForm = InputForm::Columnar;

    fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

impl Input for Table {
    const FORM: InputForm = InputForm::Binary;

    fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        Table::read(bytes)
    }
}
