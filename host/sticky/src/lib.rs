//! Sticky state: the sender that each recipient was given first.
//!
//! A [`StickyStore`] keeps a [`Pin`] for each [`PinKey`]. [`MemoryStore`] forgets with its process, [`EmbeddedStore`] keeps
//! pins on the disk of one machine, and the stores of the features `postgres` and `redis` keep them for a fleet. All pass
//! one conformance suite, `tests/sticky`.
#![deny(unsafe_code)]

mod address;
mod bytes;
mod embedded;
mod error;
mod known;
mod listing;
mod memory;
#[cfg(feature = "remote")]
mod patience;
mod pin;
#[cfg(feature = "postgres")]
mod postgres;
mod recipient;
#[cfg(feature = "redis")]
mod redis;
mod remote;
mod store;
mod transfer;

pub use address::open;
pub use callsign_destination::Channel;
pub use embedded::{EmbeddedOptions, EmbeddedStore, Recipients};
pub use error::{OpenError, StickyError};
pub use listing::{Filter, NotAPosition, Page, PinRecord, Position};
pub use memory::MemoryStore;
#[cfg(feature = "remote")]
pub use patience::RetryPolicy;
pub use pin::{Pin, PinKey, PinScope, PinnedSender, Release, SenderKey, Touch, Write, now};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};
pub use recipient::{NotAHash, NotAKey, Recipient, RecipientHash, RecipientKey};
#[cfg(feature = "redis")]
pub use redis::{RedisOptions, RedisStore};
pub use remote::{Answers, AsyncStore};
pub use store::StickyStore;
pub use transfer::{Imported, TransferError, each_pin, import, migrate};
