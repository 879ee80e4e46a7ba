//! Keys. A secret is shown once and not stored.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign::escape;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::change::{Change, Kind, now};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, PageQuery, Paged, Parameters, Problems, body, quoted};
use crate::key::{Key, Scope};
use crate::keys::KeyInfo;
use crate::service::{Plan, Service, View};

/// The most characters of a name.
const LONGEST_NAME: usize = 255;

/// How long a secret may stay valid after its rotation, in seconds: 30 days.
const LONGEST_OVERLAP: u64 = 30 * 86_400;

/// A key with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecretBody {
    #[serde(flatten)]
    info: KeyInfo,
    /// The text that follows `Authorization: App `.
    key: String,
}

/// A key to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewKey {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What it allows: some scopes of the key that creates it, or all of them if left out.
    #[serde(default)]
    scopes: Option<Vec<Scope>>,
    /// The application that it belongs to; the platform if left out.
    #[serde(default)]
    application_id: Option<String>,
    /// When it expires, in the format of RFC 3339; never if left out.
    #[serde(default)]
    expires_at: Option<String>,
}

/// How to rotate a key.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rotation {
    /// For how long the old secret stays valid; default 0, at most 30 days.
    #[serde(default)]
    #[schema(maximum = 2_592_000)]
    overlap_seconds: Option<u64>,
}

fn unknown(id: &str) -> Fault {
    Fault::not_found(format!("the key {}", quoted(id)))
}

/// A key can only create or rotate keys whose scopes it has itself.
///
/// # Errors
/// 403: the caller does not have all of these scopes.
fn must_have(caller: &Caller, scopes: &[Scope]) -> Result<(), Fault> {
    match scopes.iter().find(|scope| !caller.key.allows(**scope)) {
        None => Ok(()),
        Some(scope) => Err(Fault::forbidden(format!("a key that does not have the scope {scope} cannot give it"))),
    }
}

/// The keys, in pages, the oldest first, without their secrets.
#[utoipa::path(get, path = "/v1/keys", tag = "keys",
    params(PageQuery),
    responses((status = 200, body = Paged<KeyInfo>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    _: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<KeyInfo>>> {
    let page = parameters.page(100)?;
    let state = service.state();
    let mut keys: Vec<&Arc<Key>> = state.keys.values().collect();
    keys.sort_by_key(|key| (key.created_at, &key.key_id));
    Ok(Json(page.of(keys.into_iter(), |key| KeyInfo::of(key))))
}

/// Creates a key. It is shown this once.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = NewKey,
    responses((status = 201, body = SecretBody), Problems))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<Response> {
    let NewKey { name, scopes, application_id, expires_at } = body(&bytes)?;
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) || name.contains(escape::is_escaped) {
        return Err(Fault::property("name", "is not 1 to 255 characters, none a control or format character"));
    }
    let scopes = scopes.unwrap_or_else(|| caller.key.scopes.clone());
    must_have(&caller, &scopes)?;
    let expires_at = expires_at.map(|text| {
        let end = text.parse::<jiff::Timestamp>().ok().and_then(|end| u64::try_from(end.as_millisecond()).ok());
        end.filter(|end| *end > now()).ok_or_else(|| {
            Fault::property(
                "expiresAt",
                format!("{} is not a time to come, such as 2030-01-31T12:00:00Z", quoted(&text)),
            )
        })
    });
    let made = Key::new(&name, &scopes, application_id.as_deref(), expires_at.transpose()?);
    let (key, secret) = made.map_err(Fault::internal)?;
    let info = KeyInfo::of(&key);
    let author = caller.author();
    let plan = move |view: &View| {
        if let Some(application) = &key.application_id {
            view.sight(&caller).application(application)?;
        }
        Ok(Plan::new(vec![Change::put(Kind::Key, &*key.key_id, &key)], ()))
    };
    service.change(author, plan).await?;
    let place = HeaderValue::try_from(format!("/v1/keys/{}", info.key_id)).map_err(Fault::internal)?;
    let body = SecretBody { info, key: secret.expose().to_owned() };
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(body)).into_response())
}

/// Gives a key a new secret, which is shown this once. The old one can stay valid for a while.
#[utoipa::path(post, path = "/v1/keys/{keyId}/rotate", tag = "keys", params(("keyId" = String, Path)),
    request_body = Rotation, responses((status = 200, body = SecretBody), Problems))]
pub(super) async fn rotate(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Answer<Json<SecretBody>> {
    let rotation: Rotation = if bytes.is_empty() { Rotation::default() } else { body(&bytes)? };
    let overlap = rotation.overlap_seconds.unwrap_or(0);
    if overlap > LONGEST_OVERLAP {
        return Err(Fault::property("overlapSeconds", format!("{overlap} is more than {LONGEST_OVERLAP}, 30 days")));
    }
    let author = caller.author();
    let plan = move |view: &View| {
        let key = view.state.keys.get(&id).ok_or_else(|| unknown(&id))?;
        must_have(&caller, &key.scopes)?;
        let (key, secret) = key.rotate(overlap * 1_000).map_err(Fault::internal)?;
        let answer = SecretBody { info: KeyInfo::of(&key), key: secret.expose().to_owned() };
        Ok(Plan::new(vec![Change::put(Kind::Key, &*id, &key)], answer))
    };
    Ok(Json(service.change(author, plan).await?))
}

/// Revokes a key. The last key of the platform that can manage keys cannot be revoked.
#[utoipa::path(delete, path = "/v1/keys/{keyId}", tag = "keys", params(("keyId" = String, Path)),
    responses((status = 204), Problems))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<NoContent> {
    let plan = move |view: &View| {
        let key = view.state.keys.get(&id).ok_or_else(|| unknown(&id))?;
        let manages = |key: &Key| {
            key.application_id.is_none() && key.allows(Scope::Keys) && key.expires_at.is_none_or(|end| now() < end)
        };
        if manages(key) && !view.state.keys.values().any(|other| other.key_id != id && manages(other)) {
            return Err(Fault::conflict(
                "it is the last key of the platform that manages keys: make another one first",
            ));
        }
        Ok(Plan::new(vec![Change::remove(Kind::Key, &*id)], NoContent))
    };
    service.change(caller.author(), plan).await
}
