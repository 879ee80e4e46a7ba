//! What every store does. Each check uses an application of its own, so that all of them run on one store.

use std::sync::atomic::{AtomicU64, Ordering};

use callsign_destination::Number;
use callsign_sticky::{
    Channel, Filter, Pin, PinKey, PinRecord, PinScope, PinnedSender, Recipient, Release, StickyStore, Touch, Write, now,
};

use crate::history;

/// Every check, one after another.
pub fn all(store: &dyn StickyStore) {
    the_first_sender_stays(store);
    keys_differ_in_application_entity_channel_and_recipient(store);
    a_replace_needs_the_sender_that_it_expects(store);
    a_replace_pins_a_key_that_has_no_pin_any_more(store);
    a_release_takes_off_what_it_expects(store);
    a_bulk_call_answers_for_each_item_in_order(store);
    items_of_one_call_for_one_key_take_effect_in_their_order(store);
    an_empty_call_has_no_answers(store);
    a_pin_ends_after_its_idle_days(store);
    a_touch_makes_the_time_to_live_begin_anew(store);
    an_ended_pin_makes_room_for_the_next(store);
    pages_hold_every_pin_once(store);
    counts_are_those_of_the_lists(store);
    ids_may_have_any_characters(store);
    generations_of_an_application_are_apart(store);
    asynchronous_calls_answer_as_the_others(store);
    history::racing_writers_have_one_winner(store, 64, 40);
}

/// An application that no other check has.
pub fn application() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("app-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn number(index: u64) -> Recipient {
    Recipient::Number(Number::parse_e164(&format!("+1415{:07}", index)).unwrap())
}

pub fn key(application: &str, index: u64) -> PinKey<'_> {
    PinKey::new(PinScope::new(application, None), Channel::Sms, number(index))
}

pub fn sender(id: &str) -> PinnedSender<'_> {
    PinnedSender::new(id)
}

fn sender_of(pin: Option<Pin>) -> Option<callsign_sticky::SenderKey> {
    pin.map(|pin| pin.sender)
}

/// Seconds of a day.
const DAY: u64 = 86_400;

fn the_first_sender_stays(store: &dyn StickyStore) {
    let application = application();
    let key = key(&application, 1);
    assert_eq!(store.get(&key).unwrap(), None);
    let before = now();
    assert_eq!(store.insert(&key, &sender("first")).unwrap(), None);
    let pin = store.get(&key).unwrap().unwrap();
    assert_eq!(pin.sender, sender("first").key);
    assert!((before..=now()).contains(&pin.first_used), "{pin:?}");
    assert_eq!((pin.last_used, pin.idle_days), (pin.first_used, 0));
    assert_eq!(store.insert(&key, &sender("second")).unwrap(), Some(pin));
    assert_eq!(store.insert(&key, &sender("first")).unwrap(), Some(pin));
    assert_eq!(store.get(&key).unwrap(), Some(pin));
}

fn keys_differ_in_application_entity_channel_and_recipient(store: &dyn StickyStore) {
    let (one, other) = (application(), application());
    let mut keys = Vec::new();
    for application in [&one, &other] {
        for entity in [None, Some("a"), Some("b")] {
            for channel in Channel::ALL {
                for recipient in 0..3 {
                    keys.push(PinKey::new(PinScope::new(application, entity), channel, number(recipient)));
                }
            }
        }
    }
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(store.insert(key, &sender(&format!("s{index}"))).unwrap(), None, "{key:?}");
    }
    for (index, answer) in store.read(&keys).into_iter().enumerate() {
        assert_eq!(answer.unwrap().unwrap().sender, sender(&format!("s{index}")).key, "{:?}", keys[index]);
    }
}

fn a_replace_needs_the_sender_that_it_expects(store: &dyn StickyStore) {
    let application = application();
    let key = key(&application, 1);
    store.insert(&key, &sender("a")).unwrap();
    let kept = store.replace(&key, sender("x").key, &sender("b")).unwrap();
    assert_eq!(sender_of(kept), Some(sender("a").key));
    assert_eq!(store.replace(&key, sender("a").key, &sender("b")).unwrap(), None);
    assert_eq!(sender_of(store.get(&key).unwrap()), Some(sender("b").key));
    let kept = store.replace(&key, sender("a").key, &sender("c")).unwrap();
    assert_eq!(sender_of(kept), Some(sender("b").key));
}

fn a_replace_pins_a_key_that_has_no_pin_any_more(store: &dyn StickyStore) {
    let application = application();
    let key = key(&application, 1);
    assert_eq!(store.replace(&key, sender("gone").key, &sender("b")).unwrap(), None);
    assert_eq!(sender_of(store.get(&key).unwrap()), Some(sender("b").key));
}

fn a_release_takes_off_what_it_expects(store: &dyn StickyStore) {
    let application = application();
    let (one, two) = (key(&application, 1), key(&application, 2));
    store.insert(&one, &sender("a")).unwrap();
    store.insert(&two, &sender("a")).unwrap();
    let release = |key, expected: Option<&str>| {
        let expected = expected.map(|id| sender(id).key);
        sender_of(store.release(&[Release { key, expected }]).remove(0).unwrap())
    };
    assert_eq!(release(one, Some("b")), None);
    assert_eq!(sender_of(store.get(&one).unwrap()), Some(sender("a").key));
    assert_eq!(release(one, Some("a")), Some(sender("a").key));
    assert_eq!(store.get(&one).unwrap(), None);
    assert_eq!(release(one, None), None);
    assert_eq!(release(two, None), Some(sender("a").key));
    assert_eq!(store.insert(&one, &sender("b")).unwrap(), None);
    assert_eq!(sender_of(store.get(&one).unwrap()), Some(sender("b").key));
}

fn a_bulk_call_answers_for_each_item_in_order(store: &dyn StickyStore) {
    let application = application();
    let keys: Vec<PinKey<'_>> = (0..300).map(|index| key(&application, index)).collect();
    let even: Vec<Write<'_>> = keys.iter().step_by(2).map(|&key| Write::insert(key, sender("even"))).collect();
    assert!(store.write(&even).into_iter().all(|answer| answer.unwrap().is_none()));
    let all: Vec<Write<'_>> = keys.iter().map(|&key| Write::insert(key, sender("any"))).collect();
    for (index, answer) in store.write(&all).into_iter().enumerate() {
        let expected = (index % 2 == 0).then(|| sender("even").key);
        assert_eq!(sender_of(answer.unwrap()), expected, "{index}");
    }
    for (index, answer) in store.read(&keys).into_iter().enumerate() {
        let expected = if index % 2 == 0 { "even" } else { "any" };
        assert_eq!(sender_of(answer.unwrap()), Some(sender(expected).key), "{index}");
    }
    let releases: Vec<Release<'_>> =
        keys.iter().map(|&key| Release { key, expected: Some(sender("any").key) }).collect();
    for (index, answer) in store.release(&releases).into_iter().enumerate() {
        assert_eq!(answer.unwrap().is_some(), index % 2 == 1, "{index}");
    }
}

fn items_of_one_call_for_one_key_take_effect_in_their_order(store: &dyn StickyStore) {
    let application = application();
    let key = key(&application, 1);
    let writes = [
        Write::insert(key, sender("a")),
        Write::insert(key, sender("b")),
        Write::replace(key, sender("a").key, sender("c")),
        Write::replace(key, sender("a").key, sender("d")),
    ];
    let answers: Vec<_> = store.write(&writes).into_iter().map(|answer| sender_of(answer.unwrap())).collect();
    assert_eq!(answers, [None, Some(sender("a").key), None, Some(sender("c").key)]);
    assert_eq!(sender_of(store.get(&key).unwrap()), Some(sender("c").key));
}

fn an_empty_call_has_no_answers(store: &dyn StickyStore) {
    assert!(store.read(&[]).is_empty());
    assert!(store.write(&[]).is_empty());
    assert!(store.release(&[]).is_empty());
    store.touch(&[]).unwrap();
}

/// Pins a key as if that had been so many days ago.
fn pinned_days_ago<'a>(key: PinKey<'a>, id: &'a str, days: u64, idle_days: u16) -> Write<'a> {
    let then = now() - days * DAY;
    Write { used: Some((then, then)), ..Write::insert(key, sender(id)).idle_days(idle_days) }
}

fn a_pin_ends_after_its_idle_days(store: &dyn StickyStore) {
    let application = application();
    let (young, old, eternal) = (key(&application, 1), key(&application, 2), key(&application, 3));
    store.write_one(&pinned_days_ago(young, "a", 29, 30)).unwrap();
    store.write_one(&pinned_days_ago(old, "a", 31, 30)).unwrap();
    store.write_one(&pinned_days_ago(eternal, "a", 9_000, 0)).unwrap();
    let young = store.get(&young).unwrap().unwrap();
    assert_eq!((young.idle_days, young.ends()), (30, Some(young.last_used + 30 * DAY)));
    assert_eq!(store.get(&old).unwrap(), None);
    assert_eq!(sender_of(store.get(&eternal).unwrap()), Some(sender("a").key));
}

fn a_touch_makes_the_time_to_live_begin_anew(store: &dyn StickyStore) {
    let application = application();
    let (used, other) = (key(&application, 1), key(&application, 2));
    store.write_one(&pinned_days_ago(used, "a", 29, 30)).unwrap();
    store.write_one(&pinned_days_ago(other, "a", 29, 30)).unwrap();
    let first = store.get(&used).unwrap().unwrap();
    assert!(first.wants_touch(now(), 30));
    let touch = |key, id: &str| Touch { key, sender: sender(id).key, idle_days: 10 };
    store.touch(&[touch(used, "a"), touch(other, "b"), touch(key(&application, 3), "a")]).unwrap();
    // A store may write it later, in the order in which it is told.
    store.insert(&key(&application, 4), &sender("a")).unwrap();
    let touched = store.get(&used).unwrap().unwrap();
    assert!(now() - touched.last_used < 60, "{touched:?}");
    assert_eq!((touched.first_used, touched.idle_days), (first.first_used, 10));
    assert!(!touched.wants_touch(now(), 10));
    assert_eq!(store.get(&other).unwrap().unwrap().idle_days, 30);
    assert_eq!(store.get(&key(&application, 3)).unwrap(), None);
}

fn an_ended_pin_makes_room_for_the_next(store: &dyn StickyStore) {
    let application = application();
    for (index, replaces) in [false, true].into_iter().enumerate() {
        let key = key(&application, index as u64);
        store.write_one(&pinned_days_ago(key, "old", 31, 30)).unwrap();
        let answer = match replaces {
            false => store.insert(&key, &sender("new")),
            true => store.replace(&key, sender("old").key, &sender("new")),
        };
        assert_eq!(answer.unwrap(), None);
        assert_eq!(sender_of(store.get(&key).unwrap()), Some(sender("new").key));
    }
    let ended = key(&application, 9);
    store.write_one(&pinned_days_ago(ended, "old", 31, 30)).unwrap();
    let released = store.release(&[Release { key: ended, expected: None }]).remove(0).unwrap();
    assert_eq!(released, None);
}

fn listed(store: &dyn StickyStore, filter: &Filter<'_>, most: usize) -> Vec<PinRecord> {
    let (mut records, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(filter, after.as_ref(), most).unwrap();
        assert!(page.pins.len() <= most);
        records.extend(page.pins);
        match page.next {
            // As it comes back from a person.
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => return records,
        }
    }
}

fn pages_hold_every_pin_once(store: &dyn StickyStore) {
    let application = application();
    let (a, b) = (format!("{application}-a"), format!("{application}-b"));
    let scope = PinScope::new(&application, Some("entity"));
    let keys: Vec<PinKey<'_>> = (0..70)
        .map(|index| PinKey::new(scope, if index % 3 == 0 { Channel::Mms } else { Channel::Sms }, number(index)))
        .collect();
    for (index, key) in keys.iter().enumerate() {
        store.write_one(&Write::insert(*key, sender(if index < 50 { &a } else { &b })).idle_days(7)).unwrap();
    }
    for most in [1, 7, 70, 1000] {
        let records = listed(store, &Filter::Scope(scope), most);
        assert_eq!(records.len(), 70, "pages of {most}");
        let mut seen: Vec<_> = records.iter().map(|record| (record.channel, record.recipient)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 70);
        for record in &records {
            assert_eq!((&*record.application, record.entity.as_deref()), (&*application, Some("entity")));
            assert_eq!(record.pin.sender, sender(&record.sender).key);
            assert_eq!(store.get(&record.key()).unwrap(), Some(record.pin));
        }
        assert_eq!(listed(store, &Filter::Sender(sender(&a)), most).len(), 50);
        assert_eq!(listed(store, &Filter::Sender(sender(&b)), most).len(), 20);
    }
    assert!(listed(store, &Filter::Scope(PinScope::new(&application, None)), 10).is_empty());
    assert!(listed(store, &Filter::Sender(sender("nobody at all")), 10).is_empty());
    // One that was replaced or released is listed under its sender no more.
    store.replace(&keys[0], sender(&a).key, &sender(&b)).unwrap();
    assert!(store.release(&[Release { key: keys[1], expected: None }]).remove(0).unwrap().is_some());
    assert_eq!(listed(store, &Filter::Sender(sender(&a)), 9).len(), 48);
    assert_eq!(listed(store, &Filter::Sender(sender(&b)), 9).len(), 21);
    // Every scope and channel of one recipient, whose number no other check uses.
    let recipient = number(7_000_000 + std::process::id() as u64 % 100_000);
    let before = listed(store, &Filter::Recipient(recipient), 10).len();
    for entity in [None, Some("entity"), Some("other")] {
        for channel in Channel::ALL {
            store.insert(&PinKey::new(PinScope::new(&application, entity), channel, recipient), &sender(&a)).unwrap();
        }
    }
    let found = listed(store, &Filter::Recipient(recipient), 4);
    assert_eq!(found.len(), before + 9);
    assert!(found.iter().any(|record| record.entity.as_deref() == Some("other") && record.channel == Channel::Rcs));
    let everything = listed(store, &Filter::All, 1000);
    let ours = everything.iter().filter(|record| *record.application == *application).count();
    assert_eq!(ours, 69 + 9);
}

fn counts_are_those_of_the_lists(store: &dyn StickyStore) {
    let application = application();
    let id = format!("{application}-a");
    for index in 0..25 {
        store.insert(&key(&application, index), &sender(&id)).unwrap();
    }
    let scope = PinScope::new(&application, None);
    assert_eq!(store.count(&Filter::Scope(scope)).unwrap(), 25);
    assert_eq!(store.count(&Filter::Sender(sender(&id))).unwrap(), 25);
    assert_eq!(store.count(&Filter::Scope(PinScope::new(&application, Some("e")))).unwrap(), 0);
    assert!(store.count(&Filter::All).unwrap() >= 25);
    let of_recipient = store.count(&Filter::Recipient(number(3))).unwrap();
    assert_eq!(of_recipient, listed(store, &Filter::Recipient(number(3)), 1000).len() as u64);
}

fn generations_of_an_application_are_apart(store: &dyn StickyStore) {
    let application = application();
    for entity in [None, Some("entity")] {
        let scopes = [0, 1, 2, u32::MAX].map(|number| PinScope::of_generation(&application, entity, number));
        assert_eq!(scopes[0], PinScope::new(&application, entity));
        for (index, &scope) in scopes.iter().enumerate() {
            let key = PinKey::new(scope, Channel::Sms, number(1));
            assert_eq!(store.get(&key).unwrap(), None, "no pin of a generation before");
            assert_eq!(store.insert(&key, &sender(&format!("n{index}"))).unwrap(), None);
        }
        for (index, &scope) in scopes.iter().enumerate() {
            let records = listed(store, &Filter::Scope(scope), 10);
            let [record] = &records[..] else { panic!("{records:?}") };
            assert_eq!((&*record.application, record.entity.as_deref()), (&*application, entity));
            assert_eq!((&*record.sender, record.scope), (&*format!("n{index}"), scope.hash()));
            assert_eq!(PinRecord::from_json(&record.to_json()).unwrap().key(), record.key());
            assert_eq!(store.get(&record.key()).unwrap(), Some(record.pin));
        }
    }
}

fn ids_may_have_any_characters(store: &dyn StickyStore) {
    let application = format!("{} 'Ä\"\\{{}}:*?[]\u{1F4F1}", application());
    let entity = "é".repeat(255);
    let scope = PinScope::new(&application, Some(&entity));
    let id = format!("{application} / {entity}");
    let key = PinKey::new(scope, Channel::Rcs, number(1));
    assert_eq!(store.insert(&key, &sender(&id)).unwrap(), None);
    let records = listed(store, &Filter::Scope(scope), 10);
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((&*record.application, record.entity.as_deref()), (&*application, Some(&*entity)));
    assert_eq!(*record.sender, *id);
}

/// An executor for tests of stores that bring their own runtime: it only waits.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Wakes(std::thread::Thread);
    impl std::task::Wake for Wakes {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Wakes(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

fn asynchronous_calls_answer_as_the_others(store: &dyn StickyStore) {
    let Some(as_async) = store.as_async() else { return };
    let application = application();
    let keys: Vec<PinKey<'_>> = (0..100).map(|index| key(&application, index)).collect();
    assert!(wait(as_async.read_async(&keys)).into_iter().all(|answer| answer.unwrap().is_none()));
    store.insert(&keys[5], &sender("a")).unwrap();
    let writes: Vec<Write<'_>> = keys.iter().map(|&key| Write::insert(key, sender("b"))).collect();
    for (index, answer) in wait(as_async.write_async(&writes)).into_iter().enumerate() {
        assert_eq!(sender_of(answer.unwrap()), (index == 5).then(|| sender("a").key));
    }
    let read = wait(as_async.read_async(&keys));
    let again = store.read(&keys);
    for (index, (one, other)) in read.into_iter().zip(again).enumerate() {
        let expected = if index == 5 { "a" } else { "b" };
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(sender_of(one), Some(sender(expected).key));
        assert_eq!(one, other);
    }
    assert!(wait(as_async.read_async(&[])).is_empty());
    assert!(wait(as_async.write_async(&[])).is_empty());
}
