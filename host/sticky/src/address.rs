//! Opens a store by its address.

use std::sync::Arc;

use crate::embedded::{EmbeddedOptions, EmbeddedStore, Recipients};
use crate::error::OpenError;
#[cfg(feature = "postgres")]
use crate::postgres::{PostgresOptions, PostgresStore};
use crate::recipient::RecipientKey;
#[cfg(feature = "redis")]
use crate::redis::{RedisOptions, RedisStore};
use crate::store::StickyStore;

/// Opens the store at an address: `postgres://...`, `redis://...`, or the path of a folder. If a key is given,
/// recipients are hashed with it; otherwise the store's default applies. The options apply to a folder only.
///
/// # Errors
/// The store cannot be opened, or this build has no store for such an address.
pub fn open(
    address: &str,
    key: Option<RecipientKey>,
    folder: EmbeddedOptions,
) -> Result<Arc<dyn StickyStore>, OpenError> {
    match address.split_once("://") {
        None => {
            let folder = match key {
                Some(key) => folder.recipients(Recipients::HashedWith(key)),
                None => folder,
            };
            Ok(Arc::new(EmbeddedStore::open(address, folder)?))
        }
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", _)) => {
            let options = PostgresOptions { recipient_key: key, ..PostgresOptions::default() };
            Ok(Arc::new(PostgresStore::connect(address, options)?))
        }
        #[cfg(feature = "redis")]
        Some(("redis", _)) => {
            let options = RedisOptions { recipient_key: key, ..RedisOptions::default() };
            Ok(Arc::new(RedisStore::connect(address, options)?))
        }
        Some((scheme, _)) => Err(OpenError::Address {
            reason: format!(
                "{scheme}:// is not the address of a store of pins; give a folder, or an address that begins with \
                 postgres:// or redis://"
            ),
        }),
    }
}
