//! What many decisions share. It is declared to the log before the first record that names it.

use callsign_destination::{Channel, Country};

/// A catalog that was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CatalogId(pub u32);

/// A policy with its settings that was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PolicyId(pub u32);

/// Signals that were declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignalsId(pub u64);

/// A catalog that decisions were made on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogContext {
    /// What finds it again: `revision:1234` of a service's store, or `sha256:` and the digest of a catalog file.
    pub name: Box<str>,
}

/// A policy that answered, and its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyContext {
    /// SHA-256 of the module.
    pub module: [u8; 32],
    /// `name@version`.
    pub label: Box<str>,
    /// SHA-256 of the settings.
    pub settings_digest: [u8; 32],
    /// The settings as the policy got them.
    pub settings: Box<str>,
}

/// The signals of a moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SignalsContext {
    /// What is known of the health of senders, in the order in which reports count.
    pub health: Vec<HealthReport>,
    /// The numbers of senders.
    pub numbers: Vec<NumberOfSender>,
}

/// What is known of the health of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthReport {
    /// The key of the sender.
    pub sender: u64,
    /// The channel; none for all.
    pub channel: Option<Channel>,
    /// The country; none for all.
    pub country: Option<Country>,
    /// Since when it is unhealthy, in seconds since 1970-01-01 UTC; none if it is healthy.
    pub unhealthy_since: Option<u64>,
}

/// A number of a sender.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberOfSender {
    /// The key of the sender.
    pub sender: u64,
    /// The key of the number's name.
    pub name: u64,
    /// The number.
    pub value: f64,
}
