//! Where and when it was measured: `machine.json`.

use serde::Deserialize;

use crate::document::{Block, Section};
use crate::figure::fine;

#[derive(Debug, Deserialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: u32,
    memory_gib: f64,
    os: String,
    rustc: String,
    wasmtime: String,
    callsign: String,
    commit: String,
    dirty: bool,
    date: String,
    quick: bool,
}

pub(crate) fn section(machine: &Machine) -> Section {
    let Machine { cpu, cores, memory_gib, os, rustc, wasmtime, callsign, commit, dirty, date, quick } = machine;
    let dirty = if *dirty { " and changes that are not committed" } else { "" };
    let quick = if *quick { " Short measurements: they show the order of things, not the last tenth." } else { "" };
    let words = format!(
        "Callsign {callsign} at commit {commit}{dirty}, {date}. {cpu}, {cores} cores, {} GiB; {os}; rustc {rustc}, \
         wasmtime {wasmtime}.{quick}",
        fine(*memory_gib)
    );
    Section { title: "Where", blocks: vec![Block::Text(words)] }
}
