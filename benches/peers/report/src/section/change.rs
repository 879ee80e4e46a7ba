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
    pub(crate) native: Growth,
    pub(crate) gateway: Growth,
}

/// What a decision takes on a small platform and on a large one.
#[derive(Debug)]
pub(crate) struct Growth {
    small_ns: f64,
    large_ns: f64,
}

impl Growth {
    /// How many times as long it takes on the large one.
    pub(crate) fn times(&self) -> f64 {
        self.large_ns / self.small_ns
    }
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
const KINDS: [(&str, &str); 11] = [
    ("suspend", "suspend one sender"),
    ("activate", "activate it again"),
    ("associate-elsewhere", "associate one sender with another entity"),
    ("associate-back", "and back"),
    ("add", "add one sender"),
    ("associate", "associate it"),
    ("add-and-associate", "add and associate one sender"),
    ("take-out", "take one sender and its association out"),
    ("remove", "remove one sender"),
    ("remove-entity", "remove one entity"),
    ("remove-application", "remove one application"),
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
    let growth = |kind: &str| {
        let at = |platform: &str| estimates.nanoseconds(&format!("change/decision/{kind}/{platform}"));
        Some(Growth { small_ns: at("small")?, large_ns: at("large")? })
    };
    Some(Change {
        rows: rows.into_iter().filter_map(row).collect(),
        load_seconds: estimates.nanoseconds(&format!("change/load/{senders}"))? / 1e9,
        bytes_a_sender: bytes_a_sender?,
        native: growth("native")?,
        gateway: growth("gateway")?,
    })
}

pub(crate) fn section(change: &Change) -> Section {
    let mut table = Table::new(1, ["change", "senders", "median, ms", "p99, ms"]);
    for ChangeRow { what, senders, median_ms, p99_ms } in &change.rows {
        table.row([what.clone(), whole(*senders as f64), fine(*median_ms), fine(*p99_ms)]);
    }
    let Change { native, gateway, .. } = change;
    let words = format!(
        "The largest platform loads in {} s and takes {} bytes a sender. A decision takes {} ns there and {} ns on a small \
         platform; natively {} and {} ns.",
        fine(change.load_seconds),
        whole(change.bytes_a_sender),
        whole(gateway.large_ns),
        whole(gateway.small_ns),
        whole(native.large_ns),
        whole(native.small_ns)
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
