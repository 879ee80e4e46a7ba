//! What a thread has counted of a comparison. Its size is bounded, whatever the size of the log.

use callsign::Number;
use callsign_log::{PinRead, PinWrite, Record};

use crate::change::{AnswerSaid, Change, Said};
use crate::counts::{Counts, PART};
use crate::deciding::{Again, Sink, recorded};
use crate::kept_record::KeptRecord;
use crate::reason::{NotReplayed, Reason};
use crate::recipients::{Recipients, Sample, mix};
use crate::timeline::Timeline;

/// How many examples there are of each kind of change.
pub(crate) const EXAMPLES: usize = 20;
/// How many entities are told apart: about 8 MiB for each thread.
pub(crate) const ENTITIES: usize = 65_536;
/// How many senders are told apart: about 12 MiB for each thread.
pub(crate) const SENDERS: usize = 100_000;
/// How many pairs of steps and refusals are told apart. A policy can have any number of codes of its own.
const FLOWS: usize = 4_096;
const COUNTRIES: usize = 512;

/// Two counts that are added together: compared and changed, or before and after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Two(pub(crate) u64, pub(crate) u64);

impl std::ops::AddAssign for Two {
    fn add_assign(&mut self, more: Self) {
        self.0 += more.0;
        self.1 += more.1;
    }
}

/// A decision that changes, kept.
#[derive(Debug)]
pub(crate) struct KeptExample {
    pub(crate) record: KeptRecord,
    pub(crate) number: Option<Number>,
    pub(crate) change: Change,
    pub(crate) before: AnswerSaid,
    pub(crate) after: AnswerSaid,
}

/// Pins that become others.
#[derive(Debug, Default)]
pub(crate) struct PinTally {
    pub(crate) decisions: u64,
    pub(crate) recipients: Recipients,
}

impl PinTally {
    fn merge(&mut self, other: &Self) {
        self.decisions += other.decisions;
        self.recipients.merge(&other.recipients);
    }
}

/// The counts of a thread.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) period: Option<(u64, u64)>,
    pub(crate) records: u64,
    pub(crate) not_compared: NotReplayed,
    pub(crate) changes: [u64; Change::ALL.len()],
    pub(crate) moved: PinTally,
    pub(crate) new: PinTally,
    pub(crate) gone: PinTally,
    /// By step or code before, and after.
    pub(crate) flows: Counts<u64>,
    /// Compared and changed.
    pub(crate) channels: Counts<Two>,
    pub(crate) countries: Counts<Two>,
    /// By application and entity.
    pub(crate) entities: Counts<Two>,
    /// By code: refusals that are new, and that go.
    pub(crate) refusals: Counts<Two>,
    /// Before and after.
    pub(crate) senders: Counts<Two>,
    pub(crate) timeline: Timeline,
    pub(crate) examples: [Sample<KeptExample>; Change::ALL.len()],
    /// A name under construction.
    name: String,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            period: None,
            records: 0,
            not_compared: NotReplayed::default(),
            changes: [0; Change::ALL.len()],
            moved: PinTally::default(),
            new: PinTally::default(),
            gone: PinTally::default(),
            flows: Counts::of_at_most(FLOWS),
            channels: Counts::of_at_most(COUNTRIES),
            countries: Counts::of_at_most(COUNTRIES),
            entities: Counts::of_at_most(ENTITIES),
            refusals: Counts::of_at_most(FLOWS),
            senders: Counts::of_at_most(SENDERS),
            timeline: Timeline::default(),
            examples: std::array::from_fn(|_| Sample::of_at_most(EXAMPLES)),
            name: String::new(),
        }
    }
}

/// Both parts of a name.
fn name<'n>(room: &'n mut String, one: &str, other: &str) -> &'n str {
    room.clear();
    room.push_str(one);
    room.push(PART);
    room.push_str(other);
    room
}

/// A number that differs for every decision, however the log is read.
fn rank(record: &Record<'_>) -> u64 {
    let text = record.message_id.unwrap_or_default().bytes();
    // FNV-1a: the texts of one microsecond differ.
    let text = text
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    mix(record.time ^ text.rotate_left(17) ^ record.channel as u64)
}

impl Tally {
    fn begin(&mut self, record: &Record<'_>) {
        self.records += 1;
        let (first, last) = self.period.unwrap_or((record.time, record.time));
        self.period = Some((first.min(record.time), last.max(record.time)));
    }

    /// Adds the counts of another thread.
    pub(crate) fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.period = match (self.period, other.period) {
            (Some((first, last)), Some((one, another))) => Some((first.min(one), last.max(another))),
            (one, another) => one.or(another),
        };
        self.not_compared.merge(&other.not_compared);
        self.changes.iter_mut().zip(other.changes).for_each(|(count, more)| *count += more);
        self.moved.merge(&other.moved);
        self.new.merge(&other.new);
        self.gone.merge(&other.gone);
        self.flows.merge(&other.flows);
        self.channels.merge(&other.channels);
        self.countries.merge(&other.countries);
        self.entities.merge(&other.entities);
        self.refusals.merge(&other.refusals);
        self.senders.merge(&other.senders);
        self.timeline.merge(other.timeline);
        self.examples.iter_mut().zip(other.examples).for_each(|(sample, more)| sample.merge(more));
    }

    fn count_pins(&mut self, record: &Record<'_>, after: &Again<'_>) {
        let Some(number) = after.number else { return };
        let before = match (record.pin_write, recorded(record).sender(), record.pin_read) {
            (PinWrite::Written, Some(sender), _) => Some(callsign::SenderKey::of(sender).0),
            (_, _, PinRead::Sender(sender)) => Some(sender),
            _ => None,
        };
        let then = match (after.replayed.pins(), after.said().sender(), record.pin_read) {
            (true, Some(sender), _) => Some(callsign::SenderKey::of(sender).0),
            (_, _, PinRead::Sender(sender)) => Some(sender),
            _ => None,
        };
        let tally = match (before, then) {
            (Some(before), Some(after)) if before != after => &mut self.moved,
            (None, Some(_)) => &mut self.new,
            (Some(_), None) => &mut self.gone,
            _ => return,
        };
        tally.decisions += 1;
        // A recipient has a pin for each scope and channel.
        let scope = name(&mut self.name, record.application.unwrap_or_default(), record.entity.unwrap_or_default());
        let scope = scope.bytes().fold(record.channel as u64, |hash, byte| mix(hash ^ u64::from(byte)));
        tally.recipients.note(number.recipient().get() ^ scope);
    }
}

impl Sink for Tally {
    fn replayed(&mut self, record: &Record<'_>, after: &Again<'_>) {
        self.begin(record);
        let (before, said) = (recorded(record), after.said());
        let change = Change::between(&before, &said);
        let is_changed = change.is_some_and(Change::is_changed);
        let two = Two(1, u64::from(is_changed));
        self.flows.add(name(&mut self.name, before.step(), said.step()), 1);
        self.channels.add(record.channel.as_str(), two);
        self.countries.add(record.country.map_or("-", |country| country.as_str()), two);
        let application = record.application.unwrap_or(callsign::DEFAULT_APPLICATION);
        self.entities.add(name(&mut self.name, application, record.entity.unwrap_or_default()), two);
        // A fallback is sent from nowhere.
        if !record.is_fallback {
            if let Some(sender) = before.sender() {
                self.senders.add(sender, Two(1, 0));
            }
            if let Some(sender) = said.sender() {
                self.senders.add(sender, Two(0, 1));
            }
        }
        self.timeline.note(record.time / 1_000_000, is_changed);
        if record.pin_write == PinWrite::Written || after.replayed.pins() {
            self.count_pins(record, after);
        }
        let Some(change) = change else { return };
        self.changes[change as usize] += 1;
        match (change, before, said) {
            (Change::NewRefusal, _, Said::Refusal(code)) => self.refusals.add(code, Two(1, 0)),
            (Change::RefusalGone, Said::Refusal(code), _) => self.refusals.add(code, Two(0, 1)),
            _ => {}
        }
        self.examples[change as usize].offer(rank(record), || KeptExample {
            record: KeptRecord::of(record, after.named),
            number: after.number,
            change,
            before: before.into(),
            after: said.into(),
        });
    }

    fn not_replayed(&mut self, record: &Record<'_>, reason: Reason) {
        self.begin(record);
        self.not_compared.count(reason, 1);
    }
}
