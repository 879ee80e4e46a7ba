//! Components in registries: a real one, and many that lie.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod attacks;
mod bounds;
mod mirror;
mod real;
mod world;
