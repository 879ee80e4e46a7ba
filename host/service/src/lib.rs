//! The decision as a service: `callsign serve`.
//!
//! A message's way: `http::guard` lets it in, `v1::decisions` reads it and asks the gateway. A change's way: a handler
//! plans elements to put and remove, `service::changing` checks that they make a sound platform and writes them as one
//! revision to the `store`, `service::enacting` puts them to use here, and `service::following` on every other node.
#![deny(unsafe_code)]

mod association;
mod binding;
mod catalog_import;
mod change;
mod config;
mod data_folder;
mod events;
mod fault;
mod health;
mod http;
mod key;
mod keys;
mod metrics;
mod module;
mod module_cache;
mod openapi;
mod provisioning;
mod refused_traffic;
mod router;
mod server;
mod service;
mod state;
mod store;
mod timed_store;
mod v1;
mod visibility;

pub use config::{CatalogConfig, Config, ConfigError, ENVIRONMENT, Limits, Listen, Log, LogFormat, Rate, Sticky};
pub use key::Scope;
pub use keys::{KeyInfo, Keys, KeysError, NewKey};
pub use server::{Running, Started, document, start};
pub use service::StartError;
pub use store::StoreError;
