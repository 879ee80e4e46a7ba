//! The formats of errors. There are three, and the path of the request decides which: clients of each API know only its
//! own.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::{Fault, Violation};

/// An answer without a body.
pub(crate) struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// Which format the errors of a path have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `/provisioning/1` and `/numbers`.
    Provisioning1,
    /// `/provisioning/2`.
    Provisioning2,
    /// Everything else: RFC 9457.
    Own,
}

impl Family {
    pub(super) fn of(path: &str) -> Self {
        let under = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if under("/provisioning/2") {
            Self::Provisioning2
        } else if under("/provisioning") || under("/numbers") {
            Self::Provisioning1
        } else {
            Self::Own
        }
    }
}

/// An error of `/provisioning/1` and `/numbers`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestErrorBody {
    request_error: RequestError,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestError {
    service_exception: ServiceException,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceException {
    /// `BAD_REQUEST`, `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND`, `CONFLICT`, `TOO_MANY_REQUESTS` or `GENERAL_ERROR`.
    message_id: String,
    /// A sentence for people.
    text: String,
    /// What is wrong, by property.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    validation_errors: BTreeMap<String, Vec<String>>,
}

/// An error of `/provisioning/2`. All five properties are always present.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    /// `E400`, `E401`, `E403`, `E404`, `E429` or `E500`.
    error_code: String,
    /// What is wrong.
    description: String,
    /// What to do about it.
    action: String,
    /// What is wrong, property by property.
    violations: Vec<ViolationBody>,
    /// Always empty.
    resources: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ViolationBody {
    /// The property, such as `priorities[1].priority`; empty for the body itself.
    property: String,
    /// What is wrong with it, and what would be right.
    violation: String,
}

/// An error of all other paths, in the format of RFC 9457.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The HTTP status.
    status: u16,
    /// The status as a word, such as `NOT_FOUND`.
    code: &'static str,
    /// The status in words.
    title: &'static str,
    /// A sentence about this case.
    detail: String,
    /// What is wrong, property by property.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<ViolationBody>,
}

impl IntoResponse for Fault {
    /// A response without a body. The guard knows the path, so it writes the body in the right format.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

/// A fault in the format of its path.
pub(super) fn render(family: Family, fault: &Fault) -> Response {
    let status = match (family, fault.status) {
        // Of the statuses that these APIs have, this one says that the request itself was in order.
        (Family::Provisioning1 | Family::Provisioning2, _) if fault.is_over_budget => StatusCode::TOO_MANY_REQUESTS,
        // These APIs do not have these statuses.
        (Family::Provisioning1 | Family::Provisioning2, StatusCode::PAYLOAD_TOO_LARGE) => StatusCode::BAD_REQUEST,
        (Family::Provisioning1 | Family::Provisioning2, StatusCode::UNPROCESSABLE_ENTITY) => StatusCode::BAD_REQUEST,
        (Family::Provisioning2, StatusCode::CONFLICT) => StatusCode::BAD_REQUEST,
        // Overload is 503 everywhere, but these APIs have no status for a store that does not answer.
        (Family::Provisioning1 | Family::Provisioning2, _) if fault.is_store_unavailable => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        (_, status) => status,
    };
    let mut response = match family {
        Family::Provisioning1 => (status, axum::Json(request_error(status, fault))).into_response(),
        Family::Provisioning2 => (status, axum::Json(error_body(status, fault))).into_response(),
        Family::Own => {
            let mut response = (status, axum::Json(problem(status, fault))).into_response();
            let kind = HeaderValue::from_static("application/problem+json");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
    };
    if let Some(after) = fault.retry_after {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("App"));
    }
    response
}

fn request_error(status: StatusCode, fault: &Fault) -> RequestErrorBody {
    let message_id = match status.as_u16() {
        401 => "UNAUTHORIZED",
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        409 => "CONFLICT",
        429 => "TOO_MANY_REQUESTS",
        400..=499 => "BAD_REQUEST",
        _ => "GENERAL_ERROR",
    };
    let mut validation_errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Violation { property, violation } in &fault.violations {
        let property = if property.is_empty() { "body" } else { property };
        validation_errors.entry(property.to_owned()).or_default().push(violation.clone());
    }
    let exception = ServiceException { message_id: message_id.into(), text: fault.text.clone(), validation_errors };
    RequestErrorBody { request_error: RequestError { service_exception: exception } }
}

fn error_body(status: StatusCode, fault: &Fault) -> ErrorBody {
    let action = match status.as_u16() {
        401 => "Check the key in the header `Authorization: App KEY`.",
        403 => "Ask for a key with the scope that is missing.",
        404 => "Check the id and the path.",
        429 | 503 => "Try again after the time in the header Retry-After.",
        400..=499 => "Correct the request and send it again.",
        _ => "Try again later, and ask the operator if this goes on.",
    };
    ErrorBody {
        error_code: format!("E{}", status.as_u16()),
        description: fault.text.clone(),
        action: action.into(),
        violations: violations(fault),
        resources: Vec::new(),
    }
}

fn problem(status: StatusCode, fault: &Fault) -> Problem {
    let code = match status.as_u16() {
        401 => "UNAUTHORIZED",
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        405 => "METHOD_NOT_ALLOWED",
        408 => "TIMEOUT",
        409 => "CONFLICT",
        412 => "PRECONDITION_FAILED",
        413 => "TOO_LARGE",
        422 => "UNPROCESSABLE",
        428 => "PRECONDITION_REQUIRED",
        429 => "TOO_MANY_REQUESTS",
        503 => "UNAVAILABLE",
        400..=499 => "BAD_REQUEST",
        _ => "INTERNAL",
    };
    Problem {
        status: status.as_u16(),
        code,
        title: status.canonical_reason().unwrap_or("error"),
        detail: fault.text.clone(),
        violations: violations(fault),
    }
}

fn violations(fault: &Fault) -> Vec<ViolationBody> {
    let violations = fault.violations.iter();
    violations
        .map(|Violation { property, violation }| ViolationBody {
            property: property.clone(),
            violation: violation.clone(),
        })
        .collect()
}

/// The page of a list that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) page: usize,
    pub(crate) size: usize,
}

/// A page of a list, with the size of the list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Paged<T> {
    pub(crate) results: Vec<T>,
    pub(crate) paging: Paging,
}

/// The place of a page in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Paging {
    /// The page, from 0.
    pub(crate) page: usize,
    /// How many results a page has at most.
    pub(crate) size: usize,
    /// How many pages there are.
    pub(crate) total_pages: usize,
    /// How many results there are.
    pub(crate) total_results: usize,
}

impl Page {
    /// This page of a list. `make` runs only for the elements on it.
    pub(crate) fn of<E, T>(self, all: impl Iterator<Item = E>, make: impl FnMut(E) -> T) -> Paged<T> {
        let first = self.page.saturating_mul(self.size);
        let mut total_results = 0;
        let mut on_page = Vec::new();
        for element in all {
            if total_results >= first && on_page.len() < self.size {
                on_page.push(element);
            }
            total_results += 1;
        }
        let total_pages = total_results.div_ceil(self.size.max(1));
        let paging = Paging { page: self.page, size: self.size, total_pages, total_results };
        Paged { results: on_page.into_iter().map(make).collect(), paging }
    }
}
