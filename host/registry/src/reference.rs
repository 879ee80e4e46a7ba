//! References: where an artifact is. They are parsed once, where a text comes in, and what is parsed is written the same.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use semver::Version;

use crate::digest::Digest;

/// The most bytes of a reference: a host, a port, a repository and a digest.
const MOST_REFERENCE: usize = 640;
/// The most bytes of a host: RFC 1035.
const MOST_HOST: usize = 253;
/// The most bytes of a repository, with its registry: what the OCI distribution specification advises.
const MOST_REPOSITORY: usize = 255;
/// The most bytes of a tag: OCI distribution specification, "Pulling manifests".
const MOST_TAG: usize = 128;

/// Why a text is no reference. It repeats nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// It is longer than anything that it could name.
    #[error("a reference has at most {MOST_REFERENCE} characters")]
    TooLong,
    /// It has a scheme, such as `https://`.
    #[error("a reference begins with the host of its registry, without a scheme such as https://")]
    Scheme,
    /// It names no registry, or one that is no host.
    #[error(
        "a reference begins with the host of its registry and, if it needs one, a port, in small letters: \
         registry.example/acme/policy:1.0.0"
    )]
    Registry,
    /// It names no repository, or one that a registry would not take.
    #[error(
        "a repository is made of small letters and digits, with . _ - between them and / between its parts, at most \
         {MOST_REPOSITORY} characters with its registry: registry.example/acme/policy"
    )]
    Repository,
    /// The tag is none.
    #[error("a tag has 1 to {MOST_TAG} letters, digits, _ . and -, and does not begin with . or -")]
    Tag,
    /// The digest is none.
    #[error("a digest is sha256: and 64 hexadecimal digits in small letters")]
    Digest,
    /// There is no tag and no digest.
    #[error("the reference says no version: give a tag after `:`, or a digest after `@`")]
    NoVersion,
    /// There is a tag and a digest.
    #[error("the reference has a tag and a digest: give the one or the other")]
    TwoVersions,
    /// There is a tag or a digest where a repository is wanted.
    #[error("a repository is wanted, without a tag or a digest")]
    Version,
}

/// A registry and a repository in it, such as `registry.example:5000/acme/policy`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    text: Box<str>,
    /// Where the registry ends in it.
    slash: usize,
}

impl Repository {
    /// The host, with its port if it has one.
    pub fn registry(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The path in the registry.
    pub fn path(&self) -> &str {
        &self.text[self.slash + 1..]
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The artifact with a tag.
    ///
    /// # Errors
    /// The tag is none.
    pub fn tagged(&self, tag: &str) -> Result<Reference, ReferenceError> {
        check_tag(tag)?;
        Ok(Reference { repository: self.clone(), version: Tagged::Tag(tag.into()) })
    }
}

/// A text without a scheme as the registry and what stands behind it.
fn split(text: &str) -> Result<(&str, &str), ReferenceError> {
    if text.len() > MOST_REFERENCE {
        return Err(ReferenceError::TooLong);
    }
    if text.contains("://") {
        return Err(ReferenceError::Scheme);
    }
    text.split_once('/').ok_or(ReferenceError::Registry)
}

impl FromStr for Repository {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (registry, path) = split(text)?;
        check_registry(registry)?;
        if path.contains([':', '@']) {
            return Err(ReferenceError::Version);
        }
        if text.len() > MOST_REPOSITORY || !path.split('/').all(is_component) {
            return Err(ReferenceError::Repository);
        }
        Ok(Self { slash: registry.len(), text: text.into() })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What an artifact is named by in its repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Tagged {
    /// A tag, which its registry can move to another artifact.
    Tag(Box<str>),
    /// The digest of its manifest, which is always of the same artifact.
    Digest(Digest),
}

/// An artifact: a repository, and a tag or a digest in it. There is no default tag.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    repository: Repository,
    version: Tagged,
}

impl Reference {
    /// Where it is.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Its tag or digest.
    pub fn version(&self) -> &Tagged {
        &self.version
    }

    /// Its tag, if it has one.
    pub fn tag(&self) -> Option<&str> {
        match &self.version {
            Tagged::Tag(tag) => Some(tag),
            Tagged::Digest(_) => None,
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (registry, path) = split(text)?;
        let repository = |path: &str| format!("{registry}/{path}").parse::<Repository>();
        if let Some((path, digest)) = path.split_once('@') {
            if path.contains(':') {
                return Err(ReferenceError::TwoVersions);
            }
            return Ok(Self { repository: repository(path)?, version: Tagged::Digest(digest.parse()?) });
        }
        match path.split_once(':') {
            Some((path, tag)) => repository(path)?.tagged(tag),
            None => repository(path).and(Err(ReferenceError::NoVersion)),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Tagged::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Tagged::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The version that a tag stands for: the tag itself, after a `v` if it has one. A tag has no `+`; tools write `_` for it, and so
/// does [`tag_of`].
pub fn version_of(tag: &str) -> Option<Version> {
    let text = tag.strip_prefix('v').unwrap_or(tag);
    text.replacen('_', "+", 1).parse().ok()
}

/// The tag of a version.
pub fn tag_of(version: &Version) -> String {
    version.to_string().replace('+', "_")
}

/// Checks a host and its port. It has a `.` or a port, or is `localhost`, as everywhere that references are read: else it would
/// be a part of a repository without a registry.
pub(crate) fn check_registry(text: &str) -> Result<(), ReferenceError> {
    let (host, port) = split_port(text).ok_or(ReferenceError::Registry)?;
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
    let names_registry = host.contains(['.', '[']) || port.is_some() || host == "localhost";
    match names_registry && is_host(host) && port.is_none_or(is_port) {
        true => Ok(()),
        false => Err(ReferenceError::Registry),
    }
}

fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if text.starts_with('[') {
        let end = text.find(']')? + 1;
        let (host, rest) = text.split_at(end);
        return match rest {
            "" => Some((host, None)),
            rest => Some((host, Some(rest.strip_prefix(':')?))),
        };
    }
    Some(text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))))
}

/// The host without its port and without the brackets of an IPv6 address.
pub(crate) fn host_of(registry: &str) -> &str {
    let host = split_port(registry).map_or(registry, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The address that a host is, if it is none that is looked up.
pub(crate) fn address_of(registry: &str) -> Option<IpAddr> {
    host_of(registry).parse().ok()
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    let labels = || host.split('.');
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        bytes.len() <= 63
            && ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
            && bytes.iter().all(|&byte| byte == b'-' || byte.is_ascii_digit() || byte.is_ascii_lowercase())
    };
    // Systems read `127.1`, `0x7f.1` and `2130706433` as addresses, which nobody would see in a list of hosts.
    let is_number = labels().next_back().is_some_and(|last| last.as_bytes().first().is_some_and(u8::is_ascii_digit));
    let is_address = || host.parse::<Ipv4Addr>().is_ok_and(|parsed| parsed.to_string() == host);
    host.len() <= MOST_HOST && labels().all(is_label) && (!is_number || is_address())
}

/// A part of a repository: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` of the OCI distribution specification.
pub(crate) fn is_component(text: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(is_word)
        && bytes.last().is_some_and(is_word)
        && bytes.iter().all(|byte| is_word(byte) || b"._-".contains(byte))
        && text
            .split(|c: char| c.is_ascii_alphanumeric())
            .all(|run| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|byte| byte == b'-'))
}

/// # Errors
/// It is no tag.
pub(crate) fn check_tag(tag: &str) -> Result<(), ReferenceError> {
    let bytes = tag.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_tag = (1..=MOST_TAG).contains(&bytes.len())
        && bytes.first().is_some_and(is_word)
        && bytes.iter().all(|byte| is_word(byte) || b".-".contains(byte));
    if is_tag { Ok(()) } else { Err(ReferenceError::Tag) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_registry_a_repository_and_a_tag_or_a_digest() {
        let digest = Digest::of(b"");
        for text in [
            "registry.example/acme/policy:1.0.0".to_owned(),
            "localhost/p:v1".into(),
            "localhost:5000/p:_x".into(),
            "127.0.0.1:5000/a/b__c/d---e/f.g:1.0.0-rc.1_build.5".into(),
            "[::1]:5000/p:1".into(),
            format!("registry.example/p@{digest}"),
            format!("registry.example/p:{}", "t".repeat(MOST_TAG)),
            format!("registry.example/{}:1", "p".repeat(MOST_REPOSITORY - "registry.example/".len())),
        ] {
            let reference: Reference = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(reference.to_string(), text);
        }
        let reference: Reference = "registry.example:5000/acme/policy:1.0.0".parse().unwrap();
        assert_eq!(reference.repository().registry(), "registry.example:5000");
        assert_eq!((reference.repository().path(), reference.tag()), ("acme/policy", Some("1.0.0")));
    }

    #[test]
    fn what_is_no_reference_is_refused_with_what_is_wrong() {
        use ReferenceError as E;
        let digest = Digest::of(b"").to_string();
        for (text, why) in [
            ("".to_owned(), E::Registry),
            ("policy".into(), E::Registry),
            ("acme/policy:1".into(), E::Registry),
            ("Registry.example/p:1".into(), E::Registry),
            ("user@registry.example/p:1".into(), E::Registry),
            ("user:pass@registry.example/p:1".into(), E::Registry),
            ("registry.example:0/p:1".into(), E::Registry),
            ("registry.example:00080/p:1".into(), E::Registry),
            ("registry.example:65536/p:1".into(), E::Registry),
            ("registry.example:/p:1".into(), E::Registry),
            ("-a.example/p:1".into(), E::Registry),
            ("a..example/p:1".into(), E::Registry),
            ("2130706433:80/p:1".into(), E::Registry),
            ("127.1/p:1".into(), E::Registry),
            ("0x7f.0x0.0x0.0x1/p:1".into(), E::Registry),
            ("127.0.0.01/p:1".into(), E::Registry),
            ("[::ffff]x/p:1".into(), E::Registry),
            ("[0:0:0:0:0:0:0:1]/p:1".into(), E::Registry),
            ("[fe80::1%eth0]/p:1".into(), E::Registry),
            ("registry.example\n/p:1".into(), E::Registry),
            (format!("{}.example/p:1", "a".repeat(64)), E::Registry),
            ("https://registry.example/p:1".into(), E::Scheme),
            ("registry.example/P:1".into(), E::Repository),
            ("registry.example//p:1".into(), E::Repository),
            ("registry.example/../p:1".into(), E::Repository),
            ("registry.example/p/:1".into(), E::Repository),
            ("registry.example/a...b:1".into(), E::Repository),
            ("registry.example/p?x:1".into(), E::Repository),
            ("registry.example/p%2f:1".into(), E::Repository),
            (format!("registry.example/{}:1", "p".repeat(MOST_REPOSITORY)), E::Repository),
            ("registry.example/p".into(), E::NoVersion),
            ("registry.example/p:".into(), E::Tag),
            ("registry.example/p:-1".into(), E::Tag),
            ("registry.example/p:1+2".into(), E::Tag),
            ("registry.example/p:1/2".into(), E::Tag),
            (format!("registry.example/p:{}", "t".repeat(MOST_TAG + 1)), E::Tag),
            (format!("registry.example/p:1@{digest}"), E::TwoVersions),
            ("registry.example/p@sha512:00".into(), E::Digest),
            (format!("registry.example/p@{}", digest.to_uppercase()), E::Digest),
            (format!("registry.example/p@{digest}0"), E::Digest),
            ("p".repeat(MOST_REFERENCE + 1), E::TooLong),
        ] {
            assert_eq!(text.parse::<Reference>(), Err(why), "{text}");
        }
        assert_eq!("registry.example/p:1".parse::<Repository>(), Err(E::Version));
        assert_eq!(format!("registry.example/p@{digest}").parse::<Repository>(), Err(E::Version));
    }

    #[test]
    fn tags_are_versions_with_an_underscore_for_the_plus() {
        for (tag, version) in [
            ("1.2.3", Some("1.2.3")),
            ("v1.2.3", Some("1.2.3")),
            ("1.2.3-rc.1_b5", Some("1.2.3-rc.1+b5")),
            ("latest", None),
            ("1.2", None),
        ] {
            assert_eq!(version_of(tag).map(|version| version.to_string()).as_deref(), version, "{tag}");
        }
        assert_eq!(tag_of(&"1.2.3+b".parse().unwrap()), "1.2.3_b");
    }
}
