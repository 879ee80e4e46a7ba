//! A time on the command line.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A time, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    At(Timestamp),
    Ago(Duration),
}

impl Moment {
    /// # Errors
    /// What a time looks like.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(ago) = ago(text) {
            return Ok(Self::Ago(ago));
        }
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        // A time without a zone is read as its day by the parser, which is not what it says.
        let day = text.parse::<Date>().ok().filter(|_| !text.contains(['T', 't', ' ']));
        let day = day.and_then(|day| day.to_zoned_datetime(TimeZone::UTC).ok());
        day.map(|day| Self::At(day.timestamp())).ok_or_else(|| {
            "give a time such as 2026-11-26T08:00:00Z, a day such as 2026-11-26, or an age such as 24h".to_owned()
        })
    }

    /// Microseconds since 1970-01-01 UTC; times before are 0.
    pub(crate) fn microseconds(self, now: SystemTime) -> u64 {
        match self {
            Self::At(time) => u64::try_from(time.as_microsecond()).unwrap_or(0),
            Self::Ago(ago) => {
                let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(ago);
                u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
            }
        }
    }
}

/// `90s`, `15m`, `24h`, `7d`.
fn ago(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rfc_3339_a_day_or_an_age() {
        let at = |text: &str| {
            Moment::parse(text).map(|moment| moment.microseconds(UNIX_EPOCH + Duration::from_secs(86_400)))
        };
        assert_eq!(at("1970-01-01T00:00:01.5Z"), Ok(1_500_000));
        assert_eq!(at("1970-01-01T01:00:01+01:00"), Ok(1_000_000));
        assert_eq!(at("1970-01-02"), Ok(86_400_000_000));
        assert_eq!(at("24h"), Ok(0));
        assert_eq!(at("90s"), Ok(86_310_000_000));
        assert_eq!(at("15m"), Ok(85_500_000_000));
        assert_eq!(at("7d"), Ok(0));
        for wrong in ["", "h", "-1h", "1.5h", "yesterday", "2026-02-30", "2026-11-26T08:00:00", "18446744073709551615d"]
        {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
