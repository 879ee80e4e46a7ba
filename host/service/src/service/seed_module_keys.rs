//! The keys that a platform begins with: those of the file that `modules.keys` names are put into the catalog store, where all nodes
//! have them from.

use std::sync::Arc;

use callsign_signature::ModuleKey;

use super::plan::{Author, Plan, View};
use super::{Service, StartError};
use crate::change::{Change, Kind};
use crate::config::SignatureRule;
use crate::fault::Fault;
use crate::module_key::read_key_file;

impl Service {
    /// Puts the keys of the file into the store that are not there. One that is there stays as it is: that it was revoked since
    /// counts, and so does that the file has it as revoked.
    ///
    /// # Errors
    /// The file cannot be used, a key of it has the id of another one in the store, or there are no keys and signatures are
    /// required.
    pub(super) async fn seed_module_keys(self: &Arc<Self>) -> Result<(), StartError> {
        if let Some(path) = self.config.modules.keys.clone() {
            let read = tokio::task::spawn_blocking(move || read_key_file(&path)).await;
            let read = read.map_err(|error| StartError::Refused(error.to_string()))?;
            let keys = read.map_err(|reason| StartError::Refused(format!("modules.keys: {reason}")))?;
            let keys: Vec<Arc<ModuleKey>> = keys.iter().cloned().collect();
            let plan = move |view: &View| seeds(view, &keys);
            let seeded = self.change(Author::itself("the keys of modules.keys"), plan).await;
            let left = seeded.map_err(|fault| StartError::Refused(format!("modules.keys: {}", fault.text)))?;
            for key in left {
                tracing::warn!("{key} of modules.keys is left out: its application does not exist");
            }
        }
        if self.config.modules.signatures == SignatureRule::Required && self.state().module_keys.is_empty() {
            return Err(StartError::Refused(
                "modules.signatures is required, and there are no keys to verify signatures with: name a file of keys in \
                 modules.keys, or start with `off` and add one with POST /v1/module-keys"
                    .into(),
            ));
        }
        Ok(())
    }
}

/// What puts some keys into the store. Answers with those that are left out.
fn seeds(view: &View, keys: &[Arc<ModuleKey>]) -> Result<Plan<Vec<String>>, Fault> {
    let mut ring = (*view.state.module_keys).clone();
    let (mut changes, mut left) = (Vec::new(), Vec::new());
    for key in keys {
        let id = key.id();
        if let Some(application) = &key.application_id
            && view.catalog().application(application).is_none()
        {
            left.push(format!("the key {id}"));
            continue;
        }
        match ring.get(id).cloned() {
            Some(there) if there.public_key == key.public_key && there.application_id == key.application_id => {
                if let (None, Some(_)) = (there.revoked_at, key.revoked_at) {
                    let mut revoked = (*there).clone();
                    revoked.revoked_at = key.revoked_at;
                    changes.push(Change::put(Kind::ModuleKey, id.to_string(), &revoked));
                }
            }
            Some(_) => {
                let text = format!("another key, or one of another owner, has the id {id} in the catalog store");
                return Err(Fault::conflict(text));
            }
            None => {
                ring.add((**key).clone()).map_err(|error| Fault::conflict(error.to_string()))?;
                changes.push(Change::put(Kind::ModuleKey, id.to_string(), &**key));
            }
        }
    }
    Ok(Plan::new(changes, left))
}
