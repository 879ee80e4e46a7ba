//! Modules: policies that the platform and its tenants have uploaded.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign::{Inspection, PolicyError, StoreError};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::change::{Change, Kind, key_of, time};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, PageQuery, Paged, Parameters, Problems, quoted};
use crate::module::ModuleRecord;
use crate::module_cache::FetchError;
use crate::service::{Plan, Service, View};

/// A policy that can be bound.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModuleBody {
    /// The SHA-256 of its bytes, in hexadecimal digits.
    digest: String,
    /// The name that the component declares.
    name: String,
    /// The version that the component declares.
    version: String,
    /// How many bytes it has.
    size: u64,
    /// The version of the policy interface that it was built for.
    interface: String,
    /// When it was uploaded.
    added_at: String,
    /// The application that owns it; left out for the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<String>,
    /// Whether tenants may bind it; left out if they may not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shared: bool,
}

/// A policy with its imports and exports.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedBody {
    #[serde(flatten)]
    module: ModuleBody,
    /// Which interfaces it imports.
    imports: Vec<ImportBody>,
    /// What it exports.
    exports: Vec<String>,
}

/// An interface that a policy imports.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportBody {
    /// Such as `callsign:policy/senders@1.0.0`.
    name: String,
    /// Which of its functions the code imports.
    functions: Vec<String>,
}

impl ModuleBody {
    fn of(module: &ModuleRecord) -> Self {
        Self {
            digest: module.digest.clone(),
            name: module.name.clone(),
            version: module.version.to_string(),
            size: module.size,
            interface: module.interface.to_string(),
            added_at: time(module.added_at),
            application_id: module.application_id.clone(),
            shared: module.shared,
        }
    }
}

fn unknown(digest: &str) -> Fault {
    Fault::not_found(format!("the module {}", quoted(digest)))
}

/// The owner of the modules: the application that `applicationId` names, or else that of the key.
///
/// # Errors
/// 404: there is no such application, or the key does not see it.
fn owner(caller: &Caller, parameters: &Parameters, service: &Service) -> Result<Option<String>, Fault> {
    let Some(id) = parameters.text("applicationId").or(caller.tenant()) else { return Ok(None) };
    let view = service.view();
    let application = view.sight(caller).application(id)?;
    Ok(Some(application.id().to_owned()))
}

/// A module of an owner, or one that the platform shares.
fn find(service: &Service, owner: Option<&str>, digest: &str) -> Result<Arc<ModuleRecord>, Fault> {
    let state = service.state();
    let of = |owner: Option<&str>| state.modules.get(&key_of(&[owner, Some(digest)])).cloned();
    of(owner).or_else(|| of(None).filter(|module| module.shared)).ok_or_else(|| unknown(digest))
}

/// Uploads a policy. It is checked and compiled at once.
///
/// The body is the component, which declares its name and version. The bytes of a version cannot change as long as the
/// module exists. The module belongs to the application of the key, or to the platform; a key of the platform can
/// upload for an application. Bindings with a range of versions update to it if it is newer and passes validation.
#[utoipa::path(post, path = "/v1/modules", tag = "policies",
    params(("applicationId" = Option<String>, Query, description = "Whose it is to be; for keys of the platform")),
    request_body(content_type = "application/wasm", content = Vec<u8>),
    responses((status = 201, body = ModuleBody), (status = 200, body = ModuleBody, description = "It is there already"),
        Problems))]
pub(super) async fn upload(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    bytes: Bytes,
) -> Answer<Response> {
    let owner = owner(&caller, &parameters, &service)?;
    if bytes.is_empty() {
        return Err(Fault::property("", "the body is empty; it is a component"));
    }
    let _compiler = caller.budgets.as_ref().map(|tenant| tenant.compiles()).transpose()?;
    let module = Arc::new(add(&service, owner.as_deref(), bytes.clone()).await?);
    let planned = Arc::clone(&module);
    let (author, is_tenant) = (caller.author(), caller.tenant().is_some());
    let plan = move |view: &View| {
        if let Some(owner) = &planned.application_id {
            view.sight(&caller).application(owner)?;
        }
        if let Some(there) = view.state.modules.get(&planned.key()) {
            return Ok(Plan::new(Vec::new(), (Arc::clone(there), false)));
        }
        // Another node may have got the same version, which the folder of this node does not know.
        if let Some(other) =
            view.state.modules_of(planned.application_id.as_deref()).find(|other| other.is_same_version(&planned))
        {
            return Err(Fault::conflict(format!(
                "{} is there already, with other bytes: {}; give the component another version",
                other.label(),
                other.digest
            )));
        }
        let change = Change::put(Kind::Module, planned.key(), &*planned);
        let components = vec![(planned.digest.clone(), bytes.to_vec())];
        Ok(Plan { components, ..Plan::new(vec![change], (Arc::clone(&planned), true)) })
    };
    let (module, is_new) = service.change(author, plan).await?;
    if is_new {
        follow(&service, &module).await?;
    }
    let mut place = format!("/v1/modules/{}", module.digest);
    if let (Some(owner), false) = (&module.application_id, is_tenant) {
        let query = serde_html_form::to_string([("applicationId", owner)]).map_err(Fault::internal)?;
        place.push_str(&format!("?{query}"));
    }
    let place = HeaderValue::try_from(place).map_err(Fault::internal)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, [(header::LOCATION, place)], Json(ModuleBody::of(&module))).into_response())
}

/// Moves the bindings that follow a module, in a task of its own, so that it is completed even if the caller goes away.
async fn follow(service: &Arc<Service>, module: &Arc<ModuleRecord>) -> Result<(), Fault> {
    let (service, module) = (Arc::clone(service), Arc::clone(module));
    let moved = tokio::spawn(async move { service.auto_update(&module).await });
    moved.await.map_err(Fault::internal)
}

/// Checks and compiles a component, which can take seconds.
async fn add(service: &Arc<Service>, owner: Option<&str>, component: Bytes) -> Result<ModuleRecord, Fault> {
    let module = service.modules.upload(owner, component, service.state()).await.map_err(refused)?;
    let added_at = module.added_at().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(ModuleRecord {
        digest: module.digest().to_string(),
        name: module.name().to_owned(),
        version: module.version().clone(),
        size: module.size(),
        interface: module.interface().clone(),
        added_at: added_at.as_millis() as u64,
        application_id: owner.map(str::to_owned),
        shared: false,
    })
}

/// Why a component is not a module here.
fn refused(error: FetchError) -> Fault {
    let error = match error {
        FetchError::Module(error) => error,
        FetchError::Reserved(_) => return Fault::property("", error.to_string()),
        error => return Fault::internal(error),
    };
    match error {
        StoreError::Taken { name, version, digest } => Fault::conflict(format!(
            "{name}@{version} is there already, with other bytes: {digest}; give the component another version"
        )),
        StoreError::Policy(PolicyError::Busy { .. }) => Fault::unavailable(error.to_string(), Duration::from_secs(1)),
        StoreError::Policy(PolicyError::Engine { .. } | PolicyError::Read { .. } | PolicyError::Compiler { .. }) => {
            Fault::internal(error)
        }
        StoreError::Policy(_)
        | StoreError::NoName
        | StoreError::Name { .. }
        | StoreError::NoVersion { .. }
        | StoreError::Version { .. } => Fault::property("", error.to_string()),
        error => Fault::internal(error),
    }
}

/// The modules, in pages, by owner, name and version.
#[utoipa::path(get, path = "/v1/modules", tag = "policies",
    params(
        PageQuery,
        ("name" = Option<String>, Query), ("applicationId" = Option<String>, Query),
    ),
    responses((status = 200, body = Paged<ModuleBody>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<ModuleBody>>> {
    let page = parameters.page(100)?;
    let application = owner(&caller, &parameters, &service)?;
    let name = parameters.text("name");
    let state = service.state();
    let mut wanted: Vec<&Arc<ModuleRecord>> = match &application {
        Some(application) => {
            let shared = state.modules_of(None).filter(|module| module.shared && caller.tenant().is_some());
            state.modules_of(Some(application)).chain(shared).collect()
        }
        None => state.modules.values().collect(),
    };
    wanted.retain(|module| name.is_none_or(|name| name == module.name));
    wanted.sort_by(|a, b| (&a.application_id, &a.name, &a.version).cmp(&(&b.application_id, &b.name, &b.version)));
    Ok(Json(page.of(wanted.into_iter(), |module| ModuleBody::of(module))))
}

/// One module, with its imports and exports.
#[utoipa::path(get, path = "/v1/modules/{digest}", tag = "policies",
    params(("digest" = String, Path), ("applicationId" = Option<String>, Query, description = "Whose it is")),
    responses((status = 200, body = InspectedBody), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    Path(digest): Path<String>,
) -> Answer<Json<InspectedBody>> {
    let module = find(&service, owner(&caller, &parameters, &service)?.as_deref(), &digest)?;
    let bytes = bytes_of(&service, &module).await?;
    let inspected = tokio::task::spawn_blocking(move || Inspection::of(&bytes)).await.map_err(Fault::internal)?;
    let Inspection { imports, exports, .. } = inspected.map_err(Fault::internal)?;
    let imports = imports.into_iter().map(|import| ImportBody { name: import.name, functions: import.functions });
    Ok(Json(InspectedBody { module: ModuleBody::of(&module), imports: imports.collect(), exports }))
}

/// The component of a module, as it was uploaded.
#[utoipa::path(get, path = "/v1/modules/{digest}/component", tag = "policies",
    params(("digest" = String, Path), ("applicationId" = Option<String>, Query, description = "Whose it is")),
    responses((status = 200, body = Vec<u8>, content_type = "application/wasm"), Problems))]
pub(super) async fn component(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    Path(digest): Path<String>,
) -> Answer<Response> {
    let owner = owner(&caller, &parameters, &service)?;
    let module = find(&service, owner.as_deref(), &digest)?;
    if module.application_id != owner {
        return Err(unknown(&digest));
    }
    let bytes = bytes_of(&service, &module).await?;
    Ok(([(header::CONTENT_TYPE, "application/wasm")], bytes).into_response())
}

async fn bytes_of(service: &Service, module: &ModuleRecord) -> Result<Vec<u8>, Fault> {
    let component = service.modules.component(&service.store, module).await;
    component.map_err(|error| match error {
        FetchError::Store(_) => Fault::unavailable("the catalog store does not answer", Duration::from_secs(1)),
        error => Fault::internal(error),
    })
}

/// Shares a module of the platform: tenants can bind it, beside their own. They cannot read its component. Bindings of tenants
/// that follow its versions move to it.
#[utoipa::path(post, path = "/v1/modules/{digest}/share", tag = "policies", params(("digest" = String, Path)),
    responses((status = 200, body = ModuleBody), Problems))]
pub(super) async fn share(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(digest): Path<String>,
) -> Answer<Json<ModuleBody>> {
    set_shared(&service, caller, digest, true).await
}

/// Shares a module no longer. Tenants that have bound it keep it.
#[utoipa::path(post, path = "/v1/modules/{digest}/unshare", tag = "policies", params(("digest" = String, Path)),
    responses((status = 200, body = ModuleBody), Problems))]
pub(super) async fn unshare(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(digest): Path<String>,
) -> Answer<Json<ModuleBody>> {
    set_shared(&service, caller, digest, false).await
}

async fn set_shared(service: &Arc<Service>, caller: Caller, digest: String, shared: bool) -> Answer<Json<ModuleBody>> {
    let plan = move |view: &View| {
        let key = key_of(&[None, Some(&digest)]);
        let there = view.state.modules.get(&key).ok_or_else(|| unknown(&digest))?;
        let next = ModuleRecord { shared, ..(**there).clone() };
        let changes = if next == **there { Vec::new() } else { vec![Change::put(Kind::Module, key, &next)] };
        Ok(Plan::new(changes, Arc::new(next)))
    };
    let module = service.change(caller.author(), plan).await?;
    if shared {
        follow(service, &module).await?;
    }
    Ok(Json(ModuleBody::of(&module)))
}

/// Removes a module and frees its name and version. A module that a binding uses, or could roll back to, cannot be
/// removed.
#[utoipa::path(delete, path = "/v1/modules/{digest}", tag = "policies",
    params(("digest" = String, Path), ("applicationId" = Option<String>, Query, description = "Whose it is")),
    responses((status = 204), Problems))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    Path(digest): Path<String>,
) -> Answer<NoContent> {
    let owner = owner(&caller, &parameters, &service)?;
    let plan = move |view: &View| {
        let key = key_of(&[owner.as_deref(), Some(&digest)]);
        if !view.state.modules.contains_key(&key) {
            return Err(unknown(&digest));
        }
        let uses = |spec: &crate::binding::PolicySpec| spec.module == digest && spec.owner == owner;
        if let Some(binding) = view.state.bindings.values().find(|binding| binding.specs().any(uses)) {
            return Err(Fault::conflict(format!(
                "the binding of {} uses the module, or could roll back to it",
                binding.target
            )));
        }
        Ok(Plan::new(vec![Change::remove(Kind::Module, key)], NoContent))
    };
    service.change(caller.author(), plan).await
}
