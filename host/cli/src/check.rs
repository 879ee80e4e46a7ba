//! `callsign check`: every fault of a catalog at once.

use std::path::PathBuf;

use callsign::{Catalog, CatalogError, Revision};
use clap::Args;
use serde::Serialize;

use crate::exit::{Exit, Stop, print};
use crate::gateway::refused_catalog;

pub(crate) const EXAMPLES: &str = "\
A fault is one line on standard error: FILE:LINE:COLUMN: PATH: MESSAGE.

Examples:
  callsign check --catalog catalog.json
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
    /// The size of a catalog without faults.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog: Option<Counts>,
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
    let path = &arguments.catalog;
    let catalog = match Catalog::load(path) {
        Ok(catalog) => catalog,
        Err(error) => {
            return match report(&error) {
                Some(report) if arguments.json => print(&report).map(|()| Exit::Refused),
                _ => Err(refused_catalog(path, error)),
            };
        }
    };
    let counts = Counts::of(&catalog);
    // Indexing finds senders whose keys collide.
    Revision::new(catalog).map_err(Stop::refused)?;
    if arguments.json {
        print(&to_line(&Report { faults: Vec::new(), omitted: 0, catalog: Some(counts) }))?;
    } else {
        print(&format!("{}: sound\n{}", path.display(), counts.to_text()))?;
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
            catalog: None,
        },
        CatalogError::Syntax { line, column, message, .. } => Report {
            faults: vec![FaultJson { path: "$", line: *line, column: *column, message }],
            omitted: 0,
            catalog: None,
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
