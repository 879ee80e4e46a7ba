//! The module store, a test for each of its rules.

mod add;
mod budget;
mod command;
mod compiled;
mod crash;
mod find;
mod many;
pub(crate) mod module;
