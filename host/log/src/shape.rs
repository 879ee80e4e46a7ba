//! What a record has, in 25 bits: the same in a ring and in a segment.

use callsign_destination::Channel;

use crate::record::{Answer, AttributesRead, PinRead, PinWrite, Recipient, Record};

const FALLBACK: u32 = 1 << 2;
const RECIPIENT: u32 = 3;
const PIN_READ: u32 = 5;
const PIN_WRITE: u32 = 7;
const REFUSED: u32 = 1 << 9;
const SOME_ATTRIBUTES: u32 = 1 << 10;
pub(crate) const MESSAGE_ID: u32 = 1 << 11;
pub(crate) const TRACE_ID: u32 = 1 << 12;
pub(crate) const APPLICATION: u32 = 1 << 13;
pub(crate) const ENTITY: u32 = 1 << 14;
pub(crate) const COUNTRY: u32 = 1 << 15;
pub(crate) const AREA_CODE: u32 = 1 << 16;
pub(crate) const FROM: u32 = 1 << 17;
pub(crate) const MESSAGE_TYPE: u32 = 1 << 18;
pub(crate) const SENT_AT: u32 = 1 << 19;
pub(crate) const POLICY: u32 = 1 << 20;
pub(crate) const SIGNALS: u32 = 1 << 21;
pub(crate) const STRATEGY: u32 = 1 << 22;
pub(crate) const ATTRIBUTES: u32 = 1 << 23;
const TOLD_UNHEALTHY: u32 = 1 << 24;
const ALL: u32 = (1 << 25) - 1;

/// What a record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape(u32);

/// What kind of recipient a record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecipientKind {
    Number,
    Text,
    Sealed,
}

/// How a pin was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PinReadKind {
    NotRead,
    None,
    Sender,
    Unavailable,
}

impl Shape {
    #[inline]
    pub(crate) fn of(record: &Record<'_>) -> Self {
        let recipient = match record.recipient {
            Recipient::Number(_) => 0,
            Recipient::Text(_) => 1,
            Recipient::Sealed(_) => 2,
        };
        let pin_read = match record.pin_read {
            PinRead::NotRead => 0,
            PinRead::None => 1,
            PinRead::Sender(_) => 2,
            PinRead::Unavailable => 3,
        };
        let pin_write = match record.pin_write {
            PinWrite::Nothing => 0,
            PinWrite::Written => 1,
            PinWrite::Unavailable => 2,
        };
        let answer = match record.answer {
            Answer::Decided { strategy: Some(_), .. } => STRATEGY,
            Answer::Decided { strategy: None, .. } => 0,
            Answer::Refused { .. } => REFUSED,
        };
        let attributes = match record.attributes {
            AttributesRead::All([]) => 0,
            AttributesRead::All(_) => ATTRIBUTES,
            AttributesRead::Some([]) => SOME_ATTRIBUTES,
            AttributesRead::Some(_) => SOME_ATTRIBUTES | ATTRIBUTES,
        };
        let has = |is: bool, bit: u32| if is { bit } else { 0 };
        Self(
            record.channel as u32
                | has(record.is_fallback, FALLBACK)
                | recipient << RECIPIENT
                | pin_read << PIN_READ
                | pin_write << PIN_WRITE
                | answer
                | attributes
                | has(record.message_id.is_some(), MESSAGE_ID)
                | has(record.trace_id.is_some(), TRACE_ID)
                | has(record.application.is_some(), APPLICATION)
                | has(record.entity.is_some(), ENTITY)
                | has(record.country.is_some(), COUNTRY)
                | has(record.area_code.is_some(), AREA_CODE)
                | has(record.from.is_some(), FROM)
                | has(record.message_type.is_some(), MESSAGE_TYPE)
                | has(record.sent_at.is_some(), SENT_AT)
                | has(record.policy.is_some(), POLICY)
                | has(record.signals.is_some(), SIGNALS)
                | has(record.told_unhealthy, TOLD_UNHEALTHY),
        )
    }

    /// The shape with these bits; `None` if no record has them.
    pub(crate) fn from_bits(bits: u32) -> Option<Self> {
        let shape = Self(bits);
        let known = bits & !ALL == 0
            && bits & 3 < Channel::ALL.len() as u32
            && bits >> RECIPIENT & 3 < 3
            && bits >> PIN_WRITE & 3 < 3
            && !(shape.is_refused() && shape.has(STRATEGY));
        known.then_some(shape)
    }

    #[inline]
    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    #[inline]
    pub(crate) fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    pub(crate) fn channel(self) -> Channel {
        Channel::ALL[(self.0 & 3) as usize % Channel::ALL.len()]
    }

    pub(crate) fn is_fallback(self) -> bool {
        self.has(FALLBACK)
    }

    pub(crate) fn told_unhealthy(self) -> bool {
        self.has(TOLD_UNHEALTHY)
    }

    pub(crate) fn is_refused(self) -> bool {
        self.has(REFUSED)
    }

    pub(crate) fn has_all_attributes(self) -> bool {
        !self.has(SOME_ATTRIBUTES)
    }

    /// The same with some attributes left out, and perhaps all.
    pub(crate) fn without_some_attributes(self, any_left: bool) -> Self {
        Self(self.0 & !ATTRIBUTES | SOME_ATTRIBUTES | if any_left { ATTRIBUTES } else { 0 })
    }

    pub(crate) fn recipient(self) -> RecipientKind {
        match self.0 >> RECIPIENT & 3 {
            0 => RecipientKind::Number,
            1 => RecipientKind::Text,
            _ => RecipientKind::Sealed,
        }
    }

    pub(crate) fn pin_read(self) -> PinReadKind {
        match self.0 >> PIN_READ & 3 {
            0 => PinReadKind::NotRead,
            1 => PinReadKind::None,
            2 => PinReadKind::Sender,
            _ => PinReadKind::Unavailable,
        }
    }

    pub(crate) fn pin_write(self) -> PinWrite {
        match self.0 >> PIN_WRITE & 3 {
            0 => PinWrite::Nothing,
            1 => PinWrite::Written,
            _ => PinWrite::Unavailable,
        }
    }
}
