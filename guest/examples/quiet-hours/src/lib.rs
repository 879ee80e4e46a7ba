//! Sends nothing at night. If it is within the quiet hours where the recipient may be, the message is refused with
//! `QUIET_HOURS`, and the refusal says when to send it. All other decisions are those of the standard policy.
//!
//! The local times are those of the zones that the recipient's number may be in, when the message goes out. If clocks change
//! before the quiet hours end, the time to send it is an hour off; a message that is sent then is asked about again.
//!
//! A policy has no clock: the time is that of the message (`sentAt`). A message without a time is refused with
//! `TIME_UNKNOWN`, because it could be night.
#![forbid(unsafe_code)]

use callsign_policy::exports::policy::Wording;
use callsign_policy::types::Decision;
use callsign_standard::StandardWith;
use callsign_standard::rules::{MessageView, OwnRefusal, Refused, Rules};
use serde::Deserialize;

mod time;

use crate::time::{DAY, minute_of_day, text};

/// The settings.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// When quiet hours begin, in local time. Default `21:00`.
    pub from: Option<String>,
    /// When quiet hours end, in local time. Default `08:00`.
    pub until: Option<String>,
}

/// The rules.
#[derive(Debug)]
pub struct QuietHours {
    /// Local minutes of the day. If `until` is before `from`, midnight is between them.
    from: i64,
    until: i64,
}

const QUIET_HOURS: OwnRefusal = OwnRefusal::new(1, "QUIET_HOURS", "it is night where the recipient is");
const TIME_UNKNOWN: OwnRefusal = OwnRefusal::new(
    2,
    "TIME_UNKNOWN",
    "whether it is night cannot be told: the message does not say when it goes out (`sentAt`)",
);

impl QuietHours {
    /// For how many minutes it is still quiet in a zone; 0 if it is not.
    fn left(&self, minute_of_day: i64) -> i64 {
        let quiet = match self.from <= self.until {
            true => (self.from..self.until).contains(&minute_of_day),
            false => minute_of_day >= self.from || minute_of_day < self.until,
        };
        if quiet { (self.until - minute_of_day).rem_euclid(DAY) } else { 0 }
    }

    /// The first minute from now on that is outside of quiet hours in all zones, each some minutes ahead of UTC.
    fn end(&self, now: i64, zones: &[i64]) -> i64 {
        let mut time = now;
        // Each step passes the quiet hours of one zone. They may leave no minute of the day.
        for _ in 0..=zones.len() {
            match zones.iter().map(|ahead| self.left((time + ahead).rem_euclid(DAY))).find(|&left| left > 0) {
                Some(left) => time += left,
                None => break,
            }
        }
        time
    }
}

impl Rules for QuietHours {
    type Settings = Settings;
    type Key = ();
    const REFUSALS: &'static [OwnRefusal] = &[QUIET_HOURS, TIME_UNKNOWN];

    fn new(settings: Settings) -> Result<Self, String> {
        Ok(Self {
            from: minute_of_day(settings.from.as_deref().unwrap_or("21:00"))?,
            until: minute_of_day(settings.until.as_deref().unwrap_or("08:00"))?,
        })
    }

    fn refuse_after(&self, message: &MessageView<'_>, _: &Decision) -> Option<Refused> {
        let Some(seconds) = message.sent_at() else { return Some(TIME_UNKNOWN.refused()) };
        // No later than a time far away, so that the arithmetic cannot overflow.
        let now = (seconds / 60).min(1 << 40) as i64;
        let times = message.local_times().into_iter();
        let zones: Vec<i64> = times.filter_map(|time| time.minutes_from_utc.map(i64::from)).collect();
        match self.end(now, &zones) {
            end if end == now => None,
            end => Some(QUIET_HOURS.refused_with(end as u64)),
        }
    }

    fn refusal_text(code: u32, detail: u64) -> Wording {
        let mut wording = OwnRefusal::wording_of(Self::REFUSALS, code);
        if code == QUIET_HOURS.code() {
            wording.message += &format!(": send it at {}", text(detail.min(1 << 41) as i64));
        }
        wording
    }
}

callsign_policy::policy!(StandardWith<QuietHours>);

#[cfg(test)]
mod tests;
