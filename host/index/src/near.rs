//! Which area codes are near to one, and which countries take which types of senders.

use callsign_catalog::{Channel, SenderType};
use callsign_destination::{AreaCodes, Country};
use callsign_policy::{senders::Near, words::near};

use crate::revision::Revision;

impl Revision {
    /// The area codes that are near to one, ascending. 0 is near to nothing.
    pub(crate) fn codes_near(&self, near: Near, area_code: u16) -> &[u16] {
        let area_codes = self.catalog().numbering().area_codes();
        match near {
            near::SAME => AreaCodes::same(area_code),
            near::OVERLAY => area_codes.overlays(area_code),
            near::REGION => area_codes.same_region(area_code),
            _ => &[],
        }
    }

    /// Whether a country takes senders of a type on a channel.
    #[inline]
    pub(crate) fn takes(&self, kind: SenderType, channel: Channel, country: Country) -> bool {
        kind != SenderType::Alphanumeric || self.catalog().numbering().alphanumeric().take(channel, country)
    }
}
