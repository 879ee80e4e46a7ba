//! Decisions are recorded: what they have read, and what became of the message.
//!
//! A record is made once its decision is made, on the thread that makes it, for each message and channel. Probes, shadows and
//! explanations decide nothing, so they have none. The catalog and the policies of a snapshot are declared to the log when the
//! snapshot is made, and signals when a decision first reads them.

mod clock;
mod receipts;
mod single;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callsign_destination::Destination;
use callsign_engine::{Policy, words::marks};
use callsign_index::{Health, Revision, SignalSource, Signals};
use callsign_log::{
    Answer, AttributesRead, CatalogContext, CatalogId, HealthReport, NumberOfSender, PolicyContext, PolicyId,
    Recipient, Record, Recorder, SignalsContext, SignalsId,
};
use hashbrown::HashMap;

pub(crate) use self::clock::Begun;
use self::clock::RecordClock;
pub(crate) use self::receipts::{Decided, Receipts};
pub(crate) use self::single::ToKeep;
use crate::bindings::Route;
use crate::decision::{Outcome, Reads, Verdict};
use crate::message::Message;
use crate::resolve::destination::Question;
use crate::snapshot::{AnsweredBy, Role, Snapshot};

/// A log, and what of it does not change with the snapshot.
pub(crate) struct Log {
    recorder: Arc<Recorder>,
    clock: RecordClock,
    /// The serial number of the signals that were declared last.
    signals: AtomicU32,
}

/// What the decisions of a snapshot are recorded with.
pub(crate) struct Recording {
    log: Arc<Log>,
    catalog: CatalogId,
    policies: Arc<PolicyIds>,
}

/// The policies of a snapshot, declared.
struct PolicyIds {
    /// By the address of each: the snapshot keeps them alive.
    by_address: HashMap<usize, PolicyId>,
    /// Of each route, the active one and the candidate.
    by_route: Vec<[PolicyId; 2]>,
    /// Of the failure rule.
    standard: Option<PolicyId>,
}

impl Log {
    /// Takes some 0.2 s the first time in a process.
    pub(crate) fn new(recorder: Arc<Recorder>) -> Arc<Self> {
        Arc::new(Self { recorder, clock: RecordClock::new(), signals: AtomicU32::new(0) })
    }

    /// Declares signals unless they are those that were declared last.
    #[inline]
    fn declare_signals(&self, signals: &Signals) {
        // Where they say nothing, a record names none.
        if signals.serial() != 0 && self.signals.load(Ordering::Acquire) != signals.serial() {
            self.declare_other_signals(signals);
        }
    }

    #[cold]
    fn declare_other_signals(&self, signals: &Signals) {
        self.recorder.declare_signals(SignalsId(signals.serial().into()), || context_of(signals));
        self.signals.store(signals.serial(), Ordering::Release);
    }

    /// The signals of this moment, declared; none while they say nothing.
    #[inline]
    fn present_signals(&self, source: &dyn SignalSource) -> Option<SignalsId> {
        match source.serial() {
            0 => None,
            serial if self.signals.load(Ordering::Acquire) == serial => signals_id(serial),
            _ => {
                let signals = source.current();
                self.declare_signals(&signals);
                signals_id(signals.serial())
            }
        }
    }
}

/// Those with a serial number; none where they say nothing.
#[inline]
fn signals_id(serial: u32) -> Option<SignalsId> {
    (serial != 0).then_some(SignalsId(serial.into()))
}

/// Signals as a log has them.
fn context_of(signals: &Signals) -> SignalsContext {
    let health = signals.reports().map(|(sender, report)| HealthReport {
        sender,
        channel: report.channel,
        country: report.country,
        unhealthy_since: match report.health {
            Health::Healthy => None,
            Health::Unhealthy { since } => Some(since),
        },
    });
    let numbers = signals.numbers().map(|(sender, name, value)| NumberOfSender { sender, name, value });
    SignalsContext { health: health.collect(), numbers: numbers.collect() }
}

impl PolicyIds {
    /// Declares the policies of routes. Those that were declared for the snapshot before are known.
    fn declare(
        recorder: &Recorder,
        routes: &[Arc<Route>],
        standard: Option<&Arc<Policy>>,
        before: Option<&Self>,
    ) -> Self {
        let mut by_address = HashMap::new();
        let mut id = |policy: &Arc<Policy>| {
            let address = Arc::as_ptr(policy).addr();
            *by_address.entry(address).or_insert_with(|| {
                let known = before.and_then(|before| before.by_address.get(&address)).copied();
                known.unwrap_or_else(|| {
                    recorder.declare_policy(PolicyContext {
                        module: *policy.digest().as_bytes(),
                        label: policy.label().into(),
                        settings_digest: *policy.settings_digest(),
                        settings: policy.settings().into(),
                    })
                })
            })
        };
        let of_route = |route: &Arc<Route>| {
            let active = id(&route.active.binding.policy);
            [active, route.canary.as_ref().map_or(active, |canary| id(&canary.bound.binding.policy))]
        };
        let by_route = routes.iter().map(of_route).collect();
        let standard = standard.map(id);
        Self { by_address, by_route, standard }
    }

    #[inline]
    fn get(&self, by: AnsweredBy) -> Option<PolicyId> {
        let [active, candidate] = *self.by_route.get(usize::from(by.route))?;
        Some(match by.role {
            Role::Active => active,
            Role::Candidate => candidate,
            Role::Standard => self.standard.unwrap_or(active),
        })
    }
}

impl Recording {
    /// Declares what the decisions of a snapshot have in common. `before` is the recording of the snapshot before.
    pub(crate) fn new(
        log: Arc<Log>,
        revision: &Revision,
        routes: &[Arc<Route>],
        standard: Option<&Arc<Policy>>,
        before: Option<&Self>,
    ) -> Self {
        // To another log they were never declared.
        let before = before.filter(|before| Arc::ptr_eq(&before.log, &log));
        let known = before.map(|before| &*before.policies);
        let policies = Arc::new(PolicyIds::declare(&log.recorder, routes, standard, known));
        Self { catalog: declare(&log, revision), log, policies }
    }

    /// The same of another revision.
    pub(crate) fn of_revision(&self, revision: &Revision) -> Self {
        Self { catalog: declare(&self.log, revision), log: Arc::clone(&self.log), policies: Arc::clone(&self.policies) }
    }

    /// The same, of a snapshot that has the same catalog and policies.
    pub(crate) fn share(&self) -> Self {
        Self { catalog: self.catalog, log: Arc::clone(&self.log), policies: Arc::clone(&self.policies) }
    }

    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// When decisions began, in microseconds since 1970-01-01 UTC, and how long each of them took, in nanoseconds.
    #[inline]
    fn times(&self, begun: Begun, decisions: usize) -> (u64, u32) {
        let clock = &self.log.clock;
        let took = clock.since(begun) / decisions.max(1) as u64;
        (clock.time(begun), u32::try_from(took).unwrap_or(u32::MAX))
    }

    #[inline]
    fn record<'a>(
        &self,
        snapshot: &'a Snapshot,
        (time, took): (u64, u32),
        message: &'a Message<'_>,
        question: Option<&Question>,
        outcome: &'a Outcome,
    ) -> Record<'a> {
        let catalog = snapshot.revision.catalog();
        // Who is not asked about has no question.
        let destination = match question {
            Some(question) => Some(question.destination),
            None => catalog.numbering().area_codes().parse(message.to).ok(),
        };
        let (recipient, country, area_code) = match destination {
            Some(Destination { number, country, area_code }) => (Recipient::Number(number), Some(country), area_code),
            None => (Recipient::Text(message.to), None, None),
        };
        let signals = match (outcome.reads.signals(), question) {
            (Some(serial), _) => signals_id(serial),
            (None, Some(_)) => self.log.present_signals(&*snapshot.signals),
            (None, None) => None,
        };
        let answer = match &outcome.verdict {
            Verdict::Decided { sender, strategy, step, .. } => Answer::Decided {
                sender: &catalog.senders()[*sender as usize].id,
                strategy: strategy.map(|strategy| &*catalog.strategies()[strategy as usize].id),
                step: step.as_str(),
            },
            Verdict::Refused(refusal) => Answer::Refused { code: refusal.code() },
        };
        Record {
            time,
            took,
            message_id: message.id,
            trace_id: message.trace_id,
            application: message.application,
            entity: message.entity,
            channel: message.channel,
            is_fallback: message.is_fallback,
            recipient,
            country,
            area_code,
            from: message.from,
            message_type: message.message_type.map(|one| one.as_str()),
            sent_at: message.sent_at,
            attributes: AttributesRead::All(message.attributes.as_slice()),
            catalog: self.catalog,
            policy: question.and_then(|_| self.policies.get(outcome.by)),
            told_unhealthy: question.is_some_and(|question| question.request.marks & marks::UNHEALTHY != 0),
            signals,
            pin_read: outcome.reads.pin_read(),
            pin_write: outcome.reads.pin_write(),
            answer,
        }
    }
}

fn declare(log: &Log, revision: &Revision) -> CatalogId {
    let name = match revision.catalog().name() {
        Some(name) => name.into(),
        None => format!("unnamed:{}", revision.number()).into(),
    };
    log.recorder.declare_catalog(CatalogContext { name })
}

impl Snapshot {
    /// A decision begins: the time, if it will be recorded.
    #[inline]
    pub(crate) fn begin_record(&self) -> Option<Begun> {
        self.recording.as_ref().map(|recording| recording.log.clock.now())
    }

    /// Notes that a policy has read signals.
    #[cold]
    pub(crate) fn note_signals(&self, signals: &Signals) -> Reads {
        if let Some(recording) = &self.recording {
            recording.log.declare_signals(signals);
        }
        Reads::of_signals(signals)
    }
}
