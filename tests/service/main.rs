//! The service, as its clients see it: a real process, asked over real connections. It belongs to `callsign-cli`, because
//! that process is `callsign serve`.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod audit;
mod backup;
mod bindings;
mod budgets;
#[cfg(target_os = "linux")]
mod bulk_lane;
mod catalog;
mod changes;
mod config;
mod conformance;
mod console;
mod contract;
mod coverage;
mod crash;
mod decision_log;
mod default_senders;
mod entities;
mod events;
mod explanations;
mod fleet;
mod keys;
mod messages;
mod modules;
mod nodes;
mod numbering;
mod outages;
mod packaging;
mod pins;
mod policies;
mod pooler;
mod receipts;
mod registry;
mod reload;
mod removed_applications;
mod removed_senders;
mod secrets;
mod security;
mod sender_health;
mod senders;
mod signatures;
mod smoke;
mod store_growth;
mod strategies;
mod tenant_policies;
mod tls_stores;
mod upgrade;
mod use_case;
