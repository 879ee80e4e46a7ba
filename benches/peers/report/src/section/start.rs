//! How long commands take to start: the bench `command`.

use crate::document::{Block, Section};
use crate::estimates::Estimates;
use crate::figure::fine;
use crate::table::Table;

#[derive(Debug)]
pub(crate) struct StartRow {
    pub(crate) what: &'static str,
    pub(crate) median_ms: f64,
}

/// Starts by the names of their benchmarks.
const STARTS: [(&str, &str); 2] =
    [("command/explain/cached", "explain, compiled code cached"), ("command/explain/first", "explain, first ever")];

/// The rows of what was measured.
pub(crate) fn rows(estimates: &Estimates) -> Vec<StartRow> {
    let row = |(id, what)| Some(StartRow { what, median_ms: estimates.nanoseconds(id)? / 1e6 });
    STARTS.into_iter().filter_map(row).collect()
}

/// The slowest of the rows whose words have this one.
pub(crate) fn slowest(rows: &[StartRow], word: &str) -> Option<f64> {
    rows.iter().filter(|row| row.what.contains(word)).map(|row| row.median_ms).max_by(f64::total_cmp)
}

pub(crate) fn section(rows: &[StartRow]) -> Section {
    let mut table = Table::new(1, ["from the command to its answer", "median, ms"]);
    rows.iter().for_each(|row| table.row([row.what.to_owned(), fine(row.median_ms)]));
    Section { title: "A start", blocks: vec![Block::Table(table)] }
}
