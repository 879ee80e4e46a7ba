//! What one policy costs in each language: the bench `languages`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::estimates::Estimates;
use crate::figure::{fine, time};
use crate::table::{NOTHING, Table};

#[derive(Debug)]
pub(crate) struct LanguageRow {
    facts: LanguageFacts,
    /// Nanoseconds of a decision by an instance that has made others, and by a new one.
    warm: Option<f64>,
    first: Option<f64>,
}

/// A row of `languages.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct LanguageFacts {
    id: String,
    name: String,
    /// Of the component.
    bytes: u64,
    compile_ms: f64,
    /// The linear memory of an instance, in bytes.
    memory: u64,
}

/// Puts estimates and facts together.
pub(crate) fn rows(estimates: &Estimates, facts: Vec<LanguageFacts>) -> Vec<LanguageRow> {
    let row = |facts: LanguageFacts| {
        let nanoseconds = |what| estimates.nanoseconds(&format!("languages/{}/{what}", facts.id));
        let (warm, first) = (nanoseconds("warm"), nanoseconds("first"));
        LanguageRow { facts, warm, first }
    };
    facts.into_iter().map(row).collect()
}

pub(crate) fn section(rows: &[LanguageRow]) -> Section {
    let heads = [
        "",
        "component, MB",
        "to compile it, s",
        "memory of an instance, MiB",
        "a warm decision",
        "the first decision",
    ];
    let mut table = Table::new(1, heads);
    let figure = |nanoseconds: Option<f64>| nanoseconds.map_or(NOTHING.into(), time);
    for LanguageRow { facts: LanguageFacts { name, bytes, compile_ms, memory, .. }, warm, first } in rows {
        table.row([
            name.clone(),
            fine(*bytes as f64 / 1e6),
            fine(compile_ms / 1e3),
            fine(*memory as f64 / f64::from(1 << 20)),
            figure(*warm),
            figure(*first),
        ]);
    }
    let words = "The policy `campaigns` of the examples, which decides alike in all three. The first decision is that of a new \
                 instance, its start included. Compiled code is kept in the module store, so a component is compiled once.";
    Section { title: "Languages", blocks: vec![Block::Text(words.into()), Block::Table(table)] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn each_language_has_its_costs_in_a_row() {
        let section = section(&sample::inputs().languages.expect("rows"));
        let Block::Table(table) = &section.blocks[1] else { panic!("no table") };
        assert_eq!(table.rows[0], ["Rust", "0.20", "0.90", "0.19", "2 us", "50 us"]);
        assert_eq!(table.rows[1][4..], ["25 us", NOTHING], "what was not measured is left out");
    }
}
