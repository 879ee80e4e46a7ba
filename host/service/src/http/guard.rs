//! What every request passes before its handler: the key is checked, then the rate, then the size of the body, then
//! whether there is capacity. A panic of the handler fails only its request. Errors get the format of their path.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::caller::Caller;
use super::error_format::{Family, render};
use super::rate::Rates;
use crate::fault::Fault;
use crate::service::Service;

/// A body that is too long is read and dropped up to this many bytes before the request is refused.
const DRAINED: usize = 8 << 20;

/// The guard before all handlers.
pub(crate) struct Guard {
    service: Arc<Service>,
    rates: Arc<Rates>,
    /// A permit for each request in progress.
    places: Semaphore,
    /// How many requests wait for a permit.
    waiting: AtomicUsize,
    /// A permit for each byte of a body in memory.
    bodies: Arc<Semaphore>,
}

impl Guard {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        let limits = &service.config.limits;
        Self {
            rates: Arc::new(Rates::new(&service.config.rate)),
            places: Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS)),
            waiting: AtomicUsize::new(0),
            bodies: Arc::new(Semaphore::new(limits.bodies_bytes.min(Semaphore::MAX_PERMITS))),
            service,
        }
    }

    fn body_limit(&self, path: &str) -> usize {
        let limits = &self.service.config.limits;
        match path {
            "/v1/modules" => limits.module_bytes,
            "/v1/senders/import" => limits.import_bytes,
            _ => limits.body_bytes,
        }
    }

    fn shed(&self, why: &str) -> Fault {
        self.service.metrics.shed.inc();
        Fault::unavailable(format!("too much is going on: {why}"), Duration::from_secs(1))
    }

    /// The whole body, with the permits for its bytes.
    async fn body(&self, request: &mut Request) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Fault> {
        let limits = &self.service.config.limits;
        let most = self.body_limit(request.uri().path());
        let too_large = || {
            Fault::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is longer than the {most} bytes that it may have"),
            )
        };
        let body = std::mem::take(request.body_mut());
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let hint = http_body::Body::size_hint(&body).exact();
        let room = match (announced, hint) {
            (_, Some(0)) => return Ok((Bytes::new(), None)),
            (Some(announced), _) if announced > most => {
                drain(body, announced).await;
                return Err(too_large());
            }
            (Some(announced), _) => announced,
            (None, _) => most,
        };
        let Ok(permit) = Arc::clone(&self.bodies).try_acquire_many_owned(room as u32) else {
            return Err(self.shed("there is no room for the body"));
        };
        let patience = Duration::from_secs(limits.body_seconds);
        match timeout(patience, Limited::new(body, most).collect()).await {
            Ok(Ok(collected)) => Ok((collected.to_bytes(), Some(permit))),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Fault::property("", "the body ended before it was complete")),
            Err(_) => {
                let text = format!("the body did not arrive within {} s", limits.body_seconds);
                Err(Fault::new(StatusCode::REQUEST_TIMEOUT, text))
            }
        }
    }

    /// A permit to work on a request.
    async fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Fault> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let limits = &self.service.config.limits;
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= limits.waiting {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(self.shed("too many requests wait"));
        }
        self.service.metrics.waiting.inc();
        let place = timeout(Duration::from_millis(limits.waiting_milliseconds), self.places.acquire()).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.service.metrics.waiting.dec();
        match place {
            Ok(Ok(place)) => Ok(place),
            _ => Err(self.shed("the request waited too long for its turn")),
        }
    }

    /// Lets a request with a valid key through to its handler.
    async fn admit(&self, mut request: Request, next: Next) -> Response {
        let path = request.uri().path();
        let decides = path == "/v1/decisions";
        // Requests that change nothing are not in the audit log.
        let silent = decides || request.method() == Method::GET;
        let action = if silent { Arc::default() } else { action(request.method(), path) };
        let caller = match Caller::of(request.headers(), &self.service, action) {
            Ok(caller) => caller,
            Err(fault) => return fault.into_response(),
        };
        // A stream of events goes on as long as its client likes, so it has permits of its own.
        let streams = path == "/v1/events";
        if !decides && let Err(fault) = self.rates.manage(&caller.key.key_id) {
            return fault.into_response();
        }
        let (body, _room) = match self.body(&mut request).await {
            Ok(body) => body,
            Err(fault) => return fault.into_response(),
        };
        *request.body_mut() = Body::from(body);
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(Arc::clone(&self.rates));
        if streams {
            return contained(next.run(request)).await;
        }
        let _place = match self.place().await {
            Ok(place) => place,
            Err(fault) => return fault.into_response(),
        };
        self.service.metrics.in_progress.inc();
        let seconds = self.service.config.limits.request_seconds;
        let done = timeout(Duration::from_secs(seconds), contained(next.run(request))).await;
        self.service.metrics.in_progress.dec();
        done.unwrap_or_else(|_| {
            let text = format!("the request was not done within {seconds} s; what it began may go on");
            Fault::unavailable(text, Duration::from_secs(1)).into_response()
        })
    }
}

/// Reads and drops a body that is too long, up to [`DRAINED`] bytes. A client that is still writing would not read the
/// answer if the connection were closed at once.
async fn drain(mut body: Body, announced: usize) {
    if announced > DRAINED {
        return;
    }
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = timeout(Duration::from_secs(2), all).await;
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

/// Paths that need no key: they show nothing of the platform.
fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics" | "/openapi.json" | "/docs") || path.starts_with("/docs/")
}

/// The middleware around all handlers.
pub(crate) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let family = Family::of(request.uri().path());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = if is_open(request.uri().path()) {
        contained(next.run(request)).await
    } else {
        guard.admit(request, next).await
    };
    let response = shaped(family, response);
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    guard.service.metrics.answered(&method, route, response.status().as_u16(), began.elapsed());
    response
}

/// The response with its error in the format of its path. Errors of the framework itself have no fault yet.
fn shaped(family: Family, mut response: Response) -> Response {
    let status = response.status();
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
        None => {
            let headers = response.headers_mut();
            headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
            return response;
        }
    };
    let mut rendered = render(family, &fault);
    if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow);
    }
    rendered
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

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
