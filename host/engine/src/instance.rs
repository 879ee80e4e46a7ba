//! An instance of a policy: a store, what the running call may see, and the calls.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use callsign_destination::Number;
use callsign_sticky::{Pin, StickyError, StickyStore};
use wasmtime::{ResourceLimiter, Store};

use super::bindings::contract::types::{Answer, Request};
use super::bindings::explain::Trace;
use super::bindings::explaining::ExplainingPolicy;
use super::bindings::exports::callsign::policy::policy::Wording;
use super::clock;
use super::exports::{Exports, InOrder};
use super::failure::{Failure, LONGEST_TEXT, contained, plain};
use super::idle_memory::Reserved;
use super::limits::Limits;
use super::policy::Policy;
use callsign_catalog::Channel;
use callsign_index::Revision;

/// What the imports of an instance see.
pub struct State {
    /// What is decided on: set for a call, kept for the next. Not the policy itself, which owns its idle instances.
    pub(super) revision: Option<Arc<Revision>>,
    pub(super) sticky: Option<Arc<dyn StickyStore>>,
    pub(super) label: Arc<str>,
    /// The messages of the running call, by their handle.
    pub(super) asked: Vec<Asked>,
    /// The entities of those whose entity the catalog has nothing for, in the order of their handles, and what is known of
    /// pins: most calls have neither.
    pub(super) entities: OtherEntities,
    pub(super) pins: Vec<PinOf>,
    /// Their texts, where the policy imports them.
    pub texts: Vec<Texts>,
    pub(super) settings: Arc<str>,
    /// The imports that the running call may make, and how many of them are left.
    pub(super) imports: u64,
    pub(super) imports_left: u64,
    /// The lines that it may still log.
    pub(super) lines_left: u32,
    /// The last line that it logged as an error: the SDK's way to say of a panic what and where it was.
    pub(super) last_error: Option<String>,
    /// What the policy wanted during the call and was not given. It may have done without.
    refused: Option<Failure>,
    /// The tick from which on the call is late.
    late: u64,
    deadline: Duration,
    memory_limit: usize,
    /// The linear memory that it has, in bytes.
    memory: usize,
    meter: Arc<Meter>,
    table_elements: usize,
}

/// What the calls of a policy have taken, over all of its instances.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// The most linear memory of any instance.
    pub(super) memory: AtomicUsize,
    /// The instructions of the call that ended last, where they are counted.
    pub(super) instructions: AtomicU64,
}

/// What was read of the pin of a message; none while nobody looked. A policy that wants a pin without having looked
/// inserts: it cannot replace what it does not know of.
pub type PinRead = Option<Result<Option<Pin>, StickyError>>;

/// A message of the running call.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The handle of its scope.
    pub scope: u32,
    /// Its channel.
    pub channel: Channel,
    /// Its destination country: two ASCII letters.
    pub country: u16,
    /// Its recipient.
    pub recipient: Number,
    /// When it goes out, in seconds since 1970-01-01 UTC.
    pub sent_at: Option<u64>,
    /// Where what is known of its pin is, if anything is.
    pub(super) pin: Option<NonZeroU32>,
}

impl Asked {
    /// A message of whose pin nothing is known.
    #[inline]
    pub fn new(scope: u32, channel: Channel, country: u16, recipient: Number, sent_at: Option<u64>) -> Self {
        Self { scope, channel, country, recipient, sent_at, pin: None }
    }
}

/// What is known of the pin of a message.
#[derive(Debug)]
pub(super) struct PinOf {
    pub(super) read: Result<Option<Pin>, StickyError>,
    /// The policy has looked.
    pub(super) was_read: bool,
}

/// Entities of messages, in one text.
#[derive(Debug, Default)]
pub(super) struct OtherEntities {
    text: String,
    /// Message, and where its entity ends in the text.
    ends: Vec<(u32, usize)>,
}

impl OtherEntities {
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn push(&mut self, message: u32, entity: &str) {
        self.text.push_str(entity);
        self.ends.push((message, self.text.len()));
    }

    pub(super) fn get(&self, message: u32) -> Option<&str> {
        let at = self.ends.binary_search_by_key(&message, |&(message, _)| message).ok()?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before].1);
        self.text.get(start..self.ends[at].1)
    }
}

/// The texts of a message of the running call.
#[derive(Debug, Default, Clone)]
pub struct Texts {
    /// `messageId`.
    pub message_id: Option<Box<str>>,
    /// `applicationId`.
    pub application: Option<Box<str>>,
    /// `entityId`.
    pub entity: Option<Box<str>>,
}

/// How many lines a call may log.
const LINES: u32 = 16;

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.check_time()?;
        if desired > self.memory_limit {
            // The guest sees an allocation that fails and traps; this is the cause to report.
            self.refused = Some(Failure::Memory(self.memory_limit));
            return Ok(false);
        }
        self.memory += desired - current;
        self.meter.memory.fetch_max(desired, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.check_time()?;
        if desired > self.table_elements {
            self.refused = Some(Failure::Table(self.table_elements));
            return Ok(false);
        }
        Ok(true)
    }
}

impl State {
    /// Makes a message known, the next by its handle; with its entity where the catalog has nothing of its own for that.
    #[inline]
    pub fn ask(&mut self, asked: Asked, other_entity: Option<&str>) {
        if let Some(entity) = other_entity {
            self.entities.push(self.asked.len() as u32, entity);
        }
        self.asked.push(asked);
    }

    /// What is known of the pin of a message.
    #[inline]
    pub(super) fn pin(&mut self, message: u32) -> Option<&mut PinOf> {
        let at = self.asked.get(message as usize)?.pin?;
        self.pins.get_mut(at.get() as usize - 1)
    }

    /// Puts in what is known of the pin of a message.
    #[inline]
    pub(super) fn know(&mut self, message: u32, pin: PinOf) {
        if let Some(asked) = self.asked.get_mut(message as usize) {
            self.pins.push(pin);
            asked.pin = NonZeroU32::new(self.pins.len() as u32);
        }
    }

    /// Forgets the messages of the call before.
    #[inline]
    fn forget(&mut self) {
        self.asked.clear();
        self.texts.clear();
        self.pins.clear();
        self.entities.clear();
    }

    /// Stops a call that is late. Compiled code looks at the time where it loops and where a function begins: whatever
    /// else takes time has to do it too.
    #[inline]
    pub(super) fn check_time(&self) -> wasmtime::Result<()> {
        if clock::now() < self.late { Ok(()) } else { Err(wasmtime::Error::new(Failure::Deadline(self.deadline))) }
    }
}

/// An instance.
pub struct Instance {
    store: Store<State>,
    instance: wasmtime::component::Instance,
    exports: Arc<Exports>,
    explains: bool,
    limits: Limits,
    ticks: u64,
    calls: usize,
    reads_texts: bool,
    /// While it waits for a call: its part of what idle instances may have, where it is a large one.
    pub(super) reserved: Option<Reserved>,
}

impl Instance {
    /// Starts one. Its start functions have the limits of a call.
    pub(super) fn new(policy: &Policy) -> Result<Self, Failure> {
        let limits = policy.limits.clone();
        let ticks = clock::ticks(limits.deadline);
        let state = State {
            revision: None,
            sticky: None,
            label: Arc::clone(&policy.label),
            asked: Vec::new(),
            entities: OtherEntities::default(),
            pins: Vec::new(),
            texts: Vec::new(),
            settings: Arc::clone(&policy.settings),
            imports: u64::from(limits.imports),
            imports_left: u64::from(limits.imports),
            lines_left: LINES,
            last_error: None,
            refused: None,
            late: clock::now() + ticks,
            deadline: limits.deadline,
            memory_limit: limits.memory,
            memory: 0,
            meter: Arc::clone(&policy.meter),
            table_elements: limits.table_elements,
        };
        let mut store = Store::new(&policy.engine.engine, state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(limits.returned);
        // The contract has no resources: a component that makes handles of its own needs few.
        store.set_max_component_handles(64);
        store.set_epoch_deadline(ticks);
        let mut start = || {
            if let Some(fuel) = limits.fuel {
                store.set_fuel(fuel).map_err(|_| wasmtime::Error::new(Failure::NoInstance(UNMETERED.into())))?;
            } else if policy.engine.counts {
                store.set_fuel(u64::MAX)?;
            }
            policy.pre.instantiate(&mut store)
        };
        match contained(&mut start) {
            Ok(instance) => Ok(Self {
                store,
                instance,
                exports: Arc::clone(&policy.exports),
                explains: policy.fit.explains,
                ticks,
                calls: 0,
                reads_texts: policy.fit.reads_texts,
                reserved: None,
                limits,
            }),
            Err(error) => Err(match failure(&error, &mut store, &limits, 1) {
                Failure::Trap(reason) => Failure::NoInstance(reason),
                failure => failure,
            }),
        }
    }

    /// How many calls it has answered.
    #[inline]
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// The linear memory that it has, in bytes.
    #[inline]
    pub(super) fn memory(&self) -> usize {
        self.store.data().memory
    }

    /// The number of the revision that it was last called on; none before its first call.
    pub(super) fn revision(&self) -> Option<u64> {
        self.store.data().revision.as_ref().map(|revision| revision.number())
    }

    /// Whether the policy reads the texts of messages.
    #[inline]
    pub fn reads_texts(&self) -> bool {
        self.reads_texts
    }

    /// What is decided on, and the messages of the next call: `asked` is empty and waits for them.
    #[inline]
    pub fn begin(&mut self, revision: &Arc<Revision>, sticky: &Arc<dyn StickyStore>) -> &mut State {
        let state = self.store.data_mut();
        state.forget();
        // Shared counts are touched only when something changed: other threads use them too.
        if !state.revision.as_ref().is_some_and(|known| Arc::ptr_eq(known, revision)) {
            state.revision = Some(Arc::clone(revision));
            state.sticky = Some(Arc::clone(sticky));
        }
        state
    }

    /// Puts in what is known of the pin of a message, for the policy if it looks.
    #[inline]
    pub fn know(&mut self, message: u32, read: Result<Option<Pin>, StickyError>) {
        self.store.data_mut().know(message, PinOf { read, was_read: false });
    }

    /// What the policy read of the pin of a message; none where it did not look. It is gone then.
    #[inline]
    pub fn read(&mut self, message: u32) -> PinRead {
        let pin = self.store.data_mut().pin(message)?;
        pin.was_read.then(|| std::mem::replace(&mut pin.read, Ok(None)))
    }

    /// What is known of the pin of a message, whether the policy has looked or not.
    #[inline]
    pub fn known(&mut self, message: u32) -> PinRead {
        self.store.data_mut().pin(message).map(|pin| pin.read.clone())
    }

    /// Answers one request.
    #[inline]
    pub fn resolve(&mut self, request: Request) -> Result<Answer, Failure> {
        self.call(1, |store, instance, exports| exports.resolve(store, instance, request))
    }

    /// Answers many requests.
    #[inline]
    pub fn resolve_batch<'a>(&mut self, requests: impl InOrder<'a>) -> Result<Vec<Answer>, Failure> {
        let count = requests.len();
        let answers = self.call(count, |store, instance, exports| exports.resolve_batch(store, instance, requests));
        match answers {
            Ok(answers) if answers.len() == count => Ok(answers),
            Ok(answers) => Err(Failure::Answers { answers: answers.len(), requests: count }),
            Err(Failure::Answers { answers, .. }) => Err(Failure::Answers { answers, requests: count }),
            Err(failure) => Err(failure),
        }
    }

    /// Answers one request and says how.
    pub fn explain(&mut self, request: Request) -> Result<Trace, Failure> {
        if !self.explains {
            return Err(Failure::NoExplanation);
        }
        self.call(1, |store, instance, _| {
            let explaining = ExplainingPolicy::new(&mut *store, &instance)?;
            explaining.callsign_policy_explain().call_explain(store, request)
        })
    }

    /// Words a refusal of the policy's own. It is not about a message any more.
    pub fn refusal_text(&mut self, code: u32, detail: u64) -> Result<Wording, Failure> {
        self.store.data_mut().forget();
        self.call(1, |store, instance, exports| exports.refusal_text(store, instance, code, detail))
    }

    /// Lets the policy check its settings.
    pub fn check_settings(&mut self, json: &str) -> Result<Result<(), String>, Failure> {
        self.store.data_mut().forget();
        self.call(1, |store, instance, exports| exports.check_settings(store, instance, json))
    }

    /// Makes a call, within the limits of a call with so many requests.
    #[inline]
    fn call<T>(
        &mut self,
        requests: usize,
        call: impl FnOnce(&mut Store<State>, wasmtime::component::Instance, &Exports) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        self.calls += 1;
        let Self { store, instance, exports, limits, .. } = self;
        store.set_epoch_deadline(self.ticks);
        let state = store.data_mut();
        state.late = clock::now() + self.ticks;
        state.refused = None;
        state.imports = u64::from(limits.imports) * requests as u64;
        state.imports_left = state.imports;
        state.lines_left = LINES;
        state.last_error = None;
        let answer = contained(|| {
            let Some(fuel) = limits.fuel else { return call(store, *instance, exports) };
            let fuel = fuel.saturating_mul(requests as u64);
            store.set_fuel(fuel)?;
            let answer = call(store, *instance, exports)?;
            let left = store.get_fuel()?;
            store.data().meter.instructions.store(fuel - left, Ordering::Relaxed);
            Ok(answer)
        });
        answer.map_err(|error| failure(&error, store, limits, requests as u64))
    }
}

/// Why a budget of instructions cannot be kept.
const UNMETERED: &str = "a budget of instructions must be given when the policy is compiled";

#[cold]
fn failure(error: &wasmtime::Error, store: &mut Store<State>, limits: &Limits, requests: u64) -> Failure {
    let fuel = limits.fuel.unwrap_or_default().saturating_mul(requests);
    let State { refused, last_error, .. } = store.data_mut();
    match (Failure::of(error, refused.take(), limits, fuel), last_error.take()) {
        (Failure::Trap(trap), Some(line)) => Failure::Trap(format!("{trap}: {}", plain(&line, LONGEST_TEXT))),
        (failure, _) => failure,
    }
}
