//! What the platform last reported of its senders.

/// The senders that are unhealthy now. All others are healthy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    pub unhealthy: Vec<Unhealthy>,
}

/// A sender that was last reported unhealthy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unhealthy {
    pub sender_id: String,
    /// `None`: on all of them.
    pub channel: Option<String>,
    /// `None`: in all of them.
    pub country: Option<String>,
}

impl Health {
    /// Whether a sender is unhealthy for a channel and country.
    pub fn is_unhealthy(&self, sender_id: &str, channel: &str, country: &str) -> bool {
        self.unhealthy.iter().any(|report| {
            report.sender_id == sender_id
                && report.channel.as_deref().is_none_or(|of| of == channel)
                && report.country.as_deref().is_none_or(|of| of == country)
        })
    }
}
