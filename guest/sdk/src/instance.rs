//! The code that [`policy!`](crate::policy!) puts between the exports and a [`Policy`]. Not for direct use.

use std::panic;
use std::sync::Once;

use crate::call::{Call, Scratch};
use crate::exports::explain::{self, Trace};
use crate::exports::policy::{self, Wording};
use crate::in_place::{List, Slot, answer_in_place};
use crate::log::{self, Severity};
use crate::policy::{Policy, Settings};
use crate::reads::Imports;
use crate::types::{Answer, Request};

/// A policy inside the sandbox.
#[derive(Debug)]
pub struct Instance<P> {
    policy: P,
    scratch: Scratch,
    /// The request of a call for one message, and in its place the answer.
    single: [Request; 1],
    /// Where the answers to the last batch are.
    pub(crate) answers: List,
}

/// A component that has a policy.
pub trait Exported {
    /// The policy.
    type Policy: Policy;

    /// Gives the instance of the component to somebody.
    fn with<U>(look: impl FnOnce(&mut Instance<Self::Policy>) -> U) -> U;
}

/// The exports of every such component. `resolve` and `resolve-batch` are those of [`in_place`](crate::in_place); those
/// here are for whoever calls the trait.
impl<T: Exported> policy::Guest for T {
    fn check_settings(json: String) -> Result<(), String> {
        check_settings::<T::Policy>(&json)
    }

    fn resolve(request: Request) -> Answer {
        T::with(|instance| instance.answer(&request, &Imports::default()))
    }

    fn resolve_batch(requests: Vec<Request>) -> Vec<Answer> {
        T::with(|instance| {
            let imports = Imports::for_messages(requests.len());
            requests.iter().map(|request| instance.answer(request, &imports)).collect()
        })
    }

    fn refusal_text(code: u32, detail: u64) -> Wording {
        word::<T::Policy>(code, detail)
    }
}

impl<T: Exported> explain::Guest for T {
    fn explain(request: Request) -> Trace {
        T::with(|instance| instance.explain(&request))
    }
}

/// The instance, created on first use.
#[inline]
pub fn of<P: Policy>(instance: &mut Option<Instance<P>>) -> &mut Instance<P> {
    instance.get_or_insert_with(Instance::start)
}

/// Checks settings.
///
/// # Errors
/// What is wrong with them.
pub fn check_settings<P: Policy>(json: &str) -> Result<(), String> {
    report_panics();
    P::Settings::from_json(json).and_then(P::new).map(drop)
}

/// Puts a refusal in words.
pub fn word<P: Policy>(code: u32, detail: u64) -> Wording {
    report_panics();
    P::refusal_text(code, detail)
}

impl<P: Policy> Instance<P> {
    #[cold]
    fn start() -> Self {
        // What is linked into a policy may have something to do first.
        #[cfg(target_arch = "wasm32")]
        wit_bindgen::rt::run_ctors_once();
        report_panics();
        let json = if P::Settings::ANY { crate::settings::json() } else { String::new() };
        match P::Settings::from_json(&json).and_then(P::new) {
            Ok(policy) => Self { policy, scratch: Scratch::default(), single: [EMPTY], answers: List::default() },
            Err(reason) => panic!("the settings are not as they should be: {reason}"),
        }
    }

    /// Answers a request.
    #[inline]
    pub fn resolve(&mut self, request: Request) -> &Slot {
        self.single = [request];
        &answer_all(&mut self.policy, &mut self.scratch, &mut self.single)[0]
    }

    /// Answers many requests, in their order and in their place.
    #[inline]
    pub fn resolve_batch(&mut self, requests: &mut [Request]) {
        answer_all(&mut self.policy, &mut self.scratch, requests);
    }

    fn answer(&mut self, request: &Request, imports: &Imports) -> Answer {
        self.scratch.empty();
        self.policy.resolve(&Call::new(request, imports, &self.scratch))
    }

    /// Answers a request and explains the answer.
    pub fn explain(&mut self, request: &Request) -> Trace {
        self.scratch.empty();
        self.policy.explain(&Call::new(request, &Imports::default(), &self.scratch))
    }
}

/// The request of an instance that has not been asked.
const EMPTY: Request = Request {
    message: 0,
    scope: 0,
    revision: 0,
    recipient: 0,
    message_type: 0,
    marks: 0,
    country: 0,
    area_code: 0,
    channel: 0,
};

/// Answers requests in their place. One copy of the policy's own code is here, for single messages and for batches, so that
/// it can be laid out in one piece with what surrounds it.
#[inline(never)]
fn answer_all<'a, P: Policy>(policy: &mut P, scratch: &mut Scratch, requests: &'a mut [Request]) -> &'a [Slot] {
    let imports = Imports::for_messages(requests.len());
    answer_in_place(requests, |request| {
        // Before the answer and not after it: nothing then stands between it and the host.
        scratch.empty();
        policy.resolve(&Call::new(request, &imports, scratch))
    })
}

/// Logs a panic before the trap that ends it: the host makes the last line logged as an error a part of the failure.
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|panic| {
            let message = panic.payload_as_str().unwrap_or("no message");
            let line = match panic.location() {
                Some(place) => format!("panicked at {place}: {message}"),
                None => format!("panicked: {message}"),
            };
            log::write(Severity::Error, &line);
        }));
    });
}
