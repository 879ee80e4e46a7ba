//! An instance of a policy: a store, what the running call may see, and the calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use callsign_destination::Number;
use callsign_sticky::StickyStore;
use wasmtime::{ResourceLimiter, Store};

use super::bindings::DecidingPolicy;
use super::bindings::contract::types::{Answer, Request};
use super::bindings::explain::Trace;
use super::bindings::explaining::ExplainingPolicy;
use super::bindings::exports::callsign::policy::policy::Wording;
use super::clock;
use super::failure::{Failure, LONGEST_TEXT, contained, plain};
use super::idle_memory::Reserved;
use super::limits::Limits;
use super::module::Policy;
use crate::catalog::Channel;
use crate::pin::PinRead;
use crate::revision::Revision;
use crate::serving::Serving;

/// What the imports of an instance see.
pub(crate) struct State {
    /// What is decided on: set for a call, kept for the next. Not the policy itself, which owns its idle instances.
    pub(super) revision: Option<Arc<Revision>>,
    pub(super) sticky: Option<Arc<dyn StickyStore>>,
    pub(super) label: Arc<str>,
    /// The messages of the running call, by their handle.
    pub(crate) asked: Vec<Asked>,
    /// Their texts, where the policy imports them.
    pub(crate) texts: Vec<Texts>,
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

/// A message of the running call.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) scope: u32,
    pub(crate) channel: Channel,
    pub(crate) country: u16,
    pub(crate) recipient: Number,
    /// The message's entity, where the catalog has nothing of its own for it.
    pub(crate) other_entity: Option<Box<str>>,
    pub(crate) sent_at: Option<u64>,
    /// What is known of its pin, for the policy if it looks.
    pub(crate) known: PinRead,
    /// What the policy read of the sticky state; none while it has not looked.
    pub(crate) pin: PinRead,
}

/// The texts of a message of the running call.
#[derive(Debug, Default, Clone)]
pub(crate) struct Texts {
    pub(crate) message_id: Option<Box<str>>,
    pub(crate) application: Option<Box<str>>,
    pub(crate) entity: Option<Box<str>>,
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
    /// Stops a call that is late. Compiled code looks at the time where it loops and where a function begins: whatever
    /// else takes time has to do it too.
    #[inline]
    pub(super) fn check_time(&self) -> wasmtime::Result<()> {
        if clock::now() < self.late { Ok(()) } else { Err(wasmtime::Error::new(Failure::Deadline(self.deadline))) }
    }
}

/// An instance.
pub(crate) struct Instance {
    store: Store<State>,
    policy: DecidingPolicy,
    /// For the exports that are looked up when they are wanted.
    instance: wasmtime::component::Instance,
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
            let instance = policy.pre.instance_pre().instantiate(&mut store)?;
            let deciding = policy.exports.load(&mut store, &instance)?;
            Ok((deciding, instance))
        };
        match contained(&mut start) {
            Ok((deciding, instance)) => Ok(Self {
                store,
                policy: deciding,
                instance,
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
    pub(crate) fn calls(&self) -> usize {
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
    pub(crate) fn reads_texts(&self) -> bool {
        self.reads_texts
    }

    /// What is decided on, and the messages of the next call: `asked` is empty and waits for them.
    #[inline]
    pub(crate) fn begin(&mut self, serving: &Serving) -> &mut State {
        let state = self.store.data_mut();
        state.asked.clear();
        state.texts.clear();
        // Shared counts are touched only when something changed: other threads use them too.
        if !state.revision.as_ref().is_some_and(|known| Arc::ptr_eq(known, &serving.revision)) {
            state.revision = Some(Arc::clone(&serving.revision));
            state.sticky = Some(Arc::clone(&serving.sticky));
        }
        state
    }

    /// A message of the running call.
    #[inline]
    pub(crate) fn asked(&mut self, message: u32) -> Option<&mut Asked> {
        self.store.data_mut().asked.get_mut(message as usize)
    }

    /// Answers one request.
    #[inline]
    pub(crate) fn resolve(&mut self, request: Request) -> Result<Answer, Failure> {
        self.call(1, |store, policy| policy.callsign_policy_policy().call_resolve(store, request))
    }

    /// Answers many requests.
    pub(crate) fn resolve_batch(&mut self, requests: &[Request]) -> Result<Vec<Answer>, Failure> {
        let answers = self.call(requests.len(), |store, policy| {
            policy.callsign_policy_policy().call_resolve_batch(store, requests)
        })?;
        if answers.len() != requests.len() {
            return Err(Failure::Answers { answers: answers.len(), requests: requests.len() });
        }
        Ok(answers)
    }

    /// Answers one request and says how.
    pub(crate) fn explain(&mut self, request: Request) -> Result<Trace, Failure> {
        if !self.explains {
            return Err(Failure::NoExplanation);
        }
        let instance = self.instance;
        self.call(1, |store, _| {
            let explaining = ExplainingPolicy::new(&mut *store, &instance)?;
            explaining.callsign_policy_explain().call_explain(store, request)
        })
    }

    /// Words a refusal of the policy's own. It is not about a message any more.
    pub(crate) fn refusal_text(&mut self, code: u32, detail: u64) -> Result<Wording, Failure> {
        self.forget();
        self.call(1, |store, policy| policy.callsign_policy_policy().call_refusal_text(store, code, detail))
    }

    /// Lets the policy check its settings.
    pub(crate) fn check_settings(&mut self, json: &str) -> Result<Result<(), String>, Failure> {
        self.forget();
        self.call(1, |store, policy| policy.callsign_policy_policy().call_check_settings(store, json))
    }

    /// Forgets the messages of the call before.
    fn forget(&mut self) {
        let state = self.store.data_mut();
        state.asked.clear();
        state.texts.clear();
    }

    /// Makes a call, within the limits of a call with so many requests.
    #[inline]
    fn call<T>(
        &mut self,
        requests: usize,
        call: impl FnOnce(&mut Store<State>, &DecidingPolicy) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        self.calls += 1;
        let Self { store, policy, limits, .. } = self;
        store.set_epoch_deadline(self.ticks);
        let state = store.data_mut();
        state.late = clock::now() + self.ticks;
        state.refused = None;
        state.imports = u64::from(limits.imports) * requests as u64;
        state.imports_left = state.imports;
        state.lines_left = LINES;
        state.last_error = None;
        let answer = contained(|| {
            let Some(fuel) = limits.fuel else { return call(store, policy) };
            let fuel = fuel.saturating_mul(requests as u64);
            store.set_fuel(fuel)?;
            let answer = call(store, policy)?;
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
