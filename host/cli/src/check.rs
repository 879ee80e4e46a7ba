//! `callsign check`: every fault of a catalog at once.

use std::path::PathBuf;

use callsign::{Catalog, CatalogError, Revision};
use clap::Args;
use serde::Serialize;

use crate::exit::{Exit, Stop, print, say};
use crate::gateway::refused_catalog;
use crate::numbering::{NumberingArguments, OwnNumbering};

pub(crate) const EXAMPLES: &str = "\
A fault is one line on standard error: FILE:LINE:COLUMN: PATH: MESSAGE.
A warning is one too: FILE: warning: PATH: MESSAGE. It leaves the catalog sound.

Examples:
  callsign check --catalog catalog.json
  callsign check --catalog catalog.json --area-codes own.csv
  callsign check --catalog catalog.json --json | jq -r '.faults[].path'

Exit codes:
  0  the catalog is sound
  2  it has faults, or cannot be read
  3  another failure, such as an output that cannot be written";

/// The arguments of `check`.
#[derive(Args)]
pub(crate) struct CheckArguments {
    /// The catalog: one JSON file.
    #[arg(long, value_name = "FILE")]
    catalog: PathBuf,

    #[command(flatten)]
    numbering: NumberingArguments,

    /// Print JSON to standard output, for programs.
    #[arg(long)]
    json: bool,
}

/// The report for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    /// In the order of the file.
    faults: Vec<FaultJson<'a>>,
    /// How many faults are not listed.
    omitted: usize,
    /// What is sound and probably not meant: at most 100.
    warnings: Vec<WarningJson<'a>>,
    /// The size of a catalog without faults.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog: Option<Counts>,
    /// What the given tables change in those of this release.
    #[serde(skip_serializing_if = "Option::is_none")]
    numbering: Option<OwnNumbering>,
}

#[derive(Serialize)]
struct WarningJson<'a> {
    path: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct FaultJson<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    applications: usize,
    entities: usize,
    senders: usize,
    associations: usize,
    ignored_associations: usize,
    sending_strategies: usize,
    default_senders: usize,
}

pub(crate) fn run(arguments: &CheckArguments) -> Result<Exit, Stop> {
    let numbering = arguments.numbering.load()?;
    let path = &arguments.catalog;
    let catalog = match Catalog::load(path) {
        Ok(catalog) => catalog.with_numbering(numbering),
        Err(error) => {
            return match report(&error) {
                Some(report) if arguments.json => print(&report).map(|()| Exit::Refused),
                _ => Err(refused_catalog(path, error)),
            };
        }
    };
    let counts = Counts::of(&catalog);
    let (warnings, own) = (catalog.warnings(), OwnNumbering::of(catalog.numbering()));
    // Indexing finds senders whose keys collide.
    Revision::new(catalog).map_err(Stop::refused)?;
    if arguments.json {
        let warnings = warnings.listed.iter().map(|found| WarningJson { path: &found.path, message: &found.message });
        let report = Report {
            faults: Vec::new(),
            omitted: 0,
            warnings: warnings.collect(),
            catalog: Some(counts),
            numbering: Some(own),
        };
        print(&to_line(&report))?;
    } else {
        let file = path.display();
        let mut lines: String = warnings.listed.iter().map(|warning| format!("{file}: warning: {warning}\n")).collect();
        if warnings.total > warnings.listed.len() {
            lines += &format!("{file}: {} more warnings are not listed\n", warnings.total - warnings.listed.len());
        }
        say(&lines);
        print(&format!("{file}: sound\n{}{}", counts.to_text(), own.to_text()))?;
    }
    Ok(Exit::Done)
}

/// The faults, as JSON; none if the file cannot be read.
fn report(error: &CatalogError) -> Option<String> {
    let report = match error {
        CatalogError::Faults(faults) => Report {
            faults: faults
                .iter()
                .map(|fault| FaultJson {
                    path: &fault.path,
                    line: fault.line,
                    column: fault.column,
                    message: &fault.message,
                })
                .collect(),
            omitted: faults.omitted(),
            warnings: Vec::new(),
            catalog: None,
            numbering: None,
        },
        CatalogError::Syntax { line, column, message, .. } => Report {
            faults: vec![FaultJson { path: "$", line: *line, column: *column, message }],
            omitted: 0,
            warnings: Vec::new(),
            catalog: None,
            numbering: None,
        },
        _ => return None,
    };
    Some(to_line(&report))
}

fn to_line(report: &Report<'_>) -> String {
    // Strings and numbers always serialize.
    let mut line = serde_json::to_string(report).unwrap_or_default();
    line.push('\n');
    line
}

impl Counts {
    fn of(catalog: &Catalog) -> Self {
        Self {
            applications: catalog.applications().len(),
            entities: catalog.entities().len(),
            senders: catalog.senders().len(),
            associations: catalog.associations().len(),
            ignored_associations: catalog.ignored_associations(),
            sending_strategies: catalog.strategies().len(),
            default_senders: catalog.default_senders().len(),
        }
    }

    fn to_text(&self) -> String {
        let ignored = match self.ignored_associations {
            0 => String::new(),
            ignored => format!(" (and {ignored} of other channels or resources, which no strategy acts on)"),
        };
        format!(
            "  applications       {} (with `default`)\n  entities           {}\n  senders            {}\n  \
             associations       {}{ignored}\n  sending strategies {}\n  default senders    {}\n",
            self.applications,
            self.entities,
            self.senders,
            self.associations,
            self.sending_strategies,
            self.default_senders
        )
    }
}
