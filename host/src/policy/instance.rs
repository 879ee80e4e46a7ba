//! An instance of a policy: a store, what the running call may see, and the calls.

use std::sync::Arc;

use callsign_destination::Number;
use wasmtime::{ResourceLimiter, Store, Trap};

use super::Engine;
use super::bindings::DecidingPolicy;
use super::bindings::contract::types::{Answer, Request};
use super::bindings::explain::Trace;
use super::bindings::explaining::ExplainingPolicy;
use super::bindings::exports::callsign::policy::policy::Wording;
use super::limits::Limits;
use super::module::{Failure, Policy};
use crate::catalog::Channel;
use crate::gateway::Serving;
use crate::revision::Revision;
use crate::sticky::{Pin, StickyError, StickyStore};

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
    /// Why a call was stopped by the host.
    pub(super) stopped: Option<Failure>,
    memory: usize,
    table_elements: usize,
}

/// A message of the running call.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) scope: u32,
    pub(crate) channel: Channel,
    pub(crate) recipient: Number,
    /// What the policy read of the sticky state; none while it has not looked.
    pub(crate) pin: Option<Result<Option<Pin>, StickyError>>,
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
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.memory {
            // The guest sees an allocation that fails and traps; this is the cause to report.
            self.stopped = Some(Failure::Memory(self.memory));
            return Ok(false);
        }
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= self.table_elements)
    }
}

/// An instance.
pub(crate) struct Instance {
    store: Store<State>,
    policy: DecidingPolicy,
    explaining: Option<ExplainingPolicy>,
    limits: Limits,
    ticks: u64,
    calls: usize,
    reads_texts: bool,
}

impl Instance {
    pub(super) fn new(policy: &Policy) -> Result<Self, Failure> {
        let engine = Engine::get().map_err(|error| Failure::NoInstance(error.to_string()))?;
        let limits = policy.limits.clone();
        let state = State {
            revision: None,
            sticky: None,
            label: Arc::clone(&policy.label),
            asked: Vec::new(),
            texts: Vec::new(),
            settings: Arc::clone(&policy.settings),
            imports: 0,
            imports_left: 0,
            lines_left: LINES,
            stopped: None,
            memory: limits.memory,
            table_elements: limits.table_elements,
        };
        let mut store = Store::new(&engine.engine, state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(limits.returned);
        // The contract has no resources: a component that makes handles of its own needs few.
        store.set_max_component_handles(64);
        let ticks = (limits.deadline.as_nanos() / Limits::TICK.as_nanos()).max(1) as u64;
        store.set_epoch_deadline(ticks);
        let mut start = || {
            let instance = policy.pre.instance_pre().instantiate(&mut store)?;
            let deciding = DecidingPolicy::new(&mut store, &instance)?;
            let explaining = policy.fit.explains.then(|| ExplainingPolicy::new(&mut store, &instance)).transpose()?;
            Ok((deciding, explaining))
        };
        let started: wasmtime::Result<_> = start();
        match started {
            Ok((policy_exports, explaining)) => Ok(Self {
                store,
                policy: policy_exports,
                explaining,
                ticks,
                calls: 0,
                reads_texts: policy.fit.reads_texts,
                limits,
            }),
            Err(error) => Err(Self::failure(&error, &mut store, &limits, true)),
        }
    }

    /// How many calls it has answered.
    pub(crate) fn calls(&self) -> usize {
        self.calls
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
        self.arm(1);
        let answer = self.policy.callsign_policy_policy().call_resolve(&mut self.store, request);
        self.settle(answer)
    }

    /// Answers many requests.
    pub(crate) fn resolve_batch(&mut self, requests: &[Request]) -> Result<Vec<Answer>, Failure> {
        self.arm(requests.len());
        let answers = self.policy.callsign_policy_policy().call_resolve_batch(&mut self.store, requests);
        let answers = self.settle(answers)?;
        if answers.len() != requests.len() {
            return Err(Failure::Answers { answers: answers.len(), requests: requests.len() });
        }
        Ok(answers)
    }

    /// Answers one request and says how.
    pub(crate) fn explain(&mut self, request: Request) -> Result<Trace, Failure> {
        self.arm(1);
        let Some(explaining) = &self.explaining else { return Err(Failure::NoExplanation) };
        let trace = explaining.callsign_policy_explain().call_explain(&mut self.store, request);
        self.settle(trace)
    }

    /// Words a refusal of the policy's own.
    pub(crate) fn refusal_text(&mut self, code: u32, detail: u64) -> Result<Wording, Failure> {
        self.arm(1);
        let text = self.policy.callsign_policy_policy().call_refusal_text(&mut self.store, code, detail);
        self.settle(text)
    }

    /// Lets the policy check its settings.
    pub(crate) fn check_settings(&mut self, json: &str) -> Result<Result<(), String>, Failure> {
        self.arm(1);
        let checked = self.policy.callsign_policy_policy().call_check_settings(&mut self.store, json);
        self.settle(checked)
    }

    #[inline]
    fn arm(&mut self, requests: usize) {
        self.calls += 1;
        self.store.set_epoch_deadline(self.ticks);
        let state = self.store.data_mut();
        state.imports = u64::from(self.limits.imports) * requests as u64;
        state.imports_left = state.imports;
        state.lines_left = LINES;
    }

    #[inline]
    fn settle<T>(&mut self, result: wasmtime::Result<T>) -> Result<T, Failure> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(Self::failure(&error, &mut self.store, &self.limits, false)),
        }
    }

    #[cold]
    fn failure(error: &wasmtime::Error, store: &mut Store<State>, limits: &Limits, starting: bool) -> Failure {
        if let Some(failure) = store.data_mut().stopped.take() {
            return failure;
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Failure::Deadline(limits.deadline),
            Some(trap) => Failure::Trap(trap.to_string()),
            None if starting => Failure::NoInstance(format!("{error:#}")),
            None => Failure::Trap(format!("{error:#}")),
        }
    }
}
