//! How long commands take to start: `start.json`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::figure::fine;
use crate::table::Table;

#[derive(Debug, Deserialize)]
pub(crate) struct StartRow {
    pub(crate) what: String,
    pub(crate) median_ms: f64,
}

/// The slowest of the rows whose words have this one.
pub(crate) fn slowest(rows: &[StartRow], word: &str) -> Option<f64> {
    rows.iter().filter(|row| row.what.contains(word)).map(|row| row.median_ms).max_by(f64::total_cmp)
}

pub(crate) fn section(rows: &[StartRow]) -> Section {
    let mut table = Table::new(1, ["from the command to its answer", "median, ms"]);
    rows.iter().for_each(|row| table.row([row.what.clone(), fine(row.median_ms)]));
    Section { title: "A start", blocks: vec![Block::Table(table)] }
}
