//! Time zones of North American area codes, and what time it is there.

/// The minutes of a day.
pub(crate) const DAY: i64 = 24 * 60;

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Zone {
    /// Standard time, in minutes from UTC, positive to the east.
    pub(crate) offset: i32,
    /// Whether clocks are put forward in summer, by the rule of the United States.
    pub(crate) daylight: bool,
}

include!(concat!(env!("OUT_DIR"), "/zones.rs"));

/// The zones of a number of the United States or Canada of which nothing more is known.
static FROM_COAST_TO_COAST: &[Zone] = &[
    Zone { offset: -300, daylight: true },
    Zone { offset: -360, daylight: true },
    Zone { offset: -420, daylight: true },
    Zone { offset: -480, daylight: true },
];

/// The zones of an area code. One that is not geographic may be anywhere from coast to coast.
pub(crate) fn of(area_code: u16) -> &'static [Zone] {
    let index = ZONES.binary_search_by_key(&area_code, |&(code, _)| code);
    index.map_or(FROM_COAST_TO_COAST, |index| ZONES[index].1)
}

impl Zone {
    /// The local minute of the day, at a time in minutes since 1970-01-01 UTC.
    pub(crate) fn minute_of_day(self, time: i64) -> i64 {
        let standard = time + i64::from(self.offset);
        let forward = if self.daylight && is_summer(standard) { 60 } else { 0 };
        (standard + forward).rem_euclid(DAY)
    }
}

/// Whether clocks are forward at a local standard time: from the second Sunday in March, 2:00, to the first Sunday in
/// November, 2:00 of the clocks that are put back, which is 1:00 of those that never moved.
fn is_summer(standard: i64) -> bool {
    let (year, _, _) = date(standard.div_euclid(DAY));
    let begin = sunday_from(day(year, 3, 8)) * DAY + 2 * 60;
    let end = sunday_from(day(year, 11, 1)) * DAY + 60;
    (begin..end).contains(&standard)
}

/// The first Sunday from a day on.
fn sunday_from(day: i64) -> i64 {
    // 1970-01-01 was a Thursday, the fourth day after a Sunday.
    day + (3 - day).rem_euclid(7)
}

/// The days since 1970-01-01 of a date. (Howard Hinnant's `days_from_civil`.)
fn day(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, month) = (year.div_euclid(400), (month + 9) % 12);
    let of_era = year.rem_euclid(400);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The date of a day since 1970-01-01. (Howard Hinnant's `civil_from_days`.)
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// A time in minutes since 1970-01-01 UTC, as people write it.
pub(crate) fn text(time: i64) -> String {
    let (year, month, day) = date(time.div_euclid(DAY));
    let minute = time.rem_euclid(DAY);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: i64, month: i64, day_of_month: i64, hour: i64, minute: i64) -> i64 {
        day(year, month, day_of_month) * DAY + hour * 60 + minute
    }

    #[test]
    fn dates_go_both_ways() {
        assert_eq!(day(1970, 1, 1), 0);
        for days in (-200_000..200_000).step_by(13) {
            let (year, month, day_of_month) = date(days);
            assert_eq!(day(year, month, day_of_month), days);
        }
        assert_eq!(text(at(2024, 2, 29, 23, 5)), "2024-02-29 23:05 UTC");
    }

    #[test]
    fn clocks_change_on_the_right_sundays() {
        // 2026: forward on 8 March, back on 1 November. In California that is 10:00 and 9:00 UTC.
        let california = Zone { offset: -480, daylight: true };
        assert_eq!(california.minute_of_day(at(2026, 3, 8, 9, 59)), 60 + 59);
        assert_eq!(california.minute_of_day(at(2026, 3, 8, 10, 0)), 3 * 60);
        assert_eq!(california.minute_of_day(at(2026, 11, 1, 8, 59)), 60 + 59);
        assert_eq!(california.minute_of_day(at(2026, 11, 1, 9, 0)), 60);
    }

    #[test]
    fn area_codes_have_their_zones() {
        assert_eq!(of(415), [Zone { offset: -480, daylight: true }]);
        assert_eq!(of(602), [Zone { offset: -420, daylight: false }], "Phoenix");
        assert_eq!(of(709), [Zone { offset: -210, daylight: true }], "Newfoundland");
        assert_eq!(of(208).len(), 2, "Idaho");
        assert_eq!(of(800).len(), 4, "toll-free");
    }
}
