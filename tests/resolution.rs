//! Section 3 of the specification, a test for each sentence, through the compiled component.

mod candidates;
mod destination;
mod explicit;
mod geolocated;
mod pin;
pub(crate) mod platform;
mod priority;
mod spread;
mod sticky;
mod strategy;
