//! The health of senders: reports by hand, and what follows from delivery receipts. It makes no revision.
//!
//! A report is about a sender, a channel or all, and a country or all. Of several that are about a message the newest one
//! by hand counts; where there is none, the sender is unhealthy as long as its receipts say so. Everything is in the
//! catalog store, so that a fleet shares it and a restart keeps it; each node makes the signals of its gateway of it.

mod counts;
mod receipts;
mod reports;
mod window;

use callsign::{Channel, Country};
use serde::{Deserialize, Serialize};

pub(crate) use self::counts::Counts;
pub(crate) use self::receipts::{Pending, ReceiptKey};
pub(crate) use self::reports::Reports;
pub(crate) use self::window::{Verdict, Window};

/// Whether a sender can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    Healthy,
    Unhealthy,
}

impl Status {
    /// The words of bodies.
    pub(crate) const WORDS: [&str; 2] = ["HEALTHY", "UNHEALTHY"];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Healthy, Self::Unhealthy].into_iter().find(|status| status.as_str() == text)
    }
}

/// Where a report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Origin {
    /// Delivery receipts.
    Receipts,
    /// A request with a key.
    Hand,
}

impl Origin {
    /// The word in stores and answers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Receipts => "RECEIPTS",
            Self::Hand => "HAND",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Receipts, Self::Hand].into_iter().find(|origin| origin.as_str() == text)
    }
}

/// What a report is about. There is at most one for each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReportKey {
    pub(crate) sender: Box<str>,
    /// All, if none.
    pub(crate) channel: Option<Channel>,
    /// All, if none.
    pub(crate) country: Option<Country>,
    pub(crate) origin: Origin,
}

impl ReportKey {
    /// Whether it is about everything that another one is about.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        (self.channel.is_none() || self.channel == other.channel)
            && (self.country.is_none() || self.country == other.country)
    }
}

/// What was reported. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) status: Status,
    /// When the status began: repeating a report does not change it.
    pub(crate) since: u64,
    /// When it was reported last.
    pub(crate) at: u64,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Box<str>>,
    /// The key that was used, as `id name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Box<str>>,
}

impl Report {
    /// Whether it has ended.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}
