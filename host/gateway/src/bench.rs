//! What benchmarks and tests hold the sandbox against; behind the feature `bench`, since nothing contains it.

mod bare;
mod native;

pub use bare::{Bare, BareRequest, BareSender};
pub use native::Native;
