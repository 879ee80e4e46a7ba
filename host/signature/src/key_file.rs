//! A file of keys, for a platform that has none yet and for commands that have no platform.

use jiff::Timestamp;
use serde::Deserialize;

use crate::key::{KeyError, ModuleKey, PublicKey};
use crate::keyring::{Keyring, KeyringError};

/// The most bytes of a file of keys.
pub const MAX_KEY_FILE_BYTES: usize = 1 << 20;

/// Why a file of keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It has no keys.
    #[error("there are no keys in it: each is a table [[key]] with `name` and `public_key`")]
    Empty,
    /// It is too long.
    #[error("it has {bytes} bytes, and may have {MAX_KEY_FILE_BYTES}")]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// It is not TOML, or has other fields.
    #[error("{reason}")]
    Form {
        /// What is wrong, and where.
        reason: String,
    },
    /// A key of it cannot be used.
    #[error("the key {number}: {error}")]
    Key {
        /// Which, counted from 1.
        number: usize,
        /// Why.
        error: KeyError,
    },
    /// A time is not one.
    #[error("the key {number}: {text:?} is not a time such as 2027-01-31T12:00:00Z")]
    Time {
        /// Which key, counted from 1.
        number: usize,
        /// The text.
        text: String,
    },
    /// Two keys have one id, or there are too many.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    public_key: String,
    application: Option<String>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    revoked: Option<String>,
}

/// Reads a file of keys, which is TOML:
///
/// ```
/// let keys = callsign_signature::read_keys(r#"
///     [[key]]
///     name = "releases of 2026"
///     public_key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
///     application = "shop"                 # left out: the platform, whose keys are for all modules
///     valid_from = "2026-01-01T00:00:00Z"  # left out: always
///     valid_until = "2027-02-01T00:00:00Z" # left out: for ever
///     revoked = "2026-07-01T00:00:00Z"     # left out: it is not revoked
/// "#)?;
/// assert_eq!(keys.len(), 1);
/// # Ok::<(), callsign_signature::KeyFileError>(())
/// ```
///
/// # Errors
/// It is not such a file, or it has no keys.
pub fn read_keys(text: &str) -> Result<Keyring, KeyFileError> {
    if text.len() > MAX_KEY_FILE_BYTES {
        return Err(KeyFileError::TooLong { bytes: text.len() });
    }
    let file: File = toml::from_str(text).map_err(|error| {
        // Without the line itself: who gives the file of a secret key by mistake does not want it in a log.
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        KeyFileError::Form { reason: format!("line {line}: {}", error.message()) }
    })?;
    let mut keys = Keyring::default();
    for (index, entry) in file.key.into_iter().enumerate() {
        let number = index + 1;
        let time = |text: Option<String>| {
            let milliseconds = |text: &str| u64::try_from(text.parse::<Timestamp>().ok()?.as_millisecond()).ok();
            text.map(|text| milliseconds(&text).ok_or(KeyFileError::Time { number, text })).transpose()
        };
        let wrong = |error| KeyFileError::Key { number, error };
        let validity = (time(entry.valid_from)?, time(entry.valid_until)?);
        let public_key = PublicKey::parse(&entry.public_key).map_err(wrong)?;
        let mut key = ModuleKey::new(&entry.name, public_key, entry.application, validity).map_err(wrong)?;
        key.revoked_at = time(entry.revoked)?;
        if keys.get(key.id()).is_some() {
            return Err(KeyringError::Taken { id: key.id() }.into());
        }
        keys.add(key)?;
    }
    match keys.is_empty() {
        true => Err(KeyFileError::Empty),
        false => Ok(keys),
    }
}
