//! What the platform last reported of its senders.

/// The reports, in the order in which they came. A sender that none is about is healthy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    pub reports: Vec<Report>,
}

/// A report of a sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub sender_id: String,
    /// `None`: on all of them.
    pub channel: Option<String>,
    /// `None`: in all of them.
    pub country: Option<String>,
    pub healthy: bool,
}

impl Health {
    /// Whether the last report of a sender, channel and country says that it is unhealthy.
    pub fn is_unhealthy(&self, sender_id: &str, channel: &str, country: &str) -> bool {
        let is_about = |report: &&Report| {
            report.sender_id == sender_id
                && report.channel.as_deref().is_none_or(|of| of == channel)
                && report.country.as_deref().is_none_or(|of| of == country)
        };
        self.reports.iter().rev().find(is_about).is_some_and(|last| !last.healthy)
    }
}
