//! `explain`: the same steps, recorded.

use callsign_policy::exports::explain::{Narrowing, SenderNote, SenderVerdict, Stage, StrategyNote, Trace};
use callsign_policy::reads::Reads;
use callsign_policy::senders::{Candidate, Considered, Group, Pool};
use callsign_policy::sticky::Pin;
use callsign_policy::types::{Answer, Request, Sender};
use callsign_policy::words::{marks, narrowing, reason, standing, step, verdict};

use crate::candidates::with_part;
use crate::decide::{Observer, decide};
use crate::plan::{Ask, Plan, Rule};
use crate::rules::{Columns, MessageView, Name, Rules, ScopeView, Selection};

/// Records the steps of a decision.
#[derive(Debug, Default)]
struct Recorder {
    pin: Option<Pin>,
    best_types: Option<Group>,
    nearest: Option<Group>,
    chosen: Option<&'static str>,
}

impl Observer for Recorder {
    fn pin(&mut self, pin: Pin) {
        self.pin = Some(pin);
    }
    fn best_types(&mut self, group: Group) {
        self.best_types = Some(group);
    }
    fn nearest(&mut self, group: Group) {
        self.nearest = Some(group);
    }
    fn chosen(&mut self, reason: &'static str) {
        self.chosen = Some(reason);
    }
}

/// Answers a request by rules, and explains the answer.
pub fn explain<R: Reads, L: Rules>(request: &Request, reads: &R, rules: &L) -> Trace {
    let message = MessageView::new(request, reads);
    let key = rules.key(&message);
    let ask = Ask { request, reads, rules, key: &key, copy_up_to: reads.copy_up_to() };
    let mut strategies = Vec::new();
    let mut plan = Plan::new(&ask, &mut |strategy, verdict| {
        strategies.push(StrategyNote { strategy: strategy.strategy, verdict });
    });
    let mut recorder = Recorder::default();
    let answer = decide(&mut plan, &ask, &mut recorder);
    let refused = match &answer {
        _ if let Some(refused) = rules.refuse_before(&message) => Some(refused),
        Answer::Decided(decision) => rules.refuse_after(&message, decision),
        Answer::Refused(_) => None,
    };
    let mut trace = Trace { strategies, pin: recorder.pin, ..Trace::of(answer) };
    // Without a strategy no sender was considered.
    if let Ok(rule) = &plan.rule {
        let mut selection = Selection::default();
        rules.select(&key, &ScopeView::new(request, reads), &mut selection);
        Steps { ask: &ask, rule, selection, recorder }.note(&mut trace);
    }
    if let Some(refused) = refused {
        refuse::<L>(&mut trace, refused.into());
    }
    if !L::NONE {
        for text in &mut trace.reasons {
            *text = in_words(text, &message);
        }
    }
    trace
}

/// Makes a decision the refusal that the rules made of it.
fn refuse<L: Rules>(trace: &mut Trace, answer: Answer) {
    if let Answer::Refused(refusal) = &answer
        && refusal.reason == reason::OWN
        && let Some(chosen) = trace.senders.iter_mut().find(|note| note.verdict == verdict::CHOSEN)
    {
        chosen.verdict = verdict::EXCLUDED_BY_POLICY;
        chosen.reason = Some(trace.reasons.len() as u32);
        trace.reasons.push(L::refusal_text(refusal.code, refusal.detail).message);
    }
    trace.answer = answer;
}

/// A reason with the message's attributes in place of their names in braces.
fn in_words(reason: &str, message: &MessageView<'_>) -> String {
    let mut text = String::new();
    let mut rest = reason;
    while let Some((before, after)) = rest.split_once('{')
        && let Some((name, end)) = after.split_once('}')
    {
        text.push_str(before);
        text.push_str(message.attribute(&Name::from(name.to_owned())).as_deref().unwrap_or("none"));
        rest = end;
    }
    text + rest
}

/// What the explanation of the senders is made of.
struct Steps<'a, R, L: Rules> {
    ask: &'a Ask<'a, R, L>,
    rule: &'a Rule,
    selection: Selection<'a>,
    recorder: Recorder,
}

/// The senders left after each step, and what left out the others.
#[derive(Default)]
struct Notes {
    left: Vec<(usize, Candidate)>,
    stages: Vec<Stage>,
    /// The senders that a step left out, with the verdict and the index of the reason.
    out: Vec<(Sender, SenderVerdict, Option<usize>)>,
}

impl Notes {
    fn stage(&mut self, step: Narrowing) {
        self.stages.push(Stage { step, left: self.left.iter().map(|(_, candidate)| candidate.sender).collect() });
    }

    /// Keeps those for which there is no verdict.
    fn keep(
        &mut self,
        step: Narrowing,
        mut out: impl FnMut(usize, Candidate) -> Option<(SenderVerdict, Option<usize>)>,
    ) {
        let gone = &mut self.out;
        self.left.retain(|&(index, candidate)| match out(index, candidate) {
            None => true,
            Some((verdict, reason)) => {
                gone.push((candidate.sender, verdict, reason));
                false
            }
        });
        self.stage(step);
    }
}

impl<R: Reads, L: Rules> Steps<'_, R, L> {
    fn note(self, trace: &mut Trace) {
        let Ask { request, reads, .. } = *self.ask;
        let pool = Pool { healthy: false, ..self.rule.pool };
        let itself = match request.marks & marks::ITSELF {
            0 => Vec::new(),
            _ => reads.itself(request.message),
        };
        let notes = self.narrow(pool, &itself);
        let rest = match &trace.answer {
            Answer::Decided(decision) if decision.step == step::STICKY => verdict::PINNED_ELSEWHERE,
            _ if self.recorder.chosen.is_some() => verdict::LESS_PREFERRED,
            _ => verdict::SPREAD_ELSEWHERE,
        };
        let reasons: Vec<&str> = self.selection.reasons().chain(self.recorder.chosen).collect();
        let chosen = match &trace.answer {
            Answer::Decided(decision) => Some(decision.sender),
            Answer::Refused(_) => None,
        };
        let (mut used, mut texts) = (vec![None; reasons.len()], Vec::new());
        let mut senders = Vec::new();
        let mut out = notes.out;
        out.sort_unstable_by_key(|&(sender, ..)| sender);
        for sender in reads.all_considered(pool) {
            let standing = Considered::standing_for(&sender, &itself);
            let (verdict, reason) = match out.binary_search_by_key(&sender.sender, |&(sender, ..)| sender) {
                _ if chosen == Some(sender.sender) => (verdict::CHOSEN, None),
                _ if standing != standing::CANDIDATE => (verdict::EXCLUDED, None),
                Ok(index) => (out[index].1, out[index].2),
                Err(_) if rest == verdict::LESS_PREFERRED => (rest, reasons.len().checked_sub(1)),
                Err(_) => (rest, None),
            };
            let reason = reason.and_then(|index| {
                let text = *reasons.get(index)?;
                Some(*used[index].get_or_insert_with(|| {
                    texts.push(text.to_owned());
                    texts.len() as u32 - 1
                }))
            });
            senders.push(SenderNote { sender: sender.sender, verdict, standing, reason });
        }
        trace.senders = senders;
        trace.stages = notes.stages;
        trace.reasons = texts;
    }

    /// Goes through the steps that were reached.
    fn narrow(&self, pool: Pool, itself: &[Sender]) -> Notes {
        let Ask { request, reads, .. } = *self.ask;
        let candidates = reads.candidates(pool).into_iter().enumerate();
        let left = candidates.filter(|(_, candidate)| !itself.contains(&candidate.sender)).collect();
        let mut notes = Notes { left, ..Notes::default() };
        notes.stage(narrowing::CANDIDATES);
        if !L::NONE && self.selection.has_filters() {
            let columns = Columns::of_pool(reads, pool);
            notes.keep(narrowing::FILTER, |index, candidate| {
                let excluded = self.selection.excluded_by(&columns.facts(index, candidate))?;
                Some((verdict::EXCLUDED_BY_POLICY, Some(excluded)))
            });
        }
        if self.rule.strategy.skip_unhealthy && !notes.left.is_empty() {
            let unhealthy = if request.marks & marks::UNHEALTHY == 0 { Vec::new() } else { reads.unhealthy(pool) };
            let mut unhealthy: Vec<Sender> = unhealthy.iter().map(|unhealthy| unhealthy.sender).collect();
            unhealthy.sort_unstable();
            let is_unhealthy = |sender| unhealthy.binary_search(&sender).is_ok();
            let every_one = notes.left.iter().all(|(_, candidate)| is_unhealthy(candidate.sender));
            notes.keep(narrowing::HEALTHY, |_, candidate| {
                (is_unhealthy(candidate.sender) && !every_one).then_some((verdict::UNHEALTHY, None))
            });
        }
        // A pin decided, or no candidate was left.
        let (Some(best_types), Some(nearest)) = (self.recorder.best_types, self.recorder.nearest) else {
            return notes;
        };
        if !L::NONE && self.selection.has_preferences() {
            let columns = Columns::of_pool(reads, pool);
            let (left, others) = self.selection.divide(core::mem::take(&mut notes.left), &columns);
            notes.left = left;
            let others = others.into_iter();
            notes.out.extend(others.map(|(sender, reason)| (sender.sender, verdict::LESS_PREFERRED, Some(reason))));
            notes.stage(narrowing::PREFERENCE);
        }
        for (step, group, verdict) in [
            (narrowing::TYPE_PRIORITY, best_types, verdict::LOWER_PRIORITY),
            (narrowing::GEOLOCATED, nearest, verdict::FARTHER),
        ] {
            with_part(reads, group, |part| {
                notes.keep(step, |_, candidate| {
                    (!part.has(candidate.sender_type, candidate.area_code)).then_some((verdict, None))
                });
            });
        }
        notes
    }
}
