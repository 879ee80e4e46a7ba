//! Columns to records. The bytes may be anything: nothing is believed, and nothing larger than they are is allocated for them.

use std::ops::Range;

use callsign_destination::{AreaCode, Country, Number};

use super::{COLUMNS, Column, MAX_BLOCK_RECORDS};
use crate::record::{Answer, AttributesRead, PinRead, Recipient, Record};
use crate::segment_contexts::SegmentContexts;
use crate::shape::{self, PinReadKind, RecipientKind, Shape};
use crate::varint::{Bytes, unzigzag};

/// The records of a block. They borrow from it.
#[derive(Debug)]
pub struct Records<'a> {
    records: Vec<Record<'a>>,
    /// Of each record that has attributes, which pairs are its own.
    attributes: Vec<(u32, Range<u32>)>,
    pairs: Vec<(&'a str, &'a str)>,
}

/// Why a block cannot be read.
pub(crate) type Reason = &'static str;

impl<'a> Records<'a> {
    /// Reads a block.
    pub(crate) fn read(block: &'a [u8], contexts: &SegmentContexts) -> Result<Self, Reason> {
        let mut block = Bytes(block);
        let count: usize = block.small().ok_or("the number of its records")?;
        if count > MAX_BLOCK_RECORDS {
            return Err("it has more records than a block may have");
        }
        let texts = read_texts(&mut block).ok_or("its texts")?;
        let senders = read_senders(&mut block).ok_or("its senders")?;
        let mut columns = [Bytes::default(); COLUMNS];
        for column in &mut columns {
            *column = Bytes(block.counted().ok_or("its columns")?);
        }
        if !block.is_empty() {
            return Err("bytes follow its last column");
        }
        if columns[Column::Shape as usize].0.len() < count {
            return Err("it has fewer records than it says");
        }
        let mut reader = RecordReader {
            columns,
            texts: &texts,
            senders: &senders,
            previous: 0,
            pairs: Vec::new(),
            attributes: Vec::new(),
        };
        let mut records = Vec::with_capacity(count);
        for index in 0..count {
            records.push(reader.next(index as u32, contexts)?);
        }
        if reader.columns.iter().any(|column| !column.is_empty()) {
            return Err("a column has more values than there are records");
        }
        let RecordReader { pairs, attributes, .. } = reader;
        Ok(Self { records, attributes, pairs })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record at this place; `None` beyond the last.
    pub fn get(&self, index: usize) -> Option<Record<'_>> {
        let record = *self.records.get(index)?;
        let AttributesRead::All(_) = record.attributes else { return Some(self.with_attributes(index, record)) };
        if self.pairs.is_empty() { Some(record) } else { Some(self.with_attributes(index, record)) }
    }

    /// All records, in the order in which they were written: each thread's own are in the order of their decisions.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        (0..self.len()).map(|index| match self.pairs.is_empty() {
            true => self.records[index],
            false => self.with_attributes(index, self.records[index]),
        })
    }

    fn with_attributes<'s>(&'s self, index: usize, record: Record<'s>) -> Record<'s> {
        let found = self.attributes.binary_search_by_key(&(index as u32), |(record, _)| *record);
        let pairs: &'s [(&'s str, &'s str)] = match found {
            Ok(at) => {
                let range = &self.attributes[at].1;
                &self.pairs[range.start as usize..range.end as usize]
            }
            Err(_) => &[],
        };
        let attributes = match record.attributes {
            AttributesRead::All(_) => AttributesRead::All(pairs),
            AttributesRead::Some(_) => AttributesRead::Some(pairs),
        };
        Record { attributes, ..record }
    }
}

fn read_texts<'a>(block: &mut Bytes<'a>) -> Option<Vec<&'a str>> {
    let count: usize = block.small()?;
    // Each has a length of a byte at least.
    if count > block.0.len() {
        return None;
    }
    let mut lengths = *block;
    let mut total = 0_usize;
    for _ in 0..count {
        total = total.checked_add(block.small()?)?;
    }
    let mut bytes = std::str::from_utf8(block.take(total)?).ok()?;
    let mut texts = Vec::with_capacity(count);
    for _ in 0..count {
        let (text, rest) = bytes.split_at_checked(lengths.small()?)?;
        texts.push(text);
        bytes = rest;
    }
    Some(texts)
}

fn read_senders(block: &mut Bytes<'_>) -> Option<Vec<u64>> {
    let count: usize = block.small()?;
    let bytes = block.take(count.checked_mul(8)?)?;
    Some(bytes.as_chunks::<8>().0.iter().map(|key| u64::from_le_bytes(*key)).collect())
}

struct RecordReader<'a, 't> {
    columns: [Bytes<'a>; COLUMNS],
    texts: &'t [&'a str],
    senders: &'t [u64],
    previous: u64,
    pairs: Vec<(&'a str, &'a str)>,
    attributes: Vec<(u32, Range<u32>)>,
}

impl<'a> RecordReader<'a, '_> {
    #[inline]
    fn column(&mut self, column: Column) -> &mut Bytes<'a> {
        &mut self.columns[column as usize]
    }

    #[inline]
    fn text(&mut self, column: Column) -> Option<&'a str> {
        let place: usize = self.column(column).small()?;
        self.texts.get(place).copied()
    }

    #[inline]
    fn text_if(&mut self, shape: Shape, bit: u32, column: Column) -> Result<Option<&'a str>, Reason> {
        if !shape.has(bit) {
            return Ok(None);
        }
        self.text(column).map(Some).ok_or("a text of a record")
    }

    fn next(&mut self, index: u32, contexts: &SegmentContexts) -> Result<Record<'a>, Reason> {
        let shape = self.column(Column::Shape).small().and_then(Shape::from_bits).ok_or("the shape of a record")?;
        let time = self.column(Column::Time).varint().ok_or("the time of a record")?;
        let time = self.previous.wrapping_add(unzigzag(time).cast_unsigned());
        self.previous = time;
        let message_id = match shape.has(shape::MESSAGE_ID) {
            true => Some(self.message_id().ok_or("the message id of a record")?),
            false => None,
        };
        let trace_id = match shape.has(shape::TRACE_ID) {
            true => Some(self.column(Column::TraceId).array().ok_or("the trace id of a record")?),
            false => None,
        };
        let country = match self.text_if(shape, shape::COUNTRY, Column::Country)? {
            Some(letters) => Some(country(letters).ok_or("the country of a record")?),
            None => None,
        };
        let area_code = match shape.has(shape::AREA_CODE) {
            true => {
                let code = self.column(Column::AreaCode).small().and_then(AreaCode::new);
                Some(code.ok_or("the area code of a record")?)
            }
            false => None,
        };
        let sent_at = match shape.has(shape::SENT_AT) {
            true => {
                let value = self.column(Column::SentAt).varint().ok_or("the sending time of a record")?;
                Some((time / 1_000_000).wrapping_add(unzigzag(value).cast_unsigned()))
            }
            false => None,
        };
        if shape.has(shape::ATTRIBUTES) {
            self.read_attributes(index).ok_or("the attributes of a record")?;
        }
        let attributes = if shape.has_all_attributes() { AttributesRead::All(&[]) } else { AttributesRead::Some(&[]) };
        let catalog = self.column(Column::Catalog).small().ok_or("the catalog of a record")?;
        let policy = match shape.has(shape::POLICY) {
            true => Some(contexts.policy_id(self.column(Column::Policy).small().ok_or("the policy of a record")?)),
            false => None,
        };
        let signals = match shape.has(shape::SIGNALS) {
            true => Some(contexts.signals_id(self.column(Column::Signals).varint().ok_or("the signals of a record")?)),
            false => None,
        };
        let pin_read = match shape.pin_read() {
            PinReadKind::NotRead => PinRead::NotRead,
            PinReadKind::None => PinRead::None,
            PinReadKind::Unavailable => PinRead::Unavailable,
            PinReadKind::Sender => {
                let place: usize = self.column(Column::PinRead).small().ok_or("the pin of a record")?;
                PinRead::Sender(*self.senders.get(place).ok_or("the pin of a record")?)
            }
        };
        let answer = self.text(Column::Answer).ok_or("the answer of a record")?;
        let answer = match shape.is_refused() {
            true => Answer::Refused { code: answer },
            false => Answer::Decided {
                sender: answer,
                strategy: self.text_if(shape, shape::STRATEGY, Column::Strategy)?,
                step: self.text(Column::Step).ok_or("the step of a record")?,
            },
        };
        Ok(Record {
            time,
            took: self.column(Column::Took).small().ok_or("the duration of a record")?,
            message_id,
            trace_id,
            application: self.text_if(shape, shape::APPLICATION, Column::Application)?,
            entity: self.text_if(shape, shape::ENTITY, Column::Entity)?,
            channel: shape.channel(),
            is_fallback: shape.is_fallback(),
            recipient: self.recipient(shape.recipient()).ok_or("the recipient of a record")?,
            country,
            area_code,
            from: self.text_if(shape, shape::FROM, Column::From)?,
            message_type: self.text_if(shape, shape::MESSAGE_TYPE, Column::MessageType)?,
            sent_at,
            attributes,
            catalog: contexts.catalog_id(catalog),
            policy,
            told_unhealthy: shape.told_unhealthy(),
            signals,
            pin_read,
            pin_write: shape.pin_write(),
            answer,
        })
    }

    fn message_id(&mut self) -> Option<&'a str> {
        let length = self.column(Column::MessageIdLength).small()?;
        std::str::from_utf8(self.column(Column::MessageId).take(length)?).ok()
    }

    fn recipient(&mut self, kind: RecipientKind) -> Option<Recipient<'a>> {
        Some(match kind {
            RecipientKind::Number => {
                let digits = u64::from_le_bytes(self.column(Column::Recipient).array()?);
                Recipient::Number(Number::from_digits(digits)?)
            }
            RecipientKind::Text => Recipient::Text(self.text(Column::Recipient)?),
            RecipientKind::Sealed => Recipient::Sealed(self.column(Column::Recipient).array()?),
        })
    }

    fn read_attributes(&mut self, index: u32) -> Option<()> {
        let start = self.pairs.len() as u32;
        let count: usize = self.column(Column::Attributes).small()?;
        // Each takes two bytes at least, so this ends before memory does.
        for _ in 0..count {
            let (name, value) = (self.text(Column::Attributes)?, self.text(Column::Attributes)?);
            self.pairs.push((name, value));
        }
        self.attributes.push((index, start..self.pairs.len() as u32));
        Some(())
    }
}

fn country(letters: &str) -> Option<Country> {
    let &[first, second] = letters.as_bytes() else { return None };
    Country::from_bits(u16::from_be_bytes([first, second]))
}
