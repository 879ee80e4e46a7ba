//! Time zones, and how far they are from UTC.

use core::fmt;
use std::sync::{LazyLock, OnceLock};

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::number::Number;
use crate::plan::{Plan, walk};
use crate::zone_tables::{LIST_FROM, LISTS, NAMES, STARTS};

/// The digits of a number that [`STARTS`] tells apart.
const PREFIX_DIGITS: u32 = 9;

/// A time zone of the IANA database that numbers are in, as a small number.
///
/// The number is an index in the sorted names of libphonenumber's metadata: it means the same zone in one release of
/// Callsign, and is no value to keep. Keep [`Zone::name`].
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zone(pub(crate) u16);

impl Zone {
    /// All zones that a number can have, in the order of their numbers and names.
    pub fn all() -> impl ExactSizeIterator<Item = Zone> {
        (0..NAMES.len() as u16).map(Zone)
    }

    /// The zone with this number, as [`Zone::get`] gives it; `None` where there is none.
    pub fn new(number: u16) -> Option<Zone> {
        (usize::from(number) < NAMES.len()).then_some(Zone(number))
    }

    /// The zone with this name, such as `America/New_York`, in upper and lower case as in the IANA database; `None` where no
    /// number has it.
    pub fn parse(name: &str) -> Option<Zone> {
        NAMES.binary_search(&name).ok().map(|index| Zone(index as u16))
    }

    /// Its number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Its name in the IANA database, such as `America/New_York`.
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }

    /// How far its clocks are from UTC at a time, in minutes, positive to the east: what to add to UTC to have local time.
    ///
    /// `seconds` is the time in seconds since 1970-01-01T00:00Z. Times before -9999 and after 9999 count as the first and the
    /// last of these years. Offsets before the days of standard time have seconds, which are rounded off. The rules are
    /// those of the IANA database that is compiled in, `jiff`'s, not those of the machine, so that all
    /// nodes of a fleet agree. The first call for a zone reads its rules; calls after that allocate nothing and take no lock.
    pub fn minutes_from_utc(self, seconds: i64) -> i16 {
        let time = Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX });
        let offset = self.rules().to_offset(time).seconds();
        // At most 26 hours.
        ((offset + 30).div_euclid(60)) as i16
    }

    fn rules(self) -> &'static TimeZone {
        static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
        static RULES: [OnceLock<TimeZone>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
        // A test reads every zone, so that none falls back to UTC.
        RULES[usize::from(self.0)].get_or_init(|| DATABASE.get(self.name()).unwrap_or(TimeZone::UTC))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl Number {
    /// The time zones where whoever has the number may be, sorted by name, each once. Only a number of no country, such as one
    /// of a global network, has none.
    ///
    /// It is what libphonenumber's `getTimeZonesForNumber` gives: a number that is tied to a place has the zones of the place,
    /// nearly always one; a number that is not, such as a toll-free one, or a mobile one in most countries, has all zones of
    /// its calling code. A toll-free number of calling code 1 has those of the United States with Alaska and Hawaii, of Canada
    /// and of the Caribbean. The crate's documentation says where the answer differs.
    pub fn zones(self) -> &'static [Zone] {
        let mut room = [0; 20];
        let digits = self.digits(&mut room);
        let Some((plan, national)) = Plan::of(digits) else { return &[] };
        if walk(plan.place, national) == 0 { LISTS[usize::from(plan.zones)] } else { self.zones_of_prefix() }
    }

    /// The zones of the longest prefix that libphonenumber's table has.
    fn zones_of_prefix(self) -> &'static [Zone] {
        let digits = self.get().checked_ilog10().map_or(1, |last| last + 1);
        let first = match PREFIX_DIGITS.checked_sub(digits) {
            Some(missing) => self.get() * 10_u64.pow(missing),
            None => self.get() / 10_u64.pow(digits - PREFIX_DIGITS),
        };
        let after = STARTS.partition_point(|&start| u64::from(start) <= first);
        let list = after.checked_sub(1).map_or(0, |interval| LIST_FROM[interval]);
        LISTS[usize::from(list)]
    }
}
