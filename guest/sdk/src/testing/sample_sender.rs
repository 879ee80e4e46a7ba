//! A sender of a sample.

use super::{Attributes, key_of};
use crate::senders::{Candidate, Pool, Standing};
use crate::types::{AreaCode, Sender, SenderType};
use crate::words::{channel, sender_type, standing};

/// A sender of a [`Sample`](super::Sample).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SampleSender {
    /// `senderId`.
    pub id: String,
    /// What recipients see. By default made up from the type and the number of senders before it; E.164 for long and
    /// toll-free numbers.
    pub address: String,
    /// The type.
    pub sender_type: SenderType,
    /// The area code of a long number, else 0.
    pub area_code: AreaCode,
    /// Its share of the spread, by default 1.
    pub weight: u16,
    /// What keeps it out of every pool; by default nothing.
    pub standing: Standing,
    /// The message types that it may carry; none for all.
    pub message_types: Vec<String>,
    /// Its attributes, by name.
    pub attributes: Vec<(String, String)>,
    /// What the platform reports of it, by name.
    pub signals: Vec<(String, f64)>,
    /// Since when it is unhealthy, in seconds since 1970-01-01 UTC.
    pub unhealthy_since: Option<u64>,
}

impl SampleSender {
    pub(super) fn new(id: &str, sender_type: SenderType, area_code: AreaCode, before: usize) -> Self {
        let address = match sender_type {
            sender_type::LONG_NUMBER if area_code == 0 => format!("+4474{before:08}"),
            sender_type::LONG_NUMBER => format!("+1{area_code}{:07}", 5_550_100 + before),
            sender_type::TOLL_FREE_NUMBER => format!("+1800{:07}", 5_550_100 + before),
            sender_type::SHORT_CODE => format!("{}", 50_000 + before),
            _ => id.into(),
        };
        Self {
            id: id.into(),
            address,
            sender_type,
            area_code,
            weight: 1,
            standing: standing::CANDIDATE,
            message_types: Vec::new(),
            attributes: Attributes::new(),
            signals: Vec::new(),
            unhealthy_since: None,
        }
    }

    /// Gives the sender an attribute.
    pub fn attribute(&mut self, name: &str, value: &str) -> &mut Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    pub(super) fn candidate(&self, sender: Sender) -> Candidate {
        let Self { weight, area_code, sender_type, .. } = *self;
        Candidate { key: key_of(&self.id), sender, weight, area_code, sender_type }
    }

    /// How the sender stands to a pool, its strategy aside.
    pub(super) fn standing_in(&self, pool: &Pool) -> Standing {
        let takes = |message_type: &String| key_of(message_type) == pool.message_type;
        if self.standing != standing::CANDIDATE {
            self.standing
        } else if self.sender_type == sender_type::RCS_AGENT && pool.channel != channel::RCS {
            standing::CHANNEL_NOT_COVERED
        } else if pool.message_type != 0 && !self.message_types.is_empty() && !self.message_types.iter().any(takes) {
            standing::OTHER_MESSAGE_TYPE
        } else {
            standing::CANDIDATE
        }
    }
}
