//! Sticky state: the sender that each recipient was given first.
//!
//! A [`StickyStore`] keeps a [`Pin`] for each [`PinKey`]. [`MemoryStore`] loses its pins when the process ends,
//! [`EmbeddedStore`] keeps them on the disk of one machine, and the stores of the features `postgres` and `redis` keep
//! them for a fleet. All stores pass the same conformance tests, in `tests/sticky`.
#![forbid(unsafe_code)]

mod address;
mod async_store;
mod embedded;
mod error;
mod key_bytes;
mod listing;
mod memory;
mod name_cache;
mod pin;
#[cfg(feature = "postgres")]
mod postgres;
mod recipient;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "remote")]
mod retry;
mod store;
mod transfer;

pub use address::open;
#[cfg(feature = "remote")]
pub use address::open_with;
pub use async_store::{Answers, AsyncStore};
pub use callsign_destination::Channel;
pub use callsign_private::{FileError, Secret};
pub use callsign_store_address::{AddressError, PostgresAddress, RedisAddress, StoreAddress};
pub use embedded::{EmbeddedOptions, EmbeddedStore, Recipients};
pub use error::{OpenError, StickyError};
pub use listing::{Filter, NotAPosition, Page, PinRecord, Position};
pub use memory::MemoryStore;
pub use pin::{Pin, PinKey, PinScope, PinnedSender, Release, SenderKey, Touch, Write, now};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};
pub use recipient::{NotAHash, NotAKey, Recipient, RecipientHash, RecipientKey};
#[cfg(feature = "redis")]
pub use redis::{RedisOptions, RedisStore};
#[cfg(feature = "remote")]
pub use retry::RetryPolicy;
pub use store::StickyStore;
pub use transfer::{Imported, TransferError, each_pin, import, migrate};
