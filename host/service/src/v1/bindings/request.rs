//! Requests to bind a policy.

use callsign_catalog::Id;
use callsign_registry::{ReferenceError, Repository};
use semver::{Version, VersionReq};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::target::BindingRequest;
use crate::binding::{AutoRollbackSpec, BreakerSpec, FailureRule, PolicySpec, ProbeSpec, Target, UnavailableRule};
use crate::change::now;
use crate::fault::{Fault, Violation};
use crate::http::{Caller, quoted};
use crate::module::{ModuleRecord, STANDARD};
use crate::service::Service;
use crate::state::State;

/// The most probes of a binding.
const MOST_PROBES: usize = 100;

/// A request for a policy: the fields that every such request has, then its own. A macro because serde cannot flatten a
/// struct that holds raw JSON or denies unknown fields.
macro_rules! policy_request {
    ($(#[$about:meta])* $name:ident, versions: $versions:literal, $($own:tt)*) => {
        $(#[$about])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(super) struct $name {
            /// `standard`, the digest of a module, or its `name@version`.
            module: String,
            /// Any JSON; the policy says what it accepts.
            #[serde(default)]
            #[schema(value_type = Option<Object>)]
            settings: Option<Box<RawValue>>,
            #[doc = $versions]
            #[serde(default)]
            #[schema(value_type = Option<String>)]
            versions: Option<VersionReq>,
            /// A repository of an OCI registry, such as `registry.example/acme/policy`: its tags are looked at now and then, and the
            /// newest version in `versions` is taken in. Needs `versions`. None if left out.
            #[serde(default)]
            #[schema(value_type = Option<String>)]
            repository: Option<String>,
            /// What happens to a message when the policy fails; default `REFUSE`.
            #[serde(default)]
            on_failure: Option<FailureRule>,
            /// What happens to a message when its pin cannot be read or written; default `REFUSE`.
            #[serde(default)]
            on_unavailable: Option<UnavailableRule>,
            /// When a policy that keeps failing is no longer called for a while; default after 20 failures, for 5
            /// seconds.
            #[serde(default)]
            breaker: Option<BreakerSpec>,
            /// Messages that it must decide as expected before it is bound.
            #[serde(default)]
            #[schema(max_items = 100)]
            probes: Option<Vec<ProbeSpec>>,
            $($own)*
        }
    };
}

policy_request! {
    /// A policy to bind.
    PolicyRequest,
    versions: " The versions to update to, such as `^1.2`: newer ones are bound when they are uploaded. \
               A tenant that has bound a module of the platform follows those that it shares, when they are shared. None if \
               left out.",
}

policy_request! {
    /// A candidate to decide for a share of the recipients.
    CanaryRequest,
    versions: " The versions to update to once it is promoted.",
    /// Its share of the recipients, in thousandths.
    #[schema(minimum = 1, maximum = 1000)]
    per_mille: u16,
    /// When it is rolled back automatically; default when more than 50 thousandths of at least 100 answers in a minute
    /// are wrong.
    #[serde(rename = "recall", default)]
    auto_rollback: Option<AutoRollbackSpec>,
}

impl CanaryRequest {
    /// # Errors
    /// 400: a number is out of its range.
    pub(super) fn parts(self) -> Result<(PolicyRequest, u16, AutoRollbackSpec), Fault> {
        let Self {
            module,
            settings,
            versions,
            repository,
            on_failure,
            on_unavailable,
            breaker,
            probes,
            per_mille,
            auto_rollback,
        } = self;
        let auto_rollback = auto_rollback.unwrap_or_default();
        within("perMille", per_mille.into(), 1, 1_000)?;
        within("recall.perMille", auto_rollback.per_mille.into(), 0, 1_000)?;
        within("recall.answers", auto_rollback.answers, 1, u32::MAX)?;
        within("recall.windowSeconds", auto_rollback.window_seconds, 1, 86_400)?;
        let request =
            PolicyRequest { module, settings, versions, repository, on_failure, on_unavailable, breaker, probes };
        Ok((request, per_mille, auto_rollback))
    }
}

impl PolicyRequest {
    /// The policy to bind.
    ///
    /// # Errors
    /// 400 with what is wrong; 404 if there is no such module for this key and this binding.
    pub(super) fn spec(self, request: &BindingRequest) -> Result<PolicySpec, Fault> {
        let BindingRequest { service, caller, target, .. } = request;
        let state = service.state();
        let breaker = self.breaker.unwrap_or_default();
        within("breaker.failures", breaker.failures, 1, 1_000_000)?;
        within("breaker.restSeconds", breaker.rest_seconds, 1, 86_400)?;
        let probes = probes(self.probes.unwrap_or_default(), caller)?;
        let mut spec = PolicySpec {
            settings: self.settings,
            versions: self.versions,
            on_failure: self.on_failure.unwrap_or_default(),
            on_unavailable: self.on_unavailable.unwrap_or_default(),
            breaker,
            probes,
            ..PolicySpec::standard()
        };
        if self.module != STANDARD {
            let module = find(&state, caller, target, &self.module)?;
            spec.module.clone_from(&module.digest);
            spec.owner.clone_from(&module.application_id);
            spec.policy = module.label();
            spec.signed_by = state.signers(module, now());
            spec.shared_only = caller.tenant().is_some() && spec.owner.is_none();
        }
        match &spec.versions {
            Some(_) if spec.module == STANDARD => Err(Fault::property(
                "versions",
                "the standard policy comes with the service: it has no versions to follow",
            )),
            Some(versions) if !spec.version().is_some_and(|version| versions.matches(&version)) => {
                Err(Fault::property("versions", format!("{} is not of a version in {versions}", spec.policy)))
            }
            _ => {
                spec.repository = self.repository.map(|text| followed(service, caller, &spec, &text)).transpose()?;
                Ok(spec)
            }
        }
    }
}

/// The repository that a binding is to follow.
///
/// # Errors
/// 400: it is none, or the binding has no versions to follow, or follows what the platform shares. 403: modules do not come from
/// there.
fn followed(service: &Service, caller: &Caller, spec: &PolicySpec, text: &str) -> Result<Repository, Fault> {
    let wrong = |violation: &str| Fault::property("repository", violation);
    let repository: Repository = text.parse().map_err(|error: ReferenceError| wrong(&error.to_string()))?;
    if spec.versions.is_none() {
        return Err(wrong("needs `versions`, which says what to take of it"));
    }
    if caller.tenant().is_some() && spec.owner.is_none() {
        return Err(wrong("the module is the platform's, whose newer versions come when it shares them"));
    }
    service.registry.may(&repository, spec.owner.as_deref())?;
    Ok(repository)
}

fn within(property: &str, value: u32, least: u32, most: u32) -> Result<(), Fault> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(Fault::property(property, format!("{value} is not a number from {least} to {most}"))),
    }
}

/// The module that a text names: of the target's application, or else of the platform. Tenants can bind those of the platform
/// that it shares.
pub(in crate::v1) fn find<'a>(
    state: &'a State,
    caller: &Caller,
    target: &Target,
    text: &str,
) -> Result<&'a ModuleRecord, Fault> {
    let named = text.split_once('@').and_then(|(name, version)| Some((name, version.parse::<Version>().ok()?)));
    let is_it = |module: &ModuleRecord| match &named {
        Some((name, version)) => module.name == *name && module.version == *version,
        None => module.digest == text,
    };
    let of = |owner: Option<&str>| state.modules_of(owner).find(|module| is_it(module));
    let own = target.application_id.as_deref().and_then(|application| of(Some(application)));
    let found = own.or_else(|| of(None).filter(|module| caller.tenant().is_none() || module.shared));
    found.map(|module| &**module).ok_or_else(|| Fault::not_found(format!("the module {}", quoted(text))))
}

/// # Errors
/// 404: the module has been removed.
pub(super) fn must_have(state: &State, spec: &PolicySpec) -> Result<(), Fault> {
    match spec.module == STANDARD || state.has_module(spec.owner.as_deref(), &spec.module) {
        true => Ok(()),
        false => Err(Fault::not_found(format!("the module {}", quoted(&spec.policy)))),
    }
}

/// Checks probes. Probes of a tenant use its own application: the decisions of another application would reveal its
/// senders.
fn probes(mut probes: Vec<ProbeSpec>, caller: &Caller) -> Result<Vec<ProbeSpec>, Fault> {
    if probes.len() > MOST_PROBES {
        return Err(Fault::property("probes", format!("are {}, and may be {MOST_PROBES}", probes.len())));
    }
    let mut violations = Vec::new();
    for (index, probe) in probes.iter_mut().enumerate() {
        if let Some(tenant) = caller.tenant() {
            let application = probe.application_id.get_or_insert_with(|| tenant.to_owned());
            if application != tenant {
                let violation = format!("application {} does not exist", quoted(application));
                violations.push(Violation::new(format!("probes[{index}].applicationId"), violation));
            }
        }
        let ids =
            [("applicationId", &probe.application_id), ("entityId", &probe.entity_id), ("senderId", &probe.sender_id)];
        for (name, text) in ids.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?))) {
            if let Err(error) = Id::parse(text) {
                violations.push(Violation::new(format!("probes[{index}].{name}"), error.to_string()));
            }
        }
        if let Err(reason) = probe.probe() {
            violations.push(Violation::new(format!("probes[{index}]"), reason));
        }
    }
    if violations.is_empty() { Ok(probes) } else { Err(Fault::invalid(violations)) }
}
