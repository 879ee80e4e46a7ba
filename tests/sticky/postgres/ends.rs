//! The time to live, and where a store may be used from.

use std::time::Duration;

use callsign_sticky::{AsyncStore, Filter, PostgresStore, StickyStore, Touch, Write, now};

use super::server::{Server, options, schema};
use crate::conformance::{key, sender};

const DAY: u64 = 86_400;

#[test]
fn ended_pins_are_taken_off_in_the_background_and_no_others() {
    let server = Server::shared();
    let mut options = options(&schema());
    options.sweep_interval = Some(Duration::from_millis(5));
    // Two of them share the work.
    let stores = [(); 2].map(|()| PostgresStore::connect(&server.address(), options.clone()).unwrap());
    let then = now() - 31 * DAY;
    let writes: Vec<_> = (0..3_000)
        .map(|index| {
            let days = [30, 40, 0][index as usize % 3];
            let write = Write::insert(key("ends", index), sender("a")).idle_days(days);
            Write { used: Some((then, then)), ..write }
        })
        .collect();
    stores[0].write(&writes).into_iter().for_each(|answer| assert_eq!(answer.unwrap(), None));
    while stores[0].count(&Filter::All).unwrap() > 2_000 {}
    for (index, pin) in
        stores[1].read(&writes.iter().map(|write| write.key).collect::<Vec<_>>()).into_iter().enumerate()
    {
        assert_eq!(pin.unwrap().is_some(), index % 3 != 0, "{index}");
    }
    assert_eq!(stores[1].count(&Filter::All).unwrap(), 2_000);
}

#[test]
fn touches_for_later_are_written() {
    let store = Server::shared().store();
    let then = now() - 29 * DAY;
    let keys: Vec<_> = (0..2_500).map(|index| key("later", index)).collect();
    let old = |&key| Write { used: Some((then, then)), ..Write::insert(key, sender("a")).idle_days(30) };
    store.write(&keys.iter().map(old).collect::<Vec<_>>());
    let touch = |&key| Touch { key, sender: sender("a").key, idle_days: 30 };
    store.touch_later(&keys.iter().map(touch).collect::<Vec<_>>());
    while !store.read(&keys).into_iter().all(|pin| pin.unwrap().unwrap().last_used > then) {}
}

#[test]
fn touches_beyond_what_may_wait_are_left_out_and_nobody_waits() {
    let server = Server::shared();
    let mut options = options(&schema());
    options.waiting_touches = 10;
    let store = PostgresStore::connect(&server.address(), options).unwrap();
    let touch = Touch { key: key("later", 1), sender: sender("a").key, idle_days: 30 };
    store.touch_later(&[touch; 10_000]);
}

#[test]
fn a_store_can_be_used_inside_any_runtime_and_dropped_there() {
    let single = tokio::runtime::Builder::new_current_thread().build().unwrap();
    single.block_on(async {
        let store = Server::shared().store();
        let keys = [key("inside", 1)];
        assert_eq!(store.insert(&keys[0], &sender("a")).unwrap(), None);
        assert_eq!(store.read_async(&keys).await.remove(0).unwrap().unwrap().sender, sender("a").key);
        assert_eq!(store.count(&Filter::All).unwrap(), 1);
    });
}

#[test]
fn a_name_that_the_server_cannot_keep_fails_alone() {
    let store = Server::shared().store();
    let writes = [
        Write::insert(key("fine", 1), sender("a")),
        Write::insert(key("not \0 fine", 1), sender("a")),
        Write::insert(key("fine", 2), sender("b")),
    ];
    let answers: Vec<_> = store.write(&writes).into_iter().map(|answer| answer.is_ok()).collect();
    assert_eq!(answers, [true, false, true]);
}
