//! `callsign what-if`: recorded traffic on another policy, catalog, settings or strategy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use callsign::{Catalog, escape};
use callsign_replay::{Condition, Instead, InsteadError, WhatIf, WhatIfReport};
use clap::Args;
use serde_json::value::RawValue;

use crate::exit::{Exit, Stop, print, say};
use crate::gateway::{component, refused_catalog, unreadable, with_settings};
use crate::recorded::{RecordedArguments, with_progress};

pub(crate) const EXAMPLES: &str = "\
What is not replaced is what each record names: its module with the settings, its
catalog. `--policy` without `--settings` has the settings {}.

Conditions of --fail-on are a measure, > or <, and a number or a share:
  changed          another sender, newly refused, no longer refused, or refused
                   for another reason
  other-senders, new-refusals, refusals-gone, other-refusals
  other-ways       the same sender by another step or strategy
  pins-moved       the recipient is pinned, and would be to another sender
  compared, not-compared

Examples:
  callsign what-if decisions --catalog next.json
  callsign what-if decisions --recorded-catalog catalog.json --strategy geo.json --html report.html
  callsign what-if decisions --recorded-catalog catalog.json --policy own.wasm --settings own.json
  callsign what-if decisions --catalog next.json --fail-on 'changed>1%' --fail-on 'new-refusals>0'

Exit codes:
  0  compared
  1  the same, and a condition of --fail-on is met
  2  bad input: usage, no log, catalog, strategy, policy component or settings
  3  another failure, such as a damaged segment: what is whole was compared";

/// The arguments of `what-if`.
#[derive(Args)]
pub(crate) struct WhatIfArguments {
    #[command(flatten)]
    recorded: RecordedArguments,

    /// Decide on this catalog.
    #[arg(long, value_name = "FILE", help_heading = "Instead")]
    catalog: Option<PathBuf>,

    /// Put the strategy in this file, as a catalog has it, into the catalog: it replaces the one with its id, or is added.
    /// May be given several times.
    #[arg(long, value_name = "FILE.json", help_heading = "Instead")]
    strategy: Vec<PathBuf>,

    /// Decide by this policy component.
    #[arg(long, value_name = "FILE.wasm", help_heading = "Instead")]
    policy: Option<PathBuf>,

    /// Decide with these settings, a JSON file: those of --policy, or of the modules that decided.
    #[arg(long, value_name = "FILE", help_heading = "Instead")]
    settings: Option<PathBuf>,

    /// A catalog file that was decided on; the log names it by its digest. Without it there is no catalog to put a strategy
    /// into, and none to explain the decisions of then. May be given several times.
    #[arg(long, value_name = "FILE")]
    recorded_catalog: Vec<PathBuf>,

    /// End with exit code 1 if this is so, such as 'changed>1%'. May be given several times.
    #[arg(long, value_name = "CONDITION")]
    fail_on: Vec<Condition>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,

    /// Write the report as one page to this file, too.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(crate) fn run(arguments: &WhatIfArguments) -> Result<Exit, Stop> {
    let instead = instead(arguments)?;
    if instead.is_nothing() {
        let error = anyhow!("nothing is to be decided on instead");
        return Err(Stop::refused(error)
            .hint("Give --catalog, --strategy, --policy or --settings; `callsign replay` decides as it was."));
    }
    let recorded = arguments.recorded.open(&arguments.recorded_catalog)?;
    let report = with_progress(|progress| {
        let what_if = WhatIf::new(&instead, &recorded.sources, recorded.key.as_ref(), &recorded.standard);
        what_if.run(&recorded.log, &recorded.options, progress)
    });
    if let Some(path) = &arguments.html {
        fs::write(path, report.to_html()).map_err(|error| {
            Stop::failed(anyhow::Error::new(error).context(format!("cannot write {}", path.display())))
        })?;
    }
    match arguments.json {
        true => print(&(serde_json::to_string(&report).map_err(Stop::failed)? + "\n"))?,
        false => print(&report.to_string())?,
    }
    let met = report.met(&arguments.fail_on);
    met.iter().for_each(|condition| say(&sentence(condition, &report)));
    Ok(match () {
        () if !met.is_empty() => Exit::InvalidMessages,
        () if report.is_damaged => Exit::Failed,
        () => Exit::Done,
    })
}

fn sentence(condition: &Condition, report: &WhatIfReport) -> String {
    let (count, of) = report.measure(condition.measure());
    format!("callsign: {condition} is so: {count} of {of}\n")
}

/// What is to be decided on.
fn instead(arguments: &WhatIfArguments) -> Result<Instead, Stop> {
    let mut instead = Instead::nothing();
    if let Some(path) = &arguments.catalog {
        let numbering = arguments.recorded.numbering.load()?;
        let catalog = Catalog::load(path).map_err(|error| refused_catalog(path, error))?.with_numbering(numbering);
        instead = instead.with_catalog(catalog, named("the catalog", path)).map_err(Stop::refused)?;
    }
    for path in &arguments.strategy {
        let refused = |error: anyhow::Error| Stop::refused(error.context(format!("the strategy {}", path.display())));
        let text = fs::read_to_string(path).map_err(|error| unreadable("the strategy", path, error))?;
        let strategy: Box<RawValue> =
            serde_json::from_str(&text).map_err(|error| refused(anyhow!("not JSON: {error}")))?;
        instead = instead
            .with_strategy(strategy, named("the strategy", path))
            .map_err(|error: InsteadError| refused(anyhow::Error::new(error)))?;
    }
    match (&arguments.policy, &arguments.settings) {
        (Some(policy), settings) => {
            let mut loaded = component(policy)?;
            let mut words = named("the policy", policy);
            if let Some(settings) = settings {
                loaded = with_settings(loaded, settings)?;
                words = format!("{words} with {}", named("the settings", settings));
            }
            Ok(instead.with_policy(loaded, words))
        }
        (None, Some(settings)) => {
            let text = fs::read_to_string(settings).map_err(|error| unreadable("the settings", settings, error))?;
            Ok(instead.with_settings(text, named("the settings", settings)))
        }
        (None, None) => Ok(instead),
    }
}

/// What a file is, for people.
fn named(what: &str, path: &Path) -> String {
    escape::line(&format!("{what} {}", path.display()), 200)
}
