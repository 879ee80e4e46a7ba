//! Signals: the health of senders, and numbers of them.

use callsign::{Channel, Country, Health, Signals};
use serde::Deserialize;

use crate::abi::{ErrorHandle, GatewayHandle, Status, Text};
use crate::boundary::call;
use crate::failure::{Failure, Outcome};
use crate::handles::{self, Gateway};
use crate::memory::Memory;
use crate::options;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct SignalsJson {
    health: Vec<HealthJson>,
    numbers: Vec<NumberJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HealthJson {
    sender_id: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    country: Option<String>,
    /// None if it is healthy.
    #[serde(default)]
    unhealthy_since: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NumberJson {
    sender_id: String,
    name: String,
    number: f64,
}

/// Sets what a gateway's policies read of the health of senders, and the numbers of them by name. It replaces all signals that were set
/// before. No catalog is indexed, and the next decision reads it.
///
/// `signals` is JSON: `{"health": [{"senderId": "S1", "channel": "SMS", "country": "US", "unhealthySince": 1767225600}], "numbers":
/// [{"senderId": "S1", "name": "load", "number": 0.75}]}`. Without `channel` or `country` a report is about all of them; times are in
/// seconds since 1970-01-01 UTC, and a report without `unhealthySince` says that the sender is healthy. Of several reports about a
/// channel and a country the last one counts. Who is not named is healthy.
///
/// Any thread may call it, also while others decide. If several do, the last one counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_set_signals(
    gateway: GatewayHandle,
    signals: Text,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let read: SignalsJson = options::needed(memory, signals, "signals")?;
        let mut signals = Signals::builder();
        for (index, report) in read.health.iter().enumerate() {
            let word = |name: &str, value: &Option<String>| -> Outcome<()> {
                let text = format!("{:?} is no {name}", value.as_deref().unwrap_or_default());
                Err(Failure::at(Status::Options, format!("signals.health[{index}].{name}"), text))
            };
            let channel = report.channel.as_deref().map(Channel::parse);
            if channel == Some(None) {
                word("channel", &report.channel)?;
            }
            let country = report.country.as_deref().map(Country::parse);
            if country == Some(None) {
                word("country", &report.country)?;
            }
            let health = report.unhealthy_since.map_or(Health::Healthy, |since| Health::Unhealthy { since });
            signals.health(&report.sender_id, channel.flatten(), country.flatten(), health);
        }
        for one in &read.numbers {
            signals.number(&one.sender_id, &one.name, one.number);
        }
        handles::with::<Gateway, _>(gateway.id, |open| {
            open.signals.set(signals);
            Ok(())
        })
    })
}
