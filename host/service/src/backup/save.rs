//! Makes a backup, while the service runs or while it does not.

use std::io::{BufWriter, Write};
use std::path::Path;

use callsign::sticky::{self, EmbeddedOptions, OpenError, RecipientKey, StoreAddress};
use callsign_private::{Access, PrivateFolder};

use super::manifest::Manifest;
use super::{BackupError, BackupSummary, CATALOG, KEY, PINS};
use crate::config::Config;
use crate::pin_socket;
use crate::pins::{self, recipient_key};
use crate::store::{CatalogAddress, Operator, Sqlite};

/// Makes a backup of the platform of a configuration in a new folder. The service may run meanwhile.
///
/// # Errors
/// There is no platform, or it is in a database; the folder is there already; the service does not answer; a file cannot be
/// written.
pub async fn back_up(config: &Config, to: impl AsRef<Path>) -> Result<BackupSummary, BackupError> {
    let to = to.as_ref();
    let CatalogAddress::Sqlite(path) = config.catalog_store() else {
        return Err(BackupError::Database { place: config.catalog_store().to_string() });
    };
    let store = Sqlite::open(&path, Operator::Person).await?;
    let taken = std::fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some());
    if taken || to.is_file() {
        let right = "a backup is a folder of its own; give the path of a new one";
        return Err(BackupError::Exists { place: to.to_owned(), right });
    }
    let folder = PrivateFolder::create(to)?;
    // Made here, so that nobody else can read it whatever the umask is.
    drop(folder.create_new(CATALOG)?);
    let revision = store.copy(&folder.path().join(CATALOG)).await?;
    let (config, inside) = (config.clone(), folder.clone());
    let saved = tokio::task::spawn_blocking(move || save_pins(&config, &inside)).await;
    let (pins, key) = saved.map_err(|error| super::io(to)(std::io::Error::other(error)))??;
    Manifest::write(&folder, revision, pins, key)?;
    Ok(BackupSummary { revision, pins })
}

/// Copies the pins and their key; returns how many they are, and the fingerprint of the key.
fn save_pins(config: &Config, folder: &PrivateFolder) -> Result<(u64, Option<String>), BackupError> {
    let given = recipient_key(config)?;
    let path = folder.path().join(PINS);
    let mut out = BufWriter::with_capacity(1 << 16, folder.create_new(PINS)?);
    let address = pins::address(config);
    let opened = sticky::open(&address, given.clone(), EmbeddedOptions::default().create(false));
    let pins = match opened {
        Ok(store) => pin_socket::write(&*store, &mut out).map_err(super::io(&path))?,
        // The service has not made it yet.
        Err(OpenError::Missing { .. }) => 0,
        Err(OpenError::Locked { .. }) => pin_socket::copy(&config.data, &mut out)
            .map_err(|error| BackupError::Service { data: config.data.clone(), reason: error.to_string() })?,
        Err(error) => return Err(error.into()),
    };
    out.flush().map_err(super::io(&path))?;
    let own = match (&address, &given) {
        (StoreAddress::Path(pins), None) if pins.exists() => {
            PrivateFolder::administer(pins)?.read(KEY, Access::Secret)?
        }
        _ => None,
    };
    if let Some(text) = &own {
        folder.replace(KEY, text)?;
    }
    let own = own.and_then(|text| str::from_utf8(&text).ok()?.parse::<RecipientKey>().ok());
    Ok((pins, given.or(own).map(|key| key.fingerprint())))
}
