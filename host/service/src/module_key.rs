//! The public keys that signatures of modules are verified with, as people read them; and those of a file.

use std::path::Path;

use callsign_private::file;
use callsign_signature::{Keyring, ModuleKey, read_keys};
use serde::Serialize;
use utoipa::ToSchema;

use crate::change::time;

/// A public key that signatures of modules are verified with.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModuleKeyInfo {
    /// Its id, as minisign shows it: 16 hexadecimal digits.
    key_id: String,
    /// Its name, for people.
    name: String,
    /// The key, in one line of Base64.
    public_key: String,
    /// The application that it belongs to, for whose modules it counts; left out for the platform, whose keys count for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<String>,
    /// The first moment that it counts; always, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    /// The first moment that it does not count any more; never, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    /// Since when it is revoked; it is not, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

impl ModuleKeyInfo {
    pub(crate) fn of(key: &ModuleKey) -> Self {
        Self {
            key_id: key.id().to_string(),
            name: key.name.clone(),
            public_key: key.public_key.as_str().to_owned(),
            application_id: key.application_id.clone(),
            valid_from: key.valid_from.map(time),
            valid_until: key.valid_until.map(time),
            revoked_at: key.revoked_at.map(time),
        }
    }
}

/// The keys of a file, which nobody but its owner can write.
///
/// # Errors
/// It cannot be used: why, with its path.
pub(crate) fn read_key_file(path: &Path) -> Result<Keyring, String> {
    let bytes = file::read_trusted(path).map_err(|error| error.to_string())?;
    let refused = |reason: String| format!("the file of keys {} is refused: {reason}", path.display());
    let text = std::str::from_utf8(&bytes).map_err(|_| refused("it is not UTF-8".into()))?;
    read_keys(text).map_err(|error| refused(error.to_string()))
}
