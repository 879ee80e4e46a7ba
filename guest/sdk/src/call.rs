//! One call of a policy: the request, and methods for all that a policy can read.

use std::cell::Cell;

use bumpalo::Bump;

use crate::exports::explain::{SenderNote, StrategyNote, Trace};
use crate::messages::Field;
use crate::pool;
use crate::reads::Reads;
use crate::senders::{Candidate, Considered, DefaultSender, Group, Pool, SenderText};
use crate::sticky::Pin;
use crate::strategies::StrategyFacts;
use crate::times::LocalTime;
use crate::types::{Answer, Decision, Refusal, Request, Sender, Strategy};
use crate::words::{marks, reason, sender_type, standing, step, strategy_verdict, verdict};

/// Memory for one request: an arena that is emptied between requests. It belongs to the instance; policies use it with
/// [`Call::scratch`].
#[derive(Debug, Default)]
pub struct Scratch {
    arena: Bump,
    used: Cell<bool>,
}

impl Scratch {
    /// Drops the contents. The memory stays for the next request.
    #[inline]
    pub fn empty(&mut self) {
        if self.used.get() {
            self.reset();
        }
    }

    #[cold]
    fn reset(&mut self) {
        self.arena.reset();
        self.used.set(false);
    }
}

/// A request, and what it can be answered with.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a, R> {
    /// The request.
    pub request: &'a Request,
    /// What the policy reads: the imports, or the plain data of a test.
    pub reads: &'a R,
    scratch: &'a Scratch,
}

impl<'a, R: Reads> Call<'a, R> {
    /// A call.
    #[inline]
    pub fn new(request: &'a Request, reads: &'a R, scratch: &'a Scratch) -> Self {
        Self { request, reads, scratch }
    }

    /// An arena for this request, for `call.scratch().alloc(value)` or the collections of [`bumpalo`]. Allocating moves
    /// a pointer, freeing does nothing.
    pub fn scratch(&self) -> &'a Bump {
        self.scratch.used.set(true);
        &self.scratch.arena
    }

    /// The same call with other reads, for a policy that changes what another policy reads.
    pub fn with_reads<'b, Q>(&self, reads: &'b Q) -> Call<'b, Q>
    where
        'a: 'b,
    {
        Call { request: self.request, reads, scratch: self.scratch }
    }

    /// Every strategy of the scope, those of the entity first. `callsign_standard::strategy::choose` chooses among them
    /// as the specification says.
    pub fn strategies(&self) -> Vec<StrategyFacts> {
        self.reads.strategies_of(self.request.scope, self.request.country)
    }

    /// The senders that can carry the message under a strategy, or without one. The recipient itself may be among them,
    /// see [`itself`](Self::itself).
    pub fn senders(&self, strategy: Option<Strategy>) -> Senders<'a, R> {
        Senders { pool: self.request.pool(strategy), reads: self.reads }
    }

    /// The default senders of the scope that can carry the message, the entity's first.
    pub fn default_senders(&self) -> impl Iterator<Item = DefaultSender> + use<R> {
        let itself = self.itself();
        let usable =
            move |default: &DefaultSender| default.standing == standing::CANDIDATE && !itself.contains(&default.sender);
        self.reads.default_senders(self.request.pool(None)).into_iter().filter(usable)
    }

    /// The senders whose number is the recipient's, which cannot carry the message. None for almost every message; then
    /// nothing is read.
    pub fn itself(&self) -> Vec<Sender> {
        if self.request.marks & marks::ITSELF == 0 { Vec::new() } else { self.reads.itself(self.request.message) }
    }

    /// The pin of the recipient.
    pub fn pin(&self) -> Pin {
        self.reads.pin_of(self.request.message)
    }

    /// The sender that the recipient is pinned to, if it is one of these.
    pub fn pinned(&self, senders: &Senders<'_, R>) -> Option<Sender> {
        match self.pin() {
            Pin::Held(sender) if senders.contains(sender) => Some(sender),
            _ => None,
        }
    }

    /// The id and the address of a sender.
    pub fn describe(&self, sender: Sender) -> Option<SenderText> {
        self.reads.describe(self.request.scope, sender)
    }

    /// A text of the message.
    pub fn text(&self, field: Field) -> Option<String> {
        self.reads.text(self.request.message, field)
    }

    /// The text of an attribute of the message. A policy that decides often keeps the key of the name, see
    /// [`Reads::key_of`], and reads [`Reads::message_key`] if it only compares.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.reads.message_text(self.request.message, self.reads.key_of(name))
    }

    /// When the message goes out, in seconds since 1970-01-01 UTC; none if the gateway was not told.
    pub fn sent_at(&self) -> Option<u64> {
        self.reads.sent_at(self.request.message)
    }

    /// The local times that the recipient may have when the message goes out.
    pub fn local_times(&self) -> Vec<LocalTime> {
        self.reads.zones_of(self.request.message)
    }

    /// A plain explanation of an answer: the strategy that was followed, and the verdict on every sender.
    pub fn trace(&self, answer: Answer) -> Trace {
        let mut trace = Trace::of(answer);
        if let Answer::Decided(decision) = answer {
            let chosen = |strategy| StrategyNote { strategy, verdict: strategy_verdict::CHOSEN };
            trace.strategies.extend(decision.strategy.map(chosen));
            let itself = self.itself();
            let note = |sender: Considered| {
                let standing = sender.standing_for(&itself);
                let verdict = match standing {
                    _ if sender.sender == decision.sender => verdict::CHOSEN,
                    standing::CANDIDATE if decision.step == step::STICKY => verdict::PINNED_ELSEWHERE,
                    standing::CANDIDATE => verdict::SPREAD_ELSEWHERE,
                    _ => verdict::EXCLUDED,
                };
                SenderNote { sender: sender.sender, verdict, standing, reason: None }
            };
            trace.senders = self.senders(decision.strategy).considered().into_iter().map(note).collect();
        }
        trace
    }
}

/// The senders that can carry a message. Each method calls one import.
///
/// A policy that decides often should [`read`](Senders::read) them once and keep them in a
/// [`Cache`](crate::cache::Cache).
#[derive(Debug, Clone, Copy)]
pub struct Senders<'a, R> {
    pool: Pool,
    reads: &'a R,
}

impl<R: Reads> Senders<'_, R> {
    /// The pool in the terms of the contract.
    pub fn name(&self) -> Pool {
        self.pool
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.count(Group::of(sender_type::ALL))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the pool says of a sender; none if it is not one of them.
    pub fn candidate(&self, sender: Sender) -> Option<Candidate> {
        self.reads.candidate_of(self.pool, sender)
    }

    /// How many a group has.
    pub fn count(&self, group: Group) -> u32 {
        self.reads.count(self.pool, group)
    }

    /// Whether a sender is one of them.
    pub fn contains(&self, sender: Sender) -> bool {
        self.reads.contains(self.pool, sender)
    }

    /// The sender of a group that a recipient is spread to. If the recipient is a sender of the scope, it may get itself:
    /// [`Reads::spread_of`] never answers so.
    pub fn spread(&self, group: Group, recipient: u64) -> Option<Sender> {
        self.reads.spread(self.pool, group, recipient)
    }

    /// Reads all of them, and indexes them as the host does.
    pub fn read(&self) -> pool::Pool {
        pool::Pool::new(self.reads.candidates(self.pool))
    }

    /// Every sender associated with the scope, and why it is or is not one of these. For explanations.
    pub fn considered(&self) -> Vec<Considered> {
        self.reads.all_considered(self.pool)
    }
}

impl Considered {
    /// How the sender stands to a message, if the recipient's number is that of the senders in `itself`.
    pub fn standing_for(&self, itself: &[Sender]) -> u8 {
        match self.standing {
            standing::CANDIDATE if itself.contains(&self.sender) => standing::RECIPIENT,
            standing => standing,
        }
    }
}

impl Request {
    /// The pool of the senders that may carry the message under a strategy, healthy or not.
    #[inline]
    pub fn pool(&self, strategy: Option<Strategy>) -> Pool {
        let Self { scope, message_type, country, channel, .. } = *self;
        Pool { scope, strategy, message_type, country, channel, healthy: false }
    }
}

impl Trace {
    /// An answer that is not explained.
    pub fn of(answer: Answer) -> Self {
        let (strategies, senders, stages, reasons) = Default::default();
        Self { strategies, senders, pin: None, stages, reasons, answer }
    }
}

impl Refusal {
    /// A refusal for a reason of the contract: [`words::reason`](crate::words::reason).
    pub const fn of(reason: u8) -> Self {
        Self { reason, code: 0, detail: 0 }
    }

    /// A refusal of the policy's own, which [`Policy::refusal_text`](crate::Policy::refusal_text) puts in words.
    pub const fn own(code: u32, detail: u64) -> Self {
        Self { reason: reason::OWN, code, detail }
    }
}

impl Answer {
    /// This sender with the step `pool`, without a pin.
    pub fn spread(sender: Sender, strategy: Option<Strategy>) -> Self {
        Self::Decided(Decision { sender, strategy, step: step::POOL, pin: false })
    }

    /// A refusal of the policy's own, which [`Policy::refusal_text`](crate::Policy::refusal_text) puts in words.
    pub fn refuse(code: u32, detail: u64) -> Self {
        Self::Refused(Refusal::own(code, detail))
    }
}
