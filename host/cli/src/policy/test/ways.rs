//! The ways in which a host calls a policy. Each must come to the same decision: an instance is used again for other
//! messages and dropped at any time, messages are put together as they come, and a pool may be copied or asked about.

use std::time::{Duration, Instant};

use super::super::cases::Case;
use super::subject::{Found, PoolForm, Start, Subject};

/// The most pairs of cases that are decided one after the other. With more than 316 cases, each comes after as many others
/// as that leaves.
const MAX_PAIRS: usize = 100_000;

/// How long pairs are decided in each form of the pool: a policy that takes its 200 ms a decision gets through 50 of them.
const PAIRS_TIME: Duration = Duration::from_secs(20);

/// What came of the ways.
pub(super) struct Ways {
    /// For each case the first way in which it is decided otherwise than by a fresh instance.
    pub(super) departures: Vec<Option<Departure>>,
    /// How many pairs of cases there are.
    pairs: usize,
    /// How many were decided one after the other, in all forms of the pool together, and how many that might have been.
    decided_pairs: usize,
    all_pairs: usize,
}

/// A way in which a case was decided otherwise than by a fresh instance.
pub(super) struct Departure {
    way: Way,
    form: PoolForm,
    found: Found,
}

/// A way of calling, as far as it is needed to see the difference again.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// By a fresh instance: another form of the pool alone makes the difference.
    Fresh,
    /// By an instance that decided the same message before.
    Again,
    /// By an instance that decided this case before, and no other.
    After(usize),
    /// By an instance that decided many before, this one last.
    AfterMany(usize),
    /// In a call for many, but alone.
    AsBatch,
    /// In one call with this case, and no other.
    With(usize),
    /// In one call with so many others.
    WithMany(usize),
}

impl Ways {
    /// Decides the cases in every way, in each form of the pool. What a policy fails on it fails on in every way, so that is
    /// not tried.
    pub(super) fn of(subjects: &[Subject], cases: &[Start<'_>]) -> Self {
        let sound: Vec<usize> = (0..cases.len()).filter(|&index| !cases[index].found.is_failure()).collect();
        let pairs = sound.len() * sound.len().saturating_sub(1);
        let mut ways = Self {
            departures: cases.iter().map(|_| None).collect(),
            pairs,
            decided_pairs: 0,
            all_pairs: pairs * subjects.len(),
        };
        for subject in subjects {
            ways.alone(subject, cases, &sound);
            ways.after_others(subject, cases, &sound);
            ways.in_batches(subject, cases, sound.clone());
        }
        ways
    }

    /// What was done, in words.
    pub(super) fn describe(&self) -> String {
        let pairs = match (self.decided_pairs, self.all_pairs) {
            (some, all) if some < all => format!("{some} of {all}"),
            _ => self.pairs.to_string(),
        };
        format!("fresh, warm, after other cases ({pairs} pairs), in batches, and with pools copied and asked about")
    }

    /// Notes how a case was decided.
    fn note(&mut self, subject: &Subject, cases: &[Start<'_>], index: usize, way: Way, found: Found) {
        if self.departures[index].is_none() && found != cases[index].found {
            self.departures[index] = Some(Departure { way, form: subject.form, found });
        }
    }

    /// By a fresh instance, then a second time by the same one, and as a batch of one.
    fn alone(&mut self, subject: &Subject, cases: &[Start<'_>], sound: &[usize]) {
        for &index in sound {
            subject.freshen();
            for way in [Way::Fresh, Way::Again] {
                self.note(subject, cases, index, way, subject.again(&cases[index]));
            }
            if let Some(found) = subject.batch(&[&cases[index]]).pop() {
                self.note(subject, cases, index, Way::AsBatch, found);
            }
        }
    }

    /// Each case after every other, by one instance that decides them all.
    fn after_others(&mut self, subject: &Subject, cases: &[Start<'_>], sound: &[usize]) {
        let begun = Instant::now();
        let others = (MAX_PAIRS / sound.len().max(1)).clamp(1, sound.len().max(1));
        subject.freshen();
        for (place, &second) in sound.iter().enumerate() {
            for distance in 1..others {
                if begun.elapsed() > PAIRS_TIME {
                    return;
                }
                self.decided_pairs += 1;
                if self.departures[second].is_some() {
                    continue;
                }
                let first = sound[(place + distance) % sound.len()];
                subject.again(&cases[first]);
                let found = subject.again(&cases[second]);
                if found != cases[second].found {
                    // Whether this one case alone makes the difference.
                    subject.freshen();
                    subject.again(&cases[first]);
                    let alone = subject.again(&cases[second]);
                    self.note(subject, cases, second, Way::After(first), alone);
                    self.note(subject, cases, second, Way::AfterMany(first), found);
                    subject.freshen();
                }
            }
        }
    }

    /// With as many others as there are that have other pins.
    fn in_batches(&mut self, subject: &Subject, cases: &[Start<'_>], mut left: Vec<usize>) {
        while !left.is_empty() {
            let together = apart(cases, &left);
            left.retain(|index| !together.contains(index));
            if together.len() == 1 {
                continue;
            }
            // In both orders: what the first message of a batch leaves behind, the others meet.
            for reversed in [false, true] {
                let mut order = together.clone();
                if reversed {
                    order.reverse();
                }
                let starts: Vec<&Start<'_>> = order.iter().map(|&index| &cases[index]).collect();
                for (place, found) in subject.batch(&starts).into_iter().enumerate() {
                    let index = order[place];
                    if self.departures[index].is_none() && found != cases[index].found {
                        self.in_pairs(subject, cases, &order, place);
                        self.note(subject, cases, index, Way::WithMany(order.len() - 1), found);
                    }
                }
            }
        }
    }

    /// Whether one other case of a batch alone makes the difference to the case in this place.
    fn in_pairs(&mut self, subject: &Subject, cases: &[Start<'_>], batch: &[usize], place: usize) {
        let index = batch[place];
        for (at, &other) in batch.iter().enumerate().filter(|&(at, _)| at != place) {
            let (pair, own) = if at < place { ([other, index], 1) } else { ([index, other], 0) };
            let mut found = subject.batch(&pair.map(|index| &cases[index]));
            if found.len() == pair.len() {
                self.note(subject, cases, index, Way::With(other), found.swap_remove(own));
            }
            if self.departures[index].is_some() {
                return;
            }
        }
    }
}

impl Departure {
    /// What differs, for people.
    pub(super) fn report(&self, fresh: &Found, cases: &[Case]) -> String {
        let name = |index: usize| cases.get(index).map_or("", |case| &case.name);
        let way = match self.way {
            Way::Fresh => String::new(),
            Way::Again => " a second time by one instance".to_owned(),
            Way::After(other) => format!(" after the case {:?} by one instance", name(other)),
            Way::AfterMany(other) => format!(" after many cases by one instance, {:?} the last of them", name(other)),
            Way::AsBatch => " as a batch of one".to_owned(),
            Way::With(other) => format!(" in one batch with the case {:?}", name(other)),
            Way::WithMany(others) => format!(" in one batch with {others} other cases"),
        };
        format!(
            "decided otherwise{way}{}\n   fresh  {fresh}\n     got  {}\n\
             A decision may depend on the message, the catalog, the pin and the settings alone.\n",
            self.form.describe(),
            self.found
        )
    }
}

/// The first cases of these that have no pin in common.
fn apart(cases: &[Start<'_>], of: &[usize]) -> Vec<usize> {
    let mut keys = Vec::new();
    let mut is_free = |index: usize| {
        let own = &cases[index].keys;
        let is_free = !own.iter().any(|key| keys.contains(key));
        if is_free {
            keys.extend(own);
        }
        is_free
    };
    of.iter().copied().filter(|&index| is_free(index)).collect()
}
