//! Sends nothing at night. If it is within the quiet hours where the recipient is, the message is refused with
//! `QUIET_HOURS`, and the refusal says when to send it. All other decisions are those of the standard policy.
//!
//! A policy has no clock. The time is that of the message (`sent-at`, contract 1.1), or else `now` of the settings. Without
//! either the message is refused with `TIME_UNKNOWN`, because it could be night.
#![forbid(unsafe_code)]

mod zone;

use std::collections::BTreeMap;

use callsign_policy::exports::explain::Trace;
use callsign_policy::exports::policy::Wording;
use callsign_policy::reads::Reads;
use callsign_policy::types::{Answer, Country, Request};
use callsign_policy::{Call, Policy, country, wording};
use callsign_standard::Standard;
use serde::Deserialize;

use crate::zone::{DAY, Zone};

/// The settings.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// When quiet hours begin, in local time. Default `21:00`.
    pub from: Option<String>,
    /// When quiet hours end, in local time. Default `08:00`.
    pub until: Option<String>,
    /// The offsets of countries outside of North America from UTC, in minutes, positive to the east. Countries that are not
    /// named have no quiet hours.
    pub offsets: BTreeMap<String, i32>,
    /// The time of messages that have none, in minutes since 1970-01-01 UTC: for tests and replays.
    pub now: Option<i64>,
}

const QUIET_HOURS: u32 = 1;
const TIME_UNKNOWN: u32 = 2;

/// The policy.
#[derive(Debug)]
pub struct QuietHours {
    /// Local minutes of the day. If `until` is before `from`, midnight is between them.
    from: i64,
    until: i64,
    offsets: BTreeMap<Country, Zone>,
    now: Option<i64>,
    standard: Standard,
}

impl QuietHours {
    /// The answer at the time of day where the recipient is.
    fn at_night(&self, answer: Answer, request: &Request, seconds: Option<u64>) -> Answer {
        let zones = self.zones(request);
        if !matches!(answer, Answer::Decided(_)) || zones.is_empty() {
            return answer;
        }
        // Clamped to a time far away, so that the arithmetic cannot overflow.
        let sent_at = seconds.map(|seconds| (seconds / 60).min(1 << 40) as i64);
        match sent_at.or(self.now) {
            None => Answer::refuse(TIME_UNKNOWN, 0),
            Some(now) => match self.end(now, zones) {
                end if end == now => answer,
                end => Answer::refuse(QUIET_HOURS, end as u64),
            },
        }
    }

    /// The zones where the recipient may be; none if that is not known.
    fn zones(&self, request: &Request) -> &[Zone] {
        if request.area_code != 0 {
            return zone::of(request.area_code);
        }
        self.offsets.get(&request.country).map_or(&[], std::slice::from_ref)
    }

    /// The first time from now on that is outside of quiet hours in all zones.
    fn end(&self, now: i64, zones: &[Zone]) -> i64 {
        let mut time = now;
        // Each step passes the quiet hours of one zone; there are two of them if clocks go back within them.
        for _ in 0..2 * zones.len() {
            match zones.iter().find_map(|&zone| self.left(time, zone)) {
                Some(left) => time += left,
                None => break,
            }
        }
        time
    }

    /// For how many minutes it is still quiet in a zone; none if it is not.
    fn left(&self, time: i64, zone: Zone) -> Option<i64> {
        let minute = zone.minute_of_day(time);
        let quiet = match self.from <= self.until {
            true => (self.from..self.until).contains(&minute),
            false => minute >= self.from || minute < self.until,
        };
        quiet.then(|| (self.until - minute).rem_euclid(DAY))
    }
}

impl Policy for QuietHours {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        let mut offsets = BTreeMap::new();
        for (text, offset) in settings.offsets {
            let country = country::parse(&text)
                .ok_or_else(|| format!("{text:?} is not a country: give two letters, such as GB"))?;
            if !(-12 * 60..=14 * 60).contains(&offset) {
                return Err(format!("{text} is not {offset} minutes from UTC: give -720 to 840"));
            }
            offsets.insert(country, Zone { offset, daylight: false });
        }
        Ok(Self {
            from: minute_of_day(settings.from.as_deref().unwrap_or("21:00"))?,
            until: minute_of_day(settings.until.as_deref().unwrap_or("08:00"))?,
            offsets,
            now: settings.now.map(|now| now.clamp(0, 1 << 40)),
            standard: Standard::default(),
        })
    }

    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
        let answer = self.standard.resolve(call);
        self.at_night(answer, call.request, call.sent_at())
    }

    fn explain<R: Reads>(&mut self, call: &Call<'_, R>) -> Trace {
        let mut trace = self.standard.explain(call);
        trace.answer = self.at_night(trace.answer, call.request, call.sent_at());
        trace
    }

    fn refusal_text(code: u32, detail: u64) -> Wording {
        match code {
            QUIET_HOURS => {
                let end = zone::text(detail.min(1 << 41) as i64);
                wording("QUIET_HOURS", format!("it is night where the recipient is: send it at {end}"))
            }
            TIME_UNKNOWN => wording(
                "TIME_UNKNOWN",
                "whether it is night cannot be told: nobody says when the message goes out (`sent-at`)",
            ),
            _ => wording("UNKNOWN", format!("there is no refusal {code}")),
        }
    }
}

/// Reads `21:00`.
fn minute_of_day(text: &str) -> Result<i64, String> {
    let two = |digits: &str, below: i64| {
        let number = digits.parse().ok().filter(|number| (0..below).contains(number));
        number.filter(|_| digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit()))
    };
    let minute = text.split_once(':').and_then(|(hour, minute)| Some(two(hour, 24)? * 60 + two(minute, 60)?));
    minute.ok_or_else(|| format!("{text:?} is no time of day: give 00:00 to 23:59"))
}

callsign_policy::policy!(QuietHours);

#[cfg(test)]
mod tests;
