//! Signals: what changes too often to be part of a revision. The health of senders, and numbers of them by name.
//!
//! Decisions read one immutable [`Signals`]. It is made off the hot path, and replaced as a whole behind an atomic pointer,
//! so a change of health makes no revision, and nobody waits for it. A report that expires is left out when the next
//! `Signals` is made: what was read does not change by itself.
//!
//! What is made of the health for one scope, channel and country can be kept as long as [`Signals::health_epoch`] stays
//! the same. It is 0 while every sender is healthy, which is one load to find out: [`SignalSource::health_epoch`].

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};
use callsign_catalog::Channel;
use callsign_destination::Country;
use callsign_sticky::SenderKey;
use hashbrown::HashMap;

#[cfg(test)]
mod tests;

/// The next epoch. They are unique in the process, so the signals of two sources never share one.
static NEXT_EPOCH: AtomicU64 = AtomicU64::new(1);

/// The next serial number. Begins again after four billion, of which a log knows the last few.
static NEXT_SERIAL: AtomicU32 = AtomicU32::new(1);

/// Neither 0, which says nothing, nor the greatest number, which others use for none.
fn next_serial() -> u32 {
    loop {
        let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
        if !matches!(serial, 0 | u32::MAX) {
            return serial;
        }
    }
}

/// Where a gateway has its signals from.
///
/// A gateway asks once for each call of a policy or batch, on the thread that decides, so an answer must be ready: what
/// takes longer than some ten nanoseconds belongs on a thread of the source's own. [`SignalBoard`] does it so.
pub trait SignalSource: Send + Sync {
    /// The signals of this moment.
    fn current(&self) -> CurrentSignals;

    /// [`Signals::health_epoch`] of this moment. Where it is 0, a decision that reads no numbers reads no signals.
    #[inline]
    fn health_epoch(&self) -> u64 {
        self.current().health_epoch()
    }

    /// [`Signals::serial`] of this moment. A gateway that records its decisions asks for it at each.
    #[inline]
    fn serial(&self) -> u32 {
        self.current().serial()
    }
}

/// The signals of one moment, which a call holds to its end.
pub struct CurrentSignals(Guard<Arc<Signals>>);

impl Deref for CurrentSignals {
    type Target = Signals;

    #[inline]
    fn deref(&self) -> &Signals {
        &self.0
    }
}

impl From<Arc<Signals>> for CurrentSignals {
    fn from(signals: Arc<Signals>) -> Self {
        Self(Guard::from_inner(signals))
    }
}

impl fmt::Debug for CurrentSignals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A source that is told its signals: any thread sets them, and decisions read them without a lock.
///
/// ```
/// use callsign_index::{Health, SignalBoard, SignalSource, Signals};
///
/// let board = SignalBoard::new();
/// let mut signals = Signals::builder();
/// signals.health("S1", None, None, Health::Unhealthy { since: 1_767_225_600 });
/// board.set(signals);
/// assert_ne!(board.health_epoch(), 0);
/// ```
#[derive(Debug, Default)]
pub struct SignalBoard {
    signals: ArcSwap<Signals>,
    /// The epoch of `signals`, so that a decision need not load them. It may be older for a moment, as any load may be.
    epoch: AtomicU64,
    /// Their serial number, for the same reason.
    serial: AtomicU32,
}

impl SignalBoard {
    /// A board on which every sender is healthy, and no number is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces all signals. If the health is what it was, its epoch stays. Calls that have begun keep what they read.
    ///
    /// If several threads set signals, the last one wins.
    pub fn set(&self, signals: SignalsBuilder) {
        let mut signals = signals.build();
        let before = self.signals.load();
        if before.unhealthy == signals.unhealthy {
            signals.epoch = before.epoch;
            if before.numbers == signals.numbers {
                signals.serial = before.serial;
            }
        }
        let (epoch, serial) = (signals.epoch, signals.serial);
        self.signals.store(Arc::new(signals));
        self.epoch.store(epoch, Ordering::Release);
        self.serial.store(serial, Ordering::Release);
    }
}

impl SignalSource for SignalBoard {
    #[inline]
    fn current(&self) -> CurrentSignals {
        CurrentSignals(self.signals.load())
    }

    #[inline]
    fn health_epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    #[inline]
    fn serial(&self) -> u32 {
        self.serial.load(Ordering::Acquire)
    }
}

/// Signals of one moment. It cannot be changed: [`SignalsBuilder`] makes another one.
#[derive(Debug, Default)]
pub struct Signals {
    /// 0 if and only if `unhealthy` is empty.
    epoch: u64,
    /// 0 if and only if `unhealthy` and `numbers` are empty.
    serial: u32,
    /// The reports of each sender of which some say that it is unhealthy, by its key. The first that covers counts.
    unhealthy: HashMap<u64, Box<[HealthReport]>>,
    /// By the key of the name, the numbers by the key of the sender.
    numbers: HashMap<u64, HashMap<u64, f64>>,
}

/// What is known of the health of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It can be used.
    Healthy,
    /// Messages from it fail.
    Unhealthy {
        /// Since when, in seconds since 1970-01-01 UTC.
        since: u64,
    },
}

/// The health of a sender for a channel or all, and a country or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthReport {
    /// The channel; none for all.
    pub channel: Option<Channel>,
    /// The country; none for all.
    pub country: Option<Country>,
    /// What is known.
    pub health: Health,
}

impl HealthReport {
    #[inline]
    fn is_about(&self, channel: Channel, country: Country) -> bool {
        self.channel.is_none_or(|one| one == channel) && self.country.is_none_or(|one| one == country)
    }

    /// Whether it is about everything that another one is about.
    fn covers(&self, other: &Self) -> bool {
        (self.channel.is_none() || self.channel == other.channel)
            && (self.country.is_none() || self.country == other.country)
    }

    fn since(&self) -> Option<u64> {
        match self.health {
            Health::Healthy => None,
            Health::Unhealthy { since } => Some(since),
        }
    }
}

impl Signals {
    /// Signals to be filled in.
    pub fn builder() -> SignalsBuilder {
        SignalsBuilder::default()
    }

    /// Changes when the health of any sender does, and never comes again in this process. 0 if and only if every sender
    /// is healthy everywhere.
    #[inline]
    pub fn health_epoch(&self) -> u64 {
        self.epoch
    }

    /// Stands for all that these signals say: others that say something else have another one. It does not come again in this
    /// process before four billion others. 0 if and only if every sender is healthy everywhere and there are no numbers.
    #[inline]
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// Every report that can count, with the [`SenderKey`] of its sender. [`SignalsBuilder::health_of`] makes the same signals
    /// of them: of one sender, the last report about a channel and a country counts.
    pub fn reports(&self) -> impl Iterator<Item = (u64, HealthReport)> {
        self.unhealthy.iter().flat_map(|(&sender, reports)| reports.iter().rev().map(move |&report| (sender, report)))
    }

    /// Every number, with the key of its sender and that of its name, for [`SignalsBuilder::number_of`]. In no order.
    pub fn numbers(&self) -> impl Iterator<Item = (u64, u64, f64)> {
        let named = self.numbers.iter();
        named.flat_map(|(&name, numbers)| numbers.iter().map(move |(&sender, &number)| (sender, name, number)))
    }

    /// How many senders are unhealthy for some channel and country. Whoever looks for the unhealthy ones of a few senders
    /// asks for each, or goes through [`Signals::all_unhealthy`] if those are fewer.
    #[inline]
    pub fn unhealthy_senders(&self) -> usize {
        self.unhealthy.len()
    }

    /// Since when a sender is unhealthy for a channel and a country, in seconds since 1970-01-01 UTC; none if it is healthy.
    /// `sender` is the [`SenderKey`] of its id.
    #[inline]
    pub fn unhealthy_since(&self, sender: u64, channel: Channel, country: Country) -> Option<u64> {
        if self.epoch == 0 {
            return None;
        }
        of(self.unhealthy.get(&sender)?, channel, country)
    }

    /// The key of each sender that is unhealthy for a channel and a country, and since when. In no order.
    pub fn all_unhealthy(&self, channel: Channel, country: Country) -> impl Iterator<Item = (u64, u64)> {
        let all = self.unhealthy.iter();
        all.filter_map(move |(&sender, reports)| Some((sender, of(reports, channel, country)?)))
    }

    /// The number of a sender under a name. `name` is a hash as in [`SenderKey`], of the name.
    #[inline]
    pub fn number(&self, sender: u64, name: u64) -> Option<f64> {
        self.numbers_called(name)?.of(sender)
    }

    /// The numbers of all senders under a name; none if no sender has one.
    #[inline]
    pub fn numbers_called(&self, name: u64) -> Option<NumbersOfSenders<'_>> {
        self.numbers.get(&name).map(NumbersOfSenders)
    }
}

fn of(reports: &[HealthReport], channel: Channel, country: Country) -> Option<u64> {
    reports.iter().find(|report| report.is_about(channel, country))?.since()
}

/// The numbers of senders under one name.
#[derive(Debug, Clone, Copy)]
pub struct NumbersOfSenders<'a>(&'a HashMap<u64, f64>);

impl NumbersOfSenders<'_> {
    /// The number of the sender with a key.
    #[inline]
    pub fn of(self, sender: u64) -> Option<f64> {
        self.0.get(&sender).copied()
    }
}

/// What the next [`Signals`] will say.
#[derive(Debug, Default)]
pub struct SignalsBuilder {
    reports: HashMap<u64, Vec<HealthReport>>,
    numbers: HashMap<u64, HashMap<u64, f64>>,
}

impl SignalsBuilder {
    /// The health of the sender with an id, for a channel or all, and a country or all. Of several reports that are about
    /// a channel and a country, the last one counts. Where there is none, the sender is healthy.
    pub fn health(&mut self, sender: &str, channel: Option<Channel>, country: Option<Country>, health: Health) {
        self.health_of(SenderKey::of(sender).0, HealthReport { channel, country, health });
    }

    /// The same of the sender with a key.
    pub fn health_of(&mut self, sender: u64, report: HealthReport) {
        self.reports.entry(sender).or_default().push(report);
    }

    /// A number of the sender with an id under a name, such as its load. It replaces one that was given before. What is not
    /// finite takes the number away.
    pub fn number(&mut self, sender: &str, name: &str, number: f64) {
        self.number_of(SenderKey::of(sender).0, SenderKey::of(name).0, number);
    }

    /// The same of the sender with a key, under the name with a key.
    pub fn number_of(&mut self, sender: u64, name: u64, number: f64) {
        let named = self.numbers.entry(name).or_default();
        if number.is_finite() {
            named.insert(sender, number);
        } else {
            named.remove(&sender);
        }
    }

    /// The signals, with an epoch of their own unless every sender is healthy.
    pub fn build(mut self) -> Signals {
        self.numbers.retain(|_, named| !named.is_empty());
        let senders = self.reports.into_iter();
        let unhealthy: HashMap<u64, Box<[HealthReport]>> =
            senders.filter_map(|(sender, reports)| Some((sender, in_effect(reports)?))).collect();
        let epoch = if unhealthy.is_empty() { 0 } else { NEXT_EPOCH.fetch_add(1, Ordering::Relaxed) };
        let serial = if unhealthy.is_empty() && self.numbers.is_empty() { 0 } else { next_serial() };
        Signals { epoch, serial, unhealthy, numbers: self.numbers }
    }
}

/// The reports of a sender that can count, the last one first; none if it is healthy everywhere.
fn in_effect(reports: Vec<HealthReport>) -> Option<Box<[HealthReport]>> {
    let mut kept: Vec<HealthReport> = Vec::new();
    for report in reports.into_iter().rev() {
        if !kept.iter().any(|later| later.covers(&report)) {
            kept.push(report);
        }
    }
    // What nothing is known of is healthy besides.
    let unhealthy = kept.iter().rposition(|report| report.health != Health::Healthy)?;
    kept.truncate(unhealthy + 1);
    Some(kept.into_boxed_slice())
}
