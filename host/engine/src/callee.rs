//! What is called of an instance: its component, or the program in it.
//!
//! A policy whose component is plain is called through [`crate::core_lane`]. Its first instance is one of the component, in which
//! the compiled program is found, and is dropped before any call. If the program is not found, or the component is not plain, all
//! instances are of the component, which is slower and decides the same.

use std::sync::Arc;

use wasmtime::component::Instance;
use wasmtime::{Result, Store};

use crate::bindings::contract::types::{Answer, Request};
use crate::bindings::explain::Trace;
use crate::bindings::explaining::ExplainingPolicy;
use crate::bindings::exports::callsign::policy::policy::Wording;
use crate::core_lane::{CoreInstance, Lane};
use crate::exports::{Exports, RequestIter};
use crate::instance::State;
use crate::policy::Policy;

/// What is called of an instance. Both answer alike.
#[allow(clippy::large_enum_variant, reason = "an instance is in a box of its own")]
pub(crate) enum Callee {
    Component(Instance, Arc<Exports>),
    Program(CoreInstance, Arc<Lane>),
}

impl Callee {
    /// Starts an instance of a policy. The first one of a plain component is one of the component: what was compiled of its
    /// program is known afterwards, and later ones are of that.
    pub(crate) fn start(policy: &Policy, store: &mut Store<State>) -> Result<Self> {
        if let Some(Some(lane)) = policy.linked.lane.get() {
            return Ok(Self::Program(lane.start(store)?, Arc::clone(lane)));
        }
        let component = policy.linked.pre.instantiate(&mut *store)?;
        if let (Some(shape), Some(linker)) = (&policy.linked.shape, &policy.linked.engine.core_linker)
            && policy.linked.lane.get().is_none()
        {
            let lane = Lane::of(shape, linker, component, store);
            // Another thread may have been first, and has found the same.
            let _ = policy.linked.lane.set(lane.ok().map(Arc::new));
        }
        Ok(Self::Component(component, Arc::clone(&policy.linked.exports)))
    }

    /// Whether nothing of a plain policy was started yet, so that the instance that comes is only there to find its program.
    pub(crate) fn is_first_of(policy: &Policy) -> bool {
        policy.linked.shape.is_some() && policy.linked.lane.get().is_none()
    }

    #[inline]
    pub(crate) fn resolve(&mut self, store: &mut Store<State>, request: Request) -> Result<Answer> {
        match self {
            Self::Component(instance, exports) => exports.resolve(store, *instance, request),
            Self::Program(instance, lane) => instance.resolve(lane, store, &request),
        }
    }

    #[inline]
    pub(crate) fn resolve_batch<'a>(
        &mut self,
        store: &mut Store<State>,
        requests: impl RequestIter<'a>,
    ) -> Result<Vec<Answer>> {
        match self {
            Self::Component(instance, exports) => exports.resolve_batch(store, *instance, requests),
            Self::Program(instance, lane) => instance.resolve_batch(lane, store, requests),
        }
    }

    pub(crate) fn refusal_text(&mut self, store: &mut Store<State>, code: u32, detail: u64) -> Result<Wording> {
        match self {
            Self::Component(instance, exports) => exports.refusal_text(store, *instance, code, detail),
            Self::Program(instance, lane) => instance.refusal_text(lane, store, code, detail),
        }
    }

    pub(crate) fn check_settings(&mut self, store: &mut Store<State>, json: &str) -> Result<Result<(), String>> {
        match self {
            Self::Component(instance, exports) => exports.check_settings(store, *instance, json),
            Self::Program(instance, lane) => instance.check_settings(lane, store, json),
        }
    }

    pub(crate) fn explain(&mut self, store: &mut Store<State>, request: Request) -> Result<Trace> {
        match self {
            Self::Component(instance, _) => {
                let explaining = ExplainingPolicy::new(&mut *store, &*instance)?;
                explaining.callsign_policy_explain().call_explain(store, request)
            }
            Self::Program(instance, lane) => instance.explain(lane, store, &request),
        }
    }
}
