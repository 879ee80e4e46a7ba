//! Requests to one registry, within the time of one operation: tried again while the registry has trouble, led nowhere that is not
//! to be gone to, and read no further than their bounds.

use std::io::{ErrorKind, Read};
use std::thread::sleep;
use std::time::{Duration, Instant};

use callsign_catalog::escape::quoted;
use callsign_private::Secret;
use ureq::http::{HeaderMap, Method, Request, Uri, header};

use crate::client::Client;
use crate::credentials::Login;
use crate::error::{RefusedBy, RegistryError};
use crate::login::Challenge;
use crate::network::is_loopback;
use crate::reference::Repository;

/// How many redirects a blob may take.
const MOST_HOPS: usize = 3;
/// The most bytes of a list of tags, of an error and of other small answers.
const SMALL: u64 = 1 << 20;
/// How much of an error of a registry is repeated.
const SAID: usize = 200;
/// How many bytes of an answer are read at a time.
const PIECE: usize = 16 << 10;

/// A request.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// For people who read errors.
    pub(crate) what: &'static str,
    pub(crate) accept: Option<&'static str>,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: Vec<u8>,
    /// The most bytes of the answer.
    pub(crate) most: u64,
    /// Whether a redirect is followed.
    pub(crate) follows: bool,
}

impl Ask {
    pub(crate) fn new(method: Method, uri: Uri, what: &'static str) -> Self {
        Self { method, uri, what, accept: None, content_type: None, body: Vec::new(), most: SMALL, follows: false }
    }
}

/// An answer, whole.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// One operation on one repository of one server, which is the registry or its mirror.
pub(crate) struct Session<'a> {
    client: &'a Client,
    /// The host and port that are connected to.
    authority: String,
    /// The registry, for its credentials and for people.
    registry: String,
    path: String,
    actions: &'static str,
    until: Instant,
    room: Room<'a>,
    /// Bytes that stay in memory beside the answer that is read.
    kept: u64,
    authorization: Option<Secret>,
}

/// Whether an operation may take so many bytes of memory: all that it has so far. It is asked as they arrive, and before each answer
/// with less, since one is in memory at a time.
pub(crate) type Room<'a> = &'a dyn Fn(u64) -> bool;

impl<'a> Session<'a> {
    pub(crate) fn new(
        client: &'a Client,
        place: &Repository,
        actions: &'static str,
        until: Instant,
        room: Room<'a>,
    ) -> Self {
        let registry = place.registry().to_owned();
        // Docker Hub has its registry under another name.
        let authority = if registry == "docker.io" { "registry-1.docker.io".to_owned() } else { registry.clone() };
        Self {
            client,
            authority,
            registry,
            path: place.path().to_owned(),
            actions,
            until,
            room,
            kept: 0,
            authorization: None,
        }
    }

    /// The registry.
    pub(crate) fn host(&self) -> &str {
        &self.registry
    }

    /// So many bytes of what was read stay in memory.
    pub(crate) fn keep(&mut self, bytes: usize) {
        self.kept += bytes as u64;
    }

    pub(crate) fn scope(&self) -> String {
        format!("repository:{}:{}", self.path, self.actions)
    }

    pub(crate) fn login(&self) -> Result<Option<Login>, RegistryError> {
        let found = self.client.options().credentials.find(&self.registry);
        found.map_err(|reason| RegistryError::Credentials { host: self.registry.clone(), reason })
    }

    fn is_plain(&self) -> bool {
        is_loopback(&self.authority) && self.client.options().plain_http
    }

    /// An address of the repository, such as `manifests/1.0.0`.
    pub(crate) fn at(&self, rest: &str) -> Result<Uri, RegistryError> {
        let scheme = if self.is_plain() { "http" } else { "https" };
        let text = format!("{scheme}://{}/v2/{}/{rest}", self.authority, self.path);
        text.parse().map_err(|_| RegistryError::Options(format!("{} is no address", quoted(&text))))
    }

    /// Makes a request, with the login that the registry asks for.
    ///
    /// # Errors
    /// The registry does not answer in time, or leads to where it must not.
    pub(crate) fn ask(&mut self, ask: Ask) -> Result<Answered, RegistryError> {
        let mut ask = ask;
        let mut hops = 0;
        loop {
            let is_own = self.is_own(&ask.uri);
            let authorization = self.authorization.clone().filter(|_| is_own);
            let answered = self.send(&ask, authorization.as_ref())?;
            match answered.status {
                401 if is_own && authorization.is_none() => {
                    let headers = answered.headers.get_all(header::WWW_AUTHENTICATE).iter();
                    let challenge = Challenge::parse(headers.filter_map(|value| value.to_str().ok()));
                    let challenge = challenge.ok_or_else(|| RefusedBy::Challenge { host: self.registry.clone() })?;
                    self.authorization = self.answer(&challenge)?;
                    if self.authorization.is_none() {
                        return Ok(answered);
                    }
                }
                301 | 302 | 303 | 307 | 308 => {
                    if !ask.follows {
                        return Err(self.redirect_refused(&answered, "only the content of a module may be elsewhere"));
                    }
                    if hops == MOST_HOPS {
                        return Err(self.redirect_refused(&answered, "it is the fourth one"));
                    }
                    hops += 1;
                    ask.uri = self.led_to(&ask.uri, &answered)?;
                }
                _ => return Ok(answered),
            }
        }
    }

    /// Whether an address is of the registry itself, which alone sees what was logged in with.
    fn is_own(&self, uri: &Uri) -> bool {
        let scheme = if self.is_plain() { "http" } else { "https" };
        uri.scheme_str() == Some(scheme)
            && uri.authority().is_some_and(|authority| authority.as_str() == self.authority)
    }

    /// Whether the registry may lead to an address. Where its host is, is checked when it is connected to.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn may_lead_to(&self, uri: &Uri) -> Result<(), &'static str> {
        match (uri.scheme_str(), uri.authority()) {
            (_, Some(authority)) if authority.as_str().contains('@') => Err("it has a name and a password"),
            (Some("https"), Some(_)) => Ok(()),
            (Some("http"), Some(_)) if self.is_plain() => Ok(()),
            (Some("http"), Some(_)) => Err("it is plain HTTP, and the registry is spoken to with TLS"),
            _ => Err("it is no address of HTTP"),
        }
    }

    fn led_to(&self, from: &Uri, answered: &Answered) -> Result<Uri, RegistryError> {
        let refused = |reason| self.redirect_refused(answered, reason);
        let to = answered.header(header::LOCATION).ok_or_else(|| refused("it says nowhere"))?;
        let uri = resolved(from, to).ok_or_else(|| refused("it is no address"))?;
        self.may_lead_to(&uri).map_err(refused)?;
        Ok(uri)
    }

    pub(crate) fn redirect_refused(&self, answered: &Answered, reason: &'static str) -> RegistryError {
        let to = quoted(answered.header(header::LOCATION).unwrap_or_default());
        RefusedBy::Redirect { host: self.registry.clone(), to, reason }.into()
    }

    /// An address of the registry itself that it named, such as where an upload goes.
    ///
    /// # Errors
    /// It is of somebody else.
    pub(crate) fn own(&self, from: &Uri, to: Option<&str>, place: &'static str) -> Result<Uri, RegistryError> {
        let uri = to.and_then(|to| resolved(from, to)).filter(|uri| self.is_own(uri));
        uri.ok_or_else(|| {
            let (host, to) = (self.registry.clone(), quoted(to.unwrap_or_default()));
            RefusedBy::Place { host, place, to, reason: "it is not of the registry" }.into()
        })
    }

    /// Sends a request, again if the registry has trouble, and reads its answer.
    ///
    /// # Errors
    /// No answer within the bounds.
    pub(crate) fn send(&self, ask: &Ask, authorization: Option<&Secret>) -> Result<Answered, RegistryError> {
        let mut tries = 0;
        loop {
            let sent = self.send_once(ask, authorization);
            let wait = match &sent {
                Ok(answered) if answered.status == 429 || answered.status >= 500 => {
                    let said = answered.header(header::RETRY_AFTER).and_then(|text| text.trim().parse().ok());
                    said.map(Duration::from_secs)
                }
                Err(RegistryError::Unreachable { .. }) => None,
                _ => return sent,
            };
            // The pause doubles, and a half of it is left to chance, so that many nodes do not come back at once.
            let options = self.client.options();
            let pause = options.pause.saturating_mul(1 << tries).mul_f64(1.0 - chance() / 2.0);
            let pause = wait.unwrap_or_default().max(pause);
            if tries >= options.retries || Instant::now() + pause >= self.until {
                return sent;
            }
            tries += 1;
            sleep(pause);
        }
    }

    fn send_once(&self, ask: &Ask, authorization: Option<&Secret>) -> Result<Answered, RegistryError> {
        let left = self.until.saturating_duration_since(Instant::now());
        let host = || ask.uri.host().unwrap_or_default().to_owned();
        if left.is_zero() {
            return Err(RegistryError::Slow { host: host(), what: ask.what, after: self.client.options().whole });
        }
        let mut request = Request::builder().method(ask.method.clone()).uri(&ask.uri);
        if let Some(accept) = ask.accept {
            request = request.header(header::ACCEPT, accept);
        }
        if let Some(content_type) = ask.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization.expose());
        }
        let agent = match self.is_own(&ask.uri) {
            true => self.client.agent(None),
            // Of a registry that was not connected to nothing can lead anywhere.
            false => self.client.agent(Some(self.client.reach_of(&self.authority))),
        };
        let failed = |error| self.failed(ask, error);
        let with_body = matches!(ask.method, Method::POST | Method::PUT | Method::PATCH);
        let mut response = if with_body {
            let request = request.body(&*ask.body).map_err(|error| failed(error.into()))?;
            agent.run(agent.configure_request(request).timeout_global(Some(left)).build())
        } else {
            let request = request.body(()).map_err(|error| failed(error.into()))?;
            agent.run(agent.configure_request(request).timeout_global(Some(left)).build())
        }
        .map_err(failed)?;
        let status = response.status().as_u16();
        // What is said of an error is short, and is not worth a failure of its own.
        let most = if (200..300).contains(&status) { ask.most } else { SMALL };
        // What came before this answer is in memory no more.
        (self.room)(self.kept);
        let too_large = || RegistryError::from(RefusedBy::TooLarge { what: ask.what, most });
        let headers = response.headers().clone();
        let mut body = Vec::new();
        if ask.method != Method::HEAD {
            let announced = response.body().content_length();
            if announced.is_some_and(|length| length > most) {
                return Err(too_large());
            }
            // Not touched before the bytes are there, and not moved while they come.
            body.reserve_exact(announced.and_then(|length| usize::try_from(length).ok()).unwrap_or_default());
            let mut reader = response.body_mut().with_config().limit(most + 1).reader().take(most + 1);
            let mut piece = [0; PIECE];
            loop {
                let read = match reader.read(&mut piece) {
                    Ok(0) => break,
                    Ok(read) => read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => return Err(failed(error.into())),
                };
                if !(self.room)(self.kept + (body.len() + read) as u64) {
                    return Err(RegistryError::NoRoom { what: ask.what });
                }
                body.extend_from_slice(&piece[..read]);
            }
        }
        match body.len() as u64 > most {
            true => Err(too_large()),
            false => Ok(Answered { status, headers, body }),
        }
    }

    /// What an error of the connection means.
    fn failed(&self, ask: &Ask, error: ureq::Error) -> RegistryError {
        let host = ask.uri.authority().map_or_else(|| self.registry.clone(), ToString::to_string);
        let options = self.client.options();
        let slow = |what, after| RegistryError::Slow { host: host.clone(), what, after };
        // Errors while a body is read come in an `io::Error`.
        let error = match error {
            ureq::Error::Io(error) => match error.downcast::<ureq::Error>() {
                Ok(inner) => inner,
                Err(error) => ureq::Error::Io(error),
            },
            error => error,
        };
        match error {
            ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
                slow("a connection", options.connect)
            }
            ureq::Error::Timeout(ureq::Timeout::RecvResponse) => {
                slow("the first byte of the answer", options.first_byte)
            }
            ureq::Error::Timeout(_) => slow(ask.what, options.whole),
            ureq::Error::Other(inner) => match inner.downcast::<RefusedBy>() {
                Ok(refused) => (*refused).into(),
                Err(error) => RegistryError::Unreachable { host, reason: error.to_string() },
            },
            error => RegistryError::Unreachable { host, reason: error.to_string() },
        }
    }

    /// Takes an answer with one of these statuses.
    ///
    /// # Errors
    /// It has another one.
    pub(crate) fn expect(
        &self,
        answered: &Answered,
        statuses: &[u16],
        what: &str,
        with_credentials: bool,
    ) -> Result<(), RegistryError> {
        let host = self.registry.clone();
        match answered.status {
            status if statuses.contains(&status) => Ok(()),
            404 => Err(RegistryError::NotFound { host, what: what.to_owned() }),
            401 | 403 => Err(RegistryError::Denied { host, what: what.to_owned(), with_credentials }),
            status => Err(RegistryError::Status { host, what: what.to_owned(), status, reason: said(&answered.body) }),
        }
    }

    /// Whether the registry has seen a login in this session. An anonymous token is none.
    pub(crate) fn has_login(&self) -> bool {
        self.authorization.is_some() && self.login().is_ok_and(|login| login.is_some())
    }
}

/// What a registry says of an error, in the format of the distribution specification or as it is.
fn said(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json.as_ref().and_then(|json| json.pointer("/errors/0/message")?.as_str());
    let text = message.map_or_else(|| String::from_utf8_lossy(&body[..body.len().min(SAID)]), Into::into);
    match text.trim() {
        "" => String::new(),
        text => format!(": {}", quoted(text)),
    }
}

/// An address that is given by itself, or from the root of another one.
fn resolved(from: &Uri, to: &str) -> Option<Uri> {
    let (to, _) = to.split_once('#').unwrap_or((to, ""));
    if let Some(rest) = to.strip_prefix("//") {
        return format!("{}://{rest}", from.scheme_str()?).parse().ok();
    }
    match to.starts_with('/') {
        true => format!("{}://{}{to}", from.scheme_str()?, from.authority()?).parse().ok(),
        false => to.parse().ok().filter(|uri: &Uri| uri.scheme().is_some() && uri.authority().is_some()),
    }
}

/// A number from 0 to 1.
fn chance() -> f64 {
    let mut bytes = [0; 2];
    // Without random numbers nothing is spread, which is all that they are for.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX)
}
