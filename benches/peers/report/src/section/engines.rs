//! Callsign's policies beside other engines: the bench `policy`, and the bench `peers` of `benches/peers`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::estimates::Estimates;
use crate::figure::{fine, time, whole};
use crate::plot::bars::{Bar, BarPlot};
use crate::table::{NOTHING, Table};

/// One engine in one form with one size of pool.
#[derive(Debug, Clone)]
pub(crate) struct EngineRow {
    pub(crate) engine: String,
    /// Of the other engines.
    pub(crate) version: Option<String>,
    /// Which limits it had: of the other engines.
    pub(crate) limits: Option<String>,
    pub(crate) promises: Option<Promises>,
    pub(crate) form: String,
    pub(crate) senders: u32,
    pub(crate) nanoseconds: f64,
}

/// What an engine is called in the report and in the names of benchmarks.
#[derive(Debug, Deserialize)]
pub(crate) struct EngineName {
    id: String,
    name: String,
    /// Of the other engines.
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    limits: Option<String>,
    #[serde(default)]
    promises: Option<Promises>,
}

/// What an engine holds to, whatever its script does.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Promises {
    deadline: String,
    memory: String,
    isolation: String,
    answers: String,
}

/// The rows of engines that were measured in a bench, as `policy/selection/single/1000` names them.
pub(crate) fn rows(estimates: &Estimates, bench: &str, engines: &[EngineName]) -> Vec<EngineRow> {
    let of = |EngineName { id, name, version, limits, promises }: &EngineName| -> Vec<EngineRow> {
        let path = format!("{bench}/{id}/");
        let row = |(rest, nanoseconds): (&str, f64)| {
            let (form, senders) = rest.split_once('/')?;
            Some(EngineRow {
                engine: name.clone(),
                version: version.clone(),
                limits: limits.clone(),
                promises: promises.clone(),
                form: form.into(),
                senders: senders.parse().ok()?,
                nanoseconds,
            })
        };
        let mut rows: Vec<EngineRow> = estimates.below(&path).filter_map(row).collect();
        // Decisions alone before those in batches, and what was prepared before what was not.
        rows.sort_by_key(|row| (FORMS.iter().position(|&form| form == row.form), row.senders));
        rows
    };
    engines.iter().flat_map(of).collect()
}

const FORMS: [&str; 4] = ["single", "batch64", "indexed", "scanning"];

/// The size of pool that is plotted.
const PLOTTED: u32 = 1_000;

/// The forms that are plotted: one decision at a time, prepared as well as the engine can.
const PLOTTED_FORMS: [&str; 2] = ["single", "indexed"];

/// The nanoseconds of an engine in a form with a size of pool: of the other engines with limits, and not of their rows without.
pub(crate) fn nanoseconds(rows: &[EngineRow], engine: &str, form: &str, senders: u32) -> Option<f64> {
    let has_limits = |row: &&EngineRow| row.limits.as_ref().is_none_or(|limits| !limits.starts_with("no "));
    let of = |row: &&EngineRow| row.engine == engine && row.form == form && row.senders == senders;
    rows.iter().filter(has_limits).find(of).map(|row| row.nanoseconds)
}

/// The sizes of pools, ascending.
pub(crate) fn pools<'a>(rows: impl IntoIterator<Item = &'a EngineRow>) -> Vec<u32> {
    let mut pools: Vec<u32> = rows.into_iter().map(|row| row.senders).collect();
    pools.sort_unstable();
    pools.dedup();
    pools
}

pub(crate) fn section(policy: Option<&[EngineRow]>, peers: Option<&[EngineRow]>) -> anyhow::Result<Option<Section>> {
    let rows: Vec<&EngineRow> = policy.unwrap_or_default().iter().chain(peers.unwrap_or_default()).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let pools = pools(rows.iter().copied());
    let heads = ["engine".to_owned(), "form".into()];
    let mut table = Table::new(2, heads.into_iter().chain(pools.iter().map(|&pool| whole(pool.into()))));
    let mut seen = Vec::new();
    for row in &rows {
        let line = (named(row), &row.form);
        if seen.contains(&line) {
            continue;
        }
        let at = |pool: &u32| {
            let one = rows.iter().find(|one| named(one) == line.0 && one.form == *line.1 && one.senders == *pool);
            one.map_or(NOTHING.to_owned(), |one| fine(one.nanoseconds))
        };
        table.row([line.0.clone(), line.1.clone()].into_iter().chain(pools.iter().map(at)));
        seen.push(line);
    }
    let words = "Nanoseconds a decision of the same selection, by how many senders are in the pool. Every engine keeps pool and \
                 pins in its own memory, is warm, and gave the right answers before it was measured. Indexed: all that \
                 does not depend on the recipient was prepared. Scanning: every decision goes over all strategies and \
                 senders. benches/peers/README.md says what is fair about it and what is not.";
    let mut blocks = vec![Block::Text(words.into()), Block::Table(table)];
    if let Some(promised) = promised(&rows) {
        let words = "What each of them holds to, whatever its script does, beside the time of a decision alone among 1,000 senders as \
                     well prepared as it can be. Times of engines with different promises are not of the same thing. A test \
                     attacks each engine where a deadline or a bound of memory says yes.";
        blocks.extend([Block::Text(words.into()), Block::Table(promised)]);
    }
    let bar = |row: &&EngineRow| Bar { name: format!("{}, {}", limited(row), row.form), value: row.nanoseconds };
    let plotted = |row: &&&EngineRow| row.senders == PLOTTED && PLOTTED_FORMS.contains(&row.form.as_str());
    let mut bars: Vec<Bar> = rows.iter().filter(plotted).map(bar).collect();
    if !bars.is_empty() {
        bars.sort_by(|a, b| a.value.total_cmp(&b.value));
        let plot = BarPlot {
            name: "engines",
            title: "A decision among 1,000 senders, by engine",
            label: time,
            marked: "Callsign",
            bars,
        };
        blocks.push(Block::Plot(plot.draw()?));
    }
    Ok(Some(Section { title: "Other engines", blocks }))
}

/// What each engine promises; none where no bench has said it.
fn promised(rows: &[&EngineRow]) -> Option<Table> {
    let heads = ["engine", "deadline kept", "memory bounded", "no access to the host", "answers checked", "ns"];
    let mut table = Table::new(5, heads);
    for row in rows.iter().filter(|row| row.senders == PLOTTED && PLOTTED_FORMS.contains(&row.form.as_str())) {
        let Some(Promises { deadline, memory, isolation, answers }) = row.promises.clone() else { continue };
        table.row([named(row), deadline, memory, isolation, answers, fine(row.nanoseconds)]);
    }
    (!table.rows.is_empty()).then_some(table)
}

fn named(row: &EngineRow) -> String {
    let engine = match &row.version {
        // The version of what is compared itself says nothing.
        Some(version) if row.engine != NATIVE => format!("{} {version}", row.engine),
        _ => row.engine.clone(),
    };
    with_limits(engine, row)
}

/// The same without the version.
fn limited(row: &EngineRow) -> String {
    with_limits(row.engine.clone(), row)
}

fn with_limits(engine: String, row: &EngineRow) -> String {
    match &row.limits {
        Some(limits) if row.engine != NATIVE => format!("{engine}, {limits}"),
        _ => engine,
    }
}

const NATIVE: &str = "native Rust";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn both_benches_make_one_table() {
        let inputs = sample::inputs();
        let section = section(inputs.policy.as_deref(), inputs.peers.as_deref()).expect("drawn").expect("a section");
        let Block::Table(table) = &section.blocks[1] else { panic!("no table") };
        assert_eq!(table.head, ["engine", "form", "10", "1,000"]);
        let row = |engine: &str, form: &str| table.rows.iter().find(|row| row[0] == engine && row[1] == form);
        assert_eq!(row("LuaJIT (mlua) 0.12.2, no limits", "indexed").expect("LuaJIT")[2..], ["100", "105"]);
        assert_eq!(row("LuaJIT (mlua) 0.12.2, a deadline", "indexed").expect("LuaJIT")[2..], ["1,000", "1,050"]);
        assert_eq!(row("Callsign, selection policy", "batch64").expect("Callsign")[2..], ["80.0", "90.5"]);
        assert_eq!(row("Extism 1.30.0, a timeout", "indexed").expect("Extism")[2..], [NOTHING, "9,000"]);
    }

    #[test]
    fn what_is_promised_stands_beside_the_time() {
        let inputs = sample::inputs();
        let section = section(inputs.policy.as_deref(), inputs.peers.as_deref()).expect("drawn").expect("a section");
        let Block::Table(table) = &section.blocks[3] else { panic!("no table") };
        let row = ["LuaJIT (mlua) 0.12.2, a deadline", "yes", "yes", "in part", "no", "1,050"];
        assert!(table.rows.iter().any(|found| *found == row), "{:?}", table.rows);
        assert_eq!(table.rows[0][0], "Callsign, selection policy");
    }

    #[test]
    fn one_bench_is_enough() {
        let inputs = sample::inputs();
        assert!(section(None, inputs.peers.as_deref()).expect("drawn").is_some());
        assert!(section(None, None).expect("drawn").is_none());
    }
}
