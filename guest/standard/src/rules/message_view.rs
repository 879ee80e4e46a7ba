//! What rules can see of a message.

use callsign_policy::reads::Reads;
use callsign_policy::times::{LocalTime, Zone};
use callsign_policy::types::{AreaCode, Channel, Country, Key, Request};
use callsign_policy::words::field;

use super::{Name, ScopeView};

/// A message: what is worked out from it holds for this message alone.
#[derive(Clone, Copy)]
pub struct MessageView<'a> {
    request: &'a Request,
    reads: &'a dyn Reads,
}

impl core::fmt::Debug for MessageView<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("MessageView").field("request", self.request).finish_non_exhaustive()
    }
}

impl<'a> MessageView<'a> {
    #[inline]
    pub(crate) fn new(request: &'a Request, reads: &'a dyn Reads) -> Self {
        Self { request, reads }
    }

    /// The request as the host made it.
    pub fn request(&self) -> &'a Request {
        self.request
    }

    /// What the policy reads, for what the other methods do not have.
    pub fn reads(&self) -> &'a dyn Reads {
        self.reads
    }

    /// The scope of the message.
    pub fn scope(&self) -> ScopeView<'a> {
        ScopeView::new(self.request, self.reads)
    }

    /// The recipient as a hash, evenly distributed.
    pub fn recipient(&self) -> u64 {
        self.request.recipient
    }

    /// Which of 1,000 equal parts of the recipients this one is in, 0 to 999. Each `experiment` divides them in another
    /// way, which is independent of the spread over senders.
    pub fn part_of_thousand(&self, experiment: &str) -> u16 {
        let fold = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let salt = experiment.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
        let mut hash = (self.request.recipient ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 32;
        hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
        hash ^= hash >> 32;
        ((u128::from(hash) * 1000) >> 64) as u16
    }

    /// The recipient's number: E.164 with its `+`.
    pub fn number(&self) -> String {
        self.text(field::RECIPIENT)
    }

    /// `messageId`; empty if it has none.
    pub fn id(&self) -> String {
        self.text(field::MESSAGE_ID)
    }

    /// `messageType`; empty if it has none.
    pub fn message_type(&self) -> String {
        self.text(field::MESSAGE_TYPE)
    }

    fn text(&self, field: u8) -> String {
        self.reads.text(self.request.message, field).unwrap_or_default()
    }

    /// The channel: [`callsign_policy::words::channel`].
    pub fn channel(&self) -> Channel {
        self.request.channel
    }

    /// The destination country.
    pub fn country(&self) -> Country {
        self.request.country
    }

    /// The first three national digits of a destination of country code 1, else 0.
    pub fn area_code(&self) -> AreaCode {
        self.request.area_code
    }

    /// An attribute.
    pub fn attribute(&self, name: &Name) -> Option<String> {
        self.reads.message_text(self.request.message, name.key(self.reads))
    }

    /// An attribute as a number; none if it is not a finite decimal number.
    pub fn attribute_number(&self, name: &Name) -> Option<f64> {
        self.reads.message_number(self.request.message, name.key(self.reads))
    }

    /// The key of an attribute; 0 if the message has none. It is equal to the key of an attribute of a sender or scope if
    /// their texts are. The cheapest way to compare.
    pub fn attribute_key(&self, name: &Name) -> Key {
        self.reads.message_key(self.request.message, name.key(self.reads))
    }

    /// When the message goes out, in seconds since 1970-01-01 UTC; none if the gateway was not told.
    pub fn sent_at(&self) -> Option<u64> {
        self.reads.sent_at(self.request.message)
    }

    /// The local times that the recipient may have when the message goes out: several where the number does not tell.
    pub fn local_times(&self) -> Vec<LocalTime> {
        self.reads.zones_of(self.request.message)
    }

    /// The name of a zone, such as `America/New_York`.
    pub fn zone_name(&self, zone: Zone) -> String {
        self.reads.zone_name(zone).unwrap_or_default()
    }
}
