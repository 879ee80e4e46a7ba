//! `callsign policy inspect`: shows what a component is.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use callsign::{CompiledCache, Inspection, Policy, escape};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::author_limits;
use crate::exit::{Exit, Stop, print};
use crate::gateway::{compiler, refused_policy, unreadable};
use crate::provenance::ProvenanceReport;

/// The report for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    name: Option<&'a str>,
    version: Option<&'a str>,
    /// The version of the contract that it was built for; none if it does not fit any.
    interface: Option<String>,
    /// Whether this host can run it; `fault` says why not.
    fits: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    explains: bool,
    /// How the host calls it: `core`, its program itself, or `component`, which costs more.
    lane: &'static str,
    size: usize,
    sha256: String,
    #[serde(flatten)]
    provenance: ProvenanceReport<'a>,
    imports: Vec<ImportReport<'a>>,
    exports: &'a [String],
}

#[derive(Serialize)]
struct ImportReport<'a> {
    name: &'a str,
    functions: &'a [String],
}

pub(super) fn run(file: &Path, json: bool) -> Result<Exit, Stop> {
    let bytes = fs::read(file).map_err(|error| unreadable("the component", file, error))?;
    let inspection = Inspection::of(&bytes).map_err(|error| refused_policy(file, error))?;
    let compiled = CompiledCache::off().with_compiler(compiler()?);
    let policy = compiled.policy(&bytes, author_limits());
    let report = Report {
        name: inspection.name.as_deref(),
        version: inspection.version.as_deref(),
        interface: policy.as_ref().ok().map(|policy| policy.interface().to_string()),
        fits: policy.is_ok(),
        fault: policy.as_ref().err().map(ToString::to_string),
        explains: policy.as_ref().is_ok_and(Policy::explains),
        lane: if inspection.is_plain { "core" } else { "component" },
        size: bytes.len(),
        sha256: Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        provenance: ProvenanceReport::of(&inspection.provenance),
        imports: inspection
            .imports
            .iter()
            .map(|import| ImportReport { name: &import.name, functions: &import.functions })
            .collect(),
        exports: &inspection.exports,
    };
    let output = if json { serde_json::to_string(&report).map_err(Stop::failed)? + "\n" } else { text(&report) };
    print(&output)?;
    Ok(if report.fits { Exit::Done } else { Exit::Refused })
}

/// The most characters of a name in the report for people.
const NAME: usize = 200;

/// The report for people. Names come from the component, so one could forge a line of it.
fn text(report: &Report<'_>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "name       {}", report.name.unwrap_or("none"));
    let _ = writeln!(text, "version    {}", report.version.unwrap_or("none"));
    let _ = match (&report.interface, &report.fault) {
        (Some(interface), _) => writeln!(text, "interface  callsign:policy@{interface}"),
        (None, fault) => writeln!(text, "interface  no policy: {}", fault.as_deref().unwrap_or("it does not fit")),
    };
    let _ = writeln!(text, "explains   {}", if report.explains { "yes" } else { "no" });
    let _ = writeln!(text, "lane       {}", report.lane);
    let _ = writeln!(text, "size       {} bytes", report.size);
    let _ = writeln!(text, "sha-256    {}", report.sha256);
    text.push_str(&report.provenance.text());
    text.push_str("imports\n");
    let names: Vec<String> = report.imports.iter().map(|import| escape::line(import.name, NAME)).collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    for (import, name) in report.imports.iter().zip(names) {
        let functions: Vec<String> = import.functions.iter().map(|name| escape::line(name, NAME)).collect();
        let line = format!("  {name:width$}  {}", functions.join(", "));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push_str("exports\n");
    for export in report.exports {
        let _ = writeln!(text, "  {}", escape::line(export, NAME));
    }
    text
}
