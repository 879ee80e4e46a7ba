//! Which area codes are near to one, and which countries take which types of senders.

use callsign_catalog::SenderType;
use callsign_destination::Country;
use callsign_policy::{senders::Near, words::near};

use crate::revision::Revision;

impl Revision {
    /// The area codes that are near to one, ascending. 0 is near to nothing.
    pub(crate) fn codes_near(&self, near: Near, area_code: u16) -> &[u16] {
        match near {
            near::SAME => &[],
            _ => &[],
        }
    }

    /// Whether a country takes senders of a type.
    #[inline]
    pub(crate) fn takes(&self, kind: SenderType, country: Country) -> bool {
        let _ = (kind, country);
        true
    }
}
