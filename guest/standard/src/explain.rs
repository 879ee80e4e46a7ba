//! `explain`: the same steps, recorded.

use callsign_policy::exports::explain::{Narrowing, SenderNote, SenderVerdict, Stage, StrategyNote, Trace};
use callsign_policy::reads::Reads;
use callsign_policy::senders::{Considered, Group, SenderTypes, Standing};
use callsign_policy::sticky::Pin;
use callsign_policy::types::{Answer, Request, Step};

use crate::decide::{Observer, decide};
use crate::plan::Plan;

/// Records the steps of a decision.
#[derive(Debug, Default)]
struct Recorder {
    pin: Option<Pin>,
    best_types: Option<Group>,
    nearest: Option<Group>,
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
}

/// Answers a request and explains the answer.
pub fn explain<R: Reads>(request: &Request, reads: &R) -> Trace {
    let mut strategies = Vec::new();
    let mut plan = Plan::new(request, reads, &mut |strategy, verdict| {
        strategies.push(StrategyNote { strategy: strategy.strategy, verdict });
    });
    let mut recorder = Recorder::default();
    let answer = decide(&mut plan, request, reads, &mut recorder);
    let considered = match &plan.rule {
        Ok(rule) => reads.all_considered(rule.pool),
        Err(_) => Vec::new(),
    };
    let senders = considered
        .iter()
        .map(|sender| SenderNote { sender: sender.sender, verdict: verdict(sender, &answer, &recorder) })
        .collect();
    // Without a strategy no sender was considered.
    let stages = if plan.rule.is_ok() { stages(&considered, &recorder) } else { Vec::new() };
    Trace { strategies, senders, pin: recorder.pin, stages, answer }
}

/// The verdict on a sender: the first step that excluded it.
fn verdict(sender: &Considered, answer: &Answer, recorder: &Recorder) -> SenderVerdict {
    let left = |group: &Option<Group>| group.is_none_or(|group| has(&group, sender));
    match answer {
        Answer::Decided(decision) if decision.sender == sender.sender => SenderVerdict::Chosen,
        _ if sender.standing != Standing::Candidate => SenderVerdict::Excluded(sender.standing),
        Answer::Decided(decision) if decision.step == Step::Sticky => SenderVerdict::PinnedElsewhere,
        _ if !left(&recorder.best_types) => SenderVerdict::LowerPriority,
        _ if !left(&recorder.nearest) => SenderVerdict::Farther,
        _ => SenderVerdict::SpreadElsewhere,
    }
}

fn has(group: &Group, sender: &Considered) -> bool {
    group.has(sender.sender_type, sender.area_code)
}

/// The senders left after each step that was reached.
fn stages(considered: &[Considered], recorder: &Recorder) -> Vec<Stage> {
    let everyone = Some(Group::of(SenderTypes::all()));
    let steps = [
        (Narrowing::Candidates, everyone),
        (Narrowing::TypePriority, recorder.best_types),
        (Narrowing::Geolocated, recorder.nearest),
    ];
    let left = |group: Group| {
        let candidates = considered.iter().filter(|sender| sender.standing == Standing::Candidate);
        candidates.filter(|sender| has(&group, sender)).map(|sender| sender.sender).collect()
    };
    steps.into_iter().filter_map(|(step, group)| Some(Stage { step, left: left(group?) })).collect()
}
