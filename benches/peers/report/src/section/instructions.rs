//! How many instructions a decision takes, which no other load changes: `instructions.json`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::figure::whole;
use crate::table::Table;

#[derive(Debug, Deserialize)]
pub(crate) struct InstructionsRow {
    what: String,
    instructions: f64,
}

pub(crate) fn section(rows: &[InstructionsRow]) -> Section {
    let mut table = Table::new(1, ["a decision", "instructions"]);
    rows.iter().for_each(|row| table.row([row.what.clone(), whole(row.instructions)]));
    Section { title: "Instructions", blocks: vec![Block::Table(table)] }
}
