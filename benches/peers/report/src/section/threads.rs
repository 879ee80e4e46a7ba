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
    [("gateway", AS_IT_IS), ("shared-line", "lines shared on purpose"), ("native", "native, nothing is shared")];

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
    lines.extend(were_it_linear(rows));
    let plot = LinePlot {
        name: "threads",
        title: "Throughput by threads",
        x: Axis::counted("threads"),
        y: Axis::linear("decisions a second", millions),
        lines,
    };
    Ok(Section { title: "Threads", blocks: vec![Block::Table(table), Block::Plot(plot.draw()?)] })
}

/// What the library would do if each thread were as fast as one alone: what the curve is held against.
fn were_it_linear(rows: &[ThreadsRow]) -> Option<Line> {
    let one = per_second(rows, AS_IT_IS, 1)?;
    let most = rows.iter().map(|row| row.threads).max().filter(|&most| most > 1)?;
    let points = [1, most].map(|threads| (f64::from(threads), f64::from(threads) * one));
    Some(Line { name: "each as fast as one alone".into(), points: points.into() })
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

    #[test]
    fn the_curve_is_held_against_a_straight_line_for_any_number_of_cores() {
        let row = |threads, per_second| ThreadsRow { threads, kind: AS_IT_IS, per_second };
        let rows = [row(1, 2e6), row(2, 3.9e6), row(64, 100e6), row(96, 140e6)];
        let line = were_it_linear(&rows).expect("a line");
        assert_eq!(line.points, [(1.0, 2e6), (96.0, 192e6)]);
        let section = section(&rows).expect("a section");
        let Block::Plot(plot) = &section.blocks[1] else { panic!("no plot") };
        for part in ["each as fast as one alone", "\n20\n", "\n80\n", "200.0 M"] {
            assert!(plot.inline().contains(part), "{part}\n{}", plot.inline());
        }
        assert!(were_it_linear(&rows[..1]).is_none(), "of one core there is no curve");
    }
}
