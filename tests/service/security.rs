//! What a client must not be able to do, whoever it is.

mod bodies;
pub(crate) mod connection;
mod data_folder;
mod flood;
mod headers;
mod json;
mod keys;
mod paths;
mod probes;
mod shedding;
mod shutdown;
mod slow_clients;
mod tenants;
mod tls;
