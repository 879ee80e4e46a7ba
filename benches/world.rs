//! One application with a pool of any size, as the tests have it.

pub(crate) use callsign_tests::pool::{catalog, messages, recipients};
