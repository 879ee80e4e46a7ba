//! Warnings: what is sound in a catalog, and probably not meant.

use std::fmt;

use callsign_destination::Country;

use super::{Catalog, Channel, SenderType, escape::quoted};

/// The most warnings of a catalog that are listed.
pub const MAX_WARNINGS: usize = 100;

/// Something in a catalog that is sound and probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// Where, such as `$.senders[3].coverage`. The index counts the senders of the catalog, in their order.
    pub path: String,
    /// What, and what follows of it.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// The warnings of a catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warnings {
    /// Those that are listed, at most [`MAX_WARNINGS`], in the order of the catalog.
    pub listed: Vec<Warning>,
    /// How many there are.
    pub total: usize,
}

impl Catalog {
    /// What is sound in this catalog and probably not meant: ALPHANUMERIC senders that cover countries which take none over SMS
    /// or MMS. Where decisions follow that table they are no candidates there, and a message that names one is refused.
    pub fn warnings(&self) -> Warnings {
        let mut warnings = Warnings::default();
        let none = self.numbering().alphanumeric().none();
        for (index, sender) in self.senders().iter().enumerate() {
            if sender.kind != SenderType::Alphanumeric {
                continue;
            }
            let covers = |country: &&Country| {
                [Channel::Sms, Channel::Mms].iter().any(|&channel| sender.coverage.covers(channel, **country))
            };
            let covered: Vec<&str> = none.iter().filter(covers).map(|country| country.as_str()).collect();
            if covered.is_empty() {
                continue;
            }
            warnings.total += 1;
            if warnings.listed.len() < MAX_WARNINGS {
                let (id, countries) = (quoted(&sender.id), list(&covered));
                let path = format!("$.senders[{index}].coverage");
                let message =
                    format!("sender {id} is ALPHANUMERIC and covers {countries}, where networks take no such sender");
                warnings.listed.push(Warning { path, message });
            }
        }
        warnings
    }
}

/// Some of these, for a message.
fn list(countries: &[&str]) -> String {
    const NAMED: usize = 5;
    match countries {
        [only] => (*only).to_owned(),
        [first @ .., last] if countries.len() <= NAMED => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more countries", countries[..NAMED].join(", "), countries.len() - NAMED),
    }
}
