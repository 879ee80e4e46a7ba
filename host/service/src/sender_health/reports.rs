//! The reports that this node knows of, and the signals that follow from them.

use std::collections::BTreeMap;

use callsign::{Health, Signals, SignalsBuilder};

use super::{Origin, Report, ReportKey, Status};

/// All reports, by sender.
#[derive(Debug, Default)]
pub(crate) struct Reports(BTreeMap<Box<str>, Vec<(ReportKey, Report)>>);

impl Reports {
    /// Takes over a report, or that there is none any more.
    pub(crate) fn put(&mut self, key: ReportKey, report: Option<Report>) {
        let Some(report) = report else {
            if let Some(of) = self.0.get_mut(&key.sender) {
                of.retain(|(there, _)| *there != key);
                if of.is_empty() {
                    self.0.remove(&key.sender);
                }
            }
            return;
        };
        let of = self.0.entry(key.sender.clone()).or_default();
        of.retain(|(there, _)| *there != key);
        let at = of.partition_point(|(there, of)| rank(there, of) > rank(&key, &report));
        of.insert(at, (key, report));
    }

    /// Drops all reports about a sender. Returns whether there were any.
    pub(crate) fn forget(&mut self, sender: &str) -> bool {
        self.0.remove(sender).is_some()
    }

    /// Drops the reports that have ended. Returns whether there were any.
    pub(crate) fn drop_ended(&mut self, now: u64) -> bool {
        let mut dropped = false;
        self.0.retain(|_, of| {
            let before = of.len();
            of.retain(|(_, report)| !report.is_over(now));
            dropped |= of.len() < before;
            !of.is_empty()
        });
        dropped
    }

    /// When the next report ends.
    pub(crate) fn next_end(&self) -> Option<u64> {
        self.all().filter_map(|(_, report)| report.until).min()
    }

    /// The reports of a sender that have not ended, the one that counts before others first.
    pub(crate) fn of(&self, sender: &str, now: u64) -> impl Iterator<Item = (&ReportKey, &Report)> {
        let of = self.0.get(sender).into_iter().flatten();
        of.map(|(key, report)| (key, report)).filter(move |(_, report)| !report.is_over(now))
    }

    /// The reports that say that a sender is unhealthy, unless another one counts before them everywhere.
    pub(crate) fn unhealthy(&self, now: u64) -> impl Iterator<Item = (&ReportKey, &Report)> {
        self.0.keys().flat_map(move |sender| {
            let counts = move |(key, report): &(&ReportKey, &Report)| {
                report.status == Status::Unhealthy
                    && !self.of(sender, now).take_while(|(other, _)| other != key).any(|(other, _)| other.covers(key))
            };
            self.of(sender, now).filter(counts)
        })
    }

    /// The signals that follow from the reports.
    pub(crate) fn signals(&self, now: u64) -> SignalsBuilder {
        let mut signals = Signals::builder();
        for (sender, of) in &self.0 {
            // The last one that is given counts.
            for (key, report) in of.iter().rev().filter(|(_, report)| !report.is_over(now)) {
                let health = match report.status {
                    Status::Healthy => Health::Healthy,
                    Status::Unhealthy => Health::Unhealthy { since: report.since / 1_000 },
                };
                signals.health(sender, key.channel, key.country, health);
            }
        }
        signals
    }

    /// The report with a key, if it has not ended.
    pub(crate) fn get(&self, key: &ReportKey, now: u64) -> Option<&Report> {
        self.of(&key.sender, now).find(|(there, _)| *there == key).map(|(_, report)| report)
    }

    fn all(&self) -> impl Iterator<Item = &(ReportKey, Report)> {
        self.0.values().flatten()
    }
}

/// The higher one counts: by hand, then the newest; of those that were reported at once the narrowest.
fn rank<'a>(key: &'a ReportKey, report: &Report) -> (Origin, u64, u8, &'a ReportKey) {
    let narrow = u8::from(key.channel.is_some()) + u8::from(key.country.is_some());
    (key.origin, report.at, narrow, key)
}

#[cfg(test)]
mod tests {
    use callsign::{Channel, Country, SenderKey};

    use super::*;

    fn key(channel: Option<Channel>, origin: Origin) -> ReportKey {
        ReportKey { sender: "S1".into(), channel, country: None, origin }
    }

    fn report(status: Status, at: u64, until: Option<u64>) -> Report {
        Report { status, since: at, at, until, reason: None, by: None }
    }

    fn since(reports: &Reports, now: u64) -> Option<u64> {
        reports.signals(now).build().unhealthy_since(SenderKey::of("S1").0, Channel::Sms, Country::US)
    }

    #[test]
    fn a_report_by_hand_wins_over_receipts_until_it_ends_or_is_removed() {
        let (hand, receipts) = (key(None, Origin::Hand), key(Some(Channel::Sms), Origin::Receipts));
        let mut reports = Reports::default();
        reports.put(hand.clone(), Some(report(Status::Healthy, 1_000, Some(9_000))));
        reports.put(receipts.clone(), Some(report(Status::Unhealthy, 5_000, Some(20_000))));
        assert_eq!((since(&reports, 5_000), since(&reports, 9_000), since(&reports, 20_000)), (None, Some(5), None));
        assert_eq!(reports.unhealthy(5_000).count(), 0);
        assert_eq!(reports.unhealthy(9_000).count(), 1);
        assert_eq!(reports.next_end(), Some(9_000));
        reports.put(hand.clone(), None);
        assert_eq!(since(&reports, 5_000), Some(5));
        reports.put(hand, Some(report(Status::Unhealthy, 6_000, None)));
        assert_eq!(since(&reports, 6_000), Some(6));
        assert!(reports.drop_ended(20_000) && !reports.drop_ended(20_000));
        assert_eq!(reports.all().count(), 1);
    }

    #[test]
    fn the_newest_report_by_hand_that_is_about_a_message_counts() {
        let (all, sms) = (key(None, Origin::Hand), key(Some(Channel::Sms), Origin::Hand));
        let mut reports = Reports::default();
        reports.put(sms.clone(), Some(report(Status::Unhealthy, 2_000, None)));
        reports.put(all.clone(), Some(report(Status::Healthy, 1_000, None)));
        assert_eq!(since(&reports, 3_000), Some(2));
        reports.put(all.clone(), Some(report(Status::Healthy, 3_000, None)));
        assert_eq!(since(&reports, 3_000), None);
        assert_eq!(reports.unhealthy(3_000).count(), 0);
        reports.put(sms.clone(), Some(report(Status::Unhealthy, 4_000, None)));
        assert_eq!(since(&reports, 4_000), Some(4));
        reports.put(sms, None);
        reports.put(all, None);
        assert_eq!((since(&reports, 4_000), reports.all().count(), reports.0.len()), (None, 0, 0));
    }
}
