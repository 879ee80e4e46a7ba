//! The decision as a service: `callsign serve`.
//!
//! The way of a message: `http::guard` lets the request in, and `v1::decisions` reads it and asks the gateway. Whatever is not
//! a short decision is done by threads of lower priority, in the `bulk_lane`.
//!
//! The way of a change: a handler plans which elements to put and remove. `service::commit` checks that the result is a
//! valid platform and writes it to the `store` as one revision. `service::apply` puts the revision to use on this node,
//! and `service::catch_up` on every other node.
//!
//! Modules import in one direction: records and stores, then `service`, then `http`, then the handlers in
//! `provisioning`, `v1` and `health`, then `router`, then `server`.
#![forbid(unsafe_code)]

mod association;
mod audit_element;
mod backup;
mod binding;
mod bulk_lane;
mod catalog_file;
mod catalog_import;
mod change;
mod config;
mod console;
mod data_folder;
mod decision_log;
mod entity;
mod events;
mod fault;
mod health;
mod http;
mod key;
mod keys;
mod metrics;
mod module;
mod module_cache;
mod module_key;
mod module_trust;
mod named_places;
mod openapi;
mod outage;
mod past_catalogs;
mod pin_socket;
mod pins;
mod provisioning;
mod refused_traffic;
mod registry;
mod registry_turns;
mod reload;
mod reused_ids;
mod router;
mod sender_health;
mod server;
mod service;
mod session;
mod state;
mod store;
mod stored_modules;
mod tenant;
mod tenant_turns;
mod timed_store;
mod v1;
mod visibility;
mod what_if_jobs;

pub use backup::{BackupError, BackupSummary, back_up, restore};
pub use config::{
    CatalogConfig, Config, ConfigError, ENVIRONMENT, Health, Limits, Listen, Log, LogFormat, ModulesConfig,
    NumberingConfig, Places, PolicyLimits, Promise, Rate, Recipients, RegistryConfig, SignatureRule, Sticky, Tenant,
};
pub use key::Scope;
pub use keys::{KeyInfo, Keys, KeysError, NewKey};
pub use past_catalogs::{PastCatalogError, PastCatalogs};
pub use reload::{ReloadError, Reloaded, Reloader};
pub use server::{Running, Started, document, start};
pub use service::StartError;
pub use store::{CatalogAddress, StoreError};
pub use stored_modules::StoredModules;
