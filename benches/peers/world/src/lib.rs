//! What every engine decides in, and the selection in native Rust: the two forms that the others are written after.
#![forbid(unsafe_code)]

pub mod country;
mod decimal;
pub mod indexed;
pub mod message;
pub mod sample;
pub mod scanning;
pub mod world;

pub use country::Country;
pub use indexed::Indexed;
pub use message::Message;
pub use scanning::Scanning;
pub use world::{Channel, World};
