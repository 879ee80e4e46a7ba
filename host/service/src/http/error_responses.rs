//! The error responses of each family of paths, for the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

fn responses(body: &str, kind: &str, which: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let response = |words: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(body))).build();
        RefOr::T(ResponseBuilder::new().description(words).content(kind, content).build())
    };
    which.iter().map(|(status, words)| (status.to_string(), response(words))).collect()
}

const COMMON: [(u16, &str); 6] = [
    (400, "The request is invalid; the properties are named"),
    (401, "No valid key"),
    (403, "The key does not have the scope"),
    (404, "It does not exist, or the key does not see it"),
    (429, "Too many requests; Retry-After says when to try again"),
    (500, "Something went wrong in the service"),
];

/// Errors of `/provisioning/1` and `/numbers`.
pub(crate) struct Errors1;

impl IntoResponses for Errors1 {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let more =
            [(409, "It exists already"), (503, "The service is overloaded, or the catalog store does not answer")];
        responses("RequestErrorBody", "application/json", &[&COMMON[..], &more].concat())
    }
}

/// Errors of `/provisioning/2`.
pub(crate) struct Errors2;

impl IntoResponses for Errors2 {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let more = [(503, "The service is overloaded, or the catalog store does not answer")];
        responses("ErrorBody", "application/json", &[&COMMON[..], &more].concat())
    }
}

/// Errors of `/v1`.
pub(crate) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let more = [
            (408, "The body did not arrive in time"),
            (409, "It conflicts with what exists"),
            (412, "It is not in the state that `If-Match` names"),
            (428, "`If-Match` is missing"),
            (413, "The body is too long"),
            (503, "The service is overloaded, or a store does not answer"),
        ];
        responses("Problem", "application/problem+json", &[&COMMON[..], &more].concat())
    }
}
