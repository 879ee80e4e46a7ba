//! A batch: many messages decided together. All pins are read in one call of the store before the policies run, and
//! written in one call after.

use callsign_engine::contract::types::Answer;
use callsign_engine::{Failure, Instance, Limits, PinRead};
use callsign_sticky::{Pin, PinKey, StickyError, Write};

use super::call::{Answerer, Query, choose, load};
use super::check::{Author, check};
use super::destination::{MessageScope, prepare_of};
use super::progress::{PendingDecision, Progress, advance, attempt, failed, on_store_reply, settle_read};
use super::shadow::compare;
use crate::decision::{Outcome, Verdict};
use crate::message::Message;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;

/// A batch under way.
pub(crate) struct Batch<'a> {
    snapshot: &'a Snapshot,
    outcomes: Vec<Outcome>,
    groups: Vec<Group<'a>>,
    /// The messages whose pin must be written before they are decided.
    pending: Vec<(Slot, PendingDecision)>,
}

/// A message of a group.
#[derive(Debug, Clone, Copy)]
struct Slot {
    group: u32,
    handle: u32,
}

/// The messages of a batch that are answered in one call of one policy.
struct Group<'a> {
    answerer: Answerer<'a>,
    /// Each request has its position as its message.
    queries: Vec<Query<'a>>,
    /// The position of each in the batch.
    places: Vec<u32>,
    /// The pin of each, where pins are read before the call.
    reads: Vec<PinRead>,
}

impl<'a> Batch<'a> {
    /// Settles what the host settles itself, and groups the other messages by the policy that answers them.
    pub(crate) fn new(snapshot: &'a Snapshot, messages: &'a [Message<'a>]) -> Self {
        let mut outcomes = Vec::with_capacity(messages.len());
        let mut groups: Vec<Group<'a>> = Vec::new();
        // Neighbours often have the same application and entity: their scope is not looked up again.
        let mut before: Option<(&Message<'_>, MessageScope)> = None;
        for (place, message) in messages.iter().enumerate() {
            let scope = || match before {
                Some((other, scope)) if (other.application, other.entity) == (message.application, message.entity) => {
                    scope
                }
                _ => before.insert((message, MessageScope::of(snapshot, message))).1,
            };
            match prepare_of(snapshot, message, scope) {
                Ok(question) => {
                    let mut query = Query::new(snapshot, question, message);
                    let answerer = choose(snapshot, &query);
                    // Holds the place until the message is decided.
                    outcomes.push(Outcome { verdict: Verdict::Refused(Refusal::NoStrategy), by: answerer.by });
                    let open =
                        |group: &mut Group<'_>| group.answerer.by == answerer.by && group.queries.len() < Limits::BATCH;
                    let group = match groups.iter_mut().rposition(open) {
                        Some(at) => &mut groups[at],
                        None => {
                            groups.push(Group::new(answerer, Limits::BATCH.min(messages.len() - place)));
                            let last = groups.len() - 1;
                            &mut groups[last]
                        }
                    };
                    query.request.message = group.queries.len() as u32;
                    group.queries.push(query);
                    group.places.push(place as u32);
                }
                Err(outcome) => outcomes.push(outcome),
            }
        }
        Self { snapshot, outcomes, groups, pending: Vec::new() }
    }

    /// The keys of all pins that the policies may read.
    pub(crate) fn keys(&self) -> Vec<PinKey<'a>> {
        let queries = self.groups.iter().flat_map(|group| &group.queries);
        queries.filter_map(|query| key(self.snapshot, query)).collect()
    }

    /// Takes the store's answers to [`Batch::keys`].
    pub(crate) fn read(&mut self, pins: Vec<Result<Option<Pin>, StickyError>>) {
        let mut pins = pins.into_iter();
        for group in &mut self.groups {
            let read = |query| match key(self.snapshot, query) {
                Some(_) => pins.next().or_else(|| Some(Err(StickyError::new("the store gave no answer")))),
                None => None,
            };
            group.reads = group.queries.iter().map(read).collect();
        }
    }

    /// Calls the policies.
    pub(crate) fn decide(&mut self) {
        let Self { snapshot, outcomes, groups, pending } = self;
        for (index, group) in groups.iter().enumerate() {
            group.answer(snapshot, &mut |handle, progress| match progress {
                Progress::Done(outcome) => outcomes[group.places[handle] as usize] = outcome,
                Progress::NeedsPin(decision) => {
                    pending.push((Slot { group: index as u32, handle: handle as u32 }, decision));
                }
            });
        }
    }

    /// Whether any message waits for the store.
    pub(crate) fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The writes that messages wait for.
    pub(crate) fn writes(&self) -> Vec<Write<'a>> {
        let write = |(slot, decision): &(Slot, PendingDecision)| decision.write(self.snapshot, self.query(*slot));
        self.pending.iter().filter_map(write).collect()
    }

    fn query(&self, slot: Slot) -> &Query<'a> {
        &self.groups[slot.group as usize].queries[slot.handle as usize]
    }

    /// Takes the store's answers to [`Batch::writes`]. Where another writer won, the policy runs again, which may need
    /// another write.
    pub(crate) fn written(&mut self, answers: Vec<Result<Option<Pin>, StickyError>>) {
        let mut answers = answers.into_iter();
        for (slot, decision) in std::mem::take(&mut self.pending) {
            let query = self.query(slot).alone();
            let answer = match decision.write(self.snapshot, &query) {
                Some(_) => answers.next().unwrap_or_else(|| Err(StickyError::new("the store gave no answer"))),
                None => Ok(None),
            };
            let answerer = self.groups[slot.group as usize].answerer;
            match on_store_reply(self.snapshot, &answerer, &query, decision, answer) {
                Progress::Done(outcome) => {
                    let place = self.groups[slot.group as usize].places[slot.handle as usize];
                    self.outcomes[place as usize] = outcome;
                }
                Progress::NeedsPin(decision) => self.pending.push((slot, decision)),
            }
        }
    }

    /// What became of the messages, in their order.
    pub(crate) fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes
    }
}

/// The key of a message's pin; none where the scope can have no pin.
pub(crate) fn key<'a>(snapshot: &'a Snapshot, query: &Query<'a>) -> Option<PinKey<'a>> {
    let question = &query.question;
    snapshot.revision.pin_key(question.scope, query.message.entity, question.channel, question.destination.number)
}

impl<'a> Group<'a> {
    fn new(answerer: Answerer<'a>, most: usize) -> Self {
        Self { answerer, queries: Vec::with_capacity(most), places: Vec::with_capacity(most), reads: Vec::new() }
    }

    fn read_of(&self, handle: usize) -> PinRead {
        self.reads.get(handle).cloned().flatten()
    }

    /// Calls the policy, and tells `note` for each message, by its handle, how far it came.
    fn answer(&self, snapshot: &Snapshot, note: &mut impl FnMut(usize, Progress)) {
        let bound = self.answerer.bound;
        let answered = if bound.may_be_called() { self.call(snapshot) } else { Err(Failure::CircuitOpen) };
        match answered {
            Ok((instance, answers)) => self.settle(snapshot, instance, &answers, note),
            // Another call could run into its deadline too, or the circuit is open: no message of this group gets one.
            Err(failure @ (Failure::Deadline(_) | Failure::CircuitOpen)) => {
                self.one_by_one(snapshot, Some(failure), note)
            }
            // One message must not fail the others: each gets a call of its own.
            Err(failure) => {
                bound.failed(&failure);
                self.one_by_one(snapshot, None, note);
            }
        }
    }

    /// Answers the messages one by one. After the first that runs past its deadline the rest fail in the same way.
    #[cold]
    fn one_by_one(&self, snapshot: &Snapshot, mut hung: Option<Failure>, note: &mut impl FnMut(usize, Progress)) {
        for (handle, query) in self.queries.iter().enumerate() {
            let query = query.alone();
            let read = self.read_of(handle);
            let settled = match &hung {
                Some(failure) => Err(failure.clone()),
                None => attempt(snapshot, &self.answerer, &query, read.clone()),
            };
            let progress = match settled {
                Ok(settled) => advance(&self.answerer, settled, self.answerer.by.role, 0),
                Err(failure) => {
                    if matches!(failure, Failure::Deadline(_)) {
                        hung.get_or_insert_with(|| failure.clone());
                    }
                    failed(snapshot, &self.answerer, &query, failure, read)
                }
            };
            note(handle, progress);
        }
    }

    fn call(&self, snapshot: &Snapshot) -> Result<(Box<Instance>, Vec<Answer>), Failure> {
        let mut instance = self.answerer.bound.binding.policy.instance()?;
        load(&mut instance, snapshot, &self.queries);
        for (handle, read) in self.reads.iter().enumerate() {
            if let Some(read) = read {
                instance.set_pin(handle as u32, read.clone());
            }
        }
        let answers = instance.resolve_batch(self.queries.iter().map(|query| &query.request))?;
        Ok((instance, answers))
    }

    fn settle(
        &self,
        snapshot: &Snapshot,
        mut instance: Box<Instance>,
        answers: &[Answer],
        note: &mut impl FnMut(usize, Progress),
    ) {
        let answerer = &self.answerer;
        for (handle, (query, answer)) in self.queries.iter().zip(answers).enumerate() {
            let checked = check(snapshot, Author::Bound(answerer.bound), &query.question, answer);
            let progress = match checked {
                Ok(checked) => {
                    if answerer.route.shadow.is_some() {
                        let read = instance.known_pin(handle as u32);
                        compare(snapshot, answerer.route, &query.alone(), &checked.verdict, read);
                    }
                    let settled = settle_read(snapshot, answerer, &mut instance, handle as u32, query, checked);
                    advance(answerer, settled, answerer.by.role, 0)
                }
                // An answer that is refused says nothing about the instance, which is kept.
                Err(failure) => failed(snapshot, answerer, &query.alone(), failure, self.read_of(handle)),
            };
            note(handle, progress);
        }
        answerer.bound.binding.policy.put_back(instance);
    }
}
