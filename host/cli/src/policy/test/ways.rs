//! The ways in which a host calls a policy. Each must come to the same decision: an instance is used again for other
//! messages and dropped at any time, and messages are put together as they come.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use callsign::{Gateway, Message};

use super::super::cases::Case;
use super::subject::{Found, Start, Subject};

/// The most pairs of cases that are decided one after the other. With more than 316 cases, each comes after as many others
/// as that leaves.
const MAX_PAIRS: usize = 100_000;

/// How long pairs are decided: a policy that takes its 200 ms a decision gets through a hundred of them.
const PAIRS_TIME: Duration = Duration::from_secs(20);

/// What came of the ways.
pub(super) struct Ways {
    /// For each case the first way in which it is decided otherwise than by a fresh instance.
    pub(super) departures: Vec<Option<Departure>>,
    /// How many pairs were decided one after the other.
    pairs: usize,
    /// How many there are.
    all_pairs: usize,
}

/// A way in which a case was decided otherwise than by a fresh instance.
pub(super) struct Departure {
    way: Way,
    found: Found,
}

/// A way of calling, as far as it is needed to see the difference again.
enum Way {
    /// By an instance that decided the same message before.
    Again,
    /// By an instance that decided this case before, and no other.
    After(usize),
    /// By an instance that decided many before, this one last.
    AfterMany(usize),
    /// In one call with this case, and no other.
    With(usize),
    /// In one call with so many others.
    WithMany(usize),
    /// In a call for many, but alone.
    AsBatch,
}

impl Ways {
    /// Decides the cases in every way. What a policy fails on it fails on in every way, so that is not tried.
    pub(super) fn of(subject: &Subject, gateway: &Gateway, cases: &[Start<'_>]) -> Self {
        let sound: Vec<usize> = (0..cases.len()).filter(|&index| !cases[index].found.is_failure()).collect();
        let mut ways = Self {
            departures: cases.iter().map(|_| None).collect(),
            pairs: 0,
            all_pairs: sound.len() * sound.len().saturating_sub(1),
        };
        for &index in &sound {
            ways.departures[index] = again(subject, gateway, &cases[index]);
        }
        ways.after_others(subject, gateway, cases, &sound);
        ways.in_batches(subject, gateway, cases, sound);
        ways
    }

    /// What was done, in words.
    pub(super) fn describe(&self) -> String {
        let pairs = match (self.pairs, self.all_pairs) {
            (some, all) if some < all => format!("{some} of {all}"),
            (_, all) => all.to_string(),
        };
        format!("fresh, warm, after other cases ({pairs} pairs), alone and in batches")
    }

    /// Each case after every other, by one instance that decides them all.
    fn after_others(&mut self, subject: &Subject, gateway: &Gateway, cases: &[Start<'_>], sound: &[usize]) {
        let begun = Instant::now();
        let others = (MAX_PAIRS / sound.len().max(1)).clamp(1, sound.len().max(1));
        subject.freshen();
        for (place, &second) in sound.iter().enumerate() {
            for distance in 1..others {
                if begun.elapsed() > PAIRS_TIME {
                    return;
                }
                self.pairs += 1;
                if self.departures[second].is_some() {
                    continue;
                }
                let first = sound[(place + distance) % sound.len()];
                subject.decide_warm(gateway, &cases[first].message, &cases[first].pins);
                let found = subject.decide_warm(gateway, &cases[second].message, &cases[second].pins);
                if found != cases[second].found {
                    self.departures[second] = Some(after(subject, gateway, cases, first, second, found));
                    subject.freshen();
                }
            }
        }
    }

    /// Alone in a batch, and with as many others as there are that have other pins.
    fn in_batches(&mut self, subject: &Subject, gateway: &Gateway, cases: &[Start<'_>], mut left: Vec<usize>) {
        left.retain(|&index| self.departures[index].is_none());
        for &index in &left {
            let found = batch(subject, gateway, &[&cases[index]]).pop();
            self.departures[index] = found.and_then(|found| Departure::of(Way::AsBatch, found, &cases[index]));
        }
        while !left.is_empty() {
            let together = apart(cases, &left);
            left.retain(|index| !together.contains(index));
            // In both orders: what the first message of a batch leaves behind, the others meet.
            for reversed in [false, true] {
                let mut order = together.clone();
                if reversed {
                    order.reverse();
                }
                let starts: Vec<&Start<'_>> = order.iter().map(|&index| &cases[index]).collect();
                for (&index, found) in order.iter().zip(batch(subject, gateway, &starts)) {
                    if self.departures[index].is_none() && found != cases[index].found {
                        self.departures[index] = Some(within(subject, gateway, cases, &order, index, found));
                    }
                }
            }
        }
    }
}

impl Departure {
    /// None if it was decided as by a fresh instance.
    fn of(way: Way, found: Found, case: &Start<'_>) -> Option<Self> {
        (found != case.found).then_some(Self { way, found })
    }

    /// What differs, for people.
    pub(super) fn report(&self, fresh: &Found, cases: &[Case]) -> String {
        let name = |index: usize| cases.get(index).map_or("", |case| &case.name);
        let way = match self.way {
            Way::Again => "a second time by one instance".to_owned(),
            Way::After(other) => format!("after the case {:?} by one instance", name(other)),
            Way::AfterMany(other) => format!("after many cases by one instance, {:?} the last of them", name(other)),
            Way::With(other) => format!("in one batch with the case {:?}", name(other)),
            Way::WithMany(others) => format!("in one batch with {others} other cases"),
            Way::AsBatch => "as a batch of one".to_owned(),
        };
        format!(
            "decided otherwise {way}\n   fresh  {fresh}\n     got  {}\n\
             A decision may depend on the message, the catalog, the pin and the settings alone.\n",
            self.found
        )
    }
}

/// Twice by one instance.
fn again(subject: &Subject, gateway: &Gateway, case: &Start<'_>) -> Option<Departure> {
    subject.freshen();
    subject.decide_warm(gateway, &case.message, &case.pins);
    let found = subject.decide_warm(gateway, &case.message, &case.pins);
    Departure::of(Way::Again, found, case)
}

/// Whether one case alone makes the difference to the other.
fn after(
    subject: &Subject,
    gateway: &Gateway,
    cases: &[Start<'_>],
    first: usize,
    second: usize,
    found: Found,
) -> Departure {
    subject.freshen();
    subject.decide_warm(gateway, &cases[first].message, &cases[first].pins);
    let alone = subject.decide_warm(gateway, &cases[second].message, &cases[second].pins);
    Departure::of(Way::After(first), alone, &cases[second]).unwrap_or(Departure { way: Way::AfterMany(first), found })
}

/// The first cases of these that have no pin in common.
fn apart(cases: &[Start<'_>], of: &[usize]) -> Vec<usize> {
    let mut keys = Vec::new();
    let mut free = |index: &usize| {
        let own = &cases[*index].keys;
        let is_free = !own.iter().any(|key| keys.contains(key));
        if is_free {
            keys.extend(own);
        }
        is_free
    };
    of.iter().copied().filter(|index| free(index)).collect()
}

/// Whether one other case of the batch alone makes the difference.
fn within(
    subject: &Subject,
    gateway: &Gateway,
    cases: &[Start<'_>],
    batch_of: &[usize],
    index: usize,
    found: Found,
) -> Departure {
    let place = batch_of.iter().position(|&other| other == index).unwrap_or_default();
    for (at, &other) in batch_of.iter().enumerate().filter(|&(_, &other)| other != index) {
        let pair = if at < place { [other, index] } else { [index, other] };
        let starts = pair.map(|index| &cases[index]);
        let own = batch(subject, gateway, &starts).into_iter().zip(pair).find(|(_, of)| *of == index);
        if let Some(departure) = own.and_then(|(found, _)| Departure::of(Way::With(other), found, &cases[index])) {
            return departure;
        }
    }
    Departure { way: Way::WithMany(batch_of.len() - 1), found }
}

/// Decides cases in one call of a fresh instance, under the pins of all of them.
fn batch(subject: &Subject, gateway: &Gateway, cases: &[&Start<'_>]) -> Vec<Found> {
    let messages: Vec<Message<'_>> = cases.iter().map(|case| case.message).collect();
    let mut seen = BTreeSet::new();
    let of_case = |case: &&Start<'_>| {
        let own =
            case.pins.iter().filter(|record| case.keys.contains(&(record.scope, record.channel, record.recipient)));
        own.cloned().collect::<Vec<_>>()
    };
    let mut pins: Vec<_> = cases.iter().flat_map(of_case).collect();
    pins.retain(|record| seen.insert((record.scope, record.recipient, record.channel as usize)));
    subject.freshen();
    subject.pins.put_back(&pins);
    let decisions = gateway.resolve_batch(&messages);
    cases
        .iter()
        .zip(decisions.iter())
        .map(|(case, decision)| Found::of(&decision, subject.pins.pinned(&case.keys)))
        .collect()
}
