//! A batch: many messages decided together. The pins of all are read before, and written after, their policies are asked,
//! each in one call of the store.

use callsign_sticky::{Pin, PinKey, StickyError, Write};

use crate::answer::check;
use crate::ask::{Asker, Progress, Query, Wanting, attempt, choose, compare, failed, go_on, put, settle_read, told};
use crate::decision::{Outcome, Refusal, Verdict};
use crate::message::Message;
use crate::pin::PinRead;
use crate::policy::contract::types::Answer;
use crate::policy::{Author, Failure, Instance, Limits};
use crate::question::{Whose, prepare_of};
use crate::serving::Serving;

/// A batch under way.
pub(crate) struct Batch<'a> {
    serving: &'a Serving,
    outcomes: Vec<Outcome>,
    groups: Vec<Group<'a>>,
    /// What the store must write before the messages are decided.
    wanting: Vec<(Slot, Wanting)>,
}

/// A message of a group.
#[derive(Debug, Clone, Copy)]
struct Slot {
    group: u32,
    handle: u32,
}

/// The messages of a batch that are answered in one call of one policy.
struct Group<'a> {
    asker: Asker<'a>,
    /// Each request has its position as its message.
    queries: Vec<Query<'a>>,
    /// Where the outcome of each goes.
    places: Vec<u32>,
    /// What was read of the pin of each, where pins are read beforehand.
    reads: Vec<PinRead>,
}

impl<'a> Batch<'a> {
    /// Settles what the host settles itself, and puts the other messages to those who will answer them.
    pub(crate) fn new(serving: &'a Serving, messages: &'a [Message<'a>]) -> Self {
        let mut outcomes = Vec::with_capacity(messages.len());
        let mut groups: Vec<Group<'a>> = Vec::new();
        // Neighbours are often of one sender: what is known of the one before is not looked up again.
        let mut before: Option<(&Message<'_>, Whose)> = None;
        for (place, message) in messages.iter().enumerate() {
            let whose = || match before {
                Some((other, whose)) if (other.application, other.entity) == (message.application, message.entity) => {
                    whose
                }
                _ => before.insert((message, Whose::of(serving, message))).1,
            };
            match prepare_of(serving, message, whose) {
                Ok(question) => {
                    let mut query = Query::new(serving, question, message);
                    let asker = choose(serving, &query);
                    // Holds the place until the message is decided.
                    outcomes.push(Outcome { verdict: Verdict::Refused(Refusal::NoStrategy), by: asker.by });
                    let open =
                        |group: &mut Group<'_>| group.asker.by == asker.by && group.queries.len() < Limits::BATCH;
                    let group = match groups.iter_mut().rposition(open) {
                        Some(at) => &mut groups[at],
                        None => {
                            groups.push(Group::new(asker, Limits::BATCH.min(messages.len() - place)));
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
        Self { serving, outcomes, groups, wanting: Vec::new() }
    }

    /// The pins that may be looked at, to be read in one call.
    pub(crate) fn keys(&self) -> Vec<PinKey<'a>> {
        let queries = self.groups.iter().flat_map(|group| &group.queries);
        queries.filter_map(|query| key(self.serving, query)).collect()
    }

    /// Puts in what was read of [`Batch::keys`].
    pub(crate) fn read(&mut self, pins: Vec<Result<Option<Pin>, StickyError>>) {
        let mut pins = pins.into_iter();
        for group in &mut self.groups {
            let read = |query| match key(self.serving, query) {
                Some(_) => pins.next().or_else(|| Some(Err(StickyError::new("the store gave no answer")))),
                None => None,
            };
            group.reads = group.queries.iter().map(read).collect();
        }
    }

    /// Asks the policies.
    pub(crate) fn decide(&mut self) {
        let Self { serving, outcomes, groups, wanting } = self;
        for (index, group) in groups.iter().enumerate() {
            group.answer(serving, &mut |handle, progress| match progress {
                Progress::Done(outcome) => outcomes[group.places[handle] as usize] = outcome,
                Progress::Wants(wish) => {
                    wanting.push((Slot { group: index as u32, handle: handle as u32 }, wish));
                }
            });
        }
    }

    /// Whether any message waits for the store.
    pub(crate) fn waits(&self) -> bool {
        !self.wanting.is_empty()
    }

    /// The writes that messages wait for, in the order of the messages of each group.
    pub(crate) fn writes(&self) -> Vec<Write<'a>> {
        let write = |(slot, wanting): &(Slot, Wanting)| wanting.write(self.serving, self.query(*slot));
        self.wanting.iter().filter_map(write).collect()
    }

    fn query(&self, slot: Slot) -> &Query<'a> {
        &self.groups[slot.group as usize].queries[slot.handle as usize]
    }

    /// Puts in what the store answered to [`Batch::writes`]. Where others were first, policies are asked again, and there
    /// are writes again.
    pub(crate) fn written(&mut self, answers: Vec<Result<Option<Pin>, StickyError>>) {
        let mut answers = answers.into_iter();
        for (slot, wanting) in std::mem::take(&mut self.wanting) {
            let query = self.query(slot).alone();
            let answer = match wanting.write(self.serving, &query) {
                Some(_) => answers.next().unwrap_or_else(|| Err(StickyError::new("the store gave no answer"))),
                None => Ok(None),
            };
            let asker = self.groups[slot.group as usize].asker;
            match told(self.serving, &asker, &query, wanting, answer) {
                Progress::Done(outcome) => {
                    let place = self.groups[slot.group as usize].places[slot.handle as usize];
                    self.outcomes[place as usize] = outcome;
                }
                Progress::Wants(wanting) => self.wanting.push((slot, wanting)),
            }
        }
    }

    /// What became of the messages, in their order.
    pub(crate) fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes
    }
}

/// What a message's pin is kept under, where it may be looked at.
pub(crate) fn key<'a>(serving: &'a Serving, query: &Query<'a>) -> Option<PinKey<'a>> {
    let question = &query.question;
    serving.revision.pin_key(question.scope, query.message.entity, question.channel, question.destination.number)
}

impl<'a> Group<'a> {
    fn new(asker: Asker<'a>, most: usize) -> Self {
        Self { asker, queries: Vec::with_capacity(most), places: Vec::with_capacity(most), reads: Vec::new() }
    }

    fn read_of(&self, handle: usize) -> PinRead {
        self.reads.get(handle).cloned().flatten()
    }

    /// Says of every message, by its handle, how far it comes.
    fn answer(&self, serving: &Serving, note: &mut impl FnMut(usize, Progress)) {
        let member = self.asker.member;
        let answered = if member.may_be_called() { self.call(serving) } else { Err(Failure::Resting) };
        match answered {
            Ok((instance, answers)) => self.settle(serving, instance, &answers, note),
            // The next call could hang as long, or is not wanted: no message of this batch gets one.
            Err(failure @ (Failure::Deadline(_) | Failure::Resting)) => self.one_by_one(serving, Some(failure), note),
            // One message that the policy fails on must not fail the others.
            Err(failure) => {
                member.failed(&failure);
                self.one_by_one(serving, None, note);
            }
        }
    }

    /// Answers the messages one by one, until one of them hangs: then it holds for the rest of them too.
    #[cold]
    fn one_by_one(&self, serving: &Serving, mut hung: Option<Failure>, note: &mut impl FnMut(usize, Progress)) {
        for (handle, query) in self.queries.iter().enumerate() {
            let query = query.alone();
            let read = self.read_of(handle);
            let settled = match &hung {
                Some(failure) => Err(failure.clone()),
                None => attempt(serving, &self.asker, &query, read.clone()),
            };
            let progress = match settled {
                Ok(settled) => go_on(&self.asker, settled, self.asker.by.who, 0),
                Err(failure) => {
                    if matches!(failure, Failure::Deadline(_)) {
                        hung.get_or_insert_with(|| failure.clone());
                    }
                    failed(serving, &self.asker, &query, failure, read)
                }
            };
            note(handle, progress);
        }
    }

    fn call(&self, serving: &Serving) -> Result<(Box<Instance>, Vec<Answer>), Failure> {
        let mut instance = self.asker.member.binding.policy.instance()?;
        put(&mut instance, serving, &self.queries);
        for (handle, read) in self.reads.iter().enumerate() {
            if let Some(read) = read {
                instance.know(handle as u32, read.clone());
            }
        }
        let answers = instance.resolve_batch(self.queries.iter().map(|query| &query.request))?;
        Ok((instance, answers))
    }

    fn settle(
        &self,
        serving: &Serving,
        mut instance: Box<Instance>,
        answers: &[Answer],
        note: &mut impl FnMut(usize, Progress),
    ) {
        let asker = &self.asker;
        for (handle, (query, answer)) in self.queries.iter().zip(answers).enumerate() {
            let checked = check(serving, Author::Member(asker.member), &query.question, answer);
            let progress = match checked {
                Ok(checked) => {
                    if asker.route.shadow.is_some() {
                        let read = instance.known(handle as u32);
                        compare(serving, asker.route, &query.alone(), &checked.verdict, read);
                    }
                    let settled = settle_read(serving, asker, &mut instance, handle as u32, query, checked);
                    go_on(asker, settled, asker.by.who, 0)
                }
                // An answer that is not acceptable says nothing of the instance.
                Err(failure) => failed(serving, asker, &query.alone(), failure, self.read_of(handle)),
            };
            note(handle, progress);
        }
        asker.member.binding.policy.put_back(instance);
    }
}
