//! How fast files of messages are decided: the bench `command`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::estimates::Estimates;
use crate::figure::{fine, whole};
use crate::table::Table;

#[derive(Debug)]
pub(crate) struct LinesRow {
    lines: u64,
    pub(crate) per_second: f64,
    peak_mib: f64,
}

/// `lines.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct LinesFacts {
    lines: u64,
    peak_mib: f64,
}

/// Puts estimate and facts together.
pub(crate) fn row(estimates: &Estimates, LinesFacts { lines, peak_mib }: LinesFacts) -> Option<LinesRow> {
    let per_second = 1e9 / estimates.nanoseconds(&format!("command/resolve/{lines}"))?;
    Some(LinesRow { lines, per_second, peak_mib })
}

pub(crate) fn section(row: &LinesRow) -> Section {
    let mut table = Table::new(0, ["lines", "a second", "memory at most, MiB"]);
    table.row([whole(row.lines as f64), whole(row.per_second), fine(row.peak_mib)]);
    Section { title: "Files", blocks: vec![Block::Table(table)] }
}
