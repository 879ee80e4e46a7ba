//! Section 3 of the specification, a test for each sentence, through the compiled component.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod agent;
mod candidates;
mod destination;
mod explicit;
mod geolocated;
mod health;
mod itself;
mod pin;
mod priority;
mod registration;
mod spread;
mod sticky;
mod strategy;
