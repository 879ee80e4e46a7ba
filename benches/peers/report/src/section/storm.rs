//! Latency while everything changes: `storm.json`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::figure::{time, whole};
use crate::plot::axis::Axis;
use crate::plot::lines::{Line, LinePlot};
use crate::table::{NOTHING, Table};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StormRow {
    pub(crate) kind: String,
    /// Per cent, and nanoseconds.
    percentiles: Vec<(f64, f64)>,
}

/// The storm that a target is about.
pub(crate) const STORM: &str = "100 changes and a swap a second";

impl StormRow {
    /// The nanoseconds of a percentile.
    pub(crate) fn at(&self, per_cent: f64) -> Option<f64> {
        let found = self.percentiles.iter().find(|(of, _)| (of - per_cent).abs() < 1e-9);
        found.map(|&(_, nanoseconds)| nanoseconds)
    }
}

pub(crate) fn section(rows: &[StormRow]) -> anyhow::Result<Section> {
    let mut columns: Vec<f64> = rows.iter().flat_map(|row| &row.percentiles).map(|&(per_cent, _)| per_cent).collect();
    columns.sort_by(f64::total_cmp);
    columns.dedup();
    let heads = columns.iter().map(|per_cent| format!("p{per_cent}"));
    let mut table = Table::new(1, ["ns".to_owned()].into_iter().chain(heads));
    for row in rows {
        let cells = columns.iter().map(|&per_cent| row.at(per_cent).map_or(NOTHING.into(), whole));
        table.row([row.kind.clone()].into_iter().chain(cells));
    }
    let line = |row: &StormRow| Line { name: row.kind.clone(), points: row.percentiles.clone() };
    let plot = LinePlot {
        name: "storm",
        title: "Latency by percentile",
        x: Axis::percentiles("of the decisions"),
        y: Axis::logarithmic("at most", time),
        lines: rows.iter().map(line).collect(),
    };
    Ok(Section { title: "A storm", blocks: vec![Block::Table(table), Block::Plot(plot.draw()?)] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_percentile_has_a_column() {
        let section = section(&sample::inputs().storm.expect("rows")).expect("a section");
        let Block::Table(table) = &section.blocks[0] else { panic!("no table") };
        assert_eq!(table.head, ["ns", "p50", "p90", "p99", "p99.9", "p99.99"]);
        assert_eq!(table.rows[0], ["quiet", "410", "500", "600", "1,000", NOTHING]);
    }
}
