//! What a message would come to on something else: another policy, other settings, other strategies.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use callsign::{DEFAULT_APPLICATION, Message, Policy, Revision};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::message::{AnswerBody, MessageBody, Request};
use super::{EXPLANATIONS, add_explanation, hide_senders_of_others, json, write};
use crate::binding::{PolicySpec, Target};
use crate::change::{Change, Kind};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Problems, Rates, body};
use crate::service::{Service, View};
use crate::state::State as Platform;
use crate::v1::what_if::{ServiceSources, checked, named_policy, with_settings, within};

/// A message, and what it is decided on. What is not given is what serves.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::v1) struct InsteadRequest {
    /// A message as `POST /v1/decisions` takes it, without options.
    #[schema(value_type = MessageBody)]
    message: Box<RawValue>,
    /// The policy: `standard`, the digest of a module, or its `name@version`.
    #[serde(default)]
    module: Option<String>,
    /// The settings of `module`; without it those of the policy that serves. Any JSON.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    settings: Option<Box<RawValue>>,
    /// Strategies that are put into the catalog, as `POST /v1/strategies` takes them. One with the `sendingStrategyId` of
    /// another replaces it.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>, max_items = 100)]
    strategies: Option<Vec<Map<String, Value>>>,
}

/// What a message is decided on in place of what serves.
type Instead = (Option<Revision>, Option<Arc<Policy>>);

impl InsteadRequest {
    /// Blocks while a policy loads.
    ///
    /// # Errors
    /// 400: something is wrong with a property. 404: the caller may not use it.
    fn instead(self, service: &Service, caller: &Caller, scope: &Scope, sources: &ServiceSources) -> Answer<Instead> {
        let view = service.view();
        let strategies = checked(self.strategies.unwrap_or_default(), &view, caller, true)?;
        let revision = match strategies.is_empty() {
            true => None,
            false => Some(with_strategies(service, &view, strategies)?),
        };
        let settings = self.settings.as_deref();
        let policy = match &self.module {
            Some(module) => Some(named_policy(module, settings, &view, caller, Some(&scope.application), sources)?),
            None if settings.is_some() => {
                let spec = scope.serving(&view.state);
                let policy = sources.module(spec.owner.as_deref(), &spec.module);
                let policy = policy.map_err(|error| Fault::property("settings", error.to_string()))?;
                Some(with_settings(policy, settings)?)
            }
            None => None,
        };
        if revision.is_none() && policy.is_none() {
            let text = "has nothing to decide on instead: give `module`, `settings` or `strategies`";
            return Err(Fault::property("", text));
        }
        Ok((revision, policy.map(Arc::new)))
    }
}

/// The present catalog with strategies in it, all of them at once.
fn with_strategies(service: &Service, view: &View, strategies: Vec<(String, Box<RawValue>)>) -> Answer<Revision> {
    let puts = strategies.into_iter();
    let puts = puts.map(|(id, strategy)| Change { kind: Kind::Strategy, key: id, body: Some(strategy) });
    let catalog = view.after(&puts.collect::<Vec<_>>())?;
    service.gateway.next_revision(catalog).map_err(|error| Fault::conflict(error.to_string()))
}

/// Whose a message is.
struct Scope {
    application: String,
    entity: Option<String>,
}

impl Scope {
    fn of(message: &Message<'_>) -> Self {
        let application = message.application.unwrap_or(DEFAULT_APPLICATION).to_owned();
        Self { application, entity: message.entity.map(str::to_owned) }
    }

    /// What is bound for it.
    fn serving(&self, state: &Platform) -> PolicySpec {
        let application_id = Some(self.application.clone());
        let own = Target { application_id: application_id.clone(), entity_id: self.entity.clone() };
        let wider = [own, Target { application_id, entity_id: None }, Target::default()];
        let bound = wider.iter().find_map(|target| state.bindings.get(target));
        bound.map_or_else(PolicySpec::standard, |bound| bound.active.clone())
    }
}

/// What a message would come to on something else than what serves: another policy, other settings, other strategies. It is
/// always explained, and always a dry run: nothing is changed, and nobody is pinned.
///
/// The key of a tenant asks about its own application, strategies of its own, and modules that it may bind.
#[utoipa::path(post, path = "/v1/decisions/what-if", tag = "decisions", request_body = InsteadRequest,
    responses((status = 200, body = AnswerBody), Problems))]
pub(in crate::v1) async fn decide_instead(
    State(service): State<Arc<Service>>,
    Extension(rates): Extension<Arc<Rates>>,
    caller: Caller,
    bytes: Bytes,
) -> Answer<Response> {
    let asked: InsteadRequest = body(&bytes)?;
    let text = asked.message.clone();
    let in_message = |fault| within("message", fault);
    let request = Request::read(text.get().as_bytes(), 1).map_err(in_message)?;
    if !request.is_single {
        return Err(Fault::property("message", "is one message, without `messages`"));
    }
    rates.decide(&caller.key.key_id, request.decisions())?;
    if let Some(tenant) = caller.budgets.as_deref() {
        tenant.decides(request.decisions())?;
    }
    let attributes = request.attributes();
    let mut messages = request.messages(caller.tenant(), &attributes).map_err(in_message)?;
    if caller.tenant().is_some() {
        let view = service.view();
        hide_senders_of_others(&view, view.sight(&caller), &mut messages);
    }
    let [message] = &messages[..] else { return Err(Fault::internal("one message is not one")) };
    let scope = Scope::of(message);
    // A catalog is edited and indexed, and a module may be compiled.
    let _turn = service.audits.turn(caller.tenant()).await;
    let (inside, of, runtime) = (Arc::clone(&service), caller.clone(), service.bulk.handle());
    let made = tokio::task::spawn_blocking(move || {
        let sources = ServiceSources::new(&inside, runtime, Some(&scope.application));
        asked.instead(&inside, &of, &scope, &sources)
    });
    let (revision, policy) = made.await.map_err(Fault::internal)??;
    let time = service.gateway.request_time(request.decisions());
    let explanation = service.gateway.explain_instead(message, revision, policy, time).await;
    let mut answer = Vec::new();
    write(&mut answer, &explanation.decision().to_json(message.id))?;
    add_explanation(&mut answer, explanation, EXPLANATIONS).await?;
    Ok(json(answer))
}
