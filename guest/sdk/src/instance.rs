//! The code that [`policy!`](crate::policy!) puts between the exports and a [`Policy`]. Not for direct use.

use std::panic;
use std::sync::Once;

use crate::call::{Call, Scratch};
use crate::exports::explain::Trace;
use crate::exports::policy::Wording;
use crate::log::{self, Severity};
use crate::policy::{Policy, Settings};
use crate::reads::Imports;
use crate::types::{Answer, Request};

/// A policy inside the sandbox.
#[derive(Debug)]
pub struct Instance<P> {
    policy: P,
    scratch: Scratch,
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
        report_panics();
        let json = if P::Settings::ANY { crate::settings::json() } else { String::new() };
        match P::Settings::from_json(&json).and_then(P::new) {
            Ok(policy) => Self { policy, scratch: Scratch::default() },
            Err(reason) => panic!("the settings are not as they should be: {reason}"),
        }
    }

    /// Answers a request.
    #[inline]
    pub fn resolve(&mut self, request: &Request) -> Answer {
        self.resolve_with(request, &Imports::default())
    }

    /// Answers many requests, in their order.
    #[inline]
    pub fn resolve_batch(&mut self, requests: &[Request]) -> Vec<Answer> {
        let imports = if requests.len() > 1 { Imports::batch() } else { Imports::default() };
        requests.iter().map(|request| self.resolve_with(request, &imports)).collect()
    }

    #[inline]
    fn resolve_with(&mut self, request: &Request, imports: &Imports) -> Answer {
        // Before the call and not after it: nothing then stands between the answer and the host.
        self.scratch.empty();
        self.policy.resolve(&Call::new(request, imports, &self.scratch))
    }

    /// Answers a request and explains the answer.
    pub fn explain(&mut self, request: &Request) -> Trace {
        self.scratch.empty();
        self.policy.explain(&Call::new(request, &Imports::default(), &self.scratch))
    }
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
