//! What recorded traffic would come to on something else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use callsign::{Catalog, DEFAULT_APPLICATION, Policy, Replayer};
use callsign_log::{DecisionLog, LogKey, Recipient};

use crate::change::Change;
use crate::counts::{Counts, PART};
use crate::deciding::{question, signals_of};
use crate::finder::Finder;
use crate::instead::Instead;
use crate::kept_record::KeptRecord;
use crate::pass::{LogState, PassOptions, PassProgress, pass};
use crate::recipients::Sample;
use crate::report::{ChangeCount, Example, Flow, Part, PinChanges, PinCount, RefusalCount, SenderLoad, WhatIfReport};
use crate::sources::Sources;
use crate::tally::{KeptExample, PinTally, Tally, Two};

/// How many steps, entities and senders a report lists.
const FLOWS: usize = 100;
const LISTED: usize = 1_000;
/// How many catalogs are made again to explain examples on them: one of a service's revision may take a second.
const EXPLAINED_CATALOGS: usize = 8;
/// The longest explanation of an example, in bytes.
const EXPLANATION: usize = 6_000;

/// A comparison of recorded traffic with what it would come to on something else.
///
/// Each decision is made again by itself: on the pin that was read then, even where decisions before it would have pinned the
/// recipient to another sender. Its memory does not depend on the size of the log: about 25 MiB for each thread, the catalogs
/// (at most three that the log names), and the instances of at most four policies for each thread.
#[derive(Debug)]
pub struct WhatIf<'a> {
    instead: &'a Instead,
    sources: &'a dyn Sources,
    key: Option<&'a LogKey>,
    standard: Arc<Policy>,
}

impl std::fmt::Debug for dyn Sources + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sources")
    }
}

impl<'a> WhatIf<'a> {
    /// A comparison. `sources` find what is not replaced, and what was decided on, to explain it. `standard` is the standard
    /// policy: of a message that no policy is asked about it decides nothing.
    pub fn new(
        instead: &'a Instead,
        sources: &'a dyn Sources,
        key: Option<&'a LogKey>,
        standard: &Arc<Policy>,
    ) -> Self {
        Self { instead, sources, key, standard: Arc::clone(standard) }
    }

    /// Decides a log on it.
    pub fn run(&self, log: &DecisionLog, options: &PassOptions, progress: &PassProgress) -> WhatIfReport {
        let began = Instant::now();
        let finder = Finder::new(self.sources, self.instead, Arc::clone(&self.standard));
        let (tallies, state) = pass::<Tally>(log, &finder, self.key, options, progress);
        let mut all = Tally::default();
        tallies.into_iter().for_each(|tally| all.merge(tally));
        let may_explain = || !progress.is_cancelled() && options.time.is_none_or(|time| began.elapsed() < time);
        self.report(all, &finder, state, began, &may_explain)
    }

    fn report(
        &self,
        tally: Tally,
        finder: &Finder<'_>,
        state: LogState,
        began: Instant,
        may_explain: &dyn Fn() -> bool,
    ) -> WhatIfReport {
        let nothing = Instead::nothing();
        let recorded = Finder::new(self.sources, &nothing, Arc::clone(&self.standard));
        let catalog = self.instead.revision().cloned().or_else(|| finder.newest());
        let (senders, senders_in_all) = senders(&tally.senders, catalog.as_ref().map(|revision| revision.catalog()));
        let changes = Change::ALL.map(|change| ChangeCount { change, decisions: tally.changes[change as usize] });
        let changed = changes.iter().filter(|count| count.change.is_changed()).map(|count| count.decisions).sum();
        WhatIfReport {
            instead: self.instead.words().to_vec(),
            period: tally.period,
            records: tally.records,
            compared: tally.records - tally.not_compared.total(),
            not_compared: tally.not_compared,
            dropped: state.dropped,
            faults: state.faults,
            is_damaged: state.is_damaged,
            is_complete: state.is_complete,
            changed,
            changes: changes.into_iter().filter(|count| count.decisions > 0).collect(),
            pins: PinChanges { moved: pins(&tally.moved), new: pins(&tally.new), gone: pins(&tally.gone) },
            steps: flows(&tally.flows),
            channels: parts(&tally.channels),
            countries: parts(&tally.countries),
            entities: parts(&tally.entities),
            refusals: refusals(&tally.flows, &tally.refusals),
            senders,
            senders_in_all,
            timeline: tally.timeline.pieces(),
            examples: self.examples(tally.examples.map(Sample::into_vec), [finder, &recorded], may_explain),
            missing: finder.missing(),
            seconds: began.elapsed().as_secs_f64(),
        }
    }

    /// Explains the examples, those of one catalog after the other.
    fn examples(
        &self,
        examples: [Vec<KeptExample>; Change::ALL.len()],
        finders: [&Finder<'_>; 2],
        may_explain: &dyn Fn() -> bool,
    ) -> Vec<Example> {
        let mut all: Vec<KeptExample> = examples.into_iter().flatten().collect();
        all.sort_by(|one, other| {
            let key = |example: &KeptExample| example.record.named.catalog.name.clone();
            (key(one), one.change).cmp(&(key(other), other.change))
        });
        let (mut catalogs, mut before) = (0, None);
        let explained = all.iter().map(|one| {
            let name = Some(&one.record.named.catalog.name);
            catalogs += usize::from(before != name);
            before = name;
            self.example(one, finders, catalogs <= EXPLAINED_CATALOGS && may_explain())
        });
        let mut explained: Vec<Example> = explained.collect();
        explained.sort_by_key(|example| (example.change, example.time));
        explained
    }

    fn example(&self, kept: &KeptExample, [finder, recorded]: [&Finder<'_>; 2], is_explained: bool) -> Example {
        let attributes = kept.record.attributes();
        let record = kept.record.get(&attributes);
        let to = match (kept.number, record.recipient) {
            (Some(number), _) => number.to_string(),
            (None, Recipient::Text(text)) => text.to_owned(),
            (None, _) => String::new(),
        };
        let explained = |finder| if is_explained { self.explained(&kept.record, &to, finder) } else { None };
        Example {
            change: kept.change,
            time: record.time,
            message_id: record.message_id.map(Into::into),
            application_id: record.application.unwrap_or(DEFAULT_APPLICATION).into(),
            entity_id: record.entity.map(Into::into),
            channel: record.channel.as_str(),
            country: record.country.map(|country| country.as_str()),
            before: kept.before.clone(),
            after: kept.after.clone(),
            explanation_before: explained(recorded),
            explanation_after: explained(finder),
            to,
        }
    }

    /// Why a record comes to its answer on what a finder finds.
    fn explained(&self, kept: &KeptRecord, to: &str, finder: &Finder<'_>) -> Option<String> {
        let attributes = kept.attributes();
        let (asked, _) = question(&kept.get(&attributes), self.key, finder.is_exact()).ok()?;
        let revision = finder.revision(&kept.named.catalog.name)?;
        let policy = match &kept.named.policy {
            Some(policy) => finder.policy(policy)?,
            None => Arc::clone(finder.standard()),
        };
        let signals = kept.named.signals.as_ref().map(|(_, context)| signals_of(context)).unwrap_or_default();
        let mut words = Replayer::new(&revision, &policy, signals).explain(&asked.written(to)).to_string();
        if words.len() > EXPLANATION {
            let end = (0..=EXPLANATION).rev().find(|&end| words.is_char_boundary(end)).unwrap_or_default();
            words.truncate(end);
            words.push_str("\n…");
        }
        Some(words)
    }
}

fn pins(tally: &PinTally) -> PinCount {
    PinCount { decisions: tally.decisions, recipients: tally.recipients.count() }
}

/// Both parts of a name.
fn split(name: &str) -> (&str, &str) {
    name.split_once(PART).unwrap_or((name, ""))
}

fn flows(counts: &Counts<u64>) -> Vec<Flow> {
    let mut flows: Vec<Flow> = counts
        .iter()
        .map(|(name, decisions)| {
            let (before, after) = split(name);
            Flow { before: before.into(), after: after.into(), decisions }
        })
        .collect();
    flows.sort_by(|one, other| {
        other.decisions.cmp(&one.decisions).then_with(|| (&one.before, &one.after).cmp(&(&other.before, &other.after)))
    });
    flows.truncate(FLOWS);
    flows
}

fn parts(counts: &Counts<Two>) -> Vec<Part> {
    let part = |name: &str, Two(compared, changed)| Part { name: name.into(), compared, changed };
    let mut parts: Vec<Part> = counts
        .iter()
        .map(|(name, two)| match split(name) {
            (one, "") => part(one, two),
            (one, other) => part(&format!("{one} / {other}"), two),
        })
        .collect();
    if counts.others() != Two::default() {
        parts.push(part("others", counts.others()));
    }
    parts.sort_by(|one, other| {
        (other.changed, other.compared, &one.name).cmp(&(one.changed, one.compared, &other.name))
    });
    parts.truncate(LISTED);
    parts
}

/// Refusals by code, from the flows: a step has no code of a refusal, and a refusal no name of a step.
fn refusals(flows: &Counts<u64>, changes: &Counts<Two>) -> Vec<RefusalCount> {
    let mut counts: BTreeMap<&str, Two> = BTreeMap::new();
    for (name, decisions) in flows.iter() {
        let (before, after) = split(name);
        *counts.entry(before).or_default() += Two(decisions, 0);
        *counts.entry(after).or_default() += Two(0, decisions);
    }
    let is_refusal = |code: &str| !STEPS.contains(&code);
    let mut refusals: Vec<RefusalCount> = counts
        .into_iter()
        .filter(|(code, _)| is_refusal(code))
        .map(|(code, Two(before, after))| {
            let Two(new, gone) = changes.get(code).unwrap_or_default();
            RefusalCount { code: code.into(), before, after, new, gone }
        })
        .collect();
    refusals.sort_by(|one, other| {
        (other.before.max(other.after), &one.code).cmp(&(one.before.max(one.after), &other.code))
    });
    refusals
}

/// The names of the steps, which no policy gives a refusal of its own.
const STEPS: [&str; 7] = ["EXPLICIT", "DEFAULT_SENDER", "STICKY", "AREA_CODE", "OVERLAY", "REGION", "POOL"];

fn senders(counts: &Counts<Two>, catalog: Option<&Catalog>) -> (Vec<SenderLoad>, u64) {
    let mut senders: Vec<SenderLoad> = counts
        .iter()
        .map(|(id, Two(before, after))| SenderLoad { sender_id: id.into(), sender: None, weight: None, before, after })
        .collect();
    let difference = |one: &SenderLoad| one.before.abs_diff(one.after);
    senders.sort_by(|one, other| {
        (difference(other), other.before, &one.sender_id).cmp(&(difference(one), one.before, &other.sender_id))
    });
    let all = senders.len() as u64;
    senders.truncate(LISTED);
    for load in &mut senders {
        if let Some((_, sender)) = catalog.and_then(|catalog| catalog.sender(&load.sender_id)) {
            load.sender = Some(sender.shown().into_owned());
            load.weight = Some(sender.weight);
        }
    }
    (senders, all)
}
