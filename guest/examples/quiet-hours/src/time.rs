//! Times of day, and times as people write them.

/// The minutes of a day.
pub(crate) const DAY: i64 = 24 * 60;

/// Reads `21:00`.
///
/// # Errors
/// What is wrong with the text, and what would be right.
pub(crate) fn minute_of_day(text: &str) -> Result<i64, String> {
    let two = |digits: &str, below: i64| {
        let number = digits.parse().ok().filter(|number| (0..below).contains(number));
        number.filter(|_| digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit()))
    };
    let minute = text.split_once(':').and_then(|(hour, minute)| Some(two(hour, 24)? * 60 + two(minute, 60)?));
    minute.ok_or_else(|| format!("{text:?} is no time of day: give 00:00 to 23:59"))
}

/// A time in minutes since 1970-01-01 UTC in the form of RFC 3339, which `sentAt` takes.
pub(crate) fn text(time: i64) -> String {
    // The date of a day since 1970-01-01 (Howard Hinnant's `civil_from_days`).
    let days = time.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let minute = time.rem_euclid(DAY);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:00Z", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_has_them() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(28_487_465), "2024-02-29T23:05:00Z");
        assert_eq!(text(28_487_465 + DAY), "2024-03-01T23:05:00Z");
        assert_eq!(text(29_474_550), "2026-01-15T10:30:00Z");
    }
}
