//! Recording allocates nothing on the caller's thread.

use allocation_counter::measure;
use callsign_log::{AttributesRead, Promise, Record, Recorded};

use crate::records::{Folder, open, record};

#[test]
fn recording_allocates_nothing_on_the_thread_of_the_caller() {
    for promise in [Promise::Drop, Promise::Keep] {
        let folder = Folder::new();
        let mut options = crate::records::options();
        options.promise = promise;
        let recorder = open(&folder, options);
        let ids: Vec<_> = (0..20_000_u64).map(|number| number.to_string()).collect();
        let attributes = [("plan", "gold"), ("lang", "de")];
        // The ring is made at a thread's first record.
        assert!(matches!(recorder.record(&record(0, "0")), Recorded::Taken(_)));
        let (mut taken, mut full) = (0, 0);
        let counted = measure(|| {
            for (number, id) in ids.iter().enumerate() {
                let record = Record { attributes: AttributesRead::All(&attributes), ..record(number as u64, id) };
                // With more than the ring holds, so that the way of a full ring is taken as well.
                match recorder.record(&record) {
                    Recorded::Taken(_) => taken += 1,
                    Recorded::Dropped | Recorded::Full(_) => full += 1,
                    Recorded::Refused(error) => panic!("{error}"),
                }
            }
        });
        assert_eq!(counted.count_total, 0, "{promise:?}: {taken} taken, {full} not");
        assert!(taken > 1000, "{taken}");
    }
}
