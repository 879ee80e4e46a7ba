//! The store of pins of a configuration.

use std::sync::Arc;

use callsign::StickyStore;
use callsign::sticky::{EmbeddedOptions, NotAKey, RecipientKey};
use callsign_private::{FileError, file};
use callsign_store_address::StoreAddress;

use crate::config::Config;
use crate::data_folder;
use crate::service::StartError;

/// Why the key of recipients cannot be used.
#[derive(Debug)]
pub(crate) enum KeyError {
    /// Its file cannot be read, or others can read it too.
    File(FileError),
    /// What is in it is no key.
    NotAKey { place: String, reason: String },
}

impl From<KeyError> for StartError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::File(error) => error.into(),
            KeyError::NotAKey { place, reason } => Self::RecipientKey { place, reason },
        }
    }
}

/// Opens it, and makes a folder of pins that is missing.
///
/// # Errors
/// It cannot be opened, or the key cannot be used.
pub(crate) fn open(config: &Config) -> Result<Arc<dyn StickyStore>, StartError> {
    Ok(callsign::sticky::open(&address(config), recipient_key(config)?, EmbeddedOptions::default())?)
}

/// Where it is.
pub(crate) fn address(config: &Config) -> StoreAddress {
    config.sticky.store.clone().unwrap_or_else(|| StoreAddress::Path(config.data.join(data_folder::PINS)))
}

/// The key of `sticky.recipient_key`, if it is set.
///
/// # Errors
/// Its file cannot be read, or is no key.
pub(crate) fn recipient_key(config: &Config) -> Result<Option<RecipientKey>, KeyError> {
    let Some(path) = &config.sticky.recipient_key else { return Ok(None) };
    let text = file::read_secret(path).map_err(KeyError::File)?;
    let key = str::from_utf8(&text).map_err(|_| NotAKey).and_then(str::parse);
    let place = || path.display().to_string();
    key.map(Some).map_err(|error| KeyError::NotAKey { place: place(), reason: error.to_string() })
}
