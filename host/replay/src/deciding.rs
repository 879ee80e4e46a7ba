//! Records, decided again: in batches of those that share a catalog, a policy and signals.

use std::sync::Arc;

use callsign::{
    Asked, Health, HealthReport, Message, MessageAttributes, MessageType, Number, Policy, Replayed, Replayer, Revision,
    SenderKey, Signals,
};
use callsign_log::{
    Answer, AttributesRead, CatalogId, LogKey, PinRead, PolicyId, Recipient, Record, SignalsContext, SignalsId,
};

use crate::change::Said;
use crate::finder::Finder;
use crate::kept_record::Named;
use crate::reason::Reason;

/// How many records are decided in one call.
const BATCH: usize = 256;
/// How many replayers a thread keeps: each has an instance of its policy, of up to 128 MiB.
const REPLAYERS: usize = 4;
/// How many groups of records wait to become a batch. A log of more policies at a time has smaller batches.
const GROUPS: usize = 32;
/// How many signals a thread keeps.
const SIGNALS: usize = 4;

/// What many records name.
pub(crate) type Ids = (CatalogId, Option<PolicyId>, Option<SignalsId>);

/// What is done with each record.
pub(crate) trait Sink {
    /// It was decided again.
    fn replayed(&mut self, record: &Record<'_>, replayed: &Again<'_>);

    /// It could not be.
    fn not_replayed(&mut self, record: &Record<'_>, reason: Reason);
}

/// A record decided again.
pub(crate) struct Again<'a> {
    pub(crate) named: &'a Named,
    pub(crate) replayer: &'a Replayer,
    pub(crate) replayed: &'a Replayed,
    /// The number that the message went to; none if it went to none.
    pub(crate) number: Option<Number>,
}

impl<'a> Again<'a> {
    /// The answer of now.
    pub(crate) fn said(&self) -> Said<'a> {
        let decision = self.replayer.get(self.replayed);
        match (decision.sender(), decision.step(), decision.refusal()) {
            (Some(sender), Some(step), _) => {
                Said::Sender { id: &sender.id, way: (step.as_str(), decision.strategy().map(|strategy| &*strategy.id)) }
            }
            (_, _, Some(refusal)) => Said::Refusal(refusal.code()),
            _ => Said::Refusal(""),
        }
    }
}

/// The answer of a record.
pub(crate) fn recorded<'a>(record: &Record<'a>) -> Said<'a> {
    match record.answer {
        Answer::Decided { sender, strategy, step } => Said::Sender { id: sender, way: (step, strategy) },
        Answer::Refused { code } => Said::Refusal(code),
    }
}

/// What a thread decides with.
pub(crate) struct Deciding<'f> {
    finder: &'f Finder<'f>,
    key: Option<&'f LogKey>,
    /// The one that was used last is the last.
    replayers: Vec<Kept>,
    signals: Vec<(SignalsId, Arc<Signals>)>,
}

struct Kept {
    policy: Arc<Policy>,
    signals: Option<SignalsId>,
    replayer: Replayer,
}

/// Records that become a batch.
struct Group<'r> {
    ids: Ids,
    named: Named,
    found: Result<Found, Reason>,
    asked: Vec<Asked<'r>>,
    records: Vec<Record<'r>>,
    numbers: Vec<Option<Number>>,
}

#[derive(Clone)]
struct Found {
    revision: Arc<Revision>,
    policy: Arc<Policy>,
    signals: Option<(SignalsId, Arc<Signals>)>,
}

/// The signals that a context says.
pub(crate) fn signals_of(context: &SignalsContext) -> Arc<Signals> {
    let mut signals = Signals::builder();
    for report in &context.health {
        let health = match report.unhealthy_since {
            Some(since) => Health::Unhealthy { since },
            None => Health::Healthy,
        };
        signals.health_of(report.sender, HealthReport { channel: report.channel, country: report.country, health });
    }
    for number in &context.numbers {
        signals.number_of(number.sender, number.name, number.value);
    }
    Arc::new(signals.build())
}

/// Why an answer says nothing about the question.
fn circumstance(record: &Record<'_>) -> Option<Reason> {
    match record.answer {
        Answer::Refused { code: "POLICY_FAILED" | "POLICY_REFUSED" } => Some(Reason::PolicyHadFailed),
        Answer::Refused { code: "STICKY_UNAVAILABLE" } => Some(Reason::PinsWereAway),
        Answer::Refused { code: "LOG_UNAVAILABLE" } => Some(Reason::LogWasAway),
        _ => None,
    }
}

/// The question of a record, and the number that it goes to. `is_exact` where it is decided on what it names: on something else
/// other senders may be unhealthy.
pub(crate) fn question<'a>(
    record: &Record<'a>,
    key: Option<&LogKey>,
    is_exact: bool,
) -> Result<(Asked<'a>, Option<Number>), Reason> {
    let (to, number) = match record.recipient {
        Recipient::Number(number) => ("", Some(number)),
        Recipient::Text(text) => (text, None),
        // A text that is no number has a hash, which nobody can open: it has no country.
        Recipient::Sealed(_) if record.country.is_none() => return Err(Reason::RecipientHashed),
        Recipient::Sealed(sealed) => {
            let key = key.ok_or(Reason::KeyMissing)?;
            ("", Some(key.open(sealed).ok_or(Reason::KeyMissing)?))
        }
    };
    let mut message = Message::new(record.channel, to);
    message.id = record.message_id;
    message.application = record.application;
    message.entity = record.entity;
    message.from = record.from;
    message.sent_at = record.sent_at;
    if let Some(text) = record.message_type {
        message.message_type = Some(MessageType::parse(text).map_err(|_| Reason::Unknown)?);
    }
    let (AttributesRead::All(attributes) | AttributesRead::Some(attributes)) = record.attributes;
    if !attributes.is_empty() {
        message.attributes = MessageAttributes::new(attributes).map_err(|_| Reason::Unknown)?;
    }
    let mut asked = Asked::new(message);
    if let Some(number) = number {
        asked = asked.number(number);
    }
    if is_exact {
        asked = asked.told_unhealthy(record.told_unhealthy);
    }
    if record.is_fallback {
        asked = asked.as_fallback();
    }
    if let PinRead::Sender(sender) = record.pin_read {
        asked = asked.pinned_to(SenderKey(sender));
    }
    Ok((asked, number))
}

impl<'f> Deciding<'f> {
    pub(crate) fn new(finder: &'f Finder<'f>, key: Option<&'f LogKey>) -> Self {
        Self { finder, key, replayers: Vec::new(), signals: Vec::new() }
    }

    /// Decides records again. `names` finds what they name.
    pub(crate) fn decide<'r>(
        &mut self,
        records: impl Iterator<Item = Record<'r>>,
        names: impl Fn(Ids) -> Option<Named>,
        sink: &mut impl Sink,
    ) {
        let mut groups: Vec<Group<'r>> = Vec::new();
        for record in records {
            if let Some(reason) = circumstance(&record) {
                sink.not_replayed(&record, reason);
                continue;
            }
            let (asked, number) = match question(&record, self.key, self.finder.is_exact()) {
                Ok(question) => question,
                Err(reason) => {
                    sink.not_replayed(&record, reason);
                    continue;
                }
            };
            let ids = (record.catalog, record.policy, record.signals);
            let at = match groups.iter().rposition(|group| group.ids == ids) {
                Some(at) => at,
                None => {
                    let Some(named) = names(ids) else {
                        sink.not_replayed(&record, Reason::Unknown);
                        continue;
                    };
                    if groups.len() == GROUPS {
                        self.flush(&mut groups.remove(0), sink);
                    }
                    groups.push(Group::new(ids, self.find(&named), named));
                    groups.len() - 1
                }
            };
            let group = &mut groups[at];
            match group.found.as_ref().map_err(|&reason| reason).and_then(|found| found.takes(&record)) {
                Ok(()) => {
                    group.asked.push(asked);
                    group.records.push(record);
                    group.numbers.push(number);
                    if group.records.len() == BATCH {
                        self.flush(group, sink);
                    }
                }
                Err(reason) => sink.not_replayed(&record, reason),
            }
        }
        groups.iter_mut().for_each(|group| self.flush(group, sink));
    }

    /// Finds what records name.
    fn find(&mut self, named: &Named) -> Result<Found, Reason> {
        let revision = self.finder.revision(&named.catalog.name).ok_or(Reason::RevisionGone)?;
        let policy = match &named.policy {
            Some(recorded) => self.finder.policy(recorded).ok_or(Reason::ModuleGone)?,
            None => Arc::clone(self.finder.standard()),
        };
        let signals = named.signals.as_ref().map(|(id, context)| (*id, self.signals(*id, context)));
        Ok(Found { revision, policy, signals })
    }

    fn signals(&mut self, id: SignalsId, context: &SignalsContext) -> Arc<Signals> {
        if let Some((_, signals)) = self.signals.iter().find(|(one, _)| *one == id) {
            return Arc::clone(signals);
        }
        if self.signals.len() == SIGNALS {
            self.signals.remove(0);
        }
        let signals = signals_of(context);
        self.signals.push((id, Arc::clone(&signals)));
        signals
    }

    /// The replayer for what was found.
    fn replayer(&mut self, found: &Found) -> &mut Replayer {
        let is_it = |kept: &Kept| {
            kept.replayer.revision().number() == found.revision.number() && Arc::ptr_eq(&kept.policy, &found.policy)
        };
        let signals = || found.signals.as_ref().map(|(_, signals)| Arc::clone(signals)).unwrap_or_default();
        let id = found.signals.as_ref().map(|(id, _)| *id);
        let mut kept = match self.replayers.iter().position(is_it) {
            Some(at) => self.replayers.remove(at),
            None => Kept {
                policy: Arc::clone(&found.policy),
                signals: id,
                replayer: Replayer::new(&found.revision, &found.policy, signals()),
            },
        };
        if kept.signals != id {
            kept.signals = id;
            kept.replayer.use_signals(signals());
        }
        if self.replayers.len() == REPLAYERS {
            self.replayers.remove(0);
        }
        self.replayers.push(kept);
        let last = self.replayers.len() - 1;
        &mut self.replayers[last].replayer
    }

    /// Decides a batch.
    fn flush(&mut self, group: &mut Group<'_>, sink: &mut impl Sink) {
        let Ok(found) = &group.found else { return };
        if group.records.is_empty() {
            return;
        }
        let replayer = self.replayer(found);
        let replayed = replayer.decide(&group.asked);
        for ((record, replayed), &number) in group.records.iter().zip(&replayed).zip(&group.numbers) {
            sink.replayed(record, &Again { named: &group.named, replayer, replayed, number });
        }
        group.asked.clear();
        group.records.clear();
        group.numbers.clear();
    }
}

impl Group<'_> {
    fn new(ids: Ids, found: Result<Found, Reason>, named: Named) -> Self {
        Self { ids, named, found, asked: Vec::new(), records: Vec::new(), numbers: Vec::new() }
    }
}

impl Found {
    fn takes(&self, record: &Record<'_>) -> Result<(), Reason> {
        match record.attributes {
            AttributesRead::Some(_) if self.policy.reads_attributes() => Err(Reason::AttributeNotRecorded),
            _ => Ok(()),
        }
    }
}
