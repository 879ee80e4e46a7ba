//! How fast files of messages are decided: `lines.json`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::figure::{fine, whole};
use crate::table::Table;

#[derive(Debug, Deserialize)]
pub(crate) struct LinesRow {
    lines: u64,
    pub(crate) per_second: f64,
    peak_mib: f64,
}

pub(crate) fn section(rows: &[LinesRow]) -> Section {
    let mut table = Table::new(0, ["lines", "a second", "memory at most, MiB"]);
    rows.iter().for_each(|row| table.row([whole(row.lines as f64), whole(row.per_second), fine(row.peak_mib)]));
    Section { title: "Files", blocks: vec![Block::Table(table)] }
}
