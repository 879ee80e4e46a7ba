//! A batch: many messages decided together. All pins are read in one call of the store before the policies run, and
//! written in one call after.

use std::sync::Arc;

use callsign_engine::contract::types::Answer;
use callsign_engine::{Failure, Instance, Limits, OwnRefusal, PinRead};
use callsign_sticky::{Pin, PinKey, StickyError, Write};
use hashbrown::HashMap;

use super::call::{Answerer, Query, choose, load};
use super::check::{Author, check_into};
use super::destination::{MessageScope, prepare_of};
use super::pin::{Settled, no_answer};
use super::progress::{
    PendingDecision, Progress, Retry, advance, attempt, failed, note_verdict, on_store_reply, refused, retry,
    settle_read, signals_read,
};
use super::slow_work::SlowWork;
use super::turn::Turn;
use crate::decision::{Outcome, Verdict};
use crate::lanes::Tenant;
use crate::message::Message;
use crate::recording::Decided;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;

/// A batch under way.
pub(crate) struct Batch<'a> {
    snapshot: &'a Snapshot,
    outcomes: Vec<Outcome>,
    groups: Vec<Group<'a>>,
    /// The messages whose pin must be written before they are decided.
    pending: Vec<(Slot, PendingDecision)>,
    /// The messages whose call was to be quick and was not.
    too_slow: Vec<(Slot, Retry)>,
    /// Those of them that the slow lane has not taken, and why.
    not_taken: Vec<(Slot, Failure)>,
}

/// A message of a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    group: u32,
    handle: u32,
}

/// The messages of a batch that are answered in one call of one policy.
pub(super) struct Group<'a> {
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
                Ok(query) => {
                    let answerer = choose(snapshot, &query);
                    // Holds the place until the message is decided.
                    outcomes.push(Outcome::new(Verdict::Refused(Refusal::NoStrategy), answerer.by));
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
                    let handle = group.queries.len() as u32;
                    group.queries.push(query);
                    if let Some(query) = group.queries.last_mut() {
                        query.question.request.message = handle;
                    }
                    group.places.push(place as u32);
                }
                Err(outcome) => outcomes.push(outcome),
            }
        }
        Self { snapshot, outcomes, groups, pending: Vec::new(), too_slow: Vec::new(), not_taken: Vec::new() }
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
                Some(_) => pins.next().or_else(|| Some(Err(no_answer()))),
                None => None,
            };
            group.reads = group.queries.iter().map(read).collect();
        }
    }

    /// Calls the policies. Returns the messages whose policies were to be quick and are not.
    pub(crate) fn decide(&mut self, turn: &mut Turn<'_>) -> Vec<SlowWork> {
        let mut slow = Vec::new();
        let mut groups = std::mem::take(&mut self.groups);
        for (index, group) in (0..).zip(&groups) {
            let given_up = group.answer(self.snapshot, turn, &mut |handle, progress| {
                self.note(Slot { group: index, handle }, group.places[handle as usize], progress);
            });
            if let Err(one_by_one) = given_up {
                group.slow_work(self.snapshot, index, one_by_one, &mut slow);
            }
        }
        std::mem::swap(&mut self.groups, &mut groups);
        slow.extend(self.too_slow());
        slow
    }

    /// Those of the messages whose call was to be quick and was not, each by itself: it goes on from where it was.
    fn too_slow(&mut self) -> Vec<SlowWork> {
        let too_slow = std::mem::take(&mut self.too_slow);
        let work = |(slot, retry): (Slot, Retry)| {
            let query = self.query(slot).alone();
            let tenant = self.snapshot.tenant(query.question.request.scope);
            let mut work = SlowWork::new(tenant, self.groups[slot.group as usize].answerer.by, false);
            work.push(slot, &query, retry);
            work
        };
        too_slow.into_iter().map(work).collect()
    }

    /// Decides all of it in the slow lane.
    pub(crate) fn decide_in_slow_lane(&self) -> Vec<SlowWork> {
        let mut slow = Vec::new();
        for (index, group) in (0..).zip(&self.groups) {
            group.slow_work(self.snapshot, index, false, &mut slow);
        }
        slow
    }

    /// Lets the slow lane call a policy again about the only message.
    #[cold]
    pub(crate) fn call_again(&mut self, retry: Retry) -> Vec<SlowWork> {
        let Some(group) = self.groups.first_mut() else { return Vec::new() };
        group.reads = vec![retry.read.clone()];
        self.too_slow.push((Slot { group: 0, handle: 0 }, retry));
        self.too_slow()
    }

    fn note(&mut self, slot: Slot, place: u32, progress: Progress) {
        match progress {
            Progress::Done(outcome) => self.outcomes[place as usize] = outcome,
            Progress::NeedsPin(decision) => self.pending.push((slot, decision)),
            Progress::TooSlow(retry) => self.too_slow.push((slot, retry)),
        }
    }

    /// Takes what became of messages in the slow lane.
    pub(crate) fn note_slow(&mut self, slots: &[Slot], progress: Vec<Progress>) {
        for (&slot, progress) in slots.iter().zip(progress) {
            self.note(slot, self.place(slot), progress);
        }
    }

    /// Fails messages that the slow lane did not take, or gave up.
    #[cold]
    pub(crate) fn fail(&mut self, slots: &[Slot], failure: &Failure, turn: &mut Turn<'_>) {
        for &slot in slots {
            let group = &self.groups[slot.group as usize];
            let (answerer, query) = (group.answerer, group.queries[slot.handle as usize].alone());
            let read = group.read_of(slot.handle as usize);
            let progress = match failed(self.snapshot, &answerer, &query, failure.clone(), read, turn) {
                Progress::TooSlow(_) => refused(&answerer, failure),
                progress => progress,
            };
            self.note(slot, self.place(slot), progress);
        }
    }

    /// Notes messages whose policy has failed, and which the slow lane has not taken for the standard policy.
    #[cold]
    pub(crate) fn not_taken(&mut self, slots: &[Slot], failure: &Failure) {
        self.not_taken.extend(slots.iter().map(|&slot| (slot, failure.clone())));
    }

    /// Lets the standard policy decide those on this thread, as far as that is quick. The others are refused.
    pub(crate) fn fall_back(&mut self, turn: &mut Turn<'_>) {
        for (slot, failure) in std::mem::take(&mut self.not_taken) {
            let group = &self.groups[slot.group as usize];
            let (answerer, query) = (group.answerer, group.queries[slot.handle as usize].alone());
            let again = Retry::fallback(group.read_of(slot.handle as usize));
            let progress = match retry(self.snapshot, &answerer, &query, again, turn) {
                Progress::TooSlow(_) => refused(&answerer, &failure),
                progress => progress,
            };
            self.note(slot, self.place(slot), progress);
        }
    }

    fn place(&self, slot: Slot) -> u32 {
        self.groups[slot.group as usize].places[slot.handle as usize]
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
    /// another write. Returns the messages whose policies were to be quick and are not.
    pub(crate) fn written(
        &mut self,
        answers: Vec<Result<Option<Pin>, StickyError>>,
        turn: &mut Turn<'_>,
    ) -> Vec<SlowWork> {
        let mut answers = answers.into_iter();
        for (slot, decision) in std::mem::take(&mut self.pending) {
            let query = self.query(slot).alone();
            let answer = match decision.write(self.snapshot, &query) {
                Some(_) => answers.next().unwrap_or_else(|| Err(no_answer())),
                None => Ok(None),
            };
            let answerer = self.groups[slot.group as usize].answerer;
            let progress = on_store_reply(self.snapshot, &answerer, &query, decision, answer, turn);
            self.note(slot, self.place(slot), progress);
        }
        self.too_slow()
    }

    /// The outcomes so far, with the scopes of the messages that policies were asked about.
    pub(crate) fn own_refusals(&mut self) -> Vec<(u32, &mut Outcome)> {
        let mut scopes = vec![None; self.outcomes.len()];
        for group in &self.groups {
            for (query, &place) in group.queries.iter().zip(&group.places) {
                scopes[place as usize] = Some(query.question.request.scope);
            }
        }
        let asked = scopes.into_iter().zip(&mut self.outcomes);
        let own = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Refused(Refusal::Own(_)));
        asked.filter(|(_, outcome)| own(outcome)).filter_map(|(scope, outcome)| Some((scope?, outcome))).collect()
    }

    /// Whether a policy refused any of the messages in its own words.
    pub(crate) fn has_own_refusals(&self) -> bool {
        self.outcomes.iter().any(|outcome| matches!(outcome.verdict, Verdict::Refused(Refusal::Own(_))))
    }

    /// What became of the messages of the batch, to be recorded: those that policies were asked about first.
    pub(crate) fn decided<'b>(&'b self, messages: &'b [Message<'b>]) -> impl Iterator<Item = Decided<'b>> {
        let asked = self.groups.iter().flat_map(|group| group.queries.iter().zip(&group.places));
        let asked = asked.map(|(query, &place)| (query.message, Some(&query.question), &self.outcomes[place as usize]));
        // The gateway itself settles what names its sender, and what goes to no number.
        let itself = messages.iter().zip(&self.outcomes).filter(|(message, outcome)| {
            message.from.is_some() || matches!(outcome.verdict, Verdict::Refused(Refusal::InvalidDestination(_)))
        });
        asked.chain(itself.map(|(message, outcome)| (message, None, outcome)))
    }

    /// Lets refusals of one kind have their words in common: the policy is asked once for them.
    #[cold]
    pub(crate) fn share_wordings(&mut self) {
        let mut seen: HashMap<(usize, u32, u64), Arc<OwnRefusal>> = HashMap::new();
        for (_, outcome) in self.own_refusals() {
            if let Verdict::Refused(Refusal::Own(own)) = &mut outcome.verdict {
                *own = Arc::clone(seen.entry(own.key()).or_insert_with(|| Arc::clone(own)));
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
    snapshot.revision.pin_key(
        question.request.scope,
        query.message.entity,
        question.channel,
        question.destination.number,
    )
}

impl<'a> Group<'a> {
    pub(super) fn new(answerer: Answerer<'a>, most: usize) -> Self {
        Self { answerer, queries: Vec::with_capacity(most), places: Vec::with_capacity(most), reads: Vec::new() }
    }

    pub(super) fn push(&mut self, query: Query<'a>, place: u32, read: PinRead) {
        self.queries.push(query);
        self.places.push(place);
        self.reads.push(read);
    }

    /// Calls the policy in the slow lane; the progress of the messages is in their order.
    pub(super) fn answer_in_slow_lane(
        &self,
        snapshot: &Snapshot,
        one_by_one: bool,
        turn: &mut Turn<'_>,
        progress: &mut Vec<Progress>,
    ) {
        let mut note = |_, next| progress.push(next);
        if one_by_one || self.answer(snapshot, turn, &mut note).is_err() {
            self.one_by_one(snapshot, None, turn, &mut note);
        }
    }

    fn read_of(&self, handle: usize) -> PinRead {
        self.reads.get(handle).cloned().flatten()
    }

    /// Calls the policy, and tells `note` for each message, by its handle, how far it came.
    ///
    /// # Errors
    /// The call was to be quick and is not: nothing was noted. Whether the messages are to be answered one by one.
    fn answer(
        &self,
        snapshot: &Snapshot,
        turn: &mut Turn<'_>,
        note: &mut impl FnMut(u32, Progress),
    ) -> Result<(), bool> {
        let Some(first) = self.queries.first() else { return Ok(()) };
        let bound = self.answerer.bound;
        let entered = if bound.slow.are_any() { self.enter(snapshot, turn) } else { Ok(()) };
        let answered = entered.and_then(|()| bound.permit()).and_then(|permit| {
            let began = turn.begin(snapshot, &self.answerer, first, self.queries.len() == 1);
            let called = self.call(snapshot, turn);
            turn.note(snapshot, &self.answerer, first, began, &called);
            turn.give_back(bound, permit, &called);
            called
        });
        match answered {
            Ok((instance, answers)) => self.settle(snapshot, instance, &answers, turn, note),
            Err(Failure::Stopped) if turn.is_quick() => return Err(false),
            // Another call could run into its deadline too, no time is left, or the circuit is open: no message of this
            // group gets one.
            Err(
                failure @ (Failure::Deadline(_)
                | Failure::RequestTime(_)
                | Failure::OverBudget(_)
                | Failure::CircuitOpen),
            ) => self.one_by_one(snapshot, Some(failure), turn, note),
            // One message must not fail the others: each gets a call of its own.
            Err(failure) => {
                bound.failed(&failure);
                if turn.is_quick() {
                    return Err(true);
                }
                self.one_by_one(snapshot, None, turn, note);
            }
        }
        Ok(())
    }

    /// Whether the call may be made here, see [`Turn::enter`].
    #[cold]
    fn enter(&self, snapshot: &Snapshot, turn: &Turn<'_>) -> Result<(), Failure> {
        // A policy with a budget is bound to one application, so one of its messages speaks for all.
        let messages = if self.answerer.bound.has_budget() { 1 } else { self.queries.len() };
        self.queries[..messages].iter().try_for_each(|query| turn.enter(snapshot, &self.answerer, query))
    }

    /// Answers the messages one by one. After the first that runs past its deadline the rest fail in the same way.
    #[cold]
    fn one_by_one(
        &self,
        snapshot: &Snapshot,
        mut hung: Option<Failure>,
        turn: &mut Turn<'_>,
        note: &mut impl FnMut(u32, Progress),
    ) {
        for (handle, query) in self.queries.iter().enumerate() {
            let query = query.alone();
            let read = self.read_of(handle);
            let settled = match &hung {
                Some(failure) => Err(failure.clone()),
                None => attempt(snapshot, &self.answerer, &query, &read, turn),
            };
            let progress = match settled {
                Ok(settled) => advance(&self.answerer, settled, self.answerer.by.role, 0),
                Err(failure) => {
                    if matches!(failure, Failure::Deadline(_) | Failure::RequestTime(_) | Failure::OverBudget(_)) {
                        hung.get_or_insert_with(|| failure.clone());
                    }
                    failed(snapshot, &self.answerer, &query, failure, read, turn)
                }
            };
            note(handle as u32, progress);
        }
    }

    fn call(&self, snapshot: &Snapshot, turn: &Turn<'_>) -> Result<(Box<Instance>, Vec<Answer>), Failure> {
        let policy = &self.answerer.bound.binding.policy;
        let time = turn.call_time(policy, self.queries.len())?;
        let called = policy.instance_within(time).and_then(|mut instance| {
            load(&mut instance, snapshot, &self.queries);
            for (handle, read) in self.reads.iter().enumerate() {
                if let Some(read) = read {
                    instance.set_pin(handle as u32, read.clone());
                }
            }
            let answers = instance.resolve_batch(self.queries.iter().map(|query| &query.question.request))?;
            Ok((instance, answers))
        });
        called.map_err(|failure| turn.of_request(failure))
    }

    fn settle(
        &self,
        snapshot: &Snapshot,
        mut instance: Box<Instance>,
        answers: &[Answer],
        turn: &mut Turn<'_>,
        note: &mut impl FnMut(u32, Progress),
    ) {
        let answerer = &self.answerer;
        let reads = signals_read(snapshot, &instance);
        for (handle, (query, answer)) in (0..).zip(self.queries.iter().zip(answers)) {
            let mut outcome = Outcome::new(Verdict::Refused(Refusal::NoStrategy), answerer.by);
            let author = Author::Bound(answerer.bound);
            let progress = match check_into(snapshot, author, &query.question, answer, &mut outcome.verdict) {
                Ok(pin) => {
                    if answerer.route.shadow.is_some() {
                        let read = instance.known_pin(handle);
                        turn.compare_later(answerer.route, query, &outcome.verdict, read);
                    }
                    match settle_read(snapshot, answerer, &mut instance, (handle, query), pin, reads, &mut outcome) {
                        None => {
                            note_verdict(answerer, answerer.by.role, &outcome.verdict);
                            Progress::Done(outcome)
                        }
                        wanted => {
                            let settled = Settled::of(outcome.verdict, outcome.reads, wanted);
                            advance(answerer, settled, answerer.by.role, 0)
                        }
                    }
                }
                // An answer that is refused says nothing about the instance, which is kept.
                Err(failure) => {
                    let read = self.read_of(handle as usize);
                    failed(snapshot, answerer, &query.alone(), failure, read, turn)
                }
            };
            note(handle, progress);
        }
        answerer.bound.binding.policy.put_back(instance);
    }

    /// The group as work for the slow lane, for each application by itself.
    #[cold]
    fn slow_work(&self, snapshot: &Snapshot, group: u32, one_by_one: bool, slow: &mut Vec<SlowWork>) {
        let mut tenants: HashMap<Tenant, SlowWork> = HashMap::new();
        for (handle, query) in (0..).zip(&self.queries) {
            let tenant = snapshot.tenant(query.question.request.scope);
            let work = tenants.entry(tenant).or_insert_with(|| SlowWork::new(tenant, self.answerer.by, one_by_one));
            work.push(Slot { group, handle }, query, Retry::first(&self.answerer, self.read_of(handle as usize)));
        }
        slow.extend(tenants.into_values());
    }
}
