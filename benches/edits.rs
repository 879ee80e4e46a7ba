//! Changes of a few elements of a large platform: from the edit until the revision is served and the one before is given up.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::time::{Duration, Instant};

use callsign::{Edit, Gateway, List};
use criterion::{Criterion, SamplingMode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::platform::{self, Size};

type Edits = Vec<Edit<'static>>;

/// A kind of change.
struct Kind {
    /// Its part of the benchmark's name.
    id: &'static str,
    /// How many changes are samples.
    samples: usize,
    /// What must have happened to a sender before its change.
    before: Option<fn(&Senders, usize) -> Edits>,
    change: fn(&Senders, usize) -> Edits,
}

const KINDS: [Kind; 11] = [
    Kind { id: "suspend", samples: 200, before: Some(Senders::activate), change: Senders::suspend },
    Kind { id: "activate", samples: 200, before: Some(Senders::suspend), change: Senders::activate },
    Kind { id: "associate-elsewhere", samples: 200, before: Some(Senders::move_back), change: Senders::move_away },
    Kind { id: "associate-back", samples: 200, before: Some(Senders::move_away), change: Senders::move_back },
    Kind { id: "add", samples: 200, before: None, change: Senders::add },
    Kind { id: "associate", samples: 200, before: Some(Senders::add), change: Senders::associate },
    Kind { id: "add-and-associate", samples: 200, before: None, change: Senders::add_and_associate },
    Kind { id: "take-out", samples: 200, before: Some(Senders::add_and_associate), change: Senders::take_out },
    Kind { id: "remove", samples: 200, before: Some(Senders::add), change: Senders::remove },
    Kind { id: "remove-entity", samples: 200, before: Some(Senders::add_entity), change: Senders::remove_entity },
    Kind {
        id: "remove-application",
        samples: 200,
        before: Some(Senders::add_application),
        change: Senders::remove_application,
    },
];

/// Measures each kind of change; gives the 99th percentile of the single changes of each.
pub(crate) fn measure<'a>(
    criterion: &mut Criterion,
    bindings: &str,
    senders: &Senders,
    gateway: impl Fn() -> &'a Gateway,
) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut group = criterion.benchmark_group("change/edit");
    // One change is one sample: no time is so short that criterion takes two.
    group.sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_nanos(1)).measurement_time(Duration::from_nanos(1));
    for kind in KINDS {
        let id = format!("{}/{bindings}", kind.id);
        group.sample_size(kind.samples);
        let mut changes = None;
        group.bench_function(&id, |bencher| {
            let changes = changes.get_or_insert_with(|| Changes::new(gateway(), senders, &kind));
            bencher.iter_custom(|iterations| (0..iterations).map(|_| changes.next()).sum());
        });
        if let Some(Changes { mut times, .. }) = changes {
            times.sort_unstable();
            rows.push(json!({"id": id, "p99_ms": times[times.len() * 99 / 100].as_secs_f64() * 1e3}));
        }
    }
    rows
}

/// Changes of one kind, one after the other.
struct Changes<'a> {
    gateway: &'a Gateway,
    senders: &'a Senders,
    kind: &'a Kind,
    /// How many there were.
    times: Vec<Duration>,
}

impl<'a> Changes<'a> {
    fn new(gateway: &'a Gateway, senders: &'a Senders, kind: &'a Kind) -> Self {
        senders.begin();
        Self { gateway, senders, kind, times: Vec::new() }
    }

    fn next(&mut self) -> Duration {
        // One more than there are samples, because criterion warms up with one. All of them are prepared before the first: what
        // has just been touched is in the processor's cache, and changes cheaply.
        let prepared = self.kind.samples + 1;
        let index = self.times.len();
        if let Some(before) = self.kind.before
            && index.is_multiple_of(prepared)
        {
            for index in index..index + prepared {
                apply(self.gateway, &before(self.senders, index));
            }
        }
        let took = apply(self.gateway, &(self.kind.change)(self.senders, index));
        self.times.push(took);
        took
    }
}

fn apply(gateway: &Gateway, edits: &[Edit<'_>]) -> Duration {
    let begin = Instant::now();
    let catalog = gateway.revision().catalog().edit(edits).unwrap();
    let next = gateway.next_revision(catalog).unwrap();
    gateway.replace_revision(next).unwrap();
    begin.elapsed()
}

/// The senders that are changed.
pub(crate) struct Senders {
    size: Size,
    /// Which of the old ones are with another entity than at first.
    moved: RefCell<HashSet<usize>>,
    /// The first of the new ones.
    new: Cell<usize>,
}

impl Senders {
    pub(crate) fn new(size: Size) -> Self {
        Self { size, moved: RefCell::default(), new: Cell::new(size.senders) }
    }

    /// Begins another kind of change, with new senders of its own.
    fn begin(&self) {
        self.new.set(self.new.get() + 100_000);
    }

    /// A sender that has been there from the start, is somebody's own, and is far from the one before.
    fn old(&self, index: usize) -> usize {
        platform::own((1_000 + index * 4_447) % (self.size.senders / 10 * 9))
    }

    fn suspend(&self, index: usize) -> Edits {
        vec![put(List::Senders, platform::sender(self.old(index), "SUSPENDED"))]
    }

    fn activate(&self, index: usize) -> Edits {
        vec![put(List::Senders, platform::sender(self.old(index), "ACTIVE"))]
    }

    /// Associates a sender with another entity.
    fn move_away(&self, index: usize) -> Edits {
        if self.moved.borrow_mut().insert(self.old(index)) { self.moves(index, 0, 17) } else { Edits::new() }
    }

    fn move_back(&self, index: usize) -> Edits {
        if self.moved.borrow_mut().remove(&self.old(index)) { self.moves(index, 17, 0) } else { Edits::new() }
    }

    /// Moves an old sender from one entity to another, both counted from the entity that it was with at first.
    fn moves(&self, index: usize, from: usize, to: usize) -> Edits {
        let sender = self.old(index);
        let entity = |after: usize| (platform::entity_of(sender, self.size.entities) + after) % self.size.entities;
        vec![
            Edit::remove_owned(List::Associations, raw(platform::association(sender, entity(from)))),
            put(List::Associations, platform::association(sender, entity(to))),
        ]
    }

    fn add(&self, index: usize) -> Edits {
        vec![put(List::Senders, platform::sender(self.new.get() + index, "ACTIVE"))]
    }

    fn associate(&self, index: usize) -> Edits {
        vec![put(List::Associations, self.association(index))]
    }

    fn add_and_associate(&self, index: usize) -> Edits {
        self.add(index).into_iter().chain(self.associate(index)).collect()
    }

    fn take_out(&self, index: usize) -> Edits {
        vec![
            Edit::remove_owned(List::Associations, raw(self.association(index))),
            Edit::remove_sender(&format!("SND{:08}", self.new.get() + index)),
        ]
    }

    fn remove(&self, index: usize) -> Edits {
        vec![Edit::remove_sender(&format!("SND{:08}", self.new.get() + index))]
    }

    fn add_entity(&self, index: usize) -> Edits {
        vec![put(List::Entities, json!({"entityId": self.name(index)}).to_string())]
    }

    fn remove_entity(&self, index: usize) -> Edits {
        vec![Edit::remove_entity(&self.name(index))]
    }

    fn add_application(&self, index: usize) -> Edits {
        vec![put(List::Applications, json!({"applicationId": self.name(index)}).to_string())]
    }

    fn remove_application(&self, index: usize) -> Edits {
        vec![Edit::remove_application(&self.name(index))]
    }

    /// The id of a new entity or application.
    fn name(&self, index: usize) -> String {
        format!("new-{}", self.new.get() + index)
    }

    /// The association of a new sender.
    fn association(&self, index: usize) -> String {
        platform::association(self.new.get() + index, index * 37 % self.size.entities)
    }
}

fn put(list: List, element: String) -> Edit<'static> {
    Edit::put_owned(list, raw(element))
}

fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap()
}
