//! API keys. Only a hash of the secret is stored.

use std::fmt;

use callsign_private::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::change::now;

/// What a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Scope {
    /// Applications, entities and associations.
    #[serde(rename = "application-entity:manage")]
    ApplicationEntity,
    /// Sending strategies and default senders.
    #[serde(rename = "sending-strategy:manage")]
    SendingStrategy,
    /// Senders.
    #[serde(rename = "numbers:manage")]
    Numbers,
    /// Decisions.
    #[serde(rename = "decisions:make")]
    Decisions,
    /// Modules and bindings.
    #[serde(rename = "modules:manage")]
    Modules,
    /// Pins.
    #[serde(rename = "sticky:manage")]
    Sticky,
    /// The audit log, the coverage audit and the events.
    #[serde(rename = "audit:read")]
    Audit,
    /// Keys.
    #[serde(rename = "keys:manage")]
    Keys,
}

impl Scope {
    /// All scopes: what the first key of a platform has.
    pub const ALL: [Self; 8] = [
        Self::ApplicationEntity,
        Self::SendingStrategy,
        Self::Numbers,
        Self::Decisions,
        Self::Modules,
        Self::Sticky,
        Self::Audit,
        Self::Keys,
    ];

    /// The scope's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationEntity => "application-entity:manage",
            Self::SendingStrategy => "sending-strategy:manage",
            Self::Numbers => "numbers:manage",
            Self::Decisions => "decisions:make",
            Self::Modules => "modules:manage",
            Self::Sticky => "sticky:manage",
            Self::Audit => "audit:read",
            Self::Keys => "keys:manage",
        }
    }

    /// The scope of a word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A key, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    pub(crate) key_id: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    /// The application that the key belongs to; `None` is the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) application_id: Option<String>,
    hash: Hash,
    /// The previous secret, which stays valid for a while so that clients can change to the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<Previous>,
    /// Milliseconds since 1970.
    pub(crate) created_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Previous {
    hash: Hash,
    /// Milliseconds since 1970.
    until: u64,
}

/// The SHA-256 of a secret. The secret has 256 random bits, so a slow hash would not make it safer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Hash([u8; 32]);

impl Hash {
    fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Compares in constant time.
    fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hex(&hash.0)
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
        let mut bytes = [0; 32];
        for (at, place) in bytes.iter_mut().enumerate() {
            *place = byte(at).ok_or("not 64 hexadecimal digits")?;
        }
        if text.len() == 64 { Ok(Self(bytes)) } else { Err("not 64 hexadecimal digits") }
    }
}

/// What every key begins with, so that scanners find keys in logs and repositories.
const MARK: &str = "cs_";

const ID_DIGITS: usize = 12;

const SECRET_BYTES: usize = 32;

/// A new key's secret, the text that follows `Authorization: App `, and what is stored of it.
fn new_secret(id: &str) -> Result<(Secret, Hash), getrandom::Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    let secret = hex(&bytes);
    let hash = Hash::of(&secret);
    Ok((Secret::new(format!("{MARK}{id}_{secret}")), hash))
}

impl Key {
    /// A new key.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn new(
        name: &str,
        scopes: &[Scope],
        application: Option<&str>,
        expires_at: Option<u64>,
    ) -> Result<(Self, Secret), getrandom::Error> {
        let mut id = [0; ID_DIGITS / 2];
        getrandom::fill(&mut id)?;
        let key_id = hex(&id);
        let (secret, hash) = new_secret(&key_id)?;
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        let key = Self {
            key_id,
            name: name.to_owned(),
            scopes,
            application_id: application.map(str::to_owned),
            hash,
            previous: None,
            created_at: now(),
            expires_at,
        };
        Ok((key, secret))
    }

    /// The same key with a new secret. The old secret stays valid for `overlap` milliseconds.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn rotate(&self, overlap: u64) -> Result<(Self, Secret), getrandom::Error> {
        let (secret, hash) = new_secret(&self.key_id)?;
        let previous = (overlap > 0).then(|| Previous { hash: self.hash, until: now() + overlap });
        Ok((Self { hash, previous, ..self.clone() }, secret))
    }

    /// Whether a secret belongs to this key and the key is valid now. Takes equally long for wrong and right secrets.
    pub(crate) fn admits(&self, secret: &str) -> bool {
        let now = now();
        let given = Hash::of(secret);
        let current = given.is(&self.hash);
        let before = self.previous.as_ref().is_some_and(|previous| given.is(&previous.hash) & (now < previous.until));
        (current | before) && self.expires_at.is_none_or(|end| now < end)
    }

    /// What of the key a session is made from: another secret has another one.
    pub(crate) fn secret_hash(&self) -> &[u8; 32] {
        &self.hash.0
    }

    /// Whether the key has not expired.
    pub(crate) fn is_current(&self) -> bool {
        self.expires_at.is_none_or(|end| now() < end)
    }

    pub(crate) fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// The id and the secret of a key as it is sent. Any text has both, so that text that is no key is compared too.
pub(crate) fn split(text: &str) -> (&str, &str) {
    let rest = text.strip_prefix(MARK).unwrap_or(text);
    rest.split_once('_').unwrap_or(("", rest))
}

/// A comparison for an id that does not exist, so that the time does not reveal which ids exist.
pub(crate) fn pretend(secret: &str) {
    let _ = std::hint::black_box(Hash::of(secret).is(&Hash([0; 32])));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
