//! The plots of a report, as SVG without a script: a mark says its numbers where a pointer rests on it.

use std::fmt::Write;

use super::html::escaped;
use super::words::{grouped, time_text};
use super::{SenderLoad, WhatIfReport, percent};
use crate::timeline::Piece;

/// How many senders have bars.
const SENDERS: usize = 16;
/// How many columns there are over time, at most.
const COLUMNS: usize = 96;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 74.0;
const ROW: f64 = 30.0;
const BAR: f64 = 10.0;

/// The load of the senders whose load differs most, before and after; nothing if none differs.
pub(super) fn loads(report: &WhatIfReport) -> Option<String> {
    let senders: Vec<&SenderLoad> =
        report.senders.iter().filter(|sender| sender.before != sender.after).take(SENDERS).collect();
    let most = senders.iter().map(|sender| sender.before.max(sender.after)).max()?;
    let (scale, height) = ((WIDTH - LEFT - RIGHT) / most as f64, ROW * senders.len() as f64 + 8.0);
    let mut svg = open(height, "Load of each sender, before and after");
    for (row, sender) in senders.iter().enumerate() {
        let top = ROW * row as f64 + 6.0;
        let weight = sender.weight.map_or_else(|| "not in the catalog".to_owned(), |weight| format!("weight {weight}"));
        // What recipients see says more than an id, and is shorter.
        let name = escaped(&shortened(sender.sender.as_deref().unwrap_or(&sender.sender_id), 18));
        let title = format!(
            "{} ({weight}): {} before, {} after",
            escaped(&sender.sender_id),
            grouped(sender.before),
            grouped(sender.after)
        );
        let _ = write!(
            svg,
            r#"<g><title>{title}</title><text class="name" x="{x}" y="{y}" text-anchor="end">{name}</text>"#,
            x = LEFT - 10.0,
            y = top + 13.5,
        );
        for (class, load, offset) in [("before", sender.before, 0.0), ("after", sender.after, BAR + 2.0)] {
            let length = (load as f64 * scale).max(if load > 0 { 1.0 } else { 0.0 });
            let _ = write!(
                svg,
                r#"<rect class="{class}" x="{LEFT}" y="{y}" width="{length:.1}" height="{BAR}" rx="2"/><text class="value" x="{x:.1}" y="{t}">{load}</text>"#,
                y = top + offset,
                x = LEFT + length + 5.0,
                t = top + offset + 8.5,
                load = grouped(load),
            );
        }
        svg.push_str("</g>");
    }
    svg.push_str("</svg>");
    Some(svg)
}

/// The share of the decisions that change, over time; nothing if there are fewer than two pieces of time.
pub(super) fn over_time(report: &WhatIfReport) -> Option<String> {
    let columns = columns(&report.timeline)?;
    let most = columns.iter().map(|column| percent(column.changed, column.compared)).fold(0.0, f64::max);
    let (top, height, left) = (14.0, 180.0, 62.0);
    let ceiling = ceiling(most);
    let width = (WIDTH - left - 10.0) / columns.len() as f64;
    let mut svg = open(height + top + 28.0, "Share of the decisions that change, over time");
    for part in 0..=4 {
        let share = ceiling * f64::from(part) / 4.0;
        let y = top + height - height * f64::from(part) / 4.0;
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{left}" x2="{x2}" y1="{y:.1}" y2="{y:.1}"/><text class="value" x="{x}" y="{t:.1}" text-anchor="end">{share} %</text>"#,
            x2 = WIDTH - 10.0,
            x = left - 8.0,
            t = y + 4.0,
            share = trimmed(share),
        );
    }
    for (index, column) in columns.iter().enumerate() {
        let share = percent(column.changed, column.compared);
        let bar = height * share / ceiling;
        let _ = write!(
            svg,
            r#"<rect class="after" x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{bar:.1}" rx="1"><title>{time}: {changed} of {compared} change, {share:.2} %</title></rect>"#,
            x = left + width * index as f64 + 0.5,
            y = top + height - bar,
            w = (width - 1.0).max(0.8),
            time = time_text(column.begin * 1_000_000),
            changed = grouped(column.changed),
            compared = grouped(column.compared),
        );
    }
    let (first, last) = (columns.first()?, columns.last()?);
    let y = top + height + 20.0;
    let _ = write!(
        svg,
        r#"<text class="value" x="{left}" y="{y}">{}</text><text class="value" x="{x}" y="{y}" text-anchor="end">{}</text></svg>"#,
        time_text(first.begin * 1_000_000),
        time_text((last.begin + last.seconds) * 1_000_000),
        x = WIDTH - 10.0,
    );
    Some(svg)
}

fn open(height: f64, label: &str) -> String {
    format!(r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">"#)
}

/// Columns of the same length without gaps, from the first piece to the last; none for fewer than two.
fn columns(pieces: &[Piece]) -> Option<Vec<Piece>> {
    let (first, last) = (pieces.first()?, pieces.last()?);
    let span = last.begin + last.seconds - first.begin;
    // A whole number of pieces for each column.
    let seconds = span.div_ceil(COLUMNS as u64).div_ceil(first.seconds) * first.seconds;
    let count = span.div_ceil(seconds) as usize;
    if count < 2 {
        return None;
    }
    let empty = |index: usize| Piece { begin: first.begin + index as u64 * seconds, seconds, compared: 0, changed: 0 };
    let mut columns: Vec<Piece> = (0..count).map(empty).collect();
    for piece in pieces {
        if let Some(column) = columns.get_mut(((piece.begin - first.begin) / seconds) as usize) {
            column.compared += piece.compared;
            column.changed += piece.changed;
        }
    }
    Some(columns)
}

/// The end of an axis that has room for a share, in percent: its quarters are round numbers.
fn ceiling(share: f64) -> f64 {
    let mut step = 0.001;
    loop {
        for times in [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0] {
            if share <= step * times || step * times >= 100.0 {
                return step * times;
            }
        }
        step *= 10.0;
    }
}

/// A number without zeros at its end.
fn trimmed(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A text cut to this many characters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_room_for_what_is_on_it() {
        for (share, end) in
            [(0.0, 0.001), (0.5, 0.6), (1.0, 1.0), (1.1, 1.2), (10.1, 12.0), (81.0, 100.0), (100.0, 100.0)]
        {
            assert!((ceiling(share) - end).abs() < 1e-9, "{share}");
        }
    }

    #[test]
    fn columns_have_no_gap_and_lose_no_decision() {
        let piece = |begin| Piece { begin, seconds: 60, compared: 10, changed: 1 };
        let columns = columns(&[piece(0), piece(60), piece(60 * 900)]).expect("columns");
        assert!(columns.len() <= COLUMNS);
        assert!(columns.windows(2).all(|two| two[0].begin + two[0].seconds == two[1].begin));
        assert_eq!(columns.iter().map(|column| column.compared).sum::<u64>(), 30);
        assert!(super::columns(&[piece(0)]).is_none());
    }
}
