//! Opens the store of pins that the arguments name, with the key that hashes its recipients.

use std::path::PathBuf;
use std::sync::Arc;

use callsign::StickyStore;
use callsign::sticky::{EmbeddedOptions, OpenError, RecipientKey, Recipients, Secret, StoreAddress};
use callsign_private::file;
use clap::Args;

use crate::exit::Stop;

/// Where pins are kept.
#[derive(Args)]
pub(crate) struct StoreArguments {
    /// The store of pins: a folder, or an address that begins with postgres://, redis:// or rediss://
    #[arg(
        long,
        value_name = "STORE",
        env = "CALLSIGN_STICKY",
        hide_env_values = true,
        global = true,
        value_parser = secret
    )]
    sticky: Option<Secret>,

    /// A file with the key that hashes recipients [default: CALLSIGN_STICKY_KEY; without it a folder has a key of its
    /// own, and databases keep plain numbers]
    #[arg(long, value_name = "FILE", global = true)]
    sticky_key: Option<PathBuf>,

    /// Keep recipients as plain numbers, if the folder is new.
    #[arg(long, conflicts_with = "sticky_key", global = true)]
    sticky_plain: bool,
}

/// What to do if the folder does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMissing {
    Create,
    Refuse,
}

/// The environment variable with the key, as 64 hexadecimal digits.
const KEY: &str = "CALLSIGN_STICKY_KEY";

impl StoreArguments {
    /// Opens the store; none if the arguments name none.
    pub(crate) fn open(&self, missing: IfMissing) -> Result<Option<Arc<dyn StickyStore>>, Stop> {
        let Some(address) = &self.sticky else { return Ok(None) };
        let address: StoreAddress = address.expose().parse().map_err(|error| Stop::refused(OpenError::from(error)))?;
        let key = self.key()?;
        let mut folder = EmbeddedOptions::default().create(missing == IfMissing::Create);
        if self.sticky_plain {
            folder = folder.recipients(Recipients::Plain);
        }
        #[cfg(any(feature = "postgres", feature = "redis"))]
        let opened = callsign::sticky::open_with(&address, key, folder, patient());
        #[cfg(not(any(feature = "postgres", feature = "redis")))]
        let opened = callsign::sticky::open(&address, key, folder);
        match opened {
            Ok(store) => Ok(Some(store)),
            Err(error @ OpenError::Unreachable { .. }) => Err(Stop::failed(error)),
            Err(error) => Err(Stop::refused(error)),
        }
    }

    fn key(&self) -> Result<Option<RecipientKey>, Stop> {
        let (text, from) = match &self.sticky_key {
            Some(path) => {
                let text = file::read_secret(path).map_err(|error| {
                    Stop::refused(anyhow::Error::new(error).context(format!("cannot read the key {}", path.display())))
                })?;
                (String::from_utf8_lossy(&text).into_owned(), path.display().to_string())
            }
            None if self.sticky_plain => return Ok(None),
            None => match std::env::var(KEY) {
                Ok(text) => (text, KEY.to_owned()),
                Err(_) => return Ok(None),
            },
        };
        let key = text.parse().map_err(|error| Stop::refused(anyhow::Error::new(error).context(from)))?;
        Ok(Some(key))
    }
}

/// How long a store over the network may take: nobody waits for a command in milliseconds, and a message for which the store does not
/// answer is refused.
#[cfg(any(feature = "postgres", feature = "redis"))]
fn patient() -> callsign::sticky::RetryPolicy {
    use std::time::Duration;

    let mut retry = callsign::sticky::RetryPolicy::default();
    retry.attempt_timeout = Duration::from_secs(5);
    retry.total_timeout = Duration::from_secs(20);
    retry
}

/// Takes any text: the parser of arguments would repeat one that it refuses.
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}
