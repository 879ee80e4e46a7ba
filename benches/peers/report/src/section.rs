//! The sections of the report: each has the rows of its file, and what is made of them.

pub(crate) mod change;
pub(crate) mod decision;
pub(crate) mod engines;
pub(crate) mod instructions;
pub(crate) mod languages;
pub(crate) mod lines;
pub(crate) mod machine;
pub(crate) mod start;
pub(crate) mod storm;
pub(crate) mod targets;
pub(crate) mod threads;
