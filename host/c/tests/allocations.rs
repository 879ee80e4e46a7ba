//! What decisions through the C library allocate. A program of its own: it counts with an allocator of its own.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that fails here says where")]

#[path = "../../../benches/c/caller.rs"]
mod caller;

use allocation_counter::measure;
use callsign_tests::pool::{catalog, messages, recipients};

use self::caller::Caller;

/// The allocations of work that is done again and again: the fewest of three times. The account of an application's policy time is made
/// when a decision is first sampled, which is once.
fn allocations(mut work: impl FnMut()) -> u64 {
    let counted = (0..3).map(|_| measure(&mut work).count_total);
    counted.min().unwrap()
}

#[test]
fn a_warm_decision_through_the_c_library_allocates_nothing() {
    let recipients = recipients(256);
    let messages = messages(&recipients);
    for sticky in [false, true] {
        let mut caller = Caller::new(&catalog(100, sticky), &messages);
        let mut decide = || (0..10 * messages.len()).for_each(|index| caller.resolve(index % messages.len()));
        decide();
        assert_eq!(allocations(decide), 0, "sticky: {sticky}");
    }
}

#[test]
fn a_batch_through_the_c_library_allocates_as_often_whatever_its_size() {
    let recipients = recipients(256);
    let messages = messages(&recipients);
    let mut caller = Caller::new(&catalog(1_000, false), &messages);
    let mut counted = |size: usize| {
        (0..20).for_each(|_| caller.resolve_batch(0, size));
        allocations(|| caller.resolve_batch(0, size))
    };
    let (small, large) = (counted(2), counted(256));
    assert_eq!(small, large);
    assert!(small <= 11, "{small} allocations a batch");
}
