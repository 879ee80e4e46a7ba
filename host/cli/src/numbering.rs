//! What an operator knows of the world's numbers beyond this release: area codes, and countries without alphanumeric senders.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use callsign::{AlphanumericCountries, AreaCodes, Numbering, TableError};
use callsign_service::NumberingConfig;
use clap::Args;
use serde::Serialize;

use crate::exit::{Stop, say};
use crate::gateway::unreadable;

/// The arguments that give them.
#[derive(Args, Clone)]
pub(crate) struct NumberingArguments {
    /// Area codes to add or correct: a CSV with the columns npa, country, regions, overlays, time_zone.
    #[arg(long, value_name = "FILE")]
    pub(crate) area_codes: Option<PathBuf>,

    /// Countries that take alphanumeric senders, or do not: a CSV with the columns country, alphanumeric (yes or no).
    #[arg(long, value_name = "FILE")]
    pub(crate) alphanumeric: Option<PathBuf>,
}

impl NumberingArguments {
    /// Puts what is given over what the configuration of the service says.
    pub(crate) fn put_over(&self, config: &mut NumberingConfig) {
        let NumberingConfig { area_codes, alphanumeric, .. } = config;
        for (configured, given) in [(area_codes, &self.area_codes), (alphanumeric, &self.alphanumeric)] {
            if given.is_some() {
                configured.clone_from(given);
            }
        }
    }

    /// The tables of this release, with the given ones over them.
    pub(crate) fn load(&self) -> Result<Arc<Numbering>, Stop> {
        let mut numbering = Numbering::clone(Numbering::standard());
        if let Some(path) = &self.area_codes {
            let own = AreaCodes::load(path).map_err(|error| refused("the area codes", path, error))?;
            numbering = numbering.with_area_codes(own);
        }
        if let Some(path) = &self.alphanumeric {
            let own = AlphanumericCountries::load(path);
            let own = own.map_err(|error| refused("the countries of alphanumeric senders", path, error))?;
            numbering = numbering.with_alphanumeric(own);
        }
        Ok(Arc::new(numbering))
    }
}

/// Prints all faults of a table, one a line: `FILE:LINE: COLUMN: MESSAGE`.
fn refused(what: &str, path: &Path, error: TableError) -> Stop {
    let file = path.display();
    match error {
        TableError::Read { source, .. } => unreadable(what, path, source),
        TableError::Faults(faults) => {
            let line = |fault: &callsign::TableFault| match fault.column {
                Some(column) => format!("{file}:{}: {column}: {}\n", fault.line, fault.message),
                None => format!("{file}:{}: {}\n", fault.line, fault.message),
            };
            let (count, ending) = (faults.len(), if faults.len() == 1 { "" } else { "s" });
            say(&(faults.iter().map(line).collect::<String>()
                + &format!("callsign: {file} has {count} fault{ending}\n")));
            Stop::refused_and_reported()
        }
        error => Stop::refused(anyhow::Error::new(error).context(format!("{what} {file}"))),
    }
}

/// What differs from this release, for a report.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnNumbering {
    /// Area codes that were added or corrected.
    area_codes: Vec<OwnAreaCode>,
    /// By country, whether it takes alphanumeric senders.
    alphanumeric: Vec<OwnCountry>,
}

#[derive(Serialize)]
struct OwnAreaCode {
    npa: u16,
    country: &'static str,
    regions: Vec<String>,
    overlays: Vec<u16>,
    origin: &'static str,
}

#[derive(Serialize)]
struct OwnCountry {
    country: &'static str,
    alphanumeric: bool,
}

impl OwnNumbering {
    pub(crate) fn of(numbering: &Numbering) -> Self {
        let area_codes = numbering.area_codes().own().map(|own| OwnAreaCode {
            npa: own.code.get(),
            country: own.country.as_str(),
            regions: own.regions.iter().map(|region| region.to_string()).collect(),
            overlays: own.overlays.to_vec(),
            origin: own.origin.as_str(),
        });
        let countries = numbering.alphanumeric().own();
        let countries = countries.map(|(country, takes)| OwnCountry { country: country.as_str(), alphanumeric: takes });
        Self { area_codes: area_codes.collect(), alphanumeric: countries.collect() }
    }

    /// Lines for people; none where nothing differs.
    pub(crate) fn to_text(&self) -> String {
        let codes = self.area_codes.iter().map(|own| {
            let place = if own.regions.is_empty() {
                own.country.to_owned()
            } else {
                format!("{} {}", own.country, own.regions.join(" "))
            };
            let overlays = match own.overlays.is_empty() {
                true => String::new(),
                false => format!(", overlays {}", Vec::from_iter(own.overlays.iter().map(u16::to_string)).join(" ")),
            };
            format!("  area code {}     {} ({place}{overlays})\n", own.npa, own.origin.to_lowercase())
        });
        let countries = self.alphanumeric.iter().map(|own| {
            let takes = if own.alphanumeric { "takes alphanumeric senders" } else { "takes no alphanumeric sender" };
            format!("  country {}        {takes}\n", own.country)
        });
        codes.chain(countries).collect()
    }
}
