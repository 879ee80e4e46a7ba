//! A report in bodies.

use callsign::{Channel, Country};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::change::time;
use crate::fault::Violation;
use crate::http::{Caller, quoted};
use crate::sender_health::{Origin, Report, ReportKey, Status};

/// The most characters of a reason.
const LONGEST_REASON: usize = 255;

/// A report about a sender.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReport {
    /// `HEALTHY` or `UNHEALTHY`.
    pub(super) status: String,
    /// `SMS`, `MMS` or `RCS`; all if left out.
    #[schema(required = false)]
    pub(super) channel: Option<String>,
    /// ISO 3166-1 alpha-2; all if left out.
    #[schema(required = false)]
    pub(super) country: Option<String>,
    /// When the report ends, as RFC 3339. If left out it counts until it is replaced or removed.
    #[schema(required = false)]
    pub(super) until: Option<String>,
    /// For people, up to 255 characters.
    #[schema(required = false)]
    pub(super) reason: Option<String>,
}

/// A report that is as it should be.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) status: Status,
    pub(super) until: Option<u64>,
    pub(super) reason: Option<Box<str>>,
    channel: Option<Channel>,
    country: Option<Country>,
}

impl Checked {
    /// The report, with what it is about.
    pub(super) fn about(self, sender: &str) -> (ReportKey, Self) {
        let (channel, country) = (self.channel, self.country);
        (ReportKey { sender: sender.into(), channel, country, origin: Origin::Hand }, self)
    }
}

impl NewReport {
    /// Checks a report whose properties have names that begin with `at`.
    ///
    /// # Errors
    /// What is wrong with each property, and what would be right.
    pub(super) fn check(self, at: &str, now: u64) -> Result<Checked, Vec<Violation>> {
        let mut wrong = Vec::new();
        let mut note = |name: &str, text: String| wrong.push(Violation::new(format!("{at}{name}"), text));
        let status = Status::parse(&self.status);
        if status.is_none() {
            note("status", format!("{} is not one of {}", quoted(&self.status), Status::WORDS.join(", ")));
        }
        let channel = self.channel.as_deref().map(|text| Channel::parse(text).ok_or(text));
        if let Some(Err(text)) = channel {
            note("channel", format!("{} is not one of SMS, MMS, RCS", quoted(text)));
        }
        let country = self.country.as_deref().map(|text| Country::parse(text).ok_or(text));
        if let Some(Err(text)) = country {
            let right = "two upper-case letters of ISO 3166-1, such as US";
            note("country", format!("{} is not a country: {right}", quoted(text)));
        }
        let until = self.until.as_deref().map(|text| text.parse::<jiff::Timestamp>().map_err(|_| text));
        let until = match until {
            None => None,
            Some(Err(text)) => {
                let right = "RFC 3339, such as 2027-01-31T18:00:00Z";
                note("until", format!("{} is not a time: {right}", quoted(text)));
                None
            }
            Some(Ok(until)) => {
                let until = u64::try_from(until.as_millisecond()).unwrap_or(0);
                if until <= now {
                    note("until", format!("{} is over: give a time to come, or leave it out", time(until)));
                }
                Some(until)
            }
        };
        if self.reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
            note("reason", format!("has more than {LONGEST_REASON} characters"));
        }
        match status {
            Some(status) if wrong.is_empty() => Ok(Checked {
                status,
                until,
                reason: self.reason.map(Into::into),
                channel: channel.and_then(Result::ok),
                country: country.and_then(Result::ok),
            }),
            _ => Err(wrong),
        }
    }
}

/// What is reported of a sender.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportBody {
    /// `HEALTHY` or `UNHEALTHY`.
    status: &'static str,
    /// All if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    /// All if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'static str>,
    /// Since when it has this status.
    since: String,
    /// When the report ends. One from receipts ends when the sender is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// `HAND`, or `RECEIPTS`.
    origin: &'static str,
    /// When it was reported last.
    reported_at: String,
    /// The key that was used, as `id name`. For keys of the platform only.
    #[serde(skip_serializing_if = "Option::is_none")]
    reported_by: Option<String>,
}

impl ReportBody {
    pub(super) fn of(key: &ReportKey, report: &Report, caller: &Caller) -> Self {
        Self {
            status: report.status.as_str(),
            channel: key.channel.map(Channel::as_str),
            country: key.country.map(Country::as_str),
            since: time(report.since),
            until: report.until.map(time),
            reason: report.reason.as_deref().map(Into::into),
            origin: key.origin.as_str(),
            reported_at: time(report.at),
            reported_by: report.by.as_deref().filter(|_| caller.tenant().is_none()).map(Into::into),
        }
    }
}
