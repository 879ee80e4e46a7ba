//! Conditional requests: `ETag`, `If-Match` and `If-None-Match`, as RFC 9110 defines them.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use crate::fault::Fault;

/// The strong tag of a body.
pub(super) fn tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let digits: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

/// The tag of the platform at a revision.
pub(super) fn revision_tag(revision: u64) -> String {
    format!("\"{revision}\"")
}

/// The conditions of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    if_match: Option<String>,
    if_none_match: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let read = |name: HeaderName| {
            let mut texts = Vec::new();
            for value in parts.headers.get_all(&name) {
                let text = value.to_str().map_err(|_| Fault::property(name.as_str(), "is not a list of tags"))?;
                texts.push(text);
            }
            Ok::<_, Fault>((!texts.is_empty()).then(|| texts.join(",")))
        };
        Ok(Self { if_match: read(header::IF_MATCH)?, if_none_match: read(header::IF_NONE_MATCH)? })
    }
}

impl Conditions {
    /// Checks the conditions against the current body; `None` if there is none.
    ///
    /// # Errors
    /// 412: a condition does not hold.
    pub(super) fn allow(&self, there: Option<&[u8]>) -> Result<(), Fault> {
        let refused = |text: &str| Err(Fault::new(StatusCode::PRECONDITION_FAILED, text));
        let there = there.map(tag);
        if let Some(wanted) = &self.if_match {
            match &there {
                None => return refused("it does not exist, and `If-Match` says that it does"),
                // A weak tag does not rule out a change, so it never matches.
                Some(tag) if !lists(wanted, |listed| listed == tag) => {
                    return refused("it is not what `If-Match` says any more: read it again");
                }
                Some(_) => {}
            }
        }
        match (&self.if_none_match, &there) {
            (Some(unwanted), Some(tag)) if lists(unwanted, |listed| listed.trim_start_matches("W/") == tag) => {
                refused("it exists already, and `If-None-Match` says that it must not")
            }
            _ => Ok(()),
        }
    }

    /// Checks the conditions against the revision of the platform.
    ///
    /// # Errors
    /// 412: another one was read.
    pub(super) fn allow_revision(&self, revision: u64) -> Result<(), Fault> {
        let present = revision_tag(revision);
        let refused = |text: String| Err(Fault::new(StatusCode::PRECONDITION_FAILED, text));
        if let Some(wanted) = self.if_match.as_ref().filter(|wanted| !lists(wanted, |listed| listed == present)) {
            return refused(format!(
                "the platform is at revision {present}, and `If-Match` is of {wanted}: read it again"
            ));
        }
        match &self.if_none_match {
            Some(unwanted) if lists(unwanted, |listed| listed.trim_start_matches("W/") == present) => {
                refused(format!("the platform is at revision {present}, and `If-None-Match` says that it must not be"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that a request which replaces something says what it replaces: fields that it leaves out are gone.
    ///
    /// # Errors
    /// 428: it says nothing.
    pub(super) fn must_be_given(&self) -> Result<(), Fault> {
        if self.if_match.is_some() || self.if_none_match.is_some() {
            return Ok(());
        }
        let text = "it exists, and this would replace all of it: send the `ETag` that you read as `If-Match`, or `*`";
        Err(Fault::new(StatusCode::PRECONDITION_REQUIRED, text))
    }

    /// Checks that a request which leaves out these fields of something that exists, so that they would be gone, says what it
    /// replaces.
    ///
    /// # Errors
    /// 428: it says nothing.
    pub(super) fn must_be_given_for(&self, left_out: &[String]) -> Result<(), Fault> {
        if left_out.is_empty() || self.must_be_given().is_ok() {
            return Ok(());
        }
        let text = format!(
            "it exists and has {}, which this leaves out: send the `ETag` that you read as `If-Match`, or `*`, to take that away",
            left_out.join(", ")
        );
        Err(Fault::new(StatusCode::PRECONDITION_REQUIRED, text))
    }

    /// The answer to a read: 304 without the body if the client has this body already.
    pub(super) fn answer(&self, body: Vec<u8>) -> Tagged {
        let known = self.if_none_match.as_ref().is_some_and(|known| {
            let tag = tag(&body);
            lists(known, |listed| listed.trim_start_matches("W/") == tag)
        });
        let tagged = Tagged::new(StatusCode::OK, body);
        if known { Tagged { status: StatusCode::NOT_MODIFIED, body: Bytes::new(), ..tagged } } else { tagged }
    }
}

/// Whether a list of tags has a matching one; `*` matches any.
fn lists(list: &str, is_it: impl Fn(&str) -> bool) -> bool {
    list.split(',').map(str::trim).any(|listed| listed == "*" || is_it(listed))
}

/// A JSON body with its `ETag`.
#[derive(Debug)]
pub(super) struct Tagged {
    status: StatusCode,
    body: Bytes,
    tag: String,
    location: Option<String>,
}

impl Tagged {
    pub(super) fn new(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, tag: tag(&body), body: body.into(), location: None }
    }

    /// 201, with the location: the path and the id.
    pub(super) fn created(body: Vec<u8>, path: &str, id: &str) -> Self {
        Self { location: Some(format!("{path}/{}", escaped(id))), ..Self::new(StatusCode::CREATED, body) }
    }
}

impl IntoResponse for Tagged {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::NOT_MODIFIED {
            headers.remove(header::CONTENT_TYPE);
        } else {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        // Both have only characters that a header may have.
        if let Ok(tag) = HeaderValue::try_from(self.tag) {
            headers.insert(header::ETAG, tag);
        }
        if let Some(location) = self.location.and_then(|location| HeaderValue::try_from(location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}

/// An id as a part of a path.
fn escaped(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
