//! The console: its files, which are part of the program, and signing in.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;

use crate::change::time;
use crate::fault::Fault;
use crate::http::{Answer, Caller};
use crate::key::Scope;
use crate::service::Service;
use crate::session::Session;

/// The files of the console. A debug build reads them from the source when they are asked for.
#[derive(RustEmbed)]
#[folder = "console"]
struct Files;

/// What a page of the console may load and do: nothing but what this service serves, and no script or style in the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router<Arc<Service>> {
    let first = async |headers: HeaderMap| file(&headers, "index.html");
    let other = async |headers: HeaderMap, Path(path): Path<String>| file(&headers, &path);
    Router::new()
        .route("/console", get(async || Redirect::permanent("/console/")))
        .route("/console/", get(first))
        .route("/console/session", get(session).post(sign_in).delete(sign_out))
        .route("/console/{*path}", get(other))
}

/// A file, or that the browser has it already.
fn file(headers: &HeaderMap, path: &str) -> Response {
    let (Some(kind), Some(EmbeddedFile { data, metadata })) = (content_type(path), Files::get(path)) else {
        return Fault::not_found("this file of the console").into_response();
    };
    let tag = metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let tag = format!("\"{tag}\"");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, kind)], data).into_response(),
    };
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        // Asked for again each time, and answered with 304: a new release shows at once.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let headers = response.headers_mut();
    headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// What a file is; `None` is none that is served.
fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// Whose session it is, and what its key may do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionBody<'a> {
    key_id: &'a str,
    name: &'a str,
    scopes: &'a [Scope],
    /// The application of a tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<&'a str>,
    ends_at: String,
    /// For the header of requests that change something.
    token: String,
    /// Of this release.
    version: &'static str,
}

fn described(caller: &Caller, session: &Session, service: &Service) -> Response {
    let key = &caller.key;
    let body = SessionBody {
        key_id: &key.key_id,
        name: &key.name,
        scopes: &key.scopes,
        application_id: caller.tenant(),
        ends_at: time(session.ends_at),
        token: session.token(&service.session_key),
        version: env!("CARGO_PKG_VERSION"),
    };
    axum::Json(body).into_response()
}

/// The session of the caller.
async fn session(State(service): State<Arc<Service>>, headers: HeaderMap) -> Answer<Response> {
    let caller = Caller::of(&Method::GET, &headers, &service, Arc::default())?;
    let session = caller.session.as_ref().ok_or_else(|| Fault::not_found("a session for a request with a key"))?;
    Ok(described(&caller, session, &service))
}

/// Begins a session with the key in `Authorization: App KEY`. A page of another site cannot send that header.
async fn sign_in(State(service): State<Arc<Service>>, headers: HeaderMap) -> Answer<Response> {
    let caller = Caller::with_key(&headers, &service, Arc::default())?;
    let session = Session::new(&caller.key, &service.session_key);
    let mut response = described(&caller, &session, &service);
    set_cookie(&mut response, &session.begin(is_over_tls(&service, &headers)))?;
    Ok(response)
}

/// Ends the session of this browser.
async fn sign_out(State(service): State<Arc<Service>>, headers: HeaderMap) -> Answer<Response> {
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, &Session::end(is_over_tls(&service, &headers)))?;
    Ok(response)
}

/// Whether the page was loaded over TLS: from this service, or from a proxy before it.
fn is_over_tls(service: &Service, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    service.config.listen.certificate.is_some() || origin.is_some_and(|origin| origin.starts_with("https://"))
}

fn set_cookie(response: &mut Response, cookie: &str) -> Result<(), Fault> {
    let value = HeaderValue::from_str(cookie).map_err(Fault::internal)?;
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_console_has_a_content_type() {
        let unknown: Vec<_> = Files::iter().filter(|path| content_type(path).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(Files::get("index.html").is_some());
    }
}
