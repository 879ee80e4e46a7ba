use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callsign_sticky::{EmbeddedOptions, EmbeddedStore, Filter, StickyStore, Touch, Write};

use super::Folder;
use crate::conformance::{key, sender};

const DAY: u64 = 86_400;

/// A store whose clock the test turns, and which looks for ended pins all the time.
fn store(folder: &Folder) -> (EmbeddedStore, Arc<AtomicU64>) {
    let time = Arc::new(AtomicU64::new(1_800_000_000));
    let mut options = EmbeddedOptions::default();
    let clock = Arc::clone(&time);
    options.clock = Box::new(move || clock.load(Ordering::SeqCst));
    options.sweep_interval = Duration::from_millis(1);
    (EmbeddedStore::open(&folder.0, options).unwrap(), time)
}

fn pass(time: &AtomicU64, days: u64) {
    time.fetch_add(days * DAY, Ordering::SeqCst);
}

/// Waits until the background has left so many pins.
fn until(store: &EmbeddedStore, left: u64) {
    let began = Instant::now();
    while store.count(&Filter::All).unwrap() != left {
        assert!(began.elapsed() < Duration::from_secs(30), "{} pins", store.count(&Filter::All).unwrap());
        std::thread::yield_now();
    }
}

#[test]
fn ended_pins_are_taken_off_in_the_background() {
    let folder = Folder::new();
    let (store, time) = store(&folder);
    for index in 0..5_000 {
        let write = Write::insert(key("shop", index), sender("n1"));
        store.write(&[write.idle_days(if index % 2 == 0 { 10 } else { 0 })])[0].clone().unwrap();
        if index == 1_000 {
            // Calls of one group, for speed.
            let writes: Vec<_> = (1_001..5_000)
                .map(|index| (key("shop", index), if index % 2 == 0 { 10 } else { 0 }))
                .map(|(key, days)| Write::insert(key, sender("n1")).idle_days(days))
                .collect();
            assert!(store.write(&writes).into_iter().all(|answer| answer.unwrap().is_none()));
            break;
        }
    }
    pass(&time, 9);
    assert!(store.get(&key("shop", 2)).unwrap().is_some());
    pass(&time, 2);
    assert!(store.get(&key("shop", 2)).unwrap().is_none());
    until(&store, 2_500);
    assert_eq!(store.count(&Filter::Sender(sender("n1"))).unwrap(), 2_500);
    assert!(store.get(&key("shop", 3)).unwrap().is_some());
}

#[test]
fn a_pin_that_is_used_stays_and_ends_when_it_is_used_no_more() {
    let folder = Folder::new();
    let (store, time) = store(&folder);
    store.write_one(&Write::insert(key("shop", 1), sender("n1")).idle_days(10)).unwrap();
    store.write_one(&Write::insert(key("shop", 2), sender("n1")).idle_days(10)).unwrap();
    for _ in 0..5 {
        pass(&time, 8);
        store.touch(&[Touch { key: key("shop", 1), sender: sender("n1").key, idle_days: 10 }]).unwrap();
        // What is told later is written later.
        store.insert(&key("shop", 3), &sender("n1")).unwrap();
        assert!(store.get(&key("shop", 1)).unwrap().is_some());
    }
    until(&store, 2);
    pass(&time, 12);
    until(&store, 1);
    assert!(store.get(&key("shop", 3)).unwrap().is_some());
}

#[test]
fn a_shorter_time_to_live_holds_from_the_next_use() {
    let folder = Folder::new();
    let (store, time) = store(&folder);
    store.write_one(&Write::insert(key("shop", 1), sender("n1")).idle_days(1_000)).unwrap();
    store.touch(&[Touch { key: key("shop", 1), sender: sender("n1").key, idle_days: 5 }]).unwrap();
    store.insert(&key("shop", 2), &sender("n1")).unwrap();
    pass(&time, 7);
    until(&store, 1);
    // And one for ever is for ever.
    store.write_one(&Write::insert(key("shop", 3), sender("n1")).idle_days(5)).unwrap();
    store.touch(&[Touch { key: key("shop", 3), sender: sender("n1").key, idle_days: 0 }]).unwrap();
    store.insert(&key("shop", 4), &sender("n1")).unwrap();
    pass(&time, 30_000);
    assert_eq!(store.get(&key("shop", 3)).unwrap().unwrap().idle_days, 0);
}

#[test]
fn a_use_is_worth_writing_once_per_tenth_of_the_time_to_live() {
    let folder = Folder::new();
    let (store, time) = store(&folder);
    store.write_one(&Write::insert(key("shop", 1), sender("n1")).idle_days(30)).unwrap();
    let pin = store.get(&key("shop", 1)).unwrap().unwrap();
    let now = time.load(Ordering::SeqCst);
    assert!(!pin.wants_touch(now, 30));
    assert!(!pin.wants_touch(now + 3 * DAY - 1, 30));
    assert!(pin.wants_touch(now + 3 * DAY, 30));
    assert!(pin.wants_touch(now, 31));
    assert!(pin.wants_touch(now, 0));
}
