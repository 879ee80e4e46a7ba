//! The public keys that signatures of modules are verified with. The platform keeps them, for itself and for applications.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign_signature::{KeyId, KeyringError, ModuleKey, PublicKey};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::change::{Change, Kind, now};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, PageQuery, Paged, Parameters, Problems, body, quoted};
use crate::module_key::ModuleKeyInfo;
use crate::service::{Plan, Service, View};

/// A key to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewModuleKey {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The public key of minisign or cosign: the file that ends in `.pub`, or its Base64 in one line.
    #[schema(max_length = 1024)]
    public_key: String,
    /// The application for whose modules it counts; all modules, if left out.
    #[serde(default)]
    application_id: Option<String>,
    /// The first moment that it counts, in the format of RFC 3339; always, if left out.
    #[serde(default)]
    valid_from: Option<String>,
    /// The first moment that it does not count any more; never, if left out.
    #[serde(default)]
    valid_until: Option<String>,
}

fn unknown(id: &str) -> Fault {
    Fault::not_found(format!("the key of modules {}", quoted(id)))
}

fn milliseconds(property: &str, text: Option<String>) -> Result<Option<u64>, Fault> {
    let read = |text: &str| u64::try_from(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()).ok();
    let wrong =
        |text: &str| Fault::property(property, format!("{} is not a time such as 2030-01-31T12:00:00Z", quoted(text)));
    text.map(|text| read(&text).ok_or_else(|| wrong(&text))).transpose()
}

/// The keys, in pages, by their ids.
#[utoipa::path(get, path = "/v1/module-keys", tag = "policies",
    params(PageQuery),
    responses((status = 200, body = Paged<ModuleKeyInfo>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    _: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<ModuleKeyInfo>>> {
    let page = parameters.page(100)?;
    let state = service.state();
    let keys: Vec<&Arc<ModuleKey>> = state.module_keys.iter().collect();
    Ok(Json(page.of(keys.into_iter(), |key| ModuleKeyInfo::of(key))))
}

/// One key.
#[utoipa::path(get, path = "/v1/module-keys/{keyId}", tag = "policies", params(("keyId" = String, Path)),
    responses((status = 200, body = ModuleKeyInfo), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    _: Caller,
    Path(id): Path<String>,
) -> Answer<Json<ModuleKeyInfo>> {
    let state = service.state();
    let found = id.parse::<KeyId>().ok().and_then(|id| state.module_keys.get(id));
    found.map(|key| Json(ModuleKeyInfo::of(key))).ok_or_else(|| unknown(&id))
}

/// Adds a public key. Signatures by it count on every node from now on.
///
/// A key of the platform counts for every module, one of an application for the modules of that application. It cannot be changed or
/// removed, but it can be revoked. It needs the scope `keys:manage`: who uploads modules does not choose whose signatures count.
#[utoipa::path(post, path = "/v1/module-keys", tag = "policies", request_body = NewModuleKey,
    responses((status = 201, body = ModuleKeyInfo), Problems))]
pub(super) async fn add(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<Response> {
    let NewModuleKey { name, public_key, application_id, valid_from, valid_until } = body(&bytes)?;
    let public_key = PublicKey::parse(&public_key).map_err(|error| Fault::property("publicKey", error.to_string()))?;
    let validity = (milliseconds("validFrom", valid_from)?, milliseconds("validUntil", valid_until)?);
    let key = ModuleKey::new(&name, public_key, application_id, validity).map_err(|error| {
        let property = if matches!(error, callsign_signature::KeyError::Name) { "name" } else { "validUntil" };
        Fault::property(property, error.to_string())
    })?;
    let info = ModuleKeyInfo::of(&key);
    let place = format!("/v1/module-keys/{}", key.id());
    let author = caller.author();
    let plan = move |view: &View| {
        if let Some(application) = &key.application_id {
            view.sight(&caller).application(application)?;
        }
        let id = key.id();
        if view.state.module_keys.get(id).is_some() {
            return Err(Fault::conflict(KeyringError::Taken { id }.to_string()));
        }
        let mut ring = (*view.state.module_keys).clone();
        ring.add(key.clone()).map_err(|error| Fault::conflict(error.to_string()))?;
        Ok(Plan::new(vec![Change::put(Kind::ModuleKey, id.to_string(), &key)], ()))
    };
    service.change(author, plan).await?;
    let place = HeaderValue::try_from(place).map_err(Fault::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(info)).into_response())
}

/// Revokes a key, for good. Its signatures count no more, also those that were made before.
///
/// Where signatures are required, a binding whose module has no other valid signature goes back to the last policy that has one, on
/// every node. If there is none, its failure rule answers until a policy is bound that may run.
#[utoipa::path(post, path = "/v1/module-keys/{keyId}/revoke", tag = "policies", params(("keyId" = String, Path)),
    responses((status = 200, body = ModuleKeyInfo), Problems))]
pub(super) async fn revoke(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<ModuleKeyInfo>> {
    let author = caller.author();
    let plan = move |view: &View| {
        let there = id.parse::<KeyId>().ok().and_then(|id| view.state.module_keys.get(id));
        let there = there.ok_or_else(|| unknown(&id))?;
        if there.revoked_at.is_some() {
            return Ok(Plan::new(Vec::new(), ModuleKeyInfo::of(there)));
        }
        let mut key = (**there).clone();
        key.revoked_at = Some(now());
        let answer = ModuleKeyInfo::of(&key);
        Ok(Plan::new(vec![Change::put(Kind::ModuleKey, key.id().to_string(), &key)], answer))
    };
    let info = service.change(author, plan).await?;
    // So that this node runs nothing of it when the caller has the answer.
    service.take_off_untrusted().await;
    Ok(Json(info))
}
