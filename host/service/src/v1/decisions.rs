//! Decisions: one message, or many.

mod message;

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign::{DEFAULT_APPLICATION, DecisionRef, Message};
use hashbrown::HashSet;
use http::{HeaderValue, header};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use self::message::Request;
use crate::fault::Fault;
use crate::http::{Answer, Caller, Problems, Rates};
use crate::metrics::Decided;
use crate::service::Service;
use crate::tenant::charged;

/// About how many bytes of the answer each message takes.
const ANSWER: usize = 192;

/// Decides from which sender a message goes out, or each of several messages.
///
/// The body is a message, or `{"messages": [...]}` with up to 1,000 of them (`limits.messages`); the answer is a
/// decision, or `{"decisions": [...]}` in the order of the messages. Each has a sender, or a refusal. `dryRun` pins
/// nobody and creates no entity; `explain` adds to each decision what every step found.
#[utoipa::path(post, path = "/v1/decisions", tag = "decisions", request_body = message::RequestBody,
    responses((status = 200, body = message::AnswerBody), Problems))]
pub(super) async fn decide(
    State(service): State<Arc<Service>>,
    Extension(rates): Extension<Arc<Rates>>,
    caller: Caller,
    bytes: Bytes,
) -> Answer<Response> {
    let request = Request::read(&bytes, service.config.limits.messages)?;
    rates.decide(&caller.key.key_id, request.messages.len())?;
    let budgets = caller.budgets.as_deref();
    if let Some(tenant) = budgets {
        tenant.decides(request.messages.len())?;
    }
    let mut messages = request.messages(caller.tenant())?;
    if let Some(tenant) = caller.tenant() {
        hide_senders_of_others(&service, tenant, &mut messages);
    }
    if request.explain || request.dry_run {
        // Explaining reads pins synchronously, so it must not block the other tasks of this thread.
        let explained = async { tokio::task::block_in_place(|| explained(&service, &request, &messages)) };
        return charged(budgets, explained).await;
    }
    let mut named = unknown_entities(&service, &messages);
    if let Some(tenant) = budgets {
        // The messages are decided all the same.
        named.retain(|_| tenant.may_add_entity());
    }
    let began = Instant::now();
    let mut decided = Decided::default();
    let mut body = Vec::with_capacity(32 + messages.len() * ANSWER);
    match &messages[..] {
        [message] if request.is_single => {
            let decision = charged(budgets, service.gateway.resolve_async(message)).await;
            let decision = decision.get();
            decided.add(&decision);
            note(&service, message, &decision);
            write(&mut body, &decision.to_json(message.id))?;
        }
        messages => {
            let decisions = charged(budgets, service.gateway.resolve_batch_async(messages)).await;
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
        service.autocreate_entities(named).await;
    }
    Ok(json(body))
}

/// Counts a message that found no sender, for the coverage audit.
fn note(service: &Service, message: &Message<'_>, decision: &DecisionRef<'_>) {
    if let Some(refusal) = decision.refusal() {
        service.refused_traffic.add(message, refusal);
    }
}

/// No sender has this address.
const NOBODY: &str = "\0";

/// Replaces a `from` that is not one of the tenant's senders, so that it is answered like one that does not exist.
fn hide_senders_of_others(service: &Service, tenant: &str, messages: &mut [Message<'_>]) {
    if messages.iter().all(|message| message.from.is_none()) {
        return;
    }
    let revision = service.revision();
    let catalog = revision.catalog();
    let application = catalog.application(tenant).map(|(application, _)| application);
    let own = catalog.associations().iter().filter(|association| Some(association.application) == application);
    let own: HashSet<u32> = own.map(|association| association.sender).collect();
    for message in messages.iter_mut() {
        let Some(from) = message.from else { continue };
        if !revision.senders_called(from).any(|sender| own.contains(&sender)) {
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

/// The entities that messages name and the catalog lacks, each with its application.
fn unknown_entities(service: &Service, messages: &[Message<'_>]) -> Vec<(String, String)> {
    let state = service.state();
    let mut named = Vec::new();
    for message in messages {
        let Some(entity) = message.entity.filter(|entity| !state.entities.contains(*entity)) else { continue };
        let application = message.application.unwrap_or(DEFAULT_APPLICATION);
        if !named.iter().any(|(known, _)| known == entity) {
            named.push((entity.to_owned(), application.to_owned()));
        }
    }
    named
}

/// A decision with what every step found.
struct Explained<'a> {
    decision: callsign::DecisionRef<'a>,
    message_id: Option<&'a str>,
    explanation: Option<&'a callsign::Explanation>,
}

impl Serialize for Explained<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Both<D: Serialize, E: Serialize> {
            #[serde(flatten)]
            decision: D,
            explanation: E,
        }
        let decision = self.decision.to_json(self.message_id);
        match self.explanation {
            None => decision.serialize(serializer),
            Some(explanation) => Both { decision, explanation }.serialize(serializer),
        }
    }
}

/// Explains messages. Unless it is a dry run, they are decided afterwards.
fn explained(service: &Service, request: &Request<'_>, messages: &[Message<'_>]) -> Answer<Response> {
    let explanations: Vec<callsign::Explanation> =
        messages.iter().map(|message| service.gateway.explain(message)).collect();
    let mut decisions = Vec::new();
    if !request.dry_run {
        let began = Instant::now();
        decisions.extend(messages.iter().map(|message| service.gateway.resolve(message)));
        let mut decided = Decided::default();
        for (message, decision) in messages.iter().zip(&decisions) {
            decided.add(&decision.get());
            note(service, message, &decision.get());
        }
        service.metrics.decided(&decided, began.elapsed());
    }
    let each = explanations.iter().enumerate().map(|(index, explanation)| Explained {
        decision: decisions.get(index).map_or_else(|| explanation.decision(), |decision| decision.get()),
        message_id: messages[index].id,
        explanation: request.explain.then_some(explanation),
    });
    let mut each: Vec<Explained<'_>> = each.collect();
    let mut body = Vec::new();
    if request.is_single
        && let Some(only) = each.pop()
    {
        write(&mut body, &only)?;
    } else {
        struct All<'a>(Vec<Explained<'a>>);
        impl Serialize for All<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("decisions", &self.0)?;
                map.end()
            }
        }
        write(&mut body, &All(each))?;
    }
    Ok(json(body))
}
