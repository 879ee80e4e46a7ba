//! Where a store is and how it is reached.
//!
//! [`StoreAddress`] is parsed once, where a text comes in: a PostgreSQL database, a Redis Cluster, or a path. What is none of
//! them is refused, and nothing of it is opened, made, or repeated: an [`AddressError`] has no part of the text, since any part
//! could be a password. What is printed of an address has `***` for its password.
//!
//! [`Tls`] says whether and how a connection is encrypted and its server checked. The words are those of libpq, for both kinds
//! of server: `sslmode`, `sslrootcert`, `sslcert`, `sslkey`.
#![forbid(unsafe_code)]

mod address;
mod error;
mod postgres;
mod redis;
mod text;
mod tls;

pub use address::StoreAddress;
pub use error::AddressError;
pub use postgres::PostgresAddress;
pub use redis::RedisAddress;
pub use tls::{Identity, Roots, SslMode, Tls, TlsError};
