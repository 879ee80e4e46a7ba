//! Modules: policies that the platform and its tenants have uploaded.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use callsign::Inspection;
use callsign_registry::{Reference, ReferenceError};
use callsign_signature::{MAX_SIGNATURES, Signature};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::change::{Change, Kind, key_of, now, time};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, PageQuery, Paged, Parameters, Problems, body, quoted};
use crate::module::ModuleRecord;
use crate::module_cache::FetchError;
use crate::registry::ModuleSource;
use crate::service::{NewModule, Plan, PullRoom, SIGNATURE_HEADER, Service, TakenModule, View};
use crate::state::State as ServiceState;
use crate::tenant::Tenant;

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
    /// Its signatures; left out if it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signatures: Vec<SignatureBody>,
    /// Where it was pulled from; left out if it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<ModuleSource>,
}

/// The most bytes of a request to pull a module, which is read as JSON.
const MOST_PULL_REQUEST: usize = 4 << 10;

/// A module of an OCI registry, to be pulled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PullRequest {
    /// Such as `registry.example/acme/policy:1.0.0`, or with `@sha256:` and a digest.
    reference: String,
}

/// A signature of a module.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignatureBody {
    /// The id of the key that it says it is of.
    key_id: String,
    /// The name of that key; left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_name: Option<String>,
    /// What its maker says of it: the trusted comment of minisign; empty with cosign. Only if `valid` is it what the maker has said.
    comment: String,
    /// Whether it counts now.
    valid: bool,
    /// Why it does not count; left out if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
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
    fn of(module: &ModuleRecord, state: &ServiceState) -> Self {
        Self {
            signatures: SignatureBody::all(module, state),
            source: module.source.clone(),
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

impl SignatureBody {
    fn all(module: &ModuleRecord, state: &ServiceState) -> Vec<Self> {
        let Ok(statement) = module.statement() else { return Vec::new() };
        let (keys, owner, now) = (&state.module_keys, module.application_id.as_deref(), now());
        let bodies = module.signatures().map(|signature| {
            let fault = keys.check(&statement, owner, &signature, now).err().map(|fault| fault.to_string());
            Self {
                key_id: signature.key_id().to_string(),
                key_name: keys.get(signature.key_id()).map(|key| key.name.clone()),
                comment: signature.comment().to_owned(),
                valid: fault.is_none(),
                fault,
            }
        });
        bodies.collect()
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
///
/// Signatures come in the header `callsign-signature`, each in Base64 in a header of its own. Where they are required, each must be
/// valid. They are kept; an upload of the same bytes with others adds those.
///
/// With `Content-Type: application/json` the body names a module of an OCI registry, which this service pulls: the digest of its
/// manifest is looked up once and verified, and the module brings its own signatures. Which registries those may be is for the
/// operator to say; by default there is none.
#[utoipa::path(post, path = "/v1/modules", tag = "policies",
    params(("applicationId" = Option<String>, Query, description = "Whose it is to be; for keys of the platform"),
        ("callsign-signature" = Option<String>, Header, description = "A signature of minisign, or a bundle of cosign, over the statement of the module, in Base64; may come up to 8 times")),
    request_body(content((Vec<u8> = "application/wasm"), (PullRequest = "application/json"))),
    responses((status = 201, body = ModuleBody), (status = 200, body = ModuleBody, description = "It is there already"),
        Problems))]
pub(super) async fn upload(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer<Response> {
    let owner = owner(&caller, &parameters, &service)?;
    let given = signatures(&headers)?;
    let _compiler = match &caller.budgets {
        Some(tenant) => Some(tenant.compiles().await?),
        None => None,
    };
    let mut author = caller.author();
    let (new, _room) = match names_module(&headers, &bytes) {
        true => {
            let (new, room) = pulled(&service, caller.budgets.as_ref(), owner.clone(), &bytes, given).await?;
            let from = new.source.iter().map(|source| format!(" {}, {}", source.reference, source.digest));
            author.action.extend(from);
            (new, Some(room))
        }
        false => (NewModule { owner: owner.clone(), component: bytes, signatures: given, source: None }, None),
    };
    let (is_tenant, owned) = (caller.tenant().is_some(), owner.clone());
    let may = move |view: &View| match &owned {
        Some(owner) => Ok(view.sight(&caller).application(owner).map(drop)?),
        None => Ok(()),
    };
    let TakenModule { module, is_new } = service.take_module(author, new, may).await?;
    let mut place = format!("/v1/modules/{}", module.digest);
    if let (Some(owner), false) = (&module.application_id, is_tenant) {
        let query = serde_html_form::to_string([("applicationId", owner)]).map_err(Fault::internal)?;
        place.push_str(&format!("?{query}"));
    }
    let place = HeaderValue::try_from(place).map_err(Fault::internal)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, [(header::LOCATION, place)], Json(ModuleBody::of(&module, &service.state()))).into_response())
}

/// Whether a request names a module, and does not bring it. Clients that do not care send components as JSON too.
fn names_module(headers: &HeaderMap, bytes: &[u8]) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json =
        given.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
    is_json && bytes.trim_ascii_start().starts_with(b"{")
}

/// The module that a request names, with what it has of the room for bodies: that of the tenant whose key asks, or of the platform.
///
/// # Errors
/// 400: the reference is none, or the registry has no module there. 403: modules do not come from there. 429: the tenant has no room
/// for its bytes. 503: the registry does not answer, or too much is going on.
async fn pulled(
    service: &Service,
    tenant: Option<&Arc<Tenant>>,
    owner: Option<String>,
    bytes: &[u8],
    mut signatures: Vec<Signature>,
) -> Result<(NewModule, PullRoom), Fault> {
    if bytes.len() > MOST_PULL_REQUEST {
        return Err(Fault::property(
            "",
            format!("the body has more than {MOST_PULL_REQUEST} bytes; it names a module"),
        ));
    }
    let PullRequest { reference } = body(bytes)?;
    let reference = reference.parse::<Reference>();
    let reference = reference.map_err(|error: ReferenceError| Fault::property("reference", error.to_string()))?;
    service.registry.may(reference.repository(), owner.as_deref())?;
    let (room, patience) = (service.room_for_pull(tenant), service.limits.load().waiting_milliseconds);
    let patience = Some(Duration::from_millis(patience));
    let pulled = service.registry.pull(owner.as_deref(), reference.clone(), room, patience).await;
    let (pulled, room) = pulled.map_err(|error| error.fault(service, tenant))?;
    let own =
        Signature::parse_all(&pulled.signatures).map_err(|error| Fault::property("reference", error.to_string()))?;
    signatures.extend(own);
    if signatures.len() > MAX_SIGNATURES {
        let text = format!("{} signatures come with it, and {MAX_SIGNATURES} may", signatures.len());
        return Err(Fault::property(SIGNATURE_HEADER, text));
    }
    let source = ModuleSource { reference, digest: pulled.digest };
    let component = Bytes::from(pulled.component);
    Ok((NewModule { owner, component, signatures, source: Some(source) }, room))
}

/// The signatures that come with an upload.
///
/// # Errors
/// 400: one is not a signature in Base64, or there are too many.
fn signatures(headers: &HeaderMap) -> Result<Vec<Signature>, Fault> {
    let wrong = |text: &str| Fault::property(SIGNATURE_HEADER, text);
    let given = headers.get_all(SIGNATURE_HEADER).iter().map(|value| {
        let bytes =
            STANDARD.decode(value.as_bytes()).map_err(|_| wrong("is not the Base64 of a signature, in one line"))?;
        String::from_utf8(bytes).map_err(|_| wrong("is not the Base64 of a text"))
    });
    // One more than there may be, so that a request does not make this node decode thousands.
    let texts: Vec<String> = given.take(MAX_SIGNATURES + 1).collect::<Result<_, _>>()?;
    Signature::parse_all(&texts).map_err(|error| wrong(&error.to_string()))
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
    Ok(Json(page.of(wanted.into_iter(), |module| ModuleBody::of(module, &state))))
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
    Ok(Json(InspectedBody { module: ModuleBody::of(&module, &service.state()), imports: imports.collect(), exports }))
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
        service.follow_module(&module).await?;
    }
    Ok(Json(ModuleBody::of(&module, &service.state())))
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
