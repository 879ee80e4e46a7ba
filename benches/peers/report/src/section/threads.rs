//! What more threads bring: the bench `threads`.

use crate::document::{Block, Section};
use crate::estimates::Estimates;
use crate::figure::{fine, whole};
use crate::plot::axis::Axis;
use crate::plot::lines::{Line, LinePlot};
use crate::table::{NOTHING, Table};

#[derive(Debug, Clone)]
pub(crate) struct ThreadsRow {
    pub(crate) threads: u32,
    pub(crate) kind: &'static str,
    pub(crate) per_second: f64,
}

/// How the library is.
pub(crate) const AS_IT_IS: &str = "as it is";

/// Kinds by their part of the benchmark's name.
const KINDS: [(&str, &str); 3] =
    [("gateway", AS_IT_IS), ("shared-line", "one line shared on purpose"), ("native", "native, nothing is shared")];

/// The rows of what was measured.
pub(crate) fn rows(estimates: &Estimates) -> Vec<ThreadsRow> {
    let row = |(name, nanoseconds): (&str, f64)| {
        let (kind, threads) = name.split_once('/')?;
        let place = KINDS.iter().position(|(id, _)| *id == kind)?;
        let (threads, kind) = (threads.parse().ok()?, KINDS[place].1);
        Some((place, ThreadsRow { threads, kind, per_second: 1e9 / nanoseconds }))
    };
    let mut rows: Vec<(usize, ThreadsRow)> = estimates.below("threads/").filter_map(row).collect();
    rows.sort_by_key(|(place, row)| (row.threads, *place));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The throughput of one kind with so many threads.
pub(crate) fn per_second(rows: &[ThreadsRow], kind: &str, threads: u32) -> Option<f64> {
    rows.iter().find(|row| row.kind == kind && row.threads == threads).map(|row| row.per_second)
}

pub(crate) fn section(rows: &[ThreadsRow]) -> anyhow::Result<Section> {
    let mut table = Table::new(1, ["", "threads", "decisions a second", "times one thread"]);
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let one = per_second(rows, row.kind, 1);
        let times = one.map_or(NOTHING.into(), |one| fine(row.per_second / one));
        table.row([row.kind.to_owned(), row.threads.to_string(), whole(row.per_second), times]);
        let point = (f64::from(row.threads), row.per_second);
        match lines.iter_mut().find(|line| line.name == row.kind) {
            Some(line) => line.points.push(point),
            None => lines.push(Line { name: row.kind.into(), points: vec![point] }),
        }
    }
    let plot = LinePlot {
        name: "threads",
        title: "Throughput by threads",
        x: Axis::counted("threads"),
        y: Axis::linear("decisions a second", millions),
        lines,
    };
    Ok(Section { title: "Threads", blocks: vec![Block::Table(table), Block::Plot(plot.draw()?)] })
}

fn millions(number: f64) -> String {
    if number == 0.0 { "0".into() } else { format!("{:.1} M", number / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn throughput_is_held_against_one_thread_of_its_kind() {
        let section = section(&sample::inputs().threads.expect("rows")).expect("a section");
        let Block::Table(table) = &section.blocks[0] else { panic!("no table") };
        assert_eq!(table.rows[2], ["as it is", "2", "7,800,000", "1.95"]);
    }
}
