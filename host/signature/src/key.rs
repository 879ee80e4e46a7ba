//! A public key that signatures of modules are verified with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callsign_catalog::escape;
use serde::{Deserialize, Serialize};

use crate::key_id::KeyId;
use crate::signature::{Decoded, Signature};
use crate::statement::Statement;
use crate::time;

/// The most characters of a key's name.
pub const MAX_NAME: usize = 255;

/// The most bytes of the text of a public key. A file of `minisign` has about 120.
pub const MAX_KEY_BYTES: usize = 1_024;

/// What the first two bytes of a public key say: Ed25519.
const ALGORITHM: &[u8; 2] = b"Ed";

/// A public key of `minisign` or, with the feature `cosign`, one of `cosign`: ECDSA on the curve P-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PublicKey {
    id: KeyId,
    text: String,
    decoded: Key,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Minisign(minisign_verify::PublicKey),
    #[cfg(feature = "cosign")]
    Cosign(crate::cosign::EcdsaKey),
}

/// Why something is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a public key.
    #[error(
        "it is not a public key of minisign, such as RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3: {reason}"
    )]
    Public {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is not a public key of `cosign`.
    #[cfg(feature = "cosign")]
    #[error("it is not a public key of cosign, ECDSA on the curve P-256 in PEM: {reason}")]
    Cosign {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is a secret key.
    #[error("it is a secret key: keep it where you sign, and give the public one, whose file ends in .pub")]
    Secret,
    /// The name cannot be used.
    #[error("the name of a key has 1 to {MAX_NAME} characters, none a control or format character")]
    Name,
    /// The key would never be valid.
    #[error("the key would be valid until {until}, and only from {from}")]
    Validity {
        /// From when.
        from: String,
        /// Until when.
        until: String,
    },
}

impl PublicKey {
    /// Reads a public key: the text of the file that `minisign -G` or `cosign generate-key-pair` writes, or what of it is Base64, in
    /// one line.
    ///
    /// # Errors
    /// It is not such a text.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let public = |reason| KeyError::Public { reason };
        if text.len() > MAX_KEY_BYTES {
            return Err(public("it has more than 1024 bytes"));
        }
        #[cfg(feature = "cosign")]
        if crate::cosign::EcdsaKey::is_meant(text) {
            let (id, text, key) = crate::cosign::EcdsaKey::parse(text)?;
            return Ok(Self { id, text, decoded: Key::Cosign(key) });
        }
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let line = match lines[..] {
            [line] => line,
            [comment, line] if comment.starts_with("untrusted comment:") => line,
            [] => return Err(public("it is empty")),
            _ => return Err(public("it has other lines than a comment and the key")),
        };
        let bytes = STANDARD.decode(line).map_err(|_| public("it is not Base64"))?;
        match bytes.len() {
            42 => {}
            // A secret key of minisign has 158 bytes.
            158 => return Err(KeyError::Secret),
            _ => return Err(public("it does not have 42 bytes")),
        }
        let id = match bytes.split_first_chunk::<2>() {
            Some((algorithm, rest)) if algorithm == ALGORITHM => rest.first_chunk::<8>(),
            _ => return Err(public("its algorithm is not known")),
        };
        let id = id.ok_or(public("it does not have 42 bytes"))?;
        let decoded = minisign_verify::PublicKey::from_base64(line).map_err(|_| public("it cannot be read"))?;
        Ok(Self { id: KeyId::of(*id), text: line.to_owned(), decoded: Key::Minisign(decoded) })
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Its Base64, in one line.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a signature is of this key and of a statement: the signature and its trusted comment are as they were made.
    pub fn has_signed(&self, statement: &Statement, signature: &Signature) -> bool {
        let text = statement.to_string();
        match (&self.decoded, signature.decoded()) {
            (Key::Minisign(key), Decoded::Minisign(signature)) => key.verify(text.as_bytes(), signature, false).is_ok(),
            #[cfg(feature = "cosign")]
            (Key::Cosign(key), Decoded::Cosign(bundle)) => key.has_signed(text.as_bytes(), bundle),
            #[cfg(feature = "cosign")]
            (Key::Minisign(_), Decoded::Cosign(_)) | (Key::Cosign(_), Decoded::Minisign(_)) => false,
        }
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.text
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        Self::parse(&text)
    }
}

/// A key whose signatures count: of the platform for every module, of an application for the modules of that application.
///
/// Its validity is that of its signatures: it is looked at whenever a module is taken in and whenever one starts, since nobody can
/// say when a signature was really made. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ModuleKey {
    /// Its name, for people.
    pub name: String,
    /// The public key, which has the id.
    pub public_key: PublicKey,
    /// The application that it belongs to; `None` is the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<String>,
    /// The first moment that it counts; `None` is always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<u64>,
    /// The first moment that it does not count any more; `None` is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<u64>,
    /// Since when it is revoked, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<u64>,
}

impl ModuleKey {
    /// A key that counts in some time; `None` is no bound.
    ///
    /// # Errors
    /// The name cannot be used, or the time is empty.
    pub fn new(
        name: &str,
        public_key: PublicKey,
        application_id: Option<String>,
        (valid_from, valid_until): (Option<u64>, Option<u64>),
    ) -> Result<Self, KeyError> {
        if !(1..=MAX_NAME).contains(&name.chars().count()) || name.contains(escape::is_escaped) {
            return Err(KeyError::Name);
        }
        if let (Some(from), Some(until)) = (valid_from, valid_until)
            && until <= from
        {
            return Err(KeyError::Validity { from: time(from), until: time(until) });
        }
        Ok(Self { name: name.to_owned(), public_key, application_id, valid_from, valid_until, revoked_at: None })
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        self.public_key.id()
    }

    /// Whether its signatures count for the modules of an owner; `None` is the platform.
    pub fn is_for(&self, owner: Option<&str>) -> bool {
        self.application_id.is_none() || self.application_id.as_deref() == owner
    }

    /// The next moment after `now` at which it begins or ceases to count.
    pub fn next_turn(&self, now: u64) -> Option<u64> {
        [self.valid_from, self.valid_until].into_iter().flatten().filter(|at| *at > now).min()
    }
}
