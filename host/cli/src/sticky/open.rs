//! Opens the store of pins that the arguments name, with the key that hashes its recipients.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use callsign::StickyStore;
use callsign::sticky::{EmbeddedOptions, OpenError, RecipientKey, Recipients};
use clap::Args;

use crate::exit::Stop;
use crate::gateway::unreadable;

/// Where pins are kept.
#[derive(Args)]
pub(crate) struct StoreArguments {
    /// The store of pins: a folder, or an address that begins with postgres:// or redis://
    #[arg(long, value_name = "STORE", env = "CALLSIGN_STICKY", hide_env_values = true, global = true)]
    sticky: Option<String>,

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
        let key = self.key()?;
        let mut folder = EmbeddedOptions::default().create(missing == IfMissing::Create);
        if self.sticky_plain {
            folder = folder.recipients(Recipients::Plain);
        }
        let opened = callsign::sticky::open(address, key, folder);
        match opened {
            Ok(store) => Ok(Some(store)),
            Err(error @ OpenError::Unreachable { .. }) => Err(Stop::failed(error)),
            Err(error) => Err(Stop::refused(error)),
        }
    }

    fn key(&self) -> Result<Option<RecipientKey>, Stop> {
        let (text, from) = match &self.sticky_key {
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|error| unreadable("the key", path, error))?;
                (text, path.display().to_string())
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
