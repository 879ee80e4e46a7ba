//! Tenants that attack, beside one that does not: the real service, asked over real connections with ordinary keys.
//!
//! A load attack goes on in turns beside a victim that asks without pause, see `turns`. `make tenants` attacks for 10 s each;
//! otherwise `CALLSIGN_TENANTS_SECONDS` says for how long, and the short default looks at failures, memory and a generous
//! latency only, which it measures again where the machine had too much to do. What is no load is a plain test.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod attacker;
mod components;
mod null_target;
mod process;
mod turns;
mod victim;
mod wire;
mod world;

mod announced_bodies;
mod associations;
mod audits;
mod changes;
mod compiling;
mod decision_log;
mod events;
mod files;
mod five_at_once;
mod heads;
mod ids;
mod instances;
mod large_bodies;
mod log_lines;
mod new_entities;
mod notes;
mod ownership;
mod probing;
mod removal;
mod reserved_names;
mod restarts;
mod secrets;
mod sender_health;
mod slow_policies;
mod slow_registries;
mod slow_starts;
mod store_growth;
mod terminal;
mod unread_answers;
