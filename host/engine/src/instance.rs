//! An instance of a policy: its wasmtime store, the state that its imports read, and the calls.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use callsign_catalog::escape;
use callsign_index::{CurrentSignals, Revision, SignalSource, Signals};
use callsign_sticky::{Pin, StickyError, StickyStore};
use wasmtime::{ResourceLimiter, Store};

use crate::bindings::contract::types::{Answer, Request};
use crate::bindings::exports::callsign::policy::policy::Wording;
use crate::call_message::{CallMessage, LoadedPin, MessageTexts, OtherEntities, PinRead};
use crate::callee::Callee;
use crate::clock;
use crate::core_lane::Guest;
use crate::exports::RequestIter;
use crate::failure::{Failure, MAX_TEXT, catch_panic};
use crate::idle_memory::Reservation;
use crate::limits::{Isolation, Limits};
use crate::log_budget::LogBudget;
use crate::memory_budget::{Share, TABLE_ELEMENT};
use crate::message_attributes::MessageAttributes;
use crate::policy::Policy;
use crate::time::CallTime;
use crate::trace::{Explained, TraceBounds};

/// The state that the imports of an instance read.
pub struct State {
    /// The revision of the last call, kept for the next one. The policy itself is not kept here: it owns its idle
    /// instances, and the two would keep each other alive.
    pub(super) revision: Option<Arc<Revision>>,
    pub(super) sticky: Option<Arc<dyn StickyStore>>,
    pub(super) label: Arc<str>,
    /// The messages of the running call, by handle.
    pub(super) messages: Vec<CallMessage>,
    /// The entities that the catalog has no scope for, in the order of their messages' handles. Most calls have none.
    pub(super) entities: OtherEntities,
    /// The pins that were loaded so far. Most calls have none.
    pub(super) pins: Vec<LoadedPin>,
    /// The texts of the messages, by handle; empty unless the policy imports `messages`.
    pub texts: Vec<MessageTexts>,
    /// The attributes of the messages; empty unless the policy reads them.
    pub(super) attributes: MessageAttributes,
    /// Where the signals of a call come from.
    pub(super) source: Option<Arc<dyn SignalSource>>,
    /// The signals of the running call or the last one, once it has read any.
    pub(super) signals: Option<CurrentSignals>,
    /// The largest pool that the policy is to copy; `None` where that depends on how many messages an instance is for.
    pub(super) copy_up_to: Option<u32>,
    /// Whether the instance is for one call.
    pub(super) is_fresh: bool,
    pub(super) settings: Arc<str>,
    /// How many imports the running call may make, and how many of them are left.
    pub(super) imports: u64,
    pub(super) imports_left: u64,
    /// How many lines the running call may still log.
    pub(super) log_lines_left: u32,
    pub(super) log_budget: Option<Arc<LogBudget>>,
    /// The last line that the call logged as an error. The SDK logs a panic's message and place this way.
    pub(super) last_error: Option<String>,
    /// The limit that the last refused request for memory or for a table would have passed. The policy may have gone on
    /// without.
    refused: Option<Failure>,
    /// The tick at which the call's deadline has passed.
    deadline_tick: u64,
    deadline: Duration,
    memory_limit: usize,
    /// The instance's linear memory, in bytes.
    memory: usize,
    meter: Arc<Meter>,
    table_elements: usize,
    /// What the instance has of its policy's budget.
    share: Share,
    /// What imports need of an instance that is called through the core lane.
    pub(super) guest: Option<Guest>,
}

/// What the calls of a policy used, over all of its instances.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// The most linear memory that any instance had, in bytes.
    pub(super) memory: AtomicUsize,
    /// The instructions of the call that ended last, if the engine counts them.
    pub(super) instructions: AtomicU64,
}

/// How many lines a call may log. Further lines are dropped.
const MAX_LOG_LINES: u32 = 16;

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.check_time()?;
        if desired > self.memory_limit {
            // The guest sees a failed allocation and traps; this is the cause to report.
            self.refused = Some(Failure::Memory(self.memory_limit));
            return Ok(false);
        }
        if let Err(refused) = self.share.grow(desired - current) {
            self.refused = Some(refused);
            return Ok(false);
        }
        self.memory += desired - current;
        self.meter.memory.fetch_max(desired, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.check_time()?;
        if desired > self.table_elements {
            self.refused = Some(Failure::Table(self.table_elements));
            return Ok(false);
        }
        if let Err(refused) = self.share.grow((desired - current) * TABLE_ELEMENT) {
            self.refused = Some(refused);
            return Ok(false);
        }
        Ok(true)
    }
}

impl State {
    /// Adds a message to the call. The first one has the handle 0. `other_entity` is its entity, if the catalog has no
    /// scope for that.
    #[inline]
    pub fn push_message(&mut self, message: CallMessage, other_entity: Option<&str>) {
        if let Some(entity) = other_entity {
            self.entities.push(self.messages.len() as u32, entity);
        }
        self.messages.push(message);
    }

    /// Adds the attributes of the next message, each a name and a value: of every message of the call, in the order of the
    /// handles, or of none.
    pub fn push_attributes<'a>(&mut self, attributes: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.attributes.push(attributes);
    }

    /// Loads the signals of the running call, unless it has read some before: they are those of that moment.
    pub(super) fn load_signals(&mut self) {
        if self.signals.is_none() {
            self.signals = self.source.as_ref().map(|source| source.current());
        }
    }

    /// The pin of a message; `None` if it is not loaded.
    #[inline]
    pub(super) fn pin(&mut self, message: u32) -> Option<&mut LoadedPin> {
        let at = self.messages.get(message as usize)?.pin?;
        self.pins.get_mut(at.get() as usize - 1)
    }

    /// Loads the pin of a message.
    #[inline]
    pub(super) fn set_pin(&mut self, message: u32, pin: LoadedPin) {
        if let Some(message) = self.messages.get_mut(message as usize) {
            self.pins.push(pin);
            message.pin = NonZeroU32::new(self.pins.len() as u32);
        }
    }

    /// Removes the messages of the last call.
    #[inline]
    fn clear_messages(&mut self) {
        self.messages.clear();
        self.texts.clear();
        self.attributes.clear();
        self.pins.clear();
        self.entities.clear();
        self.signals = None;
    }

    /// Fails if the call's deadline has passed. Compiled code checks the deadline in loops and where a function begins;
    /// imports and growing memory check it here.
    #[inline]
    pub(super) fn check_time(&self) -> wasmtime::Result<()> {
        if clock::now() < self.deadline_tick {
            Ok(())
        } else {
            Err(wasmtime::Error::new(Failure::Deadline(self.deadline.into())))
        }
    }
}

/// An instance of a policy, for one call at a time.
pub struct Instance {
    store: Store<State>,
    callee: Callee,
    explains: bool,
    limits: Limits,
    /// The policy's deadline.
    ticks: u64,
    /// How long the next call may take, if that is less.
    time: CallTime,
    calls: usize,
    reads_texts: bool,
    reads_attributes: bool,
    /// While the instance is idle: its share of [`Limits::idle_memory`], if it is a large one.
    pub(super) reservation: Option<Reservation>,
}

impl Instance {
    /// Starts an instance. Its start functions run within the limits of a call.
    pub(super) fn new(policy: &Policy, time: CallTime) -> Result<Self, Failure> {
        if Callee::is_first_of(policy) {
            drop(Self::start(policy, time)?);
        }
        Self::start(policy, time)
    }

    fn start(policy: &Policy, time: CallTime) -> Result<Self, Failure> {
        let limits = policy.limits.clone();
        let ticks = clock::ticks(limits.deadline);
        let allowed = ticks.min(time.0);
        let state = State {
            revision: None,
            sticky: None,
            label: Arc::clone(&policy.linked.label),
            messages: Vec::new(),
            entities: OtherEntities::default(),
            pins: Vec::new(),
            texts: Vec::new(),
            attributes: MessageAttributes::default(),
            source: None,
            signals: None,
            copy_up_to: policy.copy_up_to,
            is_fresh: policy.isolation() == Isolation::Fresh,
            settings: Arc::clone(&policy.settings),
            imports: u64::from(limits.imports),
            imports_left: u64::from(limits.imports),
            log_lines_left: MAX_LOG_LINES,
            log_budget: policy.log_budget.clone(),
            last_error: None,
            refused: None,
            deadline_tick: clock::begin() + allowed,
            deadline: limits.deadline,
            memory_limit: limits.memory,
            memory: 0,
            meter: Arc::clone(&policy.meter),
            table_elements: limits.table_elements,
            share: Share::of_instance(&policy.budget)?,
            guest: None,
        };
        let mut store = Store::new(&policy.linked.engine.engine, state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(limits.returned);
        // The contract has no resources, so only a component that makes handles for itself needs any.
        store.set_max_component_handles(64);
        store.set_epoch_deadline(allowed);
        let mut start = || {
            if let Some(fuel) = limits.fuel {
                store.set_fuel(fuel).map_err(|_| wasmtime::Error::new(Failure::NoInstance(UNMETERED.into())))?;
            } else if policy.linked.engine.metered {
                store.set_fuel(u64::MAX)?;
            }
            Callee::start(policy, &mut store)
        };
        match catch_panic(&mut start) {
            Ok(callee) => Ok(Self {
                store,
                callee,
                explains: policy.linked.fit.explains,
                ticks,
                time: CallTime::FULL,
                calls: 0,
                reads_texts: policy.linked.fit.reads_texts,
                reads_attributes: policy.linked.fit.reads_attributes,
                reservation: None,
                limits,
            }),
            Err(error) => Err(match failure(&error, &mut store, &limits, 1, 0) {
                Failure::Trap(reason) => Failure::NoInstance(reason),
                Failure::Deadline(_) if allowed < ticks => Failure::Stopped,
                failure => failure,
            }),
        }
    }

    /// Lets the next call take this long, if that is less than the policy's deadline.
    #[inline]
    pub(super) fn allow(&mut self, time: CallTime) {
        self.time = time;
    }

    /// How many calls were made, failed ones included.
    #[inline]
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// The instance's linear memory, in bytes.
    #[inline]
    pub(super) fn memory(&self) -> usize {
        self.store.data().memory
    }

    /// The number of the revision of the last call; `None` before the first call.
    pub(super) fn revision(&self) -> Option<u64> {
        self.store.data().revision.as_ref().map(|revision| revision.number())
    }

    /// Whether the policy reads the texts of messages.
    #[inline]
    pub fn reads_texts(&self) -> bool {
        self.reads_texts
    }

    /// Whether the policy reads the attributes of messages.
    #[inline]
    pub fn reads_attributes(&self) -> bool {
        self.reads_attributes
    }

    /// Begins the next call: sets its revision, its sticky store and the source of its signals, and removes the messages of
    /// the last one. The caller adds the messages with [`State::push_message`]. A revision always comes with the same store.
    #[inline]
    pub fn begin(
        &mut self,
        revision: &Arc<Revision>,
        sticky: &Arc<dyn StickyStore>,
        signals: &Arc<dyn SignalSource>,
    ) -> &mut State {
        let state = self.store.data_mut();
        state.clear_messages();
        // Other threads use these reference counts too, so they are written only when the revision has changed.
        if !state.revision.as_ref().is_some_and(|current| Arc::ptr_eq(current, revision)) {
            state.revision = Some(Arc::clone(revision));
            state.sticky = Some(Arc::clone(sticky));
        }
        if !state.source.as_ref().is_some_and(|current| Arc::ptr_eq(current, signals)) {
            state.source = Some(Arc::clone(signals));
        }
        state
    }

    /// Loads the pin of a message before the call, so that a policy that reads it does not ask the store.
    #[inline]
    pub fn set_pin(&mut self, message: u32, value: Result<Option<Pin>, StickyError>) {
        self.store.data_mut().set_pin(message, LoadedPin { value, read_by_policy: false });
    }

    /// Takes the pin that the policy has read for a message; `None` if it read none.
    #[inline]
    pub fn take_pin_read(&mut self, message: u32) -> PinRead {
        let pin = self.store.data_mut().pin(message)?;
        pin.read_by_policy.then(|| std::mem::replace(&mut pin.value, Ok(None)))
    }

    /// The pin of a message, whether or not the policy has read it; `None` if it is not loaded.
    #[inline]
    pub fn known_pin(&mut self, message: u32) -> PinRead {
        self.store.data_mut().pin(message).map(|pin| pin.value.clone())
    }

    /// The signals that the last call has read; `None` if it read none.
    #[inline]
    pub fn signals_read(&self) -> Option<&Signals> {
        self.store.data().signals.as_deref()
    }

    /// Signals are of one call, and an idle instance keeps none alive.
    #[inline]
    pub(super) fn forget_signals(&mut self) {
        self.store.data_mut().signals = None;
    }

    /// Answers one request.
    #[inline]
    pub fn resolve(&mut self, request: Request) -> Result<Answer, Failure> {
        // It stays where it is: each copy of it, within another result, waits for what was just written.
        let mut answer = None;
        self.call(1, |store, callee| {
            answer = Some(callee.resolve(store, request)?);
            Ok(())
        })?;
        answer.ok_or(Failure::Answers { answers: 0, requests: 1 })
    }

    /// Answers many requests.
    #[inline]
    pub fn resolve_batch<'a>(&mut self, requests: impl RequestIter<'a>) -> Result<Vec<Answer>, Failure> {
        let count = requests.len();
        let answers = self.call(count, |store, callee| callee.resolve_batch(store, requests));
        match answers {
            Ok(answers) if answers.len() == count => Ok(answers),
            Ok(answers) => Err(Failure::Answers { answers: answers.len(), requests: count }),
            Err(Failure::Answers { answers, .. }) => Err(Failure::Answers { answers, requests: count }),
            Err(failure) => Err(failure),
        }
    }

    /// Answers one request, with the trace of how the policy came to the answer. The trace is bounded by the size of
    /// the request's scope.
    pub fn explain(&mut self, request: Request) -> Result<Explained, Failure> {
        if !self.explains {
            return Err(Failure::NoExplanation);
        }
        let bounds = TraceBounds::of(self.store.data().revision.as_deref(), request.scope);
        let (returned, bytes) = (self.limits.returned, bounds.bytes().min(self.limits.returned));
        self.store.set_hostcall_fuel(bytes);
        self.limits.returned = bytes;
        let trace = self.call(1, |store, callee| callee.explain(store, request));
        self.limits.returned = returned;
        self.store.set_hostcall_fuel(returned);
        trace.map(|trace| bounds.cut(trace))
    }

    /// The code and the text of a refusal of the policy's own. The call has no messages.
    pub fn refusal_text(&mut self, code: u32, detail: u64) -> Result<Wording, Failure> {
        self.store.data_mut().clear_messages();
        self.call(1, |store, callee| callee.refusal_text(store, code, detail))
    }

    /// Lets the policy check its settings.
    pub fn check_settings(&mut self, json: &str) -> Result<Result<(), String>, Failure> {
        self.store.data_mut().clear_messages();
        self.call(1, |store, callee| callee.check_settings(store, json))
    }

    /// Makes a call. The limits per request are multiplied by the number of requests.
    #[inline]
    fn call<T>(
        &mut self,
        requests: usize,
        call: impl FnOnce(&mut Store<State>, &mut Callee) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        self.calls += 1;
        let memory_before = self.memory();
        let Self { store, callee, limits, .. } = self;
        let allowed = self.ticks.min(std::mem::replace(&mut self.time, CallTime::FULL).0);
        // The clock first: a resting one moves the epoch by several ticks at once.
        let now = clock::begin();
        store.set_epoch_deadline(allowed);
        let state = store.data_mut();
        state.deadline_tick = now + allowed;
        state.refused = None;
        state.imports = u64::from(limits.imports) * requests as u64;
        state.imports_left = state.imports;
        state.log_lines_left = MAX_LOG_LINES;
        state.last_error = None;
        let answer = catch_panic(|| {
            let Some(fuel) = limits.fuel else { return call(store, callee) };
            let fuel = fuel.saturating_mul(requests as u64);
            store.set_fuel(fuel)?;
            let answer = call(store, callee)?;
            let left = store.get_fuel()?;
            store.data().meter.instructions.store(fuel - left, Ordering::Relaxed);
            Ok(answer)
        });
        answer.map_err(|error| match failure(&error, store, limits, requests as u64, memory_before) {
            Failure::Deadline(_) if allowed < self.ticks => Failure::Stopped,
            failure => failure,
        })
    }
}

/// The error for a limit of instructions on a policy whose code does not count them.
const UNMETERED: &str = "a budget of instructions must be given when the policy is compiled";

#[cold]
fn failure(
    error: &wasmtime::Error,
    store: &mut Store<State>,
    limits: &Limits,
    requests: u64,
    memory_before: usize,
) -> Failure {
    let fuel = limits.fuel.unwrap_or_default().saturating_mul(requests);
    let State { refused, last_error, memory, .. } = store.data_mut();
    let refused = refused.take();
    let failure = Failure::from_wasmtime(error, refused.clone(), limits, fuel);
    let failure = failure.with_memory(refused.as_ref(), *memory - memory_before.min(*memory), *memory, limits);
    match (failure, last_error.take()) {
        (Failure::Trap(trap), Some(line)) => Failure::Trap(format!("{trap}: {}", escape::line(&line, MAX_TEXT))),
        (failure, _) => failure,
    }
}
