//! What policies read that is no part of a catalog: the health of senders, and numbers of them.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use callsign::{Channel, Country, Health, Signals, SignalsBuilder};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::binding::not_pickled;
use crate::message::{channel_of, seconds};

/// What is known of the health of a sender, for a channel or all, and a country (two letters) or all.
///
/// since: when it became unhealthy: seconds since 1970-01-01 UTC, a datetime with a time zone, or a text of RFC 3339; default now.
#[pyclass(frozen, module = "callsign_gateway")]
pub(crate) struct HealthReport {
    sender_id: Box<str>,
    channel: Option<Channel>,
    country: Option<Country>,
    health: Health,
}

#[pymethods]
impl HealthReport {
    #[new]
    #[pyo3(signature = (sender_id, *, healthy = false, channel = None, country = None, since = None))]
    fn new(
        sender_id: String,
        healthy: bool,
        channel: Option<&str>,
        country: Option<&str>,
        since: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let country = country.map(|code| {
            Country::parse(code).ok_or_else(|| {
                PyValueError::new_err(format!("{code:?} is no country; it must be two letters of ISO 3166, such as US"))
            })
        });
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let health = if healthy {
            Health::Healthy
        } else {
            Health::Unhealthy { since: since.map(seconds).transpose()?.unwrap_or_else(now) }
        };
        Ok(Self {
            sender_id: sender_id.into(),
            channel: channel.map(|word| channel_of("channel", word)).transpose()?,
            country: country.transpose()?,
            health,
        })
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("HealthReport"))
    }
}

/// Reports and numbers (by sender and name) as signals.
pub(crate) fn signals(
    reports: &[Py<HealthReport>],
    numbers: &HashMap<String, HashMap<String, f64>>,
) -> PyResult<SignalsBuilder> {
    let mut signals = Signals::builder();
    for report in reports {
        let HealthReport { sender_id, channel, country, health } = report.get();
        signals.health(sender_id, *channel, *country, *health);
    }
    for (sender, by_name) in numbers {
        for (name, number) in by_name {
            if !number.is_finite() {
                return Err(PyValueError::new_err(format!("the number {name:?} of sender {sender:?} is not finite")));
            }
            signals.number(sender, name, *number);
        }
    }
    Ok(signals)
}
