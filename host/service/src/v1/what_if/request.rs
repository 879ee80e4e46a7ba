//! A request for a comparison.

use std::sync::Arc;
use std::time::Duration;

use callsign::{Catalog, Policy};
use callsign_log::TimeRange;
use callsign_replay::{Instead, InsteadError, PassOptions};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use utoipa::ToSchema;

use super::comparison::{Comparison, PATIENCE};
use super::sources::ServiceSources;
use crate::binding::Target;
use crate::change::{Change, Kind, new_id, now, raw};
use crate::fault::{Fault, Violation};
use crate::http::{Caller, id, quoted};
use crate::module::STANDARD;
use crate::service::{Service, View, fault_of};
use crate::v1::bindings::find_module;
use crate::v1::logged_decisions::{log_of, own_since};

/// How far a comparison goes back by default.
const BACK: Duration = Duration::from_secs(24 * 60 * 60);

/// The most strategies of a comparison.
const STRATEGIES: usize = 100;

/// What recorded messages are decided on instead. What is not given is what the log names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WhatIfRequest {
    /// Only messages of this application; for a key of a tenant its own.
    #[serde(default)]
    application_id: Option<String>,
    /// Only messages of this entity.
    #[serde(default)]
    entity_id: Option<String>,
    /// Only decisions that began then or later, as RFC 3339; by default those of the last 24 hours.
    #[serde(default)]
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Only decisions that began before, as RFC 3339.
    #[serde(default)]
    #[schema(format = DateTime)]
    until: Option<String>,
    /// The policy that decides all of them: `standard`, the digest of a module, or its `name@version`.
    #[serde(default)]
    module: Option<String>,
    /// The settings of `module`; without it those of every policy that the log names. Any JSON.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    settings: Option<Box<RawValue>>,
    /// Strategies that are put into the catalog, as `POST /v1/strategies` takes them. One with the `sendingStrategyId` of
    /// another replaces it.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>, max_items = 100)]
    strategies: Option<Vec<Map<String, Value>>>,
    /// The catalog that is decided on, as `GET /v1/catalog` gives it. For keys of the platform.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    catalog: Option<Box<RawValue>>,
}

/// A time in microseconds since 1970.
fn microseconds(name: &str, text: Option<&str>) -> Result<Option<u64>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let time: Timestamp = text
        .parse()
        .map_err(|_| Fault::property(name, format!("{} is not a time such as 2026-03-01T21:30:00Z", quoted(text))))?;
    Ok(Some(u64::try_from(time.as_microsecond()).unwrap_or(0)))
}

impl WhatIfRequest {
    /// What is compared with what. Blocks while a catalog is indexed and a module loaded; not for a thread of a runtime.
    ///
    /// # Errors
    /// 400: something is wrong with a property. 403 or 404: the caller may not use it.
    pub(super) fn comparison(
        self,
        service: &Arc<Service>,
        caller: &Caller,
        runtime: Handle,
    ) -> Result<Comparison, Fault> {
        let view = service.view();
        let mut options = self.options(&view, caller)?;
        options.range.since = options.range.since.max(own_since(service, caller));
        let application = options.application.as_deref();
        let sources = ServiceSources::new(service, runtime, application);
        let instead = self.instead(&view, caller, application, &sources)?;
        if instead.is_nothing() {
            let text = "has nothing to decide on instead: give `module`, `settings`, `strategies` or `catalog`";
            return Err(Fault::property("", text));
        }
        let log = log_of(service)?;
        let standard = service.modules.standard().map_err(Fault::internal)?;
        Ok(Comparison {
            instead,
            log: log.folder().to_owned(),
            key: log.recorder().key().cloned(),
            standard: Arc::new(sources.bounded(standard)),
            sources,
            options,
        })
    }

    /// Which decisions are compared.
    fn options(&self, view: &View, caller: &Caller) -> Result<PassOptions, Fault> {
        let mut options = PassOptions::default();
        let application = match (caller.tenant(), &self.application_id) {
            (Some(tenant), None) => Some(tenant.to_owned()),
            (None, None) => None,
            (_, Some(text)) => Some(view.sight(caller).application(&id("applicationId", text)?)?.id().to_owned()),
        };
        options.application = application.map(Into::into);
        if let Some(text) = &self.entity_id {
            options.entity = Some(id("entityId", text)?.into());
        }
        let since = microseconds("since", self.since.as_deref())?;
        let until = microseconds("until", self.until.as_deref())?;
        let default = now().saturating_mul(1_000).saturating_sub(BACK.as_micros() as u64);
        options.range = TimeRange { since: since.unwrap_or(default), until: until.unwrap_or(u64::MAX) };
        if options.range.until <= options.range.since {
            return Err(Fault::property("until", "is not after `since`, which is 24 hours ago by default"));
        }
        options.time = Some(PATIENCE);
        Ok(options)
    }

    /// What they are decided on.
    fn instead(
        self,
        view: &View,
        caller: &Caller,
        application: Option<&str>,
        sources: &ServiceSources,
    ) -> Result<Instead, Fault> {
        let mut instead = Instead::nothing();
        let has_catalog = self.catalog.is_some();
        if let Some(catalog) = self.catalog {
            caller.needs_platform("a catalog")?;
            let catalog = Catalog::from_json(catalog.get());
            let catalog = catalog.map_err(|error| Fault::property("catalog", error.to_string()))?;
            let catalog = catalog.with_numbering(sources.numbering());
            let given = instead.with_catalog(catalog, "another catalog");
            instead = given.map_err(|error| Fault::property("catalog", error.to_string()))?;
        }
        let strategies = self.strategies.unwrap_or_default();
        for (index, strategy) in checked(strategies, view, caller, !has_catalog)?.into_iter().enumerate() {
            let place = format!("strategies[{index}]");
            let (id, strategy) = strategy;
            let put = instead.with_strategy(strategy, format!("the strategy {id}"));
            instead = put.map_err(|error| match error {
                InsteadError::Strategy(error) => within(&place, *fault_of(&error)),
                error => Fault::property(&*place, error.to_string()),
            })?;
        }
        match (&self.module, self.settings) {
            (Some(module), settings) => {
                let policy = named_policy(module, settings.as_deref(), view, caller, application, sources)?;
                let words = match &**module {
                    STANDARD => format!("the policy {STANDARD}"),
                    _ => format!("the policy {}", policy.label()),
                };
                instead = instead.with_policy(policy, words);
            }
            (None, Some(settings)) => instead = instead.with_settings(settings.get(), "other settings"),
            (None, None) => {}
        }
        Ok(instead)
    }
}

/// The policy that a property `module` names, with settings. Blocks while it loads.
///
/// # Errors
/// 400: it does not take the settings. 404: the caller may not bind such a module.
pub(in crate::v1) fn named_policy(
    module: &str,
    settings: Option<&RawValue>,
    view: &View,
    caller: &Caller,
    application: Option<&str>,
    sources: &ServiceSources,
) -> Result<Policy, Fault> {
    let target = Target { application_id: application.map(str::to_owned), entity_id: None };
    let (owner, digest) = match module {
        STANDARD => (None, STANDARD.to_owned()),
        text => {
            let found = find_module(&view.state, caller, &target, text)?;
            (found.application_id.clone(), found.digest.clone())
        }
    };
    let policy = sources.module(owner.as_deref(), &digest);
    let policy = policy.map_err(|error| Fault::property("module", error.to_string()))?;
    with_settings(policy, settings)
}

/// # Errors
/// 400: the policy does not take the settings.
pub(in crate::v1) fn with_settings(policy: Policy, settings: Option<&RawValue>) -> Result<Policy, Fault> {
    let Some(settings) = settings else { return Ok(policy) };
    policy.with_settings(settings.get()).map_err(|error| Fault::property("settings", error.to_string()))
}

/// Strategies with their ids, each of which the caller may make, or the one that it replaces is the caller's own.
///
/// # Errors
/// 400: there are too many of them, or one is wrong or, if it must fit the present catalog, does not.
pub(in crate::v1) fn checked(
    strategies: Vec<Map<String, Value>>,
    view: &View,
    caller: &Caller,
    fits_present: bool,
) -> Result<Vec<(String, Box<RawValue>)>, Fault> {
    if strategies.len() > STRATEGIES {
        let text = format!("are {}, and may be {STRATEGIES}", strategies.len());
        return Err(Fault::property("strategies", text));
    }
    let strategies = strategies.into_iter().enumerate();
    let checked = strategies.map(|(index, strategy)| {
        let checked = checked_one(strategy, view, caller, fits_present);
        checked.map_err(|fault| within(&format!("strategies[{index}]"), fault))
    });
    checked.collect()
}

/// A strategy with an id, and its id.
fn checked_one(
    mut strategy: Map<String, Value>,
    view: &View,
    caller: &Caller,
    fits_present: bool,
) -> Result<(String, Box<RawValue>), Fault> {
    let sight = view.sight(caller);
    if !strategy.contains_key("sendingStrategyId") {
        strategy.insert("sendingStrategyId".into(), new_id().map_err(Fault::internal)?.into());
    }
    let id = strategy.get("sendingStrategyId").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(tenant) = caller.tenant() {
        strategy.entry("platform").or_insert_with(|| json!({ "applicationId": tenant }));
        // Whatever the catalog would say of another scope, it is not the tenant's.
        if sight.scope_of_body(&strategy)?.is_none() {
            return Err(Fault::property("platform.applicationId", "is required"));
        }
        sight.listed_senders(&strategy)?;
        if view.catalog().strategy(&id).is_some() {
            sight.strategy(&id)?;
        }
    }
    let strategy = raw(&Value::Object(strategy));
    if fits_present {
        let change = Change { kind: Kind::Strategy, key: id.clone(), body: Some(strategy.clone()) };
        view.after(&[change])?;
    }
    Ok((id, strategy))
}

/// A fault of a part of the body.
pub(in crate::v1) fn within(place: &str, mut fault: Fault) -> Fault {
    match fault.status {
        StatusCode::BAD_REQUEST => {}
        StatusCode::NOT_FOUND => fault = Fault::property("", fault.text),
        _ => return fault,
    }
    let violations = fault.violations.into_iter().map(|violation| match &*violation.property {
        "" => Violation::new(place, violation.violation),
        property => Violation::new(format!("{place}.{property}"), violation.violation),
    });
    Fault::invalid(violations.collect())
}
