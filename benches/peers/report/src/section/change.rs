//! What a change of a large platform costs: the bench `change`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::estimates::Estimates;
use crate::figure::{fine, whole};
use crate::table::Table;

#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) rows: Vec<ChangeRow>,
    pub(crate) load_seconds: f64,
    pub(crate) bytes_a_sender: f64,
    pub(crate) decision_small_ns: f64,
    pub(crate) decision_large_ns: f64,
}

#[derive(Debug)]
pub(crate) struct ChangeRow {
    pub(crate) what: String,
    senders: u64,
    pub(crate) median_ms: f64,
    p99_ms: f64,
}

/// `change.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangeFacts {
    senders: u64,
    bytes_a_sender: Option<f64>,
    rows: Vec<ChangeTail>,
}

/// The tail of one kind of change.
#[derive(Debug, Deserialize)]
struct ChangeTail {
    id: String,
    p99_ms: f64,
}

/// Kinds of changes by their part of the benchmark's name.
const KINDS: [(&str, &str); 8] = [
    ("suspend", "suspend one sender"),
    ("activate", "activate it again"),
    ("associate-elsewhere", "associate one sender with another entity"),
    ("associate-back", "and back"),
    ("add", "add one sender"),
    ("associate", "associate it"),
    ("add-and-associate", "add and associate one sender"),
    ("take-out", "take one sender out"),
];

/// Puts estimates and facts together; none where a part of the bench has not run.
pub(crate) fn figures(estimates: &Estimates, facts: ChangeFacts) -> Option<Change> {
    let ChangeFacts { senders, bytes_a_sender, rows } = facts;
    let row = |ChangeTail { id, p99_ms }: ChangeTail| {
        let (kind, bindings) = id.split_once('/')?;
        let words = KINDS.iter().find(|(id, _)| *id == kind)?.1;
        let what =
            if bindings == "no-bindings" { words.into() } else { format!("{words}, {}", bindings.replace('-', " ")) };
        let median_ms = estimates.nanoseconds(&format!("change/edit/{id}"))? / 1e6;
        Some(ChangeRow { what, senders, median_ms, p99_ms })
    };
    Some(Change {
        rows: rows.into_iter().filter_map(row).collect(),
        load_seconds: estimates.nanoseconds(&format!("change/load/{senders}"))? / 1e9,
        bytes_a_sender: bytes_a_sender?,
        decision_small_ns: estimates.nanoseconds("change/decision/native/small")?,
        decision_large_ns: estimates.nanoseconds("change/decision/native/large")?,
    })
}

pub(crate) fn section(change: &Change) -> Section {
    let mut table = Table::new(1, ["change", "senders", "median, ms", "p99, ms"]);
    for ChangeRow { what, senders, median_ms, p99_ms } in &change.rows {
        table.row([what.clone(), whole(*senders as f64), fine(*median_ms), fine(*p99_ms)]);
    }
    let words = format!(
        "The largest platform loads in {} s and takes {} bytes a sender. A decision takes {} ns there, and {} ns on a \
         small platform.",
        fine(change.load_seconds),
        whole(change.bytes_a_sender),
        whole(change.decision_large_ns),
        whole(change.decision_small_ns)
    );
    Section { title: "A change", blocks: vec![Block::Table(table), Block::Text(words)] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_change_has_its_median_and_its_tail() {
        let section = section(&sample::inputs().change.expect("changes"));
        let Block::Table(table) = &section.blocks[0] else { panic!("no table") };
        assert_eq!(table.rows[0], ["suspend one sender", "1,000,000", "0.40", "0.60"]);
    }
}
