//! A record as bytes in the ring between a deciding thread and the writer. Never on disk.

use callsign_destination::{AreaCode, Country, Number};

use crate::context::{CatalogId, PolicyId, SignalsId};
use crate::options::Attributes;
use crate::record::{Answer, AttributesRead, PinRead, Recipient, Record};
use crate::shape::{self, PinReadKind, RecipientKind, Shape};

/// The most bytes that a record may have in memory: 64 KiB, three times what a message with 32 attributes of the greatest length has.
pub const MAX_RECORD_BYTES: usize = 64 << 10;

/// The texts of every record: message id, application, entity, `from`, message type, sender or code, strategy, step, recipient.
const TEXTS: usize = 9;

/// Where the lengths of the texts are; two bytes each, then the number of attributes.
const LENGTHS: usize = 88;
const ATTRIBUTES: usize = LENGTHS + 2 * TEXTS;
const FIXED: usize = ATTRIBUTES + 2;

/// Writes a record into `memory`, over what was there, and gives the bytes that it has. It allocates nothing.
///
/// All numbers have places that are known when this is compiled, so each is one store, and each text that there is is one copy.
///
/// # Errors
/// The record has more bytes than there is memory: how many.
#[inline]
pub(crate) fn encode<'e>(
    record: &Record<'_>,
    kept: &Attributes,
    memory: &'e mut [u8; MAX_RECORD_BYTES],
) -> Result<&'e [u8], usize> {
    let (answer, strategy, step) = match record.answer {
        Answer::Decided { sender, strategy, step } => (sender, strategy.unwrap_or_default(), step),
        Answer::Refused { code } => (code, "", ""),
    };
    let (recipient, recipient_text) = match record.recipient {
        Recipient::Number(number) => (u128::from(number.get()).to_le_bytes(), ""),
        Recipient::Sealed(sealed) => (sealed, ""),
        Recipient::Text(text) => ([0; 16], text),
    };
    let texts = [
        record.message_id.unwrap_or_default(),
        record.application.unwrap_or_default(),
        record.entity.unwrap_or_default(),
        record.from.unwrap_or_default(),
        record.message_type.unwrap_or_default(),
        answer,
        strategy,
        step,
        recipient_text,
    ];
    let (AttributesRead::All(attributes) | AttributesRead::Some(attributes)) = record.attributes;
    let mut shape = Shape::of(record);
    let mut attribute_size = (0, 0_u16);
    if !attributes.is_empty() {
        attribute_size = size_of_attributes(attributes, kept);
        if usize::from(attribute_size.1) < attributes.len() {
            shape = shape.without_some_attributes(attribute_size.1 > 0);
        }
    }
    let bytes = FIXED + attribute_size.0 + texts.iter().map(|text| text.len()).sum::<usize>();
    let Some((fixed, mut rest)) = memory.get_mut(..bytes).and_then(|entry| entry.split_first_chunk_mut::<FIXED>())
    else {
        return Err(bytes);
    };
    put(fixed, 0, (bytes as u32).to_le_bytes());
    put(fixed, 4, shape.bits().to_le_bytes());
    put(fixed, 8, record.time.to_le_bytes());
    put(fixed, 16, record.took.to_le_bytes());
    put(fixed, 20, record.catalog.0.to_le_bytes());
    put(fixed, 24, record.policy.map_or(0, |policy| policy.0).to_le_bytes());
    put(fixed, 28, record.signals.map_or(0, |signals| signals.0).to_le_bytes());
    put(fixed, 36, if let PinRead::Sender(sender) = record.pin_read { sender } else { 0 }.to_le_bytes());
    put(fixed, 44, record.sent_at.unwrap_or(0).to_le_bytes());
    put(fixed, 52, record.country.map_or(0, Country::bits).to_le_bytes());
    put(fixed, 54, record.area_code.map_or(0, AreaCode::get).to_le_bytes());
    put(fixed, 56, recipient);
    put(fixed, 72, record.trace_id.unwrap_or_default());
    // No text is longer than the record, so no length is cut.
    for (index, text) in texts.iter().enumerate() {
        put(fixed, LENGTHS + 2 * index, (text.len() as u16).to_le_bytes());
    }
    put(fixed, ATTRIBUTES, attribute_size.1.to_le_bytes());
    // Most records lack several of them.
    for text in texts.iter().filter(|text| !text.is_empty()) {
        append(&mut rest, text.as_bytes());
    }
    if attribute_size.1 > 0 {
        append_attributes(&mut rest, attributes, kept);
    }
    Ok(&memory[..bytes])
}

/// Writes a number or an id to its place.
#[inline]
fn put<const N: usize>(fixed: &mut [u8; FIXED], at: usize, bytes: [u8; N]) {
    if let Some(place) = fixed[at..].first_chunk_mut() {
        *place = bytes;
    }
}

/// Writes some bytes to the beginning of `rest`, which is then what comes after them.
#[inline]
fn append(rest: &mut &mut [u8], bytes: &[u8]) {
    if let Some((place, after)) = std::mem::take(rest).split_at_mut_checked(bytes.len()) {
        place.copy_from_slice(bytes);
        *rest = after;
    }
}

/// Whether a log has the attribute of this name.
fn keeps(kept: &Attributes, name: &str) -> bool {
    match kept {
        Attributes::All => true,
        Attributes::None => false,
        Attributes::Only(names) => names.iter().any(|kept| **kept == *name),
    }
}

/// How many bytes the attributes take that a log has, and how many there are of them.
#[inline(never)]
fn size_of_attributes(attributes: &[(&str, &str)], kept: &Attributes) -> (usize, u16) {
    attributes
        .iter()
        .filter(|(name, _)| keeps(kept, name))
        .fold((0, 0), |(bytes, count), (name, value)| (bytes + 4 + name.len() + value.len(), count.saturating_add(1)))
}

#[inline(never)]
fn append_attributes(rest: &mut &mut [u8], attributes: &[(&str, &str)], kept: &Attributes) {
    for (name, value) in attributes.iter().filter(|(name, _)| keeps(kept, name)) {
        append(rest, &(name.len() as u16).to_le_bytes());
        append(rest, &(value.len() as u16).to_le_bytes());
        append(rest, name.as_bytes());
        append(rest, value.as_bytes());
    }
}

/// The first entry of some bytes, and how many bytes it has; `None` if there is no whole one.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_le_bytes(*bytes.first_chunk::<4>()?) as usize;
    if length < FIXED { None } else { bytes.split_at_checked(length) }
}

/// Reads an entry. Its attributes are put into `attributes`, which must be empty.
pub(crate) fn decode<'a>(entry: &'a [u8], attributes: &'a mut Vec<(&'a str, &'a str)>) -> Option<Record<'a>> {
    let (fixed, mut rest) = entry.split_first_chunk::<FIXED>()?;
    let u16_at = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
    let u32_at = |at: usize| u32::from(u16_at(at)) | u32::from(u16_at(at + 2)) << 16;
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    let array_at = |at: usize| fixed[at..at + 16].first_chunk::<16>().copied().unwrap_or_default();
    let shape = Shape::from_bits(u32_at(4))?;
    let mut text = |length: u16| {
        let (text, after) = rest.split_at_checked(usize::from(length))?;
        rest = after;
        std::str::from_utf8(text).ok()
    };
    let mut texts = [""; TEXTS];
    for (index, found) in texts.iter_mut().enumerate() {
        *found = text(u16_at(LENGTHS + 2 * index))?;
    }
    let [message_id, application, entity, from, message_type, answer, strategy, step, recipient_text] = texts;
    for _ in 0..u16_at(ATTRIBUTES) {
        let (lengths, after) = rest.split_first_chunk::<4>()?;
        let [name, value] =
            [[lengths[0], lengths[1]], [lengths[2], lengths[3]]].map(u16::from_le_bytes).map(usize::from);
        let (name, after) = after.split_at_checked(name)?;
        let (value, after) = after.split_at_checked(value)?;
        attributes.push((std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?));
        rest = after;
    }
    let attributes = &*attributes;
    let has = |bit, text| if shape.has(bit) { Some(text) } else { None };
    Some(Record {
        time: u64_at(8),
        took: u32_at(16),
        message_id: has(shape::MESSAGE_ID, message_id),
        trace_id: shape.has(shape::TRACE_ID).then(|| array_at(72)),
        application: has(shape::APPLICATION, application),
        entity: has(shape::ENTITY, entity),
        channel: shape.channel(),
        is_fallback: shape.is_fallback(),
        recipient: match shape.recipient() {
            RecipientKind::Number => Recipient::Number(Number::from_digits(u64_at(56))?),
            RecipientKind::Text => Recipient::Text(recipient_text),
            RecipientKind::Sealed => Recipient::Sealed(array_at(56)),
        },
        country: Country::from_bits(u16_at(52)),
        area_code: AreaCode::new(u16_at(54)),
        from: has(shape::FROM, from),
        message_type: has(shape::MESSAGE_TYPE, message_type),
        sent_at: shape.has(shape::SENT_AT).then(|| u64_at(44)),
        attributes: match shape.has_all_attributes() {
            true => AttributesRead::All(attributes),
            false => AttributesRead::Some(attributes),
        },
        catalog: CatalogId(u32_at(20)),
        policy: shape.has(shape::POLICY).then(|| PolicyId(u32_at(24))),
        told_unhealthy: shape.told_unhealthy(),
        signals: shape.has(shape::SIGNALS).then(|| SignalsId(u64_at(28))),
        pin_read: match shape.pin_read() {
            PinReadKind::NotRead => PinRead::NotRead,
            PinReadKind::None => PinRead::None,
            PinReadKind::Sender => PinRead::Sender(u64_at(36)),
            PinReadKind::Unavailable => PinRead::Unavailable,
        },
        pin_write: shape.pin_write(),
        answer: match shape.is_refused() {
            true => Answer::Refused { code: answer },
            false => Answer::Decided { sender: answer, strategy: has(shape::STRATEGY, strategy), step },
        },
    })
}
