//! One decision, and what it read.

use callsign_destination::{AreaCode, Channel, Country, Number};

use crate::context::{CatalogId, PolicyId, SignalsId};

/// One decision: of one message on one channel. A message with `channels` has a record for each channel that was decided.
///
/// It borrows its texts: from the message where it is made, from the segment where it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record<'a> {
    /// When the decision began, in microseconds since 1970-01-01 UTC.
    pub time: u64,
    /// How long it took, in nanoseconds; of a batch, its time divided by its messages. At most 4.29 s.
    pub took: u32,
    /// `messageId`.
    pub message_id: Option<&'a str>,
    /// The trace id of W3C Trace Context, where the caller gave one.
    pub trace_id: Option<[u8; 16]>,
    /// `applicationId` as the message had it; none means `default`.
    pub application: Option<&'a str>,
    /// `entityId`.
    pub entity: Option<&'a str>,
    /// The channel that was decided.
    pub channel: Channel,
    /// Whether it is only what the message would get on this channel, as one of the fallbacks of `channels`.
    pub is_fallback: bool,
    /// Who the message goes to.
    pub recipient: Recipient<'a>,
    /// The destination country; none if the recipient is no number.
    pub country: Option<Country>,
    /// The area code of a North American destination.
    pub area_code: Option<AreaCode>,
    /// `from`.
    pub from: Option<&'a str>,
    /// `messageType`.
    pub message_type: Option<&'a str>,
    /// `sentAt`, in seconds since 1970-01-01 UTC.
    pub sent_at: Option<u64>,
    /// `attributes`, as far as the log is to have them.
    pub attributes: AttributesRead<'a>,
    /// The catalog that was decided on.
    pub catalog: CatalogId,
    /// The policy that gave the answer; none if none was asked: the recipient is no number, or the message names its sender.
    pub policy: Option<PolicyId>,
    /// Whether the policy was told that a sender of the scope is unhealthy for this channel and country: the mark of its
    /// request. The signals may have changed between this and the policy's reading them.
    pub told_unhealthy: bool,
    /// The signals that the policy read; if it read none, those that it could have read. None while every sender is healthy and there are no numbers.
    pub signals: Option<SignalsId>,
    /// The recipient's pin as the policy read it last.
    pub pin_read: PinRead,
    /// What was written to it.
    pub pin_write: PinWrite,
    /// What became of the message.
    pub answer: Answer<'a>,
}

/// Who a message goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient<'a> {
    /// A number.
    Number(Number),
    /// A text that is no number: `INVALID_DESTINATION`.
    Text(&'a str),
    /// The recipient under the key of the log. Whoever has the key can find it and open it; nobody else can.
    Sealed([u8; 16]),
}

/// The attributes of a message in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributesRead<'a> {
    /// The message has these and no others.
    All(&'a [(&'a str, &'a str)]),
    /// The message has some that the log must not have; these are the rest.
    Some(&'a [(&'a str, &'a str)]),
}

/// The recipient's pin as the policy read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinRead {
    /// It was not read.
    NotRead,
    /// There was none.
    None,
    /// The recipient was pinned to the sender with this key (`callsign_sticky::SenderKey`).
    Sender(u64),
    /// The store could not be read.
    Unavailable,
}

/// What was written to the recipient's pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinWrite {
    /// Nothing.
    Nothing,
    /// The sender of the answer.
    Written,
    /// Nothing, since the store could not be written.
    Unavailable,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// A sender.
    Decided {
        /// `senderId`.
        sender: &'a str,
        /// `sendingStrategyId`; none where the message named its sender, or the policy followed none.
        strategy: Option<&'a str>,
        /// The step, as decisions name it, such as `AREA_CODE`.
        step: &'a str,
    },
    /// No sender.
    Refused {
        /// The code, such as `NO_STRATEGY`, or a policy's own.
        code: &'a str,
    },
}
