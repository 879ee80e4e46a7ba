//! Records to columns.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{COLUMNS, Column, MAX_BLOCK_RECORDS};
use crate::key::LogKey;
use crate::record::{Answer, AttributesRead, PinRead, Recipient, Record};
use crate::shape::Shape;
use crate::varint::{put, zigzag};

/// A block has no more bytes than about this before it is compressed.
const FULL_BYTES: usize = 1 << 20;

/// A block that is being filled.
#[derive(Debug, Default)]
pub(crate) struct BlockBuilder {
    records: u32,
    first: u64,
    last: u64,
    previous: u64,
    texts: Texts,
    senders: Senders,
    columns: [Vec<u8>; COLUMNS],
    bytes: usize,
}

/// The texts of a block, each once, in the order of their first use.
#[derive(Debug, Default)]
struct Texts {
    hasher: DefaultHashBuilder,
    places: HashTable<u32>,
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl Texts {
    fn get(&self, place: u32) -> &[u8] {
        let place = place as usize;
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.bytes[start..self.ends[place]]
    }

    fn place(&mut self, text: &str) -> u64 {
        let text = text.as_bytes();
        let hash = self.hasher.hash_one(text);
        if let Some(&place) = self.places.find(hash, |&place| self.get(place) == text) {
            return u64::from(place);
        }
        let place = self.ends.len() as u32;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        let (ends, bytes, hasher) = (&self.ends, &self.bytes, &self.hasher);
        self.places.insert_unique(hash, place, |&place| {
            let place = place as usize;
            let start = if place == 0 { 0 } else { ends[place - 1] };
            hasher.hash_one(&bytes[start..ends[place]])
        });
        u64::from(place)
    }

    fn clear(&mut self) {
        self.places.clear();
        self.ends.clear();
        self.bytes.clear();
    }
}

/// The keys of senders of a block.
#[derive(Debug, Default)]
struct Senders {
    places: hashbrown::HashMap<u64, u32>,
    keys: Vec<u64>,
}

impl Senders {
    fn place(&mut self, key: u64) -> u64 {
        let keys = &mut self.keys;
        u64::from(*self.places.entry(key).or_insert_with(|| {
            keys.push(key);
            (keys.len() - 1) as u32
        }))
    }

    fn clear(&mut self) {
        self.places.clear();
        self.keys.clear();
    }
}

/// No record takes more bytes of a block than this.
fn size(record: &Record<'_>) -> usize {
    /// All fields but texts, each at its longest.
    const FIELDS: usize = 256;
    let texts = [record.message_id, record.application, record.entity, record.from, record.message_type];
    let answer = match record.answer {
        Answer::Decided { sender, strategy, step } => sender.len() + strategy.map_or(0, str::len) + step.len(),
        Answer::Refused { code } => code.len(),
    };
    let recipient = if let Recipient::Text(text) = record.recipient { text.len() } else { 0 };
    let (AttributesRead::All(attributes) | AttributesRead::Some(attributes)) = record.attributes;
    let attributes: usize = attributes.iter().map(|(name, value)| 20 + name.len() + value.len()).sum();
    FIELDS + texts.into_iter().flatten().map(str::len).sum::<usize>() + answer + recipient + attributes
}

impl BlockBuilder {
    pub(crate) fn len(&self) -> u32 {
        self.records
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Whether no further record should be put into it.
    pub(crate) fn is_full(&self) -> bool {
        self.records as usize >= MAX_BLOCK_RECORDS || self.bytes >= FULL_BYTES
    }

    /// The times of the oldest and newest record.
    pub(crate) fn times(&self) -> (u64, u64) {
        (self.first, self.last)
    }

    /// Adds a record. With a key its recipient is sealed.
    pub(crate) fn push(&mut self, record: &Record<'_>, key: Option<&LogKey>) {
        let recipient = match (key, record.recipient) {
            (Some(key), recipient) => Recipient::Sealed(key.sealed(recipient)),
            (None, recipient) => recipient,
        };
        let record = &Record { recipient, ..*record };
        if self.is_empty() {
            (self.first, self.last, self.previous) = (record.time, record.time, 0);
        }
        self.records += 1;
        (self.first, self.last) = (self.first.min(record.time), self.last.max(record.time));

        let Self { texts, senders, columns, bytes, .. } = self;
        let mut column = |column: Column, value: u64| put(&mut columns[column as usize], value);
        column(Column::Shape, u64::from(Shape::of(record).bits()));
        column(Column::Time, zigzag(record.time.wrapping_sub(self.previous).cast_signed()));
        self.previous = record.time;
        column(Column::Took, u64::from(record.took));
        column(Column::Catalog, u64::from(record.catalog.0));
        if let Some(policy) = record.policy {
            column(Column::Policy, u64::from(policy.0));
        }
        if let Some(signals) = record.signals {
            column(Column::Signals, signals.0);
        }
        if let Some(id) = record.message_id {
            column(Column::MessageIdLength, id.len() as u64);
        }
        for (at, text) in [
            (Column::Application, record.application),
            (Column::Entity, record.entity),
            (Column::Country, record.country.as_ref().map(|country| country.as_str())),
            (Column::From, record.from),
            (Column::MessageType, record.message_type),
        ] {
            if let Some(text) = text {
                column(at, texts.place(text));
            }
        }
        match record.answer {
            Answer::Decided { sender, strategy, step } => {
                column(Column::Answer, texts.place(sender));
                if let Some(strategy) = strategy {
                    column(Column::Strategy, texts.place(strategy));
                }
                column(Column::Step, texts.place(step));
            }
            Answer::Refused { code } => column(Column::Answer, texts.place(code)),
        }
        if let Some(code) = record.area_code {
            column(Column::AreaCode, u64::from(code.get()));
        }
        if let Some(sent_at) = record.sent_at {
            column(Column::SentAt, zigzag(sent_at.wrapping_sub(record.time / 1_000_000).cast_signed()));
        }
        if let AttributesRead::All(attributes @ [_, ..]) | AttributesRead::Some(attributes @ [_, ..]) =
            record.attributes
        {
            column(Column::Attributes, attributes.len() as u64);
            for (name, value) in attributes {
                column(Column::Attributes, texts.place(name));
                column(Column::Attributes, texts.place(value));
            }
        }
        if let PinRead::Sender(sender) = record.pin_read {
            column(Column::PinRead, senders.place(sender));
        }
        if let Recipient::Text(text) = record.recipient {
            column(Column::Recipient, texts.place(text));
        }
        let mut column = |column: Column, value: &[u8]| columns[column as usize].extend_from_slice(value);
        match record.recipient {
            Recipient::Number(number) => column(Column::Recipient, &number.get().to_le_bytes()),
            Recipient::Sealed(sealed) => column(Column::Recipient, &sealed),
            Recipient::Text(_) => {}
        }
        if let Some(id) = record.message_id {
            column(Column::MessageId, id.as_bytes());
        }
        if let Some(trace) = record.trace_id {
            column(Column::TraceId, &trace);
        }
        // At most what the record took: a text that the block had before takes less.
        *bytes += size(record);
        if self.records.is_multiple_of(64) {
            *bytes = texts.bytes.len() + columns.iter().map(Vec::len).sum::<usize>();
        }
    }

    /// Writes the block to `out`, and empties it.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        put(out, u64::from(self.records));
        put(out, self.texts.ends.len() as u64);
        let mut start = 0;
        for &end in &self.texts.ends {
            put(out, (end - start) as u64);
            start = end;
        }
        out.extend_from_slice(&self.texts.bytes);
        put(out, self.senders.keys.len() as u64);
        for key in &self.senders.keys {
            out.extend_from_slice(&key.to_le_bytes());
        }
        for column in &mut self.columns {
            crate::varint::put_counted(out, column);
            column.clear();
        }
        self.clear();
    }

    /// Forgets all records.
    pub(crate) fn clear(&mut self) {
        self.records = 0;
        self.bytes = 0;
        self.texts.clear();
        self.senders.clear();
        self.columns.iter_mut().for_each(Vec::clear);
    }
}
