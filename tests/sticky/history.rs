//! Many writers race on the same keys; a checker reads what each was told.

use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use callsign_sticky::{PinKey, PinnedSender, Release, SenderKey, StickyStore, Write};

use crate::conformance::{application, key};

/// One call on a key, and what it was told. Begun and ended are moments of one clock that all writers share.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub begun: u64,
    pub ended: u64,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The key has this pin now, by this call.
    Wrote(SenderKey),
    /// The same, in place of that one.
    Replaced(SenderKey, SenderKey),
    /// The key had this pin.
    Saw(SenderKey),
    /// It had none, and its pin of this sender went by this call.
    Released(SenderKey),
    /// It had none.
    SawNone,
}

/// So many writers insert, read and replace on the same few keys, with senders that only one call each ever uses; then the
/// history of each key is checked.
pub fn racing_writers_have_one_winner(store: &dyn StickyStore, writers: usize, rounds: usize) {
    let application = application();
    let keys: Vec<PinKey<'_>> = (0..rounds as u64).map(|index| key(&application, index)).collect();
    let clock = AtomicU64::new(0);
    let barrier = Barrier::new(writers);
    let ids: Vec<Vec<String>> = (0..writers)
        .map(|writer| (0..rounds).map(|round| format!("{application}-w{writer}-r{round}")).collect())
        .collect();
    let told: Vec<Vec<(usize, Told)>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..writers)
            .map(|writer| {
                let (keys, clock, barrier, ids) = (&keys, &clock, &barrier, &ids[writer]);
                scope.spawn(move || {
                    let mut told = Vec::new();
                    for (round, key) in keys.iter().enumerate() {
                        barrier.wait();
                        write_and_read(store, key, PinnedSender::new(&ids[round]), writer, round, clock, &mut told);
                    }
                    told
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    let mut histories: HashMap<usize, Vec<Told>> = HashMap::new();
    for (key, told) in told.into_iter().flatten() {
        histories.entry(key).or_default().push(told);
    }
    assert_eq!(histories.len(), rounds);
    for history in histories.values() {
        check(history);
    }
}

fn write_and_read(
    store: &dyn StickyStore,
    key: &PinKey<'_>,
    sender: PinnedSender<'_>,
    writer: usize,
    round: usize,
    clock: &AtomicU64,
    told: &mut Vec<(usize, Told)>,
) {
    let tick = || clock.fetch_add(1, Ordering::SeqCst);
    let begun = tick();
    let answer = store.write_one(&Write::insert(*key, sender)).unwrap();
    let what = answer.map_or(What::Wrote(sender.key), |pin| What::Saw(pin.sender));
    told.push((round, Told { begun, ended: tick(), what }));

    let begun = tick();
    let read = store.get(key).unwrap();
    told.push((round, Told { begun, ended: tick(), what: read.map_or(What::SawNone, |pin| What::Saw(pin.sender)) }));

    let Some(seen) = read else { return };
    // A few replace what they saw, one now and then takes it off.
    if writer.is_multiple_of(16) {
        let begun = tick();
        let other = SenderKey(sender.key.0 ^ 1);
        let new = PinnedSender { key: other, id: sender.id };
        let answer = store.write_one(&Write::replace(*key, seen.sender, new)).unwrap();
        let what = answer.map_or(What::Replaced(seen.sender, other), |pin| What::Saw(pin.sender));
        told.push((round, Told { begun, ended: tick(), what }));
    } else if writer == 1 && round % 4 == 3 {
        let begun = tick();
        let released = store.release(&[Release { key: *key, expected: Some(seen.sender) }]).remove(0).unwrap();
        if let Some(pin) = released {
            told.push((round, Told { begun, ended: tick(), what: What::Released(pin.sender) }));
        }
    }
}

/// Every value that was written came to be once and went at most once, and each was seen only between the beginning of
/// the call that wrote it and the end of the call that took it away; at no time did two hold. A replace of a key that
/// was released writes too.
pub fn check(history: &[Told]) {
    #[derive(Default)]
    struct Life {
        begun: Option<(u64, u64)>,
        gone: Option<(u64, u64)>,
    }
    let mut lives: HashMap<SenderKey, Life> = HashMap::new();
    let mut released = 0;
    for told in history {
        let span = Some((told.begun, told.ended));
        match told.what {
            What::Wrote(sender) => {
                let before = std::mem::replace(&mut lives.entry(sender).or_default().begun, span);
                assert!(before.is_none(), "written twice: {told:?} in {history:?}");
            }
            What::Replaced(old, new) => {
                let before = std::mem::replace(&mut lives.entry(new).or_default().begun, span);
                assert!(before.is_none(), "written twice: {told:?} in {history:?}");
                // Several may have replaced it, all but one of them when the key had no pin any more: by the calls alone
                // nobody can say which.
                let gone = &mut lives.entry(old).or_default().gone;
                *gone = gone.map_or(span, |(begun, ended)| Some((begun.min(told.begun), ended.max(told.ended))));
            }
            What::Released(_) | What::Saw(_) | What::SawNone => {}
        }
    }
    for told in history {
        if let What::Released(sender) = told.what {
            released += 1;
            // Where the old one was released, that is when it went.
            lives.entry(sender).or_default().gone = Some((told.begun, told.ended));
        }
    }
    for told in history {
        match told.what {
            What::Saw(sender) => {
                let life = lives.get(&sender).unwrap_or_else(|| panic!("nobody wrote {told:?} in {history:?}"));
                let (begun, _) = life.begun.unwrap_or_else(|| panic!("nobody wrote {told:?} in {history:?}"));
                assert!(told.ended > begun, "seen before it was written: {told:?}");
                if let Some((_, gone)) = life.gone {
                    assert!(told.begun < gone, "seen after it was gone: {told:?}, {life:?}", life = life.gone);
                }
            }
            What::SawNone => assert!(released > 0, "a pinned key had no pin: {told:?} in {history:?}"),
            _ => {}
        }
    }
    // No two held at once: each surely held from the end of the first call that knew of it to the beginning of the last
    // one that still did, or to the call that took it away.
    let mut spans: Vec<(u64, u64, SenderKey)> = Vec::new();
    for (&sender, life) in &lives {
        let Some((_, written)) = life.begun else { continue };
        let seen = || history.iter().filter(move |told| told.what == What::Saw(sender));
        let from = seen().map(|told| told.ended).fold(written, u64::min);
        let last_seen = seen().map(|told| told.begun).max().unwrap_or(0);
        let to = life.gone.map_or(u64::MAX, |(begun, _)| begun.max(last_seen));
        if from < to {
            spans.push((from, to, sender));
        }
    }
    spans.sort_unstable();
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two pins at once: {pair:?} in {history:?}");
    }
}

#[test]
fn the_checker_finds_two_winners() {
    let told = |begun, ended, what| Told { begun, ended, what };
    let (a, b) = (SenderKey(2), SenderKey(4));
    check(&[told(0, 3, What::Wrote(a)), told(1, 4, What::Saw(a)), told(5, 6, What::Replaced(a, b))]);
    // The second replace finds no pin any more. That it is told of first does not make it the one that took `a` away.
    let late =
        [told(9, 12, What::Replaced(a, SenderKey(6))), told(0, 3, What::Wrote(a)), told(4, 8, What::Replaced(a, b))];
    check(&[&late[..], &[told(5, 7, What::Saw(b)), told(8, 10, What::Released(b))]].concat());
    let wrong: [&[Told]; 4] = [
        &[told(0, 3, What::Wrote(a)), told(1, 4, What::Wrote(b))],
        &[told(0, 3, What::Wrote(a)), told(4, 5, What::SawNone)],
        &[told(0, 3, What::Wrote(a)), told(4, 5, What::Replaced(a, b)), told(6, 7, What::Saw(a))],
        &[told(0, 1, What::Saw(a))],
    ];
    for history in wrong {
        let history = history.to_vec();
        assert!(std::panic::catch_unwind(move || check(&history)).is_err());
    }
}
