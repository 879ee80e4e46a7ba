//! Points in time as RFC 3339 texts in UTC, to the second: `2026-03-01T09:30:00Z`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serializer, de};

const DAY: u64 = 86_400;

/// Now, to the second; the epoch on a machine whose clock is before it.
pub(super) fn now() -> SystemTime {
    let seconds = UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs());
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Writes a point in time.
pub(super) fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    serializer.serialize_str(&format(seconds))
}

/// Reads one.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    let seconds = parse(&text).ok_or_else(|| de::Error::custom("a time such as 2026-03-01T09:30:00Z"))?;
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn format(seconds: u64) -> String {
    let (year, month, day) = date(seconds / DAY);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn parse(text: &str) -> Option<u64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, mark| -> Option<[u64; 3]> {
        let numbers = text.split(mark).map(|number| number.parse().ok()).collect::<Option<Vec<u64>>>()?;
        numbers.try_into().ok()
    };
    let ([year, month, day], [hour, minute, second]) = (numbers(date, '-')?, numbers(clock, ':')?);
    if !(1970..=9999).contains(&year) || hour >= 24 || minute >= 60 || second >= 60 {
        return None;
    }
    let seconds = days(year, month, day)? * DAY + hour * 3_600 + minute * 60 + second;
    // What does not come out as it went in, such as 30 February or 7 o'clock in one digit, is no time.
    (format(seconds) == text).then_some(seconds)
}

/// The days from the epoch to a date. Years are counted from March, so that the leap day is the last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    (365 * year + year / 4 - year / 100 + year / 400 + day_of_year).checked_sub(719_468)
}

/// The date of a day since the epoch.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (400 * era + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_comes_out_as_it_went_in() {
        assert_eq!(format(0), "1970-01-01T00:00:00Z");
        assert_eq!(format(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(format(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(format(1_772_357_400), "2026-03-01T09:30:00Z");
        for day in 0..200_000 {
            let seconds = day * DAY + day % DAY;
            assert_eq!(parse(&format(seconds)), Some(seconds));
        }
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in [
            "",
            "now",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01",
            "Z",
            "2026-1-01T00:00:00Z",
            "9999999999999999999-01-01T00:00:00Z",
            "2026-01-01T18446744073709551615:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
