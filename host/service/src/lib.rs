//! The decision as a service: `callsign serve`.
//!
//! A message's way: `http::guard` lets it in, `v1::decisions` reads it and asks the gateway. A change's way: a handler
//! plans elements to put and remove, `service::changing` checks that they make a sound platform and writes them as one
//! revision to the `store`, `service::enacting` puts them to use here, and `service::following` on every other node.
#![deny(unsafe_code)]

mod binding;
mod change;
mod config;
mod entities;
mod events;
mod fault;
mod http;
mod importing;
mod key;
mod keys;
mod metrics;
mod module;
mod noted;
mod openapi;
mod pins;
mod probes;
mod provisioning;
mod running;
mod service;
mod state;
mod store;
mod v1;

pub use config::{CatalogConfig, Config, ConfigError, ENVIRONMENT, Limits, Listen, Log, LogFormat, Rate, Sticky};
pub use key::Scope;
pub use keys::{KeyInfo, Keys, KeysError, NewKey};
pub use running::{Running, Started, document, start};
pub use service::StartError;
pub use store::StoreError;
