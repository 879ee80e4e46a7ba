//! Which policy decides for whom, and how that changes while messages are decided.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use callsign::{
    AutoRollback, Binding, BindingTarget, Breaker, Channel, Message, MessageType, OnFailure, OnUnavailable, Policy,
    Probe, Step, SwapError,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::abi::{ErrorHandle, GatewayHandle, OutputHandle, PolicyHandle, Status, Target, Text};
use crate::boundary::call;
use crate::failure::{Failure, Outcome};
use crate::handles::{self, Gateway};
use crate::limits::CALLSIGN_MAX_TEXT;
use crate::memory::Memory;
use crate::{message, options, output};

/// The rules of a binding.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct BindingOptions {
    on_failure: OnFailureJson,
    on_unavailable: OnUnavailableJson,
    breaker: Option<BreakerJson>,
    probes: Vec<ProbeJson>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum OnFailureJson {
    #[default]
    Refuse,
    Standard,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum OnUnavailableJson {
    #[default]
    Refuse,
    DecideUnpinned,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BreakerJson {
    failures: u32,
    rest_seconds: u64,
}

/// A message that the policy must answer before it serves, with what is expected.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProbeJson {
    #[serde(default)]
    application_id: Option<String>,
    #[serde(default)]
    entity_id: Option<String>,
    channel: String,
    to: String,
    #[serde(default)]
    message_type: Option<String>,
    /// In seconds since 1970.
    #[serde(default)]
    sent_at: Option<u64>,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    sender_id: Option<String>,
    #[serde(default)]
    step: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

/// When a canary is rolled back automatically.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct RollbackOptions {
    per_mille: Option<u16>,
    answers: Option<u64>,
    window_seconds: Option<u64>,
}

impl BindingOptions {
    fn bind(&self, policy: Arc<Policy>) -> Outcome<Binding> {
        let mut binding = Binding::new(policy)
            .on_failure(match self.on_failure {
                OnFailureJson::Refuse => OnFailure::Refuse,
                OnFailureJson::Standard => OnFailure::Standard,
            })
            .on_unavailable(match self.on_unavailable {
                OnUnavailableJson::Refuse => OnUnavailable::Refuse,
                OnUnavailableJson::DecideUnpinned => OnUnavailable::DecideUnpinned,
            });
        if let Some(breaker) = &self.breaker {
            options::within(breaker.failures.into(), 1, 1_000_000, "options.breaker.failures")?;
            let rest = options::seconds(breaker.rest_seconds, "options.breaker.restSeconds")?;
            binding = binding.breaker(Breaker::new(breaker.failures, rest));
        }
        for (index, probe) in self.probes.iter().enumerate() {
            binding = binding.probe(probe.to_probe(index)?);
        }
        Ok(binding)
    }
}

/// The steps that a probe may expect.
const STEPS: [Step; 7] =
    [Step::Explicit, Step::DefaultSender, Step::Sticky, Step::AreaCode, Step::Overlay, Step::Region, Step::Pool];

impl ProbeJson {
    fn to_probe(&self, index: usize) -> Outcome<Probe> {
        let wrong =
            |name: &str, text: String| Failure::at(Status::Options, format!("options.probes[{index}].{name}"), text);
        let no_word = |name: &str, word: &str| wrong(name, format!("{word:?} is no {name}"));
        let channel = Channel::parse(&self.channel).ok_or_else(|| no_word("channel", &self.channel))?;
        let mut pairs = Vec::with_capacity(self.attributes.len());
        for (name, value) in &self.attributes {
            let text = value.as_str().ok_or_else(|| wrong(&format!("attributes.{name}"), "is no text".into()))?;
            pairs.push((&**name, text));
        }
        let mut asked = Message::new(channel, &self.to).attributes(message::check(&pairs)?);
        (asked.application, asked.entity) = (self.application_id.as_deref(), self.entity_id.as_deref());
        asked.sent_at = self.sent_at;
        if let Some(word) = &self.message_type {
            let word = MessageType::parse(word).map_err(|error| wrong("messageType", error.to_string()))?;
            asked.message_type = Some(word);
        }
        let mut probe = Probe::new(&asked);
        if let Some(sender) = &self.sender_id {
            probe = probe.expect_sender(sender);
        }
        if let Some(word) = &self.step {
            let step = STEPS.into_iter().find(|step| step.as_str() == word);
            probe = probe.expect_step(step.ok_or_else(|| no_word("step", word))?);
        }
        if let Some(code) = &self.refusal {
            probe = probe.expect_refusal(code);
        }
        Ok(probe)
    }
}

fn target_of(memory: &Memory, target: *const Target) -> Outcome<BindingTarget> {
    if target.is_null() {
        return Ok(BindingTarget::Platform);
    }
    let target = memory.sized(target, "target")?;
    let application = memory.text(target.application_id, CALLSIGN_MAX_TEXT, "target.applicationId")?;
    let entity = memory.text(target.entity_id, CALLSIGN_MAX_TEXT, "target.entityId")?;
    match (application, entity) {
        (None, None) => Ok(BindingTarget::Platform),
        (Some(application), None) => Ok(BindingTarget::application(application)),
        (Some(application), Some(entity)) => Ok(BindingTarget::entity(application, entity)),
        (None, Some(_)) => {
            Err(Failure::at(Status::Binding, "target.entityId", "stands without an application; name its application"))
        }
    }
}

fn binding(memory: &Memory, policy: PolicyHandle, text: Text) -> Outcome<Binding> {
    let options: BindingOptions = options::read(memory, text, "options")?;
    options.bind(handles::with::<handles::Policy, _>(policy.id, |policy| Ok(Arc::clone(policy)))?)
}

/// Changes a gateway's bindings.
fn change(gateway: GatewayHandle, change: impl FnOnce(&callsign::Gateway) -> Result<(), SwapError>) -> Outcome<()> {
    let refused = |error: SwapError| Failure::of(Status::Binding, &error);
    handles::with::<Gateway, _>(gateway.id, |open| change(&open.gateway).map_err(refused))
}

/// Changes the binding of a target to another one.
fn bind(
    memory: &Memory,
    gateway: GatewayHandle,
    target: *const Target,
    policy: PolicyHandle,
    options: Text,
    bind: impl FnOnce(&callsign::Gateway, &BindingTarget, Binding) -> Result<(), SwapError>,
) -> Outcome<()> {
    let (target, binding) = (target_of(memory, target)?, binding(memory, policy, options)?);
    change(gateway, |gateway| bind(gateway, &target, binding))
}

/// Changes what a target has already.
fn change_of(
    memory: &Memory,
    gateway: GatewayHandle,
    target: *const Target,
    of: impl FnOnce(&callsign::Gateway, &BindingTarget) -> Result<(), SwapError>,
) -> Outcome<()> {
    let target = target_of(memory, target)?;
    change(gateway, |gateway| of(gateway, &target))
}

/// Puts a policy to use for a target. First it checks its settings, its instances start and it answers the probes of its options; then it
/// serves. If it fails in that, what served before serves on.
///
/// `options` is JSON, and may be left out: `{"onFailure": "REFUSE" or "STANDARD", "onUnavailable": "REFUSE" or "DECIDE_UNPINNED",
/// "breaker": {"failures": 20, "restSeconds": 5}, "probes": [...]}`. `onFailure` says what happens to a message that the policy fails on:
/// it is refused, or the standard policy decides. `onUnavailable` says what happens if a pin cannot be read or written. After so
/// many `failures` in a row the policy is not called for `restSeconds`. A probe is a message: `{"applicationId": ..., "entityId": ...,
/// "channel": "SMS", "to": ..., "messageType": ..., "sentAt": SECONDS, "attributes": {...}}`, with what is expected, if anything:
/// `"senderId"`, `"step"` or `"refusal"`.
///
/// Any thread may call it, also while others decide: they wait for nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_swap(
    gateway: GatewayHandle,
    target: *const Target,
    policy: PolicyHandle,
    options: Text,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        bind(memory, gateway, target, policy, options, callsign::Gateway::swap)
    })
}

/// Whether `callsign_gateway_swap` would put a policy to use. Nothing changes.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_check(
    gateway: GatewayHandle,
    target: *const Target,
    policy: PolicyHandle,
    options: Text,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        bind(memory, gateway, target, policy, options, callsign::Gateway::check)
    })
}

/// Lets a candidate decide beside the policy that serves a target. Its answers are compared and have no effect. `options` are those
/// of `callsign_gateway_swap`; `callsign_gateway_binding` says what was found.
///
/// Any thread may call it, also while others decide.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_shadow(
    gateway: GatewayHandle,
    target: *const Target,
    policy: PolicyHandle,
    options: Text,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        bind(memory, gateway, target, policy, options, callsign::Gateway::shadow)
    })
}

/// Lets a candidate serve a share of a target's recipients, in thousandths (1 to 1,000), always the same ones. `options` are those of
/// `callsign_gateway_swap`.
///
/// `rollback` is JSON, and may be left out: `{"perMille": 50, "answers": 100, "windowSeconds": 60}`. The candidate is rolled back
/// automatically when more than `perMille` thousandths of at least `answers` answers within `windowSeconds` are failures or
/// refusals.
///
/// Any thread may call it, also while others decide.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_canary(
    gateway: GatewayHandle,
    target: *const Target,
    policy: PolicyHandle,
    options: Text,
    per_mille: u32,
    rollback: Text,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let (target, binding) = (target_of(memory, target)?, binding(memory, policy, options)?);
        let Some(share) = u16::try_from(per_mille).ok().filter(|share| (1..=1_000).contains(share)) else {
            return Err(Failure::at(Status::Length, "per_mille", format!("is {per_mille}; it may be 1 to 1000")));
        };
        let given: RollbackOptions = options::read(memory, rollback, "rollback")?;
        let default = AutoRollback::default();
        let window = match given.window_seconds {
            Some(seconds) => options::seconds(seconds, "rollback.windowSeconds")?,
            None => default.window,
        };
        let wrong = given.per_mille.unwrap_or(default.per_mille);
        let rollback = AutoRollback::new(wrong, given.answers.unwrap_or(default.answers), window);
        change(gateway, |gateway| gateway.canary(&target, binding, share, rollback))
    })
}

/// Lets the candidate of a target serve all of it: its canary, or else its shadow.
///
/// Any thread may call it, also while others decide.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_promote(
    gateway: GatewayHandle,
    target: *const Target,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| change_of(memory, gateway, target, callsign::Gateway::promote))
}

/// Takes the candidates of a target off.
///
/// Any thread may call it, also while others decide.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_withdraw(
    gateway: GatewayHandle,
    target: *const Target,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        change_of(memory, gateway, target, callsign::Gateway::withdraw)
    })
}

/// Goes back to the policy that served a target before. The last 16 are kept.
///
/// Any thread may call it, also while others decide.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_rollback(
    gateway: GatewayHandle,
    target: *const Target,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        change_of(memory, gateway, target, callsign::Gateway::rollback)
    })
}

/// Removes the binding of an application or entity: the more general one serves.
///
/// Any thread may call it, also while others decide.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_unbind(
    gateway: GatewayHandle,
    target: *const Target,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| change_of(memory, gateway, target, callsign::Gateway::unbind))
}

/// Writes the binding of a target to an output, as JSON: `history`, the policies that served it with the second since 1970 `until` which
/// they did, the last of them without, since it serves; how many of its `failures` there were; and its candidates, `shadow` and
/// `canary`. Of a shadow `comparison` says how many messages were `compared`, how many were `different`, how many were `dropped`, and
/// has `samples`. A target without a binding has an empty history.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_binding(
    gateway: GatewayHandle,
    target: *const Target,
    output: OutputHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let target = target_of(memory, target)?;
        let described = handles::with::<Gateway, _>(gateway.id, |open| Ok(describe(&open.gateway, &target)))?;
        output::put(output, described.to_string())
    })
}

fn describe(gateway: &callsign::Gateway, target: &BindingTarget) -> Value {
    let history = gateway.history(target).into_iter().map(|served| {
        let until = served.until.and_then(|until| until.duration_since(UNIX_EPOCH).ok());
        json!({ "policy": &*served.policy, "until": until.map(|until| until.as_secs()) })
    });
    let (shadow, canary) = gateway.candidates(target);
    let mut described = json!({
        "history": history.collect::<Vec<_>>(), "failures": gateway.failures(target),
        "shadow": shadow.as_deref(), "canary": canary.as_deref(),
    });
    if let Some(found) = gateway.comparison(target) {
        let samples = found.samples.iter().map(|one| {
            json!({
                "applicationId": &*one.application, "entityId": one.entity.as_deref(), "to": &*one.to,
                "serving": one.serving, "candidate": one.candidate,
            })
        });
        described["comparison"] = json!({
            "compared": found.compared, "different": found.different, "dropped": found.dropped,
            "samples": samples.collect::<Vec<_>>(),
        });
    }
    described
}
