//! The C library as programs in C see it: compiled against the header, linked with the shared library, and run.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod conformance;
mod examples;
mod header;
mod program;
mod programs;
