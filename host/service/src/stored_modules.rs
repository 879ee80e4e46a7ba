//! The modules of a platform and the keys that count for them, for commands beside the service or while none runs.

use std::sync::Arc;

use callsign_signature::{Keyring, Signature};

use crate::change::{Kind, now};
use crate::config::Config;
use crate::module::ModuleRecord;
use crate::state::State;
use crate::store::{Operator, Store, StoreError};

/// The modules of a platform, with their signatures and the keys that count for them.
pub struct StoredModules {
    state: State,
}

impl StoredModules {
    /// Reads those of a configuration.
    ///
    /// # Errors
    /// There is no platform, or it cannot be read.
    pub async fn open(config: &Config) -> Result<Self, StoreError> {
        let store = Store::open(&config.catalog_store(), Operator::Person).await?;
        let (revision, elements) = store.elements().await?;
        let mut state = State { revision, ..State::default() };
        for element in elements.iter().filter(|element| matches!(element.kind, Kind::Module | Kind::ModuleKey)) {
            state.apply(element.kind, &element.key, Some(&element.body))?;
        }
        Ok(Self { state })
    }

    /// Whether the platform has keys, revoked ones included.
    pub fn has_keys(&self) -> bool {
        !self.state.module_keys.is_empty()
    }

    /// Whether a module with a digest, of whoever has it, has signatures that count now: with the keys of the platform, and with
    /// others that it does not have.
    ///
    /// # Errors
    /// It has not: why. `None` if nobody has such a module.
    pub fn check(&self, digest: &str, more: &Keyring) -> Result<(), Option<String>> {
        let mut keys = (*self.state.module_keys).clone();
        for key in more.iter() {
            // The platform's own key with its id counts, and that it is revoked does too.
            if keys.get(key.id()).is_none() {
                keys.put((**key).clone());
            }
        }
        let mut reason = None;
        let modules = self.state.modules.values().filter(|module| module.digest == digest);
        for module in modules {
            match is_trusted(&keys, module) {
                Ok(()) => return Ok(()),
                Err(found) => reason = Some(found),
            }
        }
        Err(reason)
    }
}

fn is_trusted(keys: &Keyring, module: &Arc<ModuleRecord>) -> Result<(), String> {
    let statement = module.statement().map_err(|error| error.to_string())?;
    let signatures: Vec<Signature> = module.signatures().collect();
    let trusted = keys.trust(&statement, module.application_id.as_deref(), &signatures, now());
    trusted.map(drop).map_err(|error| error.to_string())
}
