//! The health of senders in the catalog store: a row for each report, and one for the receipts of each sender, channel and
//! country. It is no part of the log of revisions, so no row is kept that does not count any more.
//!
//! Every change of reports has a version, one more than the one before. A report that was withdrawn stays as a row without
//! one for [`TOLD`], so that a node that knows a version learns all that changed since.

use std::time::Duration;

use callsign::{Channel, Country};

use super::{Store, StoreError};
use crate::config::Health as Rules;
use crate::sender_health::{Counts, Origin, ReceiptKey, Report, ReportKey, Status, Verdict, Window};

/// How long it is told that a report was withdrawn. A node that was away for half as long reads everything anew.
pub(crate) const TOLD: Duration = Duration::from_secs(600);

/// A report as rows have it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(super) sender: String,
    /// Empty for all.
    pub(super) channel: &'static str,
    /// Empty for all.
    pub(super) country: &'static str,
    pub(super) origin: &'static str,
    /// When it ends, in milliseconds since 1970.
    pub(super) ends: Option<i64>,
    /// JSON; none if it is withdrawn.
    pub(super) body: Option<String>,
}

/// What was made of a request to store health.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It is this version of the reports.
    Done(u64),
    /// There is no such sender; nothing was stored.
    NoSender(String),
}

/// The reports that changed since a version.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    pub(crate) version: u64,
    /// `None` if a report is withdrawn.
    pub(crate) reports: Vec<(ReportKey, Option<Report>)>,
}

/// Receipts to count, and how.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    pub(crate) now: u64,
    pub(crate) rules: Rules,
    /// In the order of their keys.
    pub(crate) receipts: Vec<(ReceiptKey, Counts)>,
}

impl Row {
    fn of(key: &ReportKey, report: Option<&Report>) -> Self {
        // Every report has a JSON.
        let body = report.and_then(|report| serde_json::to_string(report).ok());
        Self {
            sender: key.sender.to_string(),
            channel: key.channel.map_or("", Channel::as_str),
            country: key.country.map_or("", Country::as_str),
            origin: key.origin.as_str(),
            ends: report.and_then(|report| report.until).map(|until| until as i64),
            body,
        }
    }

    pub(super) fn withdrawn(key: &ReportKey) -> Self {
        Self::of(key, None)
    }
}

/// A row as a report; what is not as rows are is damaged.
pub(super) fn read_row(
    (sender, channel, country, origin): (String, &str, &str, &str),
    body: Option<&str>,
) -> Result<(ReportKey, Option<Report>), StoreError> {
    let key = (|| {
        let channel = if channel.is_empty() { None } else { Some(Channel::parse(channel)?) };
        let country = if country.is_empty() { None } else { Some(Country::parse(country)?) };
        Some(ReportKey { sender: sender.as_str().into(), channel, country, origin: Origin::parse(origin)? })
    })();
    let damaged = |what: &str| StoreError::Damaged(format!("the health of the sender {sender:?}: {what}"));
    let key = key.ok_or_else(|| damaged("its channel, country or origin is none"))?;
    let report = body.map(serde_json::from_str).transpose().map_err(|error| damaged(&error.to_string()))?;
    Ok((key, report))
}

impl Counting {
    /// Counts the receipts at an index, over what was stored of them before. Returns the new state, until when to keep it,
    /// and the report that follows, if it is another one.
    pub(super) fn count(&self, at: usize, stored: Option<&str>) -> Result<(String, i64, Option<Row>), StoreError> {
        let (key, counts) = &self.receipts[at];
        // What an unknown version of this program has written counts as nothing.
        let mut window: Window = stored.and_then(|stored| serde_json::from_str(stored).ok()).unwrap_or_default();
        let verdict = window.add(self.now, *counts, &self.rules);
        let about = ReportKey {
            sender: key.sender.clone(),
            channel: Some(key.channel),
            country: Some(key.country),
            origin: Origin::Receipts,
        };
        let row = verdict.map(|verdict| match verdict {
            Verdict::Recovered => Row::of(&about, None),
            Verdict::Fell { until } => {
                let (since, at) = (self.now, self.now);
                let status = Status::Unhealthy;
                let report = Report { status, since, at, until: Some(until), reason: None, by: None };
                Row::of(&about, Some(&report))
            }
        });
        let state = serde_json::to_string(&window).map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok((state, window.keep_until(self.now, &self.rules) as i64, row))
    }
}

impl Store {
    /// Stores reports, or that they are withdrawn, all in one transaction.
    pub(crate) async fn report_health(
        &self,
        now: u64,
        reports: &[(ReportKey, Option<Report>)],
    ) -> Result<Stored, StoreError> {
        let rows = reports.iter().map(|(key, report)| Row::of(key, report.as_ref())).collect();
        match self {
            Self::Sqlite(store) => store.report_health(now, rows).await,
            Self::Postgres(store) => store.report_health(now, rows).await,
        }
    }

    /// What changed since a version; everything since 0.
    pub(crate) async fn health_since(&self, version: u64) -> Result<Changed, StoreError> {
        match self {
            Self::Sqlite(store) => store.health_since(version).await,
            Self::Postgres(store) => store.health_since(version).await,
        }
    }

    /// Counts receipts over those of the whole fleet, in one transaction, with the reports that follow from them. Senders
    /// that do not exist any more are left out. Returns how many reports changed.
    pub(crate) async fn count_receipts(&self, counting: Counting) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(store) => store.count_receipts(counting).await,
            Self::Postgres(store) => store.count_receipts(counting).await,
        }
    }
}

/// The time before which a row that says nothing any more is removed, in milliseconds since 1970.
pub(super) fn forgotten(now: u64) -> i64 {
    now.saturating_sub(TOLD.as_millis() as u64) as i64
}
