//! Why something cannot be pulled, pushed or listed.

use std::time::Duration;

use crate::digest::Digest;

/// Why something cannot be pulled, pushed or listed. What a server said is repeated cut and escaped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The options cannot be used, such as a file with no certificate.
    #[error("{0}")]
    Options(String),
    /// The Docker configuration, or a helper that it names, gives no credentials.
    #[error("the credentials for {host} cannot be had: {reason}")]
    Credentials {
        /// The registry.
        host: String,
        /// Why.
        reason: String,
    },
    /// The registry cannot be connected to, or the connection broke, as often as it was tried.
    #[error("the registry {host} does not answer: {reason}")]
    Unreachable {
        /// The registry.
        host: String,
        /// Why.
        reason: String,
    },
    /// The registry took too long.
    #[error("the registry {host} is too slow: {what} was not there after {after:?}")]
    Slow {
        /// The registry.
        host: String,
        /// What was waited for.
        what: &'static str,
        /// The bound.
        after: Duration,
    },
    /// There is no such repository, tag, manifest or blob.
    #[error("the registry {host} has no {what}")]
    NotFound {
        /// The registry.
        host: String,
        /// What.
        what: String,
    },
    /// The registry wants other credentials.
    #[error("the registry {host} refuses {what}: {}", match .with_credentials {
        true => "the credentials of the Docker configuration are not enough",
        false => "the Docker configuration has no credentials for it, `docker login` puts them there",
    })]
    Denied {
        /// The registry.
        host: String,
        /// What was asked.
        what: String,
        /// Whether credentials were sent.
        with_credentials: bool,
    },
    /// The registry answered with a status that says nothing else.
    #[error("the registry {host} answers {what} with {status}{reason}")]
    Status {
        /// The registry.
        host: String,
        /// What was asked.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What the registry said, after a colon; empty if it said nothing.
        reason: String,
    },
    /// The registry's answer is refused.
    #[error(transparent)]
    Refused(#[from] RefusedBy),
    /// Whoever asked has no room for so many bytes, as it says itself.
    #[error("there is no room for the bytes of {what}")]
    NoRoom {
        /// What.
        what: &'static str,
    },
    /// The registry, and its mirror before it.
    #[error("{registry}; and its mirror: {mirror}")]
    Both {
        /// What the registry did.
        registry: Box<RegistryError>,
        /// What the mirror did.
        mirror: Box<RegistryError>,
    },
}

impl RegistryError {
    /// Whether the same may work later: the registry does not answer, is slow, or has trouble of its own.
    pub fn is_of_registry(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Slow { .. } => true,
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            Self::Both { registry, .. } => registry.is_of_registry(),
            _ => false,
        }
    }
}

/// Which rule an answer broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedBy {
    /// Something is of another type.
    #[error("{what} is of the type {found}, and not {expected}: it is no component")]
    MediaType {
        /// What.
        what: &'static str,
        /// The type that it has, in quotes.
        found: String,
        /// The type that it should have.
        expected: &'static str,
    },
    /// A list of manifests.
    #[error("the manifest is an index, a list of manifests for several platforms; a component has one for all")]
    Index,
    /// Not JSON, or not of the right shape.
    #[error("{what} cannot be read: {reason}")]
    NotRead {
        /// What.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// A manifest of another kind.
    #[error("the manifest has schema version {0}, and not 2")]
    Schema(u32),
    /// A manifest without a config.
    #[error("the manifest has no config, and so no component")]
    NoConfig,
    /// More or fewer layers than one.
    #[error("the manifest has {0} layers; a component has one")]
    Layers(usize),
    /// A config of something else.
    #[error("the config is for {0}, and not for \"wasip2/wasm\": it is no component")]
    Platform(String),
    /// A config of another component.
    #[error("the config names another layer than the manifest")]
    OtherLayer,
    /// Content that is somewhere else.
    #[error("the manifest says that {what} is outside of the registry, which is not followed")]
    Elsewhere {
        /// What.
        what: &'static str,
    },
    /// Nothing.
    #[error("{what} is empty")]
    Empty {
        /// What.
        what: &'static str,
    },
    /// More bytes than there may be.
    #[error("{what} has more than {most} bytes")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The bound.
        most: u64,
    },
    /// Fewer or more bytes than the manifest says.
    #[error("{what} has another size than the {expected} bytes that the manifest says")]
    Size {
        /// What.
        what: &'static str,
        /// The size in the manifest.
        expected: u64,
    },
    /// Other bytes than were asked for.
    #[error("{what} has the digest {found}, and not {expected}: the registry sent other bytes")]
    Digest {
        /// What.
        what: &'static str,
        /// Of the bytes that came.
        found: Digest,
        /// Of those that were asked for.
        expected: Digest,
    },
    /// The annotation of signatures is not what it should be.
    #[error(
        "the signatures are a JSON list of at most {most} texts of 1 to {longest} bytes, in the annotation {name}",
        most = crate::manifest::MOST_SIGNATURES,
        longest = crate::manifest::MOST_SIGNATURE,
        name = crate::manifest::SIGNATURES
    )]
    Signatures,
    /// A redirect that is not followed.
    #[error("the registry {host} redirects to {to}, which is not followed: {reason}")]
    Redirect {
        /// The registry.
        host: String,
        /// Where to, in quotes.
        to: String,
        /// Why it is not followed.
        reason: &'static str,
    },
    /// Where to get a token, or where to upload, is a place that is not used.
    #[error("the registry {host} names {place} {to}, which is not used: {reason}")]
    Place {
        /// The registry.
        host: String,
        /// What for.
        place: &'static str,
        /// The address, in quotes.
        to: String,
        /// Why.
        reason: &'static str,
    },
    /// An address that is not connected to.
    #[error("{host} is at {address}, which is not connected to: {reason}")]
    Address {
        /// The host.
        host: String,
        /// Where it is.
        address: std::net::IpAddr,
        /// Why.
        reason: &'static str,
    },
    /// Plain HTTP to another machine.
    #[error("{host} is no loopback address: plain HTTP is spoken to this machine only")]
    PlainHttp {
        /// The host.
        host: String,
    },
    /// A challenge that is not understood.
    #[error("the registry {host} wants a kind of login that is not known; Basic and Bearer are")]
    Challenge {
        /// The registry.
        host: String,
    },
    /// More tags than are read.
    #[error("the repository has more than {most} tags")]
    TooManyTags {
        /// The bound.
        most: usize,
    },
}
