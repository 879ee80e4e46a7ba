//! What rules can see of senders: columns of a pool, each read once and only if a rule asks for it.

use core::cell::OnceCell;

use callsign_policy::reads::Reads;
use callsign_policy::senders::{Candidate, DefaultSender, Pool};
use callsign_policy::types::{AreaCode, Key, Scope, Sender, SenderType, Texts};

use super::Name;

/// Where columns come from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// A pool, in the order of its candidates.
    Pool(Pool),
    /// One sender, which need not be in any pool.
    Sender(Scope, Sender),
}

/// The columns of some senders.
pub(crate) struct Columns<'a> {
    reads: &'a dyn Reads,
    source: Source,
    addresses: OnceCell<Texts>,
    ids: OnceCell<Texts>,
    first: Link<Column>,
    first_signal: Link<Vec<f64>>,
}

/// A list that only grows, so that what was read can be lent while more is read.
type Link<T> = OnceCell<Box<Node<T>>>;

struct Node<T> {
    name: Key,
    value: T,
    next: Link<T>,
}

/// An attribute in the forms that were asked for.
#[derive(Default)]
struct Column {
    texts: OnceCell<Texts>,
    numbers: OnceCell<Vec<f64>>,
    keys: OnceCell<Vec<Key>>,
}

impl core::fmt::Debug for Columns<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Columns").field("source", &self.source).finish_non_exhaustive()
    }
}

impl<'a> Columns<'a> {
    pub(crate) fn of_pool(reads: &'a dyn Reads, pool: Pool) -> Self {
        Self::new(reads, Source::Pool(pool))
    }

    pub(crate) fn of_sender(reads: &'a dyn Reads, scope: Scope, sender: Sender) -> Self {
        Self::new(reads, Source::Sender(scope, sender))
    }

    fn new(reads: &'a dyn Reads, source: Source) -> Self {
        let (addresses, ids, first, first_signal) = Default::default();
        Self { reads, source, addresses, ids, first, first_signal }
    }

    /// The facts of the sender at an index.
    pub(crate) fn facts(&self, index: usize, candidate: Candidate) -> SenderFacts<'_> {
        SenderFacts { index, candidate, columns: self }
    }

    fn addresses(&self) -> &Texts {
        self.addresses.get_or_init(|| match self.source {
            Source::Pool(pool) => self.reads.addresses(pool),
            Source::Sender(scope, sender) => one(self.reads.describe(scope, sender).map(|text| text.address)),
        })
    }

    fn ids(&self) -> &Texts {
        self.ids.get_or_init(|| match self.source {
            Source::Pool(pool) => self.reads.ids(pool),
            Source::Sender(scope, sender) => one(self.reads.describe(scope, sender).map(|text| text.id)),
        })
    }

    fn texts(&self, name: Key) -> &Texts {
        find(&self.first, name, Column::default).texts.get_or_init(|| match self.source {
            Source::Pool(pool) => self.reads.sender_texts(pool, name),
            Source::Sender(scope, sender) => one(self.reads.sender_text(scope, sender, name)),
        })
    }

    fn numbers(&self, name: Key) -> &[f64] {
        find(&self.first, name, Column::default).numbers.get_or_init(|| match self.source {
            Source::Pool(pool) => self.reads.sender_numbers(pool, name),
            Source::Sender(scope, sender) => vec![self.reads.sender_number(scope, sender, name).unwrap_or(f64::NAN)],
        })
    }

    fn keys(&self, name: Key) -> &[Key] {
        find(&self.first, name, Column::default).keys.get_or_init(|| match self.source {
            Source::Pool(pool) => self.reads.sender_keys(pool, name),
            Source::Sender(scope, sender) => vec![self.reads.sender_key(scope, sender, name)],
        })
    }

    fn signals(&self, name: Key) -> &[f64] {
        find::<Vec<f64>>(&self.first_signal, name, || match self.source {
            Source::Pool(pool) => self.reads.signal_numbers(pool, name),
            Source::Sender(scope, sender) => vec![self.reads.signal(scope, sender, name).unwrap_or(f64::NAN)],
        })
    }
}

/// The value under a name, made at the first look.
fn find<T>(mut link: &Link<T>, name: Key, make: impl FnOnce() -> T) -> &T {
    while let Some(node) = link.get() {
        if node.name == name {
            return &node.value;
        }
        link = &node.next;
    }
    &link.get_or_init(|| Box::new(Node { name, value: make(), next: OnceCell::new() })).value
}

fn one(text: Option<String>) -> Texts {
    let end = text.as_ref().map_or(u32::MAX, |text| text.len() as u32);
    Texts { text: text.unwrap_or_default(), ends: vec![end] }
}

/// The text at an index.
fn at(texts: &Texts, index: usize) -> Option<&str> {
    const NO_TEXT: u32 = u32::MAX;
    let end = texts.ends.get(index).copied().filter(|&end| end != NO_TEXT)?;
    // Usually the one before has a text, and ends where this one begins.
    let start = texts.ends[..index].iter().rev().copied().find(|&end| end != NO_TEXT).unwrap_or(0);
    texts.text.get(start as usize..end as usize)
}

/// What rules see of a sender. All of it is part of the scope's revision, so what is worked out from it can be kept.
#[derive(Debug, Clone, Copy)]
pub struct SenderFacts<'a> {
    index: usize,
    candidate: Candidate,
    columns: &'a Columns<'a>,
}

impl<'a> SenderFacts<'a> {
    /// The handle of the sender.
    pub fn sender(&self) -> Sender {
        self.candidate.sender
    }

    /// The type: [`callsign_policy::words::sender_type`].
    pub fn sender_type(&self) -> SenderType {
        self.candidate.sender_type
    }

    /// Whether it is of a type.
    pub fn is_a(&self, sender_type: SenderType) -> bool {
        self.candidate.sender_type == sender_type
    }

    /// The area code of a long number of country code 1, else 0.
    pub fn area_code(&self) -> AreaCode {
        self.candidate.area_code
    }

    /// Its share of the spread, 1 to 1000.
    pub fn weight(&self) -> u16 {
        self.candidate.weight
    }

    /// The number or name that recipients see; E.164 with its `+` for a number that has one.
    pub fn address(&self) -> &'a str {
        at(self.columns.addresses(), self.index).unwrap_or_default()
    }

    /// `senderId`.
    pub fn id(&self) -> &'a str {
        at(self.columns.ids(), self.index).unwrap_or_default()
    }

    /// An attribute.
    pub fn attribute(&self, name: &Name) -> Option<&'a str> {
        at(self.columns.texts(name.key(self.columns.reads)), self.index)
    }

    /// An attribute as a number; none if it is not a finite decimal number.
    pub fn attribute_number(&self, name: &Name) -> Option<f64> {
        let numbers = self.columns.numbers(name.key(self.columns.reads));
        numbers.get(self.index).copied().filter(|number| !number.is_nan())
    }

    /// The key of an attribute; 0 if the sender has none. It is equal to the key of an attribute of a message or scope if
    /// their texts are. The cheapest way to compare.
    pub fn attribute_key(&self, name: &Name) -> Key {
        self.columns.keys(name.key(self.columns.reads)).get(self.index).copied().unwrap_or(0)
    }

    pub(super) fn signal(&self, name: &Name) -> Option<f64> {
        let numbers = self.columns.signals(name.key(self.columns.reads));
        numbers.get(self.index).copied().filter(|number| !number.is_nan())
    }
}

/// The facts of a default sender, which need not be in any pool.
#[derive(Debug)]
pub(crate) struct DefaultFacts<'a> {
    candidate: Candidate,
    columns: Columns<'a>,
}

impl<'a> DefaultFacts<'a> {
    pub(crate) fn new(default: &DefaultSender, scope: Scope, reads: &'a dyn Reads) -> Self {
        let DefaultSender { sender, weight, area_code, sender_type, .. } = *default;
        let candidate = Candidate { key: 0, sender, weight, area_code, sender_type };
        Self { candidate, columns: Columns::of_sender(reads, scope, sender) }
    }

    pub(crate) fn facts(&self) -> SenderFacts<'_> {
        self.columns.facts(0, self.candidate)
    }
}
