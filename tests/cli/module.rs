//! `callsign module`, as people use it.

mod command;
mod processes;
mod registry;
mod signing;
