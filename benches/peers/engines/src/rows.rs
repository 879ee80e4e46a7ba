//! What was measured, as the report reads it.

use serde::Serialize;

use crate::engine::Form;
use crate::measure::Measured;

/// `peers.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    /// How many answers of each engine, form and world were checked.
    pub(crate) checked: usize,
}

/// One engine in one form on one world.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    engine: &'static str,
    version: String,
    form: Form,
    senders: u32,
    nanoseconds: f64,
    low: f64,
    high: f64,
}

impl Row {
    pub(crate) fn new(engine: &'static str, version: String, form: Form, senders: u32, measured: Measured) -> Self {
        let tenths = |nanoseconds: f64| (nanoseconds * 10.0).round() / 10.0;
        let Measured { median, low, high } = measured;
        Self { engine, version, form, senders, nanoseconds: tenths(median), low: tenths(low), high: tenths(high) }
    }
}
