//! What a change of a large platform costs: `change.json`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::figure::{fine, whole};
use crate::table::Table;

#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    pub(crate) rows: Vec<ChangeRow>,
    pub(crate) load_seconds: f64,
    pub(crate) bytes_a_sender: f64,
    pub(crate) decision_small_ns: f64,
    pub(crate) decision_large_ns: f64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ChangeRow {
    pub(crate) what: String,
    senders: u64,
    pub(crate) median_ms: f64,
    p99_ms: f64,
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
