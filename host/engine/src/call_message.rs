//! The messages of a call, as the imports of an instance read them.

use std::num::NonZeroU32;

use callsign_catalog::Channel;
use callsign_destination::Number;
use callsign_index::host_reads::channel_of;
use callsign_sticky::{Pin, StickyError};

use crate::bindings::contract::types::Request;

/// The result of reading a message's pin; `None` if nobody read it. A policy that asks for a pin without having read
/// one can only insert: it cannot replace a pin that it has not seen.
pub type PinRead = Option<Result<Option<Pin>, StickyError>>;

/// A message of the running call.
#[derive(Debug, Clone, Copy)]
pub struct CallMessage {
    /// The handle of the message's scope.
    pub scope: u32,
    /// The channel.
    pub channel: Channel,
    /// The destination country: two ASCII letters.
    pub country: u16,
    /// The recipient.
    pub recipient: Number,
    /// The recipient as the policy sees it.
    pub hash: u64,
    /// When the message is sent, in seconds since 1970-01-01 UTC.
    pub sent_at: Option<u64>,
    /// Its type, as a request has it.
    pub message_type: u64,
    /// The position of its pin in `State::pins`, counted from 1; `None` if the pin is not loaded.
    pub(crate) pin: Option<NonZeroU32>,
}

impl CallMessage {
    /// The message of a request, to a number. Its pin is not loaded.
    #[inline]
    pub fn new(request: &Request, recipient: Number) -> Self {
        Self {
            scope: request.scope,
            // A request has one of the catalog's channels.
            channel: channel_of(request.channel).unwrap_or(Channel::Sms),
            country: request.country,
            recipient,
            hash: request.recipient,
            sent_at: None,
            message_type: request.message_type,
            pin: None,
        }
    }

    /// With a time, in seconds since 1970-01-01 UTC.
    #[inline]
    #[must_use]
    pub fn sent_at(mut self, seconds: Option<u64>) -> Self {
        self.sent_at = seconds;
        self
    }
}

/// The pin of a message, loaded by the host or read by the policy.
#[derive(Debug)]
pub(crate) struct LoadedPin {
    pub(crate) value: Result<Option<Pin>, StickyError>,
    /// Whether the policy has read it.
    pub(crate) read_by_policy: bool,
}

/// Entities that the catalog has no scope for, in one text: one allocation, whatever the number of messages.
#[derive(Debug, Default)]
pub(crate) struct OtherEntities {
    text: String,
    /// The message's handle, and where its entity ends in the text.
    ends: Vec<(u32, usize)>,
}

impl OtherEntities {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    pub(crate) fn push(&mut self, message: u32, entity: &str) {
        self.text.push_str(entity);
        self.ends.push((message, self.text.len()));
    }

    pub(crate) fn get(&self, message: u32) -> Option<&str> {
        let at = self.ends.binary_search_by_key(&message, |&(message, _)| message).ok()?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before].1);
        self.text.get(start..self.ends[at].1)
    }
}

/// The texts of a message of the running call.
#[derive(Debug, Default, Clone)]
pub struct MessageTexts {
    /// `messageId`.
    pub message_id: Option<Box<str>>,
    /// `applicationId`.
    pub application: Option<Box<str>>,
    /// `entityId`.
    pub entity: Option<Box<str>>,
    /// `messageType`.
    pub message_type: Option<Box<str>>,
}
