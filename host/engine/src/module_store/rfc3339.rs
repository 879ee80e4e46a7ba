//! Times in JSON, as RFC 3339 in UTC to the second: `2026-03-01T09:30:00Z`. For `serde(with)`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serializer, de, ser};

/// The current time, to the second. 1970-01-01 if the machine's clock is before that.
pub(super) fn now() -> SystemTime {
    let seconds = UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs());
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Writes a time.
pub(super) fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let time = Timestamp::try_from(*time).map_err(ser::Error::custom)?;
    serializer.collect_str(&time)
}

/// Reads a time.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    let time: Option<Timestamp> = text.parse().ok();
    let time = time.and_then(|time| SystemTime::try_from(time).ok());
    time.ok_or_else(|| de::Error::custom("not a time such as 2026-03-01T09:30:00Z"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, Deserialize)]
    struct At(#[serde(with = "super")] SystemTime);

    #[test]
    fn a_time_comes_out_as_it_went_in() {
        for (seconds, text) in [
            (0, "\"1970-01-01T00:00:00Z\""),
            (951_782_399, "\"2000-02-28T23:59:59Z\""),
            (951_782_400, "\"2000-02-29T00:00:00Z\""),
            (1_772_357_400, "\"2026-03-01T09:30:00Z\""),
        ] {
            let at = At(UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(serde_json::to_string(&at).unwrap(), text);
            assert_eq!(serde_json::from_str::<At>(text).unwrap(), at);
        }
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in ["", "now", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01"] {
            assert!(serde_json::from_str::<At>(&format!("{text:?}")).is_err(), "{text}");
        }
    }
}
