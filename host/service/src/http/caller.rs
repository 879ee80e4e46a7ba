//! The caller of a request: `Authorization: App KEY`, or the cookie of a session of the console.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};

use crate::fault::Fault;
use crate::key::{self, Key, Scope};
use crate::service::{Author, Service};
use crate::session::{self, Session};
use crate::tenant::Tenant;

/// The most bytes of the header.
const LONGEST: usize = 512;

/// The key that a request was made with.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) key: Arc<Key>,
    /// `METHOD path`, for the audit log.
    pub(crate) action: Arc<str>,
    /// What the tenant may use; `None` for a key of the platform.
    pub(crate) budgets: Option<Arc<Tenant>>,
    /// The session of the console that the request was made in; `None` is a request with a key.
    pub(crate) session: Option<Session>,
}

impl Caller {
    /// The caller of a request. A key counts before a session.
    ///
    /// # Errors
    /// 401: there is neither a key nor a session, or it is not valid. The answer does not say which. 403: a request that
    /// may change something is made in a session, without its token.
    pub(crate) fn of(method: &Method, headers: &HeaderMap, service: &Service, action: Arc<str>) -> Result<Self, Fault> {
        if headers.contains_key(header::AUTHORIZATION) {
            return Self::with_key(headers, service, action);
        }
        let Some((session, key)) = Session::of(headers, &service.session_key, &service.state().keys) else {
            return Err(unauthorized());
        };
        if !matches!(*method, Method::GET | Method::HEAD) && !session.is_meant(headers, &service.session_key) {
            let text = format!("a change in a session needs its token in the header {}", session::TOKEN_HEADER);
            return Err(Fault::forbidden(text));
        }
        Ok(Self::new(key, action, service, Some(session)))
    }

    /// The caller of a request with a key.
    ///
    /// # Errors
    /// 401: there is no key, or it is not valid.
    pub(crate) fn with_key(headers: &HeaderMap, service: &Service, action: Arc<str>) -> Result<Self, Fault> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Err(unauthorized()) };
        if value.len() > LONGEST {
            return Err(unauthorized());
        }
        let given = value.to_str().ok().and_then(|value| value.split_once(' '));
        let Some((_, text)) = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("App")) else {
            return Err(unauthorized());
        };
        let (id, secret) = key::split(text.trim());
        let Some(key) = service.state().keys.get(id).cloned() else {
            key::pretend(secret);
            return Err(unauthorized());
        };
        if !key.admits(secret) {
            return Err(unauthorized());
        }
        Ok(Self::new(key, action, service, None))
    }

    fn new(key: Arc<Key>, action: Arc<str>, service: &Service, session: Option<Session>) -> Self {
        let budgets = key.application_id.as_deref().map(|application| service.tenants.of(application));
        Self { key, action, budgets, session }
    }

    /// The application that a tenant's key belongs to; `None` for a key of the platform.
    pub(crate) fn tenant(&self) -> Option<&str> {
        self.key.application_id.as_deref()
    }

    /// # Errors
    /// 403: the key does not have the scope.
    pub(crate) fn needs(&self, scope: Scope) -> Result<(), Fault> {
        if self.key.allows(scope) {
            return Ok(());
        }
        Err(Fault::forbidden(format!("the key does not have the scope {scope}")))
    }

    /// # Errors
    /// 403: only keys of the platform may do this.
    pub(crate) fn needs_platform(&self, what: &str) -> Result<(), Fault> {
        match self.tenant() {
            None => Ok(()),
            Some(_) => Err(Fault::forbidden(format!("{what} belongs to the platform, and this key to an application"))),
        }
    }

    /// # Errors
    /// 404: the key may not see what belongs to this application, or to the platform.
    pub(crate) fn must_see(&self, application: Option<&str>, what: impl std::fmt::Display) -> Result<(), Fault> {
        match (self.tenant(), application) {
            (None, _) => Ok(()),
            (Some(tenant), Some(application)) if tenant == application => Ok(()),
            _ => Err(Fault::not_found(what)),
        }
    }

    /// The caller in the audit log.
    pub(crate) fn author(&self) -> Author {
        Author {
            who: format!("{} {}", self.key.key_id, self.key.name),
            action: self.action.to_string(),
            tenant: self.budgets.clone(),
            is_for_messages: false,
            is_alone: false,
        }
    }
}

fn unauthorized() -> Fault {
    Fault::new(StatusCode::UNAUTHORIZED, "there is no valid key: send one as `Authorization: App KEY`")
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Fault::internal("a request without a caller"))
    }
}
