//! What every request passes before its handler: the key is checked, then its rate, its scope and its tenant's budgets,
//! and only then is the body read; then it waits for its turn. Short decisions are made at once, everything else in the
//! bulk lane. A panic of the handler fails only its request. Errors get the format of their path.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::Answer;
use super::body::{self, BodyError};
use super::caller::Caller;
use super::error_format::{Family, render};
use super::needs::{Need, Needs};
use super::rate::Rates;
use super::within::within;
use crate::config::Config;
use crate::fault::Fault;
use crate::metrics::during;
use crate::service::Service;
use crate::tenant::{Budget, Held, NoTurn, Tenant, Turn, Turns};
use crate::v1::DECISIONS;

/// The most bytes of a request for decisions that is answered outside of the bulk lane: some 30 messages, which take a
/// fraction of a millisecond.
pub(crate) const SHORT: usize = 4 << 10;

/// The guard before all handlers.
pub(crate) struct Guard {
    service: Arc<Service>,
    needs: Needs,
    admission: ArcSwap<Admission>,
}

/// What requests take, and how much of it there is. Requests that came before a reload keep what they have of the old one.
struct Admission {
    rates: Arc<Rates>,
    turns: Turns,
}

impl Admission {
    fn new(config: &Config) -> Self {
        Self { rates: Arc::new(Rates::new(&config.rate)), turns: Turns::new(config) }
    }
}

/// A request that the guard lets through.
pub(crate) struct Admitted {
    request: Request,
    /// Its body, where the guard has read it: where there is a caller.
    body: Bytes,
    /// Who asks, and what limits how often; `None` where no key is needed, and on paths that are not there.
    caller: Option<(Caller, Arc<Rates>)>,
}

impl Admitted {
    fn without_key(request: Request) -> Self {
        Self { request, body: Bytes::new(), caller: None }
    }

    /// Who asks, what limits how often, the headers and the body.
    ///
    /// # Errors
    /// 404: no key was needed, so there is no caller.
    pub(crate) fn into_parts(self) -> Answer<(Caller, Arc<Rates>, HeaderMap, Bytes)> {
        let (caller, rates) = self.caller.ok_or_else(|| Fault::not_found("this path"))?;
        Ok((caller, rates, self.request.into_parts().0.headers, self.body))
    }

    /// The request for a handler of a route, which takes the rest from its extensions.
    fn into_request(self) -> Request {
        let Self { mut request, body, caller } = self;
        if let Some((caller, rates)) = caller {
            *request.body_mut() = Body::from(body);
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(rates);
        }
        request
    }
}

impl Guard {
    pub(crate) fn new(service: Arc<Service>, needs: Needs) -> Self {
        Self { needs, admission: ArcSwap::from_pointee(Admission::new(&service.config)), service }
    }

    /// Takes over limits and rates.
    pub(crate) fn reload(&self, config: &Config) {
        self.admission.store(Arc::new(Admission::new(config)));
    }

    /// Answers a request to a route by its handler, if it may pass.
    pub(crate) async fn pass<H>(
        &self,
        route: Option<&str>,
        mut request: Request,
        handler: impl FnOnce(Admitted) -> H,
    ) -> Response
    where
        H: Future<Output = Response> + Send + 'static,
    {
        let began = Instant::now();
        // What bounds its time and contains its panics moves it, and kilobytes take a while.
        let handler = |admitted| Box::pin(handler(admitted));
        let family = Family::of(request.uri().path());
        let method = request.method().clone();
        let response = if is_open(request.uri().path()) {
            let is_read = body::skip(&mut request).await;
            answer(is_read, contained(handler(Admitted::without_key(request))).await)
        } else {
            self.admit(route, request, handler).await
        };
        let response = shaped(family, response);
        self.service.metrics.answered(&method, route.unwrap_or("none"), response.status().as_u16(), began.elapsed());
        response
    }

    /// The most bytes of a body, and the name of that limit.
    fn body_limit(&self, path: &str, is_tenant: bool) -> (usize, &'static str) {
        let limits = self.service.limits.load();
        match path {
            "/v1/modules" => (limits.module_bytes, "limits.module_bytes"),
            "/v1/senders/import" | "/v1/catalog" => (limits.import_bytes, "limits.import_bytes"),
            // With a catalog, which tenants do not send.
            "/v1/what-if" if !is_tenant => (limits.import_bytes, "limits.import_bytes"),
            _ => (limits.body_bytes, "limits.body_bytes"),
        }
    }

    /// Whether a caller may make a request, by its head alone.
    fn check(&self, rates: &Rates, caller: &Caller, need: Option<Need>, kind: RequestKind) -> Result<(), Fault> {
        if kind != RequestKind::Decision {
            rates.manage(&caller.key.key_id)?;
        }
        if let Some(need) = need {
            caller.needs(need.scope)?;
            if need.platform {
                caller.needs_platform("this")?;
            }
        }
        match &caller.budgets {
            None => Ok(()),
            Some(tenant) => match kind {
                RequestKind::Decision => tenant.may_decide(&self.service.gateway),
                RequestKind::Read => tenant.manages(),
                RequestKind::Change => tenant.manages().and_then(|()| tenant.changes()),
            },
        }
    }

    /// The whole body, with what it has of the room for bodies.
    async fn body(&self, request: &mut Request, tenant: Option<&Arc<Tenant>>) -> Result<(Bytes, Held), Fault> {
        let most = self.body_limit(request.uri().path(), tenant.is_some());
        let patience = Duration::from_secs(self.service.limits.load().body_seconds);
        let body = body::read(request, most, patience, self.service.room_for_body(tenant), &self.service.bulk).await;
        body.map_err(|error| match error {
            BodyError::Fault(fault) => fault,
            BodyError::Full(full) => self.service.no_room(full, tenant),
        })
    }

    /// A place to work on a request.
    async fn turn<'a>(&self, turns: &'a Turns, tenant: Option<&'a Tenant>) -> Result<Turn<'a>, Fault> {
        turns.turn(tenant, &self.service.metrics.waiting).await.map_err(|error| match (error, tenant) {
            (NoTurn::Tenant, Some(tenant)) => tenant.over(Budget::Requests, None),
            (NoTurn::Late, _) => self.service.shed("the request waited too long for its turn"),
            _ => self.service.shed("too many requests wait"),
        })
    }

    /// Lets the handler work, in the lane of its request.
    async fn work(
        &self,
        is_short: bool,
        batch_of: Option<&Tenant>,
        handler: impl Future<Output = Response> + Send + 'static,
    ) -> Response {
        if is_short {
            return handler.await;
        }
        let _place = match batch_of {
            Some(tenant) => tenant.batch().await,
            None => None,
        };
        self.service.bulk.run(handler).await.unwrap_or_else(|error| Fault::internal(error).into_response())
    }

    /// Lets a request with a valid key through to its handler.
    async fn admit<H>(&self, route: Option<&str>, mut request: Request, handler: impl FnOnce(Admitted) -> H) -> Response
    where
        H: Future<Output = Response> + Send + 'static,
    {
        let path = request.uri().path();
        let kind = RequestKind::of(request.method(), path);
        let decides = kind == RequestKind::Decision;
        // Requests that change nothing are not in the audit log.
        let silent = decides || request.method() == Method::GET;
        let action = if silent { Arc::default() } else { action(request.method(), path) };
        let caller = match Caller::of(request.method(), request.headers(), &self.service, action) {
            Ok(caller) => caller,
            // The body of somebody who has no key is not read.
            Err(fault) => return answer(body::is_read(&request), fault),
        };
        // A stream of events goes on as long as its client likes, so it has places of its own.
        let streams = path == "/v1/events";
        let operation = route.and_then(|route| self.needs.find(request.method(), route));
        let need = operation.map(|operation| operation.need);
        let admission = self.admission.load_full();
        if let Err(fault) = self.check(&admission.rates, &caller, need, kind) {
            return answer(body::refuse(&mut request).await, fault);
        }
        if need.is_none() {
            // 404 or 405. Without a caller no handler does anything.
            let is_read = body::refuse(&mut request).await;
            return answer(is_read, contained(handler(Admitted::without_key(request))).await);
        }
        // Clients of the compatible paths may be of other versions, and send more.
        if let (Some(operation), Some(query), Family::Own) = (operation, request.uri().query(), Family::of(path))
            && let Err(fault) = operation.check_query(query)
        {
            return answer(body::refuse(&mut request).await, fault);
        }
        let tenant = caller.budgets.clone();
        let (body, _held) = match self.body(&mut request, tenant.as_ref()).await {
            Ok(body) => body,
            Err(fault) => return body::unread(fault),
        };
        let is_short = decides && body.len() <= SHORT;
        let admitted = Admitted { request, body, caller: Some((caller, Arc::clone(&admission.rates))) };
        if streams {
            return contained(handler(admitted)).await;
        }
        let _turn = match self.turn(&admission.turns, tenant.as_deref()).await {
            Ok(turn) => turn,
            Err(fault) => return fault.into_response(),
        };
        let _in_progress = during(&self.service.metrics.in_progress);
        let seconds = self.service.limits.load().request_seconds;
        let batch_of = tenant.as_deref().filter(|_| decides);
        let work = self.work(is_short, batch_of, contained(handler(admitted)));
        let done = within(Duration::from_secs(seconds), work).await;
        done.unwrap_or_else(|| {
            let text = format!("the request was not done within {seconds} s; what it began may go on");
            Fault::unavailable(text, Duration::from_secs(1)).into_response()
        })
    }
}

/// An answer before the handler, which ends the connection if something of the body was left.
fn answer(is_read: bool, answer: impl IntoResponse) -> Response {
    if is_read { answer.into_response() } else { body::unread(answer) }
}

/// What a request is for, by which it is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestKind {
    Decision,
    Read,
    /// It may make a revision, which costs far more than anything that is read.
    Change,
}

impl RequestKind {
    fn of(method: &Method, path: &str) -> Self {
        match path {
            _ if matches!(*method, Method::GET | Method::HEAD) => Self::Read,
            DECISIONS => Self::Decision,
            // A pin is not part of a revision, and what if makes none.
            "/v1/decisions/what-if" => Self::Read,
            _ if path.starts_with("/v1/pins") => Self::Read,
            _ => Self::Change,
        }
    }
}

/// The action in the audit log.
fn action(method: &Method, path: &str) -> Arc<str> {
    let mut action = format!("{method} {path}");
    if let Some((end, _)) = action.char_indices().nth(1_000) {
        action.truncate(end);
    }
    action.into()
}

/// Answers a panic of the handler with 500.
async fn contained(work: impl Future<Output = Response>) -> Response {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Fault::internal(format!("a panic: {}", text.unwrap_or_default())).into_response()
        }
    }
}

/// Paths that need no key: they show nothing of the platform. The session of the console checks its callers itself.
fn is_open(path: &str) -> bool {
    matches!(path, "/" | "/healthz" | "/readyz" | "/metrics" | "/openapi.json" | "/docs" | "/console")
        || path.starts_with("/docs/")
        || path.starts_with("/console/")
}

/// The middleware around the handlers of all routes.
pub(crate) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    guard.pass(route, request, |admitted| next.run(admitted.into_request())).await
}

/// Of a response that says what is wrong in a body of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnBody;

/// The response with its error in the format of its path. Errors of the framework itself have no fault yet.
fn shaped(family: Family, mut response: Response) -> Response {
    let status = response.status();
    if response.extensions_mut().remove::<OwnBody>().is_some() {
        return uncached(response);
    }
    let fault = response.extensions_mut().remove::<Arc<Fault>>();
    let fault = match fault {
        Some(fault) => fault,
        None if status.is_client_error() || status.is_server_error() => Arc::new(Fault::new(
            status,
            match status {
                StatusCode::METHOD_NOT_ALLOWED => "this path does not have this method".to_owned(),
                status => status.canonical_reason().unwrap_or("the request is not understood").to_owned(),
            },
        )),
        None => return uncached(response),
    };
    let mut rendered = render(family, &fault);
    for name in [header::ALLOW, header::CONNECTION] {
        if let Some(value) = response.headers_mut().remove(&name) {
            rendered.headers_mut().insert(name, value);
        }
    }
    rendered
}

fn uncached(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_handler_is_a_500_of_that_request_alone() {
        let panics = std::future::poll_fn(|_| -> Poll<Response> { panic!("on purpose") });
        let response = contained(panics).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let rendered = shaped(Family::Provisioning2, response);
        assert_eq!(rendered.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = rendered.into_body().collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(body.to_vec()).expect("text");
        assert!(text.contains("\"E500\"") && !text.contains("on purpose"), "{text}");
    }
}
