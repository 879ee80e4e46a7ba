//! Opens a store by its address.

use std::path::Path;
use std::sync::Arc;

use callsign_store_address::StoreAddress;

use crate::embedded::{EmbeddedOptions, EmbeddedStore, Recipients};
use crate::error::OpenError;
#[cfg(feature = "postgres")]
use crate::postgres::{PostgresOptions, PostgresStore};
use crate::recipient::RecipientKey;
#[cfg(feature = "redis")]
use crate::redis::{RedisOptions, RedisStore};
#[cfg(feature = "remote")]
use crate::retry::RetryPolicy;
use crate::store::StickyStore;

/// Opens the store at an address: a PostgreSQL database, a Redis Cluster, or a folder. If a key is given, recipients are
/// hashed with it; otherwise the store's default applies. The options apply to a folder only.
///
/// # Errors
/// The store cannot be opened, or this build has no store for such an address.
pub fn open(
    address: &StoreAddress,
    key: Option<RecipientKey>,
    folder: EmbeddedOptions,
) -> Result<Arc<dyn StickyStore>, OpenError> {
    match address {
        StoreAddress::Path(path) => open_folder(path, key, folder),
        #[cfg(feature = "remote")]
        _ => open_with(address, key, folder, RetryPolicy::default()),
        #[cfg(not(feature = "remote"))]
        _ => Err(no_store()),
    }
}

/// As [`open`], with the time-outs and retries of a store over the network.
///
/// # Errors
/// The store cannot be opened, or this build has no store for such an address.
#[cfg(feature = "remote")]
pub fn open_with(
    address: &StoreAddress,
    key: Option<RecipientKey>,
    folder: EmbeddedOptions,
    retry: RetryPolicy,
) -> Result<Arc<dyn StickyStore>, OpenError> {
    match address {
        StoreAddress::Path(path) => open_folder(path, key, folder),
        #[cfg(feature = "postgres")]
        StoreAddress::Postgres(address) => {
            let options = PostgresOptions { recipient_key: key, retry, ..PostgresOptions::default() };
            Ok(Arc::new(PostgresStore::connect_to(address, options)?))
        }
        #[cfg(feature = "redis")]
        StoreAddress::Redis(address) => {
            let options = RedisOptions { recipient_key: key, retry, ..RedisOptions::default() };
            Ok(Arc::new(RedisStore::connect_to(address, options)?))
        }
        #[cfg(not(all(feature = "postgres", feature = "redis")))]
        _ => Err(no_store()),
    }
}

fn open_folder(
    path: &Path,
    key: Option<RecipientKey>,
    folder: EmbeddedOptions,
) -> Result<Arc<dyn StickyStore>, OpenError> {
    let folder = match key {
        Some(key) => folder.recipients(Recipients::HashedWith(key)),
        None => folder,
    };
    Ok(Arc::new(EmbeddedStore::open(path, folder)?))
}

#[cfg(not(all(feature = "postgres", feature = "redis")))]
fn no_store() -> OpenError {
    OpenError::Address { reason: "this build has no store for such an address; give a folder".into() }
}
