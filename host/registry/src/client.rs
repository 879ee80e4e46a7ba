//! The client: its options, and what it does with a registry.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use semver::Version;
use ureq::Agent;
use ureq::http::{Method, Uri, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::DefaultConnector;

use crate::credentials::Credentials;
use crate::digest::Digest;
use crate::error::{RefusedBy, RegistryError};
use crate::exchange::{Answered, Ask, Room, Session};
use crate::manifest::{Described, MANIFEST, MOST_DOCUMENT, Manifest};
use crate::network::{Addresses, Reach, Reached};
use crate::place::Place;
use crate::reference::{Reference, Repository, Tagged, version_of};

/// The most tags of a repository.
pub const MOST_TAGS: usize = 10_000;
/// The most pages of tags, so that a registry that sends empty ones comes to an end.
const MOST_PAGES: usize = 100;
/// What is done to a repository that nothing is pushed to, in the words of registries.
const PULL: &str = "pull";
/// How many tags are asked for at a time.
const PAGE: &str = "1000";

/// How registries are spoken to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where credentials are; by default where Docker has them.
    pub credentials: Credentials,
    /// A PEM file with authorities that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Whether registries on loopback addresses are spoken to in plain HTTP. All others always have TLS. Default: no.
    pub plain_http: bool,
    /// Where a copy of every repository is, asked before its registry. What it sends is verified like everything else.
    pub mirror: Option<Place>,
    /// Whether the mirror is asked instead of the registry, which then hears nothing.
    pub mirror_only: bool,
    /// How long a name may take to be looked up and a connection to be made. Default: 5 s.
    pub connect: Duration,
    /// How long the first byte of an answer may take. Default: 10 s.
    pub first_byte: Duration,
    /// How long one operation may take, with everything that it needs and all retries. Default: 50 s.
    pub whole: Duration,
    /// How often a request is made again when the registry does not answer, or answers with 429 or 5xx. Default: 3.
    pub retries: u32,
    /// How long is waited before the first of these; it doubles. Default: 200 ms.
    pub pause: Duration,
    /// The most bytes of a component. Default: 24 MiB.
    pub most: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            credentials: Credentials::default(),
            ca_file: None,
            plain_http: false,
            mirror: None,
            mirror_only: false,
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(10),
            whole: Duration::from_secs(50),
            retries: 3,
            pause: Duration::from_millis(200),
            most: 24 << 20,
        }
    }
}

/// A component that was pulled: every byte is what its digest says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulled {
    /// The digest of its manifest, which its tag had when it was looked at.
    pub digest: Digest,
    /// The component.
    pub component: Vec<u8>,
    /// The texts of signatures that came with it, at most 8 of 4 KiB. They are not verified.
    pub signatures: Vec<String>,
}

/// A tag of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tag {
    /// As the registry has it.
    pub name: String,
    /// The version that it stands for, if it is one.
    pub version: Option<Version>,
}

/// Speaks to registries. All of it blocks, for as long as [`Options::whole`] at most.
pub struct Client {
    options: Options,
    /// Connections to registries.
    own: Agent,
    /// Connections to where registries of a reach lead: they go no closer.
    led: HashMap<Reach, Agent>,
    reached: Reached,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Client {
    /// Reads the authorities that are trusted.
    ///
    /// # Errors
    /// The file cannot be read or has no certificate, or nobody is trusted at all.
    pub fn new(options: Options) -> Result<Self, RegistryError> {
        let roots = RootCerts::Specific(Arc::new(roots(&options)?));
        let reached = Reached::default();
        let agent = |least: Reach, reached: Option<Reached>, idle: usize| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let tls =
                TlsConfig::builder().root_certs(roots.clone()).unversioned_rustls_crypto_provider(provider).build();
            let config = Agent::config_builder()
                .tls_config(tls)
                .http_status_as_error(false)
                .max_redirects(0)
                // A proxy would look names up by itself.
                .proxy(None)
                .user_agent(concat!("callsign/", env!("CARGO_PKG_VERSION")))
                .timeout_resolve(Some(options.connect))
                .timeout_connect(Some(options.connect))
                .timeout_recv_response(Some(options.first_byte))
                .max_idle_connections(idle)
                .max_idle_connections_per_host(idle.min(2))
                .build();
            Agent::with_parts(config, DefaultConnector::default(), Addresses::new(least, reached))
        };
        let own = agent(Reach::Loopback, Some(Arc::clone(&reached)), 8);
        // Without idle connections: each is checked for the registry that led to it.
        let led = [Reach::Loopback, Reach::Private, Reach::Public].map(|reach| (reach, agent(reach, None, 0)));
        Ok(Self { own, led: led.into(), reached, options })
    }

    /// How it speaks to registries.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The connections to a registry, or to where one of this reach leads.
    pub(crate) fn agent(&self, led_from: Option<Reach>) -> &Agent {
        led_from.and_then(|reach| self.led.get(&reach)).unwrap_or(&self.own)
    }

    /// How far a registry reaches that was connected to; that of everybody if it was not.
    pub(crate) fn reach_of(&self, authority: &str) -> Reach {
        let uri: Option<Uri> = authority.parse().ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.get(host).copied().unwrap_or(Reach::Public)
    }

    /// Pulls a component. A tag is looked at once, and everything else is asked for by digest, so a tag that moves meanwhile
    /// changes nothing.
    ///
    /// # Errors
    /// The registry does not answer in time, or what it has is no component, is too large, or has another digest.
    pub fn pull(&self, reference: &Reference) -> Result<Pulled, RegistryError> {
        self.pull_within(reference, &|_| true)
    }

    /// The same, where there is not room for everything that could come. `room` is asked as bytes arrive, whether the pull may take
    /// so many of memory: all that it has at that moment, which is less again when the next answer begins. What it was asked for
    /// last is what the component takes.
    ///
    /// # Errors
    /// The same, and [`RegistryError::NoRoom`] where `room` says no.
    pub fn pull_within(&self, reference: &Reference, room: &dyn Fn(u64) -> bool) -> Result<Pulled, RegistryError> {
        self.with_mirror(reference.repository(), room, |session| self.pull_from(session, reference))
    }

    /// The tags of a repository, as the registry lists them.
    ///
    /// # Errors
    /// The registry does not answer in time, or has more than [`MOST_TAGS`] tags.
    pub fn tags(&self, repository: &Repository) -> Result<Vec<Tag>, RegistryError> {
        self.tags_within(repository, &|_| true)
    }

    /// The same, where there is not room for everything that could come, as in [`Self::pull_within`].
    ///
    /// # Errors
    /// The same, and [`RegistryError::NoRoom`] where `room` says no.
    pub fn tags_within(&self, repository: &Repository, room: &dyn Fn(u64) -> bool) -> Result<Vec<Tag>, RegistryError> {
        self.with_mirror(repository, room, tags)
    }

    /// Pushes a component under a tag, with the texts of its signatures; returns the digest of its manifest. What the registry
    /// has already is not sent again.
    ///
    /// # Errors
    /// The registry does not answer in time or does not allow it; the reference has no tag; there are too many signatures.
    pub fn push(
        &self,
        reference: &Reference,
        component: &[u8],
        about: &Described,
        signatures: &[String],
    ) -> Result<Digest, RegistryError> {
        let tag = reference.tag();
        let tag =
            tag.ok_or_else(|| RegistryError::Options("a component is pushed under a tag, and not a digest".into()))?;
        let (manifest, config) = Manifest::write(component, about, signatures)?;
        let until = Instant::now() + self.options.whole;
        let mut session = Session::new(self, reference.repository(), "pull,push", until, &|_| true);
        upload(&mut session, "the component", component)?;
        upload(&mut session, "the config", &config)?;
        let digest = Digest::of(&manifest);
        let mut ask = Ask::new(Method::PUT, session.at(&format!("manifests/{tag}"))?, "the manifest");
        ask.content_type = Some(MANIFEST);
        ask.body = manifest;
        let answered = session.ask(ask)?;
        session.expect(&answered, &[201, 202, 200], "the upload of the manifest", session.has_login())?;
        is_digest(&answered, "the manifest", digest)?;
        Ok(digest)
    }

    /// Does something with the mirror, if there is one, and else or if that fails with the registry.
    fn with_mirror<T>(
        &self,
        repository: &Repository,
        room: Room<'_>,
        work: impl Fn(&mut Session<'_>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let until = Instant::now() + self.options.whole;
        let Some(mirror) = &self.options.mirror else {
            return work(&mut Session::new(self, repository, PULL, until, room));
        };
        let copy = mirror.join(repository.path()).map_err(|error| RegistryError::Options(error.to_string()))?;
        if self.options.mirror_only {
            return work(&mut Session::new(self, &copy, PULL, until, room));
        }
        // Half of the time is the registry's, whatever the mirror does.
        let half = Instant::now() + self.options.whole / 2;
        work(&mut Session::new(self, &copy, PULL, half, room)).or_else(|mirror| {
            if matches!(mirror, RegistryError::NoRoom { .. }) {
                return Err(mirror);
            }
            tracing::debug!("the mirror is passed over: {mirror}");
            let registry = work(&mut Session::new(self, repository, PULL, until, room));
            registry.map_err(|registry| RegistryError::Both { registry: registry.into(), mirror: mirror.into() })
        })
    }

    fn pull_from(&self, session: &mut Session<'_>, reference: &Reference) -> Result<Pulled, RegistryError> {
        let version = match reference.version() {
            Tagged::Tag(tag) => tag.to_string(),
            Tagged::Digest(digest) => digest.to_string(),
        };
        let mut ask = Ask::new(Method::GET, session.at(&format!("manifests/{version}"))?, "the manifest");
        // Indexes are not accepted. A registry that has one sends it all the same, and it is refused by its name.
        ask.accept = Some(MANIFEST);
        ask.most = MOST_DOCUMENT;
        let answered = session.ask(ask)?;
        session.expect(&answered, &[200], &format!("manifest {version}"), session.has_login())?;
        let digest = Digest::of(&answered.body);
        match reference.version() {
            Tagged::Digest(expected) if *expected != digest => {
                return Err(RefusedBy::Digest { what: "the manifest", found: digest, expected: *expected }.into());
            }
            // What the registry says its tag is, it must have sent.
            _ => is_digest(&answered, "the manifest", digest)?,
        }
        let media_type = answered.header(header::CONTENT_TYPE);
        let manifest = Manifest::parse(media_type, &answered.body, self.options.most)?;
        let config = blob(session, "the config", &manifest.config.digest, manifest.config.size)?;
        manifest.check_config(&config)?;
        let component = blob(session, "the component", &manifest.layer.digest, manifest.layer.size)?;
        Ok(Pulled { digest, component, signatures: manifest.signatures })
    }
}

/// A config or a layer, verified.
fn blob(session: &mut Session<'_>, what: &'static str, expected: &Digest, size: u64) -> Result<Vec<u8>, RegistryError> {
    let mut ask = Ask::new(Method::GET, session.at(&format!("blobs/{expected}"))?, what);
    ask.most = size;
    ask.follows = true;
    let answered = session.ask(ask).map_err(|error| match error {
        RegistryError::Refused(RefusedBy::TooLarge { .. }) => RefusedBy::Size { what, expected: size }.into(),
        error => error,
    })?;
    session.expect(&answered, &[200], &format!("blob {expected}"), session.has_login())?;
    if answered.body.len() as u64 != size {
        return Err(RefusedBy::Size { what, expected: size }.into());
    }
    match Digest::of(&answered.body) {
        found if found == *expected => Ok(answered.body),
        found => Err(RefusedBy::Digest { what, found, expected: *expected }.into()),
    }
}

/// Uploads a blob in one piece, unless it is there.
fn upload(session: &mut Session<'_>, what: &'static str, bytes: &[u8]) -> Result<(), RegistryError> {
    let digest = Digest::of(bytes);
    let there = session.ask(Ask::new(Method::HEAD, session.at(&format!("blobs/{digest}"))?, what))?;
    if there.status == 200 {
        return Ok(());
    }
    let begin = session.at("blobs/uploads/")?;
    let begun = session.ask(Ask::new(Method::POST, begin.clone(), what))?;
    session.expect(&begun, &[202], &format!("the upload of {what}"), session.has_login())?;
    let place = session.own(&begin, begun.header(header::LOCATION), "for an upload")?;
    let mark = if place.query().is_some() { '&' } else { '?' };
    let place = format!("{place}{mark}digest={digest}");
    let place = session.own(&begin, Some(&place), "for an upload")?;
    let mut ask = Ask::new(Method::PUT, place, what);
    ask.content_type = Some("application/octet-stream");
    ask.body = bytes.to_vec();
    let done = session.ask(ask)?;
    session.expect(&done, &[201], &format!("the upload of {what}"), session.has_login())
}

fn tags(session: &mut Session<'_>) -> Result<Vec<Tag>, RegistryError> {
    #[derive(serde::Deserialize)]
    struct Page {
        // Some registries write null for none.
        tags: Option<Vec<String>>,
    }
    let first = session.at(&format!("tags/list?n={PAGE}"))?;
    let (mut next, mut found) = (Some(first.clone()), Vec::new());
    for _ in 0..MOST_PAGES {
        let Some(uri) = next else { return Ok(found) };
        let mut ask = Ask::new(Method::GET, uri, "the tags");
        ask.accept = Some("application/json");
        let answered = session.ask(ask)?;
        session.expect(&answered, &[200], "tags of this repository", session.has_login())?;
        let not_read = |error: serde_json::Error| RefusedBy::NotRead { what: "the tags", reason: error.to_string() };
        let page: Page = serde_json::from_slice(&answered.body).map_err(not_read)?;
        for name in page.tags.unwrap_or_default() {
            // What is no tag could not be asked for.
            if Tag::is_one(&name) {
                session.keep(size_of::<Tag>() + name.len());
                found.push(Tag { version: version_of(&name), name });
            }
        }
        if found.len() > MOST_TAGS {
            return Err(RefusedBy::TooManyTags { most: MOST_TAGS }.into());
        }
        next = match answered.header(header::LINK).and_then(next_link) {
            None => None,
            Some(to) => Some(session.own(&first, Some(to), "for more tags")?),
        };
    }
    match next {
        None => Ok(found),
        Some(_) => Err(RefusedBy::TooManyTags { most: MOST_TAGS }.into()),
    }
}

impl Tag {
    fn is_one(name: &str) -> bool {
        crate::reference::check_tag(name).is_ok()
    }
}

/// The address of `<…>; rel="next"`: RFC 8288.
fn next_link(header: &str) -> Option<&str> {
    let (address, rest) = header.strip_prefix('<')?.split_once('>')?;
    rest.to_ascii_lowercase().contains("next").then_some(address)
}

/// What the registry says the digest is, if it says so.
fn is_digest(answered: &Answered, what: &'static str, digest: Digest) -> Result<(), RegistryError> {
    let said = answered.headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
    match said.and_then(|said| said.parse::<Digest>().ok()) {
        Some(expected) if expected != digest => Err(RefusedBy::Digest { what, found: digest, expected }.into()),
        _ => Ok(()),
    }
}

/// Who is trusted to sign certificates: those whom the system trusts, and those of the file.
fn roots(options: &Options) -> Result<Vec<Certificate<'static>>, RegistryError> {
    let system = rustls_native_certs::load_native_certs().certs;
    let mut roots: Vec<Certificate<'static>> =
        system.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    if let Some(path) = &options.ca_file {
        let refused = |reason: &dyn std::fmt::Display| RegistryError::Options(format!("{}: {reason}", path.display()));
        let text = fs::read(path).map_err(|error| refused(&error))?;
        let before = roots.len();
        for item in parse_pem(&text) {
            if let PemItem::Certificate(certificate) = item.map_err(|error| refused(&error))? {
                roots.push(certificate);
            }
        }
        if roots.len() == before {
            return Err(refused(&"it has no certificate in PEM"));
        }
    }
    // Without any, nothing but plain HTTP works, and each connection says so.
    Ok(roots)
}
