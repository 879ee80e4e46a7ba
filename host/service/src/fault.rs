//! Why a request fails. How a fault is written depends on the path, see `http::error_format`.
//!
//! A fault repeats names and values of requests, so its texts are escaped when it is made: whoever reads an answer in a
//! terminal or a log sees what was sent, on one line.

use std::fmt;
use std::time::Duration;

use callsign::escape;
use http::StatusCode;

/// The most violations that are listed for one request: a body can have as many as it has bytes.
const MOST: usize = 100;

/// Why a request is refused.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    /// A sentence for people.
    pub(crate) text: String,
    pub(crate) violations: Vec<Violation>,
    /// After what time to try again.
    pub(crate) retry_after: Option<Duration>,
    /// Whether the catalog store is the reason: some paths answer that with another status.
    pub(crate) is_store_unavailable: bool,
    /// Whether a tenant's budget is the reason: some paths answer that with another status.
    pub(crate) is_over_budget: bool,
}

/// What is wrong with a property of a body, or with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) property: String,
    pub(crate) violation: String,
}

impl Violation {
    pub(crate) fn new(property: impl AsRef<str>, violation: impl AsRef<str>) -> Self {
        Self { property: one_line(property), violation: one_line(violation) }
    }
}

/// What has been escaped before stays as it is.
fn one_line(text: impl AsRef<str>) -> String {
    escape::line(text.as_ref(), usize::MAX)
}

impl Fault {
    pub(crate) fn new(status: StatusCode, text: impl AsRef<str>) -> Self {
        Self {
            status,
            text: one_line(text),
            violations: Vec::new(),
            retry_after: None,
            is_store_unavailable: false,
            is_over_budget: false,
        }
    }

    /// 400, with what is wrong: the first [`MOST`] violations.
    pub(crate) fn invalid(mut violations: Vec<Violation>) -> Self {
        let first = violations.first().map(|first| match &*first.property {
            "" => first.violation.clone(),
            property => format!("{property}: {}", first.violation),
        });
        let more = match violations.len() {
            0 | 1 => String::new(),
            2 => "; and 1 more violation".to_owned(),
            more => format!("; and {} more violations", more - 1),
        };
        violations.truncate(MOST);
        let text = format!("{}{more}", first.unwrap_or_else(|| "the request is not as it should be".to_owned()));
        Self { violations, ..Self::new(StatusCode::BAD_REQUEST, text) }
    }

    /// 400, with one property that is wrong.
    pub(crate) fn property(property: impl AsRef<str>, violation: impl AsRef<str>) -> Self {
        Self::invalid(vec![Violation::new(property, violation)])
    }

    /// 404. What a key may not see is answered as if it did not exist.
    pub(crate) fn not_found(what: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} does not exist"))
    }

    pub(crate) fn conflict(text: impl AsRef<str>) -> Self {
        Self::new(StatusCode::CONFLICT, text)
    }

    pub(crate) fn forbidden(text: impl AsRef<str>) -> Self {
        Self::new(StatusCode::FORBIDDEN, text)
    }

    /// 503, with the time after which to try again.
    pub(crate) fn unavailable(text: impl AsRef<str>, after: Duration) -> Self {
        Self { retry_after: Some(after), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text) }
    }

    /// 500. The cause goes to the log and not to the client.
    pub(crate) fn internal(error: impl fmt::Display) -> Self {
        tracing::error!("a request failed: {error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong on this side; the log has it")
    }
}

impl From<crate::store::StoreError> for Fault {
    fn from(error: crate::store::StoreError) -> Self {
        // That the store is away is told once, not by every request.
        match &error {
            crate::store::StoreError::Refused(_) => return Self::internal(error),
            crate::store::StoreError::Unavailable(_) => tracing::debug!("a change was not made: {error}"),
            error => tracing::warn!("a change was not made: {error}"),
        }
        let text =
            "the catalog store does not answer, so nothing can be changed; whether this change was made is not known";
        Self { is_store_unavailable: true, ..Self::unavailable(text, Duration::from_secs(1)) }
    }
}
