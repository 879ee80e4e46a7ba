//! Decisions: one message, or many.

pub(super) mod instead;
mod message;
mod trace;
mod violations;

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign::{DEFAULT_APPLICATION, DecisionRef, Explanation, Message};
use http::{HeaderValue, header};
use serde::Serialize;

pub(super) use self::message::LONGEST;
use self::message::Request;
use self::trace::TraceId;
use crate::fault::Fault;
use crate::http::{Admitted, Answer, Caller, Problems, Rates, SHORT};
use crate::metrics::Decided;
use crate::service::{Service, View};
use crate::visibility::Sight;

/// Where decisions are asked for.
pub(crate) const PATH: &str = "/v1/decisions";

/// About how many bytes of the answer each message takes.
const ANSWER: usize = 192;

/// The most bytes of all explanations of an answer: 8 MiB, those of about 70,000 senders.
const EXPLANATIONS: usize = 8 << 20;

/// What stands for an explanation that does not fit.
const LEFT_OUT: &[u8] =
    br#"{"cut":"the explanations of an answer have at most 8388608 bytes: ask about fewer messages at a time"}"#;

/// How many notes of an explanation are written on a thread of their own: it takes more than a fraction of a millisecond.
const LONG: usize = 1_000;

/// [`decide`] for a request that the guard has let through.
pub(crate) async fn decide_admitted(service: Arc<Service>, admitted: Admitted) -> Response {
    let (caller, rates, headers, body) = match admitted.into_parts() {
        Ok(parts) => parts,
        Err(fault) => return fault.into_response(),
    };
    let trace = TraceId::of(&headers);
    decide(State(service), Extension(rates), caller, trace, body).await.into_response()
}

/// Decides from which sender a message goes out, or each of several messages.
///
/// The body is a message, or `{"messages": [...]}` with up to 1,000 of them (`limits.messages`); the answer is a
/// decision, or `{"decisions": [...]}` in the order of the messages. Each has a sender, or a refusal. `dryRun` pins
/// nobody, creates no entity and is not recorded; `explain` adds to each decision what every step found. The decision log has
/// the trace id of a `traceparent` header.
#[utoipa::path(post, path = "/v1/decisions", tag = "decisions", request_body = message::RequestBody,
    responses((status = 200, body = message::AnswerBody), Problems))]
pub(super) async fn decide(
    State(service): State<Arc<Service>>,
    Extension(rates): Extension<Arc<Rates>>,
    caller: Caller,
    TraceId(trace): TraceId,
    bytes: Bytes,
) -> Answer<Response> {
    let request = Request::read(&bytes, service.limits.load().messages)?;
    let decisions = request.decisions();
    rates.decide(&caller.key.key_id, decisions)?;
    let budgets = caller.budgets.as_deref();
    if let Some(tenant) = budgets {
        tenant.decides(decisions)?;
    }
    let attributes = request.attributes();
    let mut messages = request.messages(caller.tenant(), &attributes)?;
    if let (Some(trace), true) = (trace, service.decision_log.is_some()) {
        messages.iter_mut().for_each(|message| message.trace_id = Some(trace));
    }
    let view = service.view();
    let sight = view.sight(&caller);
    if caller.tenant().is_some() {
        hide_senders_of_others(&view, sight, &mut messages);
    }
    if request.explain || request.dry_run {
        return Box::pin(explained(&service, &request, &messages)).await;
    }
    let mut named = unknown_entities(sight, &messages);
    if let Some(tenant) = budgets {
        // The messages are decided all the same.
        named.retain(|_| tenant.may_add_entity());
    }
    let began = Instant::now();
    let mut decided = Decided::default();
    let mut body = Vec::with_capacity(32 + messages.len() * ANSWER);
    match &messages[..] {
        [message] if request.is_single => {
            let decision = service.gateway.resolve_async(message).await;
            let decision = decision.get();
            decided.add(&decision);
            note(&service, message, &decision);
            write(&mut body, &decision.to_json(message.id))?;
        }
        messages => {
            // A longer one is worked on in the bulk lane.
            let decisions = match bytes.len() <= SHORT {
                true => Box::pin(service.gateway.resolve_batch_async(messages)).await,
                false => Box::pin(service.gateway.resolve_bulk_async(messages)).await,
            };
            body.extend_from_slice(b"{\"decisions\":[");
            for (index, message) in messages.iter().enumerate() {
                if index > 0 {
                    body.push(b',');
                }
                let decision = decisions.get(index).ok_or_else(|| Fault::internal("a message without a decision"))?;
                decided.add(&decision);
                note(&service, message, &decision);
                write(&mut body, &decision.to_json(message.id))?;
            }
            body.extend_from_slice(b"]}");
        }
    }
    service.metrics.decided(&decided, began.elapsed());
    if !named.is_empty() {
        Box::pin(service.autocreate_entities(caller.tenant(), named)).await;
    }
    Ok(json(body))
}

/// Counts a message that found no sender, for the coverage audit.
fn note(service: &Service, message: &Message<'_>, decision: &DecisionRef<'_>) {
    if let Some(refusal) = decision.refusal() {
        let revision = service.revision();
        service.refused_traffic.add(message, refusal, revision.catalog().numbering().area_codes());
    }
}

/// No sender has this address.
const NOBODY: &str = "\0";

/// Replaces a `from` that is not one of the tenant's senders, so that it is answered like one that does not exist.
fn hide_senders_of_others(view: &View, sight: Sight<'_>, messages: &mut [Message<'_>]) {
    for message in messages.iter_mut() {
        let Some(from) = message.from else { continue };
        if !view.revision.senders_called(from).any(|sender| sight.sees_sender(sender)) {
            message.from = Some(NOBODY);
        }
    }
}

fn write(body: &mut Vec<u8>, decision: &impl Serialize) -> Result<(), Fault> {
    serde_json::to_writer(body, decision).map_err(Fault::internal)
}

fn json(body: Vec<u8>) -> Response {
    let mut response = Bytes::from(body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The entities that messages name and the caller does not have yet. One that another tenant made is among them, like one
/// that nobody made.
fn unknown_entities(sight: Sight<'_>, messages: &[Message<'_>]) -> Vec<String> {
    let mut named: Vec<&str> = Vec::new();
    for message in messages {
        let application = message.application.unwrap_or(DEFAULT_APPLICATION);
        named.extend(message.entity.filter(|entity| !sight.knows_entity(application, entity)));
    }
    named.sort_unstable();
    named.dedup();
    named.into_iter().map(str::to_owned).collect()
}

/// Explains messages, each written out before the next one is asked about. Unless it is a dry run, each is decided too.
async fn explained(service: &Service, request: &Request<'_>, messages: &[Message<'_>]) -> Answer<Response> {
    let time = service.gateway.request_time(messages.len());
    let began = Instant::now();
    let mut decided = Decided::default();
    let mut body = Vec::new();
    let mut left = EXPLANATIONS;
    if !request.is_single {
        body.extend_from_slice(b"{\"decisions\":[");
    }
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        let explanation = service.gateway.explain_within(message, time).await;
        if request.dry_run {
            write(&mut body, &explanation.decision().to_json(message.id))?;
        } else {
            let decision = service.gateway.resolve_within(message, time).await;
            decided.add(&decision.get());
            note(service, message, &decision.get());
            write(&mut body, &decision.get().to_json(message.id))?;
        }
        if request.explain {
            left = left.saturating_sub(add_explanation(&mut body, explanation, left).await?);
        }
    }
    if !request.is_single {
        body.extend_from_slice(b"]}");
    }
    if !request.dry_run {
        service.metrics.decided(&decided, began.elapsed());
    }
    Ok(json(body))
}

/// Adds an explanation of at most `left` bytes to the decision at the end of a body. Returns how many it has.
async fn add_explanation(body: &mut Vec<u8>, explanation: Explanation, left: usize) -> Answer<usize> {
    let explanation = explanation_json(explanation, left).await?;
    // The decision is an object with at least one entry.
    body.pop();
    body.extend_from_slice(b",\"explanation\":");
    body.extend_from_slice(&explanation);
    body.push(b'}');
    Ok(explanation.len())
}

/// An explanation as JSON, or why it is left out: it has more bytes than are left for it.
async fn explanation_json(explanation: Explanation, left: usize) -> Answer<Vec<u8>> {
    let is_long = explanation.notes() >= LONG;
    let write = move || {
        let mut bounded = Bounded { bytes: Vec::new(), left };
        match serde_json::to_writer(&mut bounded, &explanation) {
            Err(error) if error.is_io() => Ok(LEFT_OUT.into()),
            written => written.map(|()| bounded.bytes).map_err(Fault::internal),
        }
    };
    // A long one takes a while to write.
    if is_long { tokio::task::spawn_blocking(write).await.map_err(Fault::internal)? } else { write() }
}

/// Bytes that refuse to be more than there is room for.
struct Bounded {
    bytes: Vec<u8>,
    left: usize,
}

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::FileTooLarge)?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
