//! What a decision costs with pools of each size: the bench `decision`.

use crate::document::{Block, Section};
use crate::estimates::Estimates;
use crate::figure::{time, whole};
use crate::plot::axis::Axis;
use crate::plot::lines::{Line, LinePlot};
use crate::table::{NOTHING, Table};

/// One way to decide, with one size of pool.
#[derive(Debug, Clone)]
pub(crate) struct DecisionRow {
    pub(crate) what: What,
    pub(crate) sticky: bool,
    pub(crate) senders: u32,
    pub(crate) nanoseconds: f64,
}

/// A way to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Native,
    Single,
    Batch64,
    Batch256,
    Fresh,
    Recorded,
    Recorded64,
}

impl What {
    const ALL: [Self; 7] =
        [Self::Native, Self::Single, Self::Batch64, Self::Batch256, Self::Fresh, Self::Recorded, Self::Recorded64];

    /// Its part of the benchmark's name.
    fn id(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Single => "resolve/warm",
            Self::Batch64 => "resolve_batch/64",
            Self::Batch256 => "resolve_batch/256",
            Self::Fresh => "resolve/fresh",
            Self::Recorded => "resolve/recorded",
            Self::Recorded64 => "resolve_batch/64/recorded",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Native => "native Rust, the same logic",
            Self::Single => "resolve, warm",
            Self::Batch64 => "resolve_batch of 64, a decision",
            Self::Batch256 => "resolve_batch of 256, a decision",
            Self::Fresh => "resolve, a fresh instance for every call",
            Self::Recorded => "resolve, recorded in a log",
            Self::Recorded64 => "resolve_batch of 64, recorded in a log, a decision",
        }
    }
}

/// The rows of what was measured.
pub(crate) fn rows(estimates: &Estimates) -> Vec<DecisionRow> {
    let row = |(name, nanoseconds): (&str, f64)| {
        let sticky = name.strip_prefix("sticky/");
        let (way, senders) = sticky.unwrap_or(name).rsplit_once('/')?;
        let what = What::ALL.into_iter().find(|what| what.id() == way)?;
        Some(DecisionRow { what, sticky: sticky.is_some(), senders: senders.parse().ok()?, nanoseconds })
    };
    estimates.below("decision/").filter_map(row).collect()
}

/// The nanoseconds of one way with one size of pool.
pub(crate) fn nanoseconds(rows: &[DecisionRow], what: What, sticky: bool, senders: u32) -> Option<f64> {
    let found = rows.iter().find(|row| row.what == what && row.sticky == sticky && row.senders == senders);
    found.map(|row| row.nanoseconds)
}

/// The sizes of pools, ascending.
pub(crate) fn pools(rows: &[DecisionRow]) -> Vec<u32> {
    let mut pools: Vec<u32> = rows.iter().map(|row| row.senders).collect();
    pools.sort_unstable();
    pools.dedup();
    pools
}

pub(crate) fn section(rows: &[DecisionRow]) -> anyhow::Result<Section> {
    let pools = pools(rows);
    let mut table = Table::new(
        1,
        ["with so many senders".to_owned()].into_iter().chain(pools.iter().map(|&pool| whole(pool.into()))),
    );
    for (sticky, what) in [false, true].into_iter().flat_map(|sticky| What::ALL.map(|what| (sticky, what))) {
        let cells: Vec<String> = pools.iter().map(|&pool| cell(rows, what, sticky, pool)).collect();
        if cells.iter().any(|cell| cell != NOTHING) {
            let words = format!("{}{}", if sticky { "sticky: " } else { "" }, what.words());
            table.row([words].into_iter().chain(cells));
        }
    }
    let lines = [What::Native, What::Single, What::Batch64].map(|what| {
        let at = |&pool: &u32| Some((f64::from(pool), nanoseconds(rows, what, false, pool)?));
        Line { name: what.words().into(), points: pools.iter().filter_map(at).collect() }
    });
    let plot = LinePlot {
        name: "latency",
        title: "Latency of a decision by the size of the pool",
        x: Axis::logarithmic("senders in the pool", whole),
        y: Axis::linear("a decision", time),
        lines: lines.into(),
    };
    let words =
        "Nanoseconds a decision, everything from the message to the decision included; in brackets times native.";
    Ok(Section {
        title: "A decision",
        blocks: vec![Block::Text(words.into()), Block::Table(table), Block::Plot(plot.draw()?)],
    })
}

fn cell(rows: &[DecisionRow], what: What, sticky: bool, pool: u32) -> String {
    let native = nanoseconds(rows, What::Native, sticky, pool);
    match (nanoseconds(rows, what, sticky, pool), native) {
        (Some(own), Some(native)) => format!("{} ({:.1})", whole(own), own / native),
        (Some(own), None) => whole(own),
        (None, _) => NOTHING.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_cell_has_times_native_in_brackets() {
        let inputs = sample::inputs();
        let rows = inputs.decision.expect("rows");
        let section = section(&rows).expect("a section");
        let Block::Table(table) = &section.blocks[1] else { panic!("no table") };
        assert_eq!(table.head, ["with so many senders", "10", "1,000", "100,000"]);
        assert_eq!(table.rows[1], ["resolve, warm", "200 (2.0)", "210 (2.0)", "220 (1.9)"]);
        assert_eq!(table.rows[5], ["resolve, recorded in a log", NOTHING, "300 (2.9)", NOTHING]);
        assert_eq!(table.rows[7], ["sticky: resolve, warm", NOTHING, "400 (2.5)", NOTHING]);
    }
}
