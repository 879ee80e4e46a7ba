//! What happens to policies, for a caller that asks.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use callsign::{BindingTarget, Event};
use serde_json::{Value, json};

use crate::abi::{ErrorHandle, GatewayHandle, OutputHandle, Status};
use crate::boundary::call;
use crate::handles::{self, Gateway};
use crate::limits::CALLSIGN_MAX_EVENTS;
use crate::memory::Memory;
use crate::output;

/// Events that were not fetched yet.
#[derive(Default)]
pub(crate) struct Events(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    events: VecDeque<Value>,
    /// How many were dropped since the last one that was fetched.
    missed: u64,
}

impl Events {
    pub(crate) fn add(&self, event: &Event) {
        let event = json_of(event);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.events.len() == CALLSIGN_MAX_EVENTS {
            waiting.events.pop_front();
            waiting.missed += 1;
        }
        waiting.events.push_back(event);
    }

    /// The oldest event, with how many before it were dropped.
    fn next(&self) -> Option<Value> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut event = waiting.events.pop_front()?;
        let missed = std::mem::take(&mut waiting.missed);
        if missed > 0 {
            event["missed"] = missed.into();
        }
        Some(event)
    }
}

/// An event as `/v1/events` of the service has it.
fn json_of(event: &Event) -> Value {
    let (name, details) = event.kind.to_json();
    let mut json = json!({ "event": name, "for": target(&event.target) });
    if let (Some(json), Value::Object(details)) = (json.as_object_mut(), details) {
        json.extend(details);
    }
    json
}

fn target(target: &BindingTarget) -> Value {
    match target {
        BindingTarget::Platform => json!({}),
        BindingTarget::Application(application) => json!({ "applicationId": &**application }),
        BindingTarget::Entity(application, entity) => {
            json!({ "applicationId": &**application, "entityId": &**entity })
        }
    }
}

/// Takes the oldest event that was not fetched yet: what happened to a policy of the gateway. It is written to the output as JSON,
/// such as `{"event": "swapped", "for": {"applicationId": "shop"}, "from": ..., "to": ...}`; if there is none the output is empty. A
/// gateway keeps the last `CALLSIGN_MAX_EVENTS`; `missed` says how many were dropped before this one.
///
/// Any thread may call it, and it never waits. Each event is given once.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_gateway_next_event(
    gateway: GatewayHandle,
    output: OutputHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: no pointer is given.
    call(error, unsafe { Memory::of_caller() }, |_| {
        // Before the event is taken, which would be lost.
        output::check(output)?;
        let event = handles::with::<Gateway, _>(gateway.id, |open| Ok(open.events.next()))?;
        output::put(output, event.map_or_else(String::new, |event| event.to_string()))
    })
}
