//! The end of threads that go on until a flag is set.

use std::sync::atomic::{AtomicBool, Ordering};

/// Sets a flag when it goes, also where a check has failed: threads of a scope that wait for the flag then end, and the test
/// says what failed instead of waiting for them for ever.
#[must_use = "it sets the flag when it is dropped"]
pub struct Stops<'a>(pub &'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
