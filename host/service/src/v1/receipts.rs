//! Delivery receipts, from which the health of senders follows.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign::{Channel, Country, Sender};
use hashbrown::HashMap;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::fault::{Fault, Violation};
use crate::http::{Answer, Caller, Problems, body, quoted};
use crate::sender_health::{Counts, ReceiptKey};
use crate::service::Service;
use crate::visibility::Sight;

/// The most receipts of a kind in one entry.
const MOST: u64 = 1_000_000;

/// Receipts, added up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptsBody {
    /// At most 1,000 (`limits.messages`).
    receipts: Vec<ReceiptBody>,
}

/// The receipts of a sender for a channel and a country since they were told last. Each number is up to 1,000,000, and 0 if
/// it is left out.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReceiptBody {
    sender_id: String,
    /// `SMS`, `MMS` or `RCS`.
    channel: String,
    /// ISO 3166-1 alpha-2.
    country: String,
    /// Messages that arrived.
    #[serde(default)]
    #[schema(required = false, maximum = 1_000_000)]
    delivered: u64,
    /// Messages that did not, such as to a phone that is off or a number that nobody has.
    #[serde(default)]
    #[schema(required = false, maximum = 1_000_000)]
    undelivered: u64,
    /// Messages that a carrier refused for their sender or their text.
    #[serde(default)]
    #[schema(required = false, maximum = 1_000_000)]
    blocked: u64,
}

/// Takes delivery receipts, added up by sender, channel and country: all of them, or none if something is wrong. They are
/// counted within a second, over those that other nodes take.
#[utoipa::path(post, path = "/v1/receipts", tag = "health", request_body = ReceiptsBody,
    responses((status = 202, description = "They will be counted"), Problems))]
pub(super) async fn receive(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<Response> {
    let ReceiptsBody { receipts } = body(&bytes)?;
    let most = service.limits.load().messages;
    if receipts.is_empty() || receipts.len() > most {
        let text = format!("has {} entries, and may have 1 to {most} (limits.messages)", receipts.len());
        return Err(Fault::property("receipts", text));
    }
    if let Some(tenant) = &caller.budgets {
        // Each is at least one message.
        tenant.decides(receipts.len())?;
    }
    let view = service.view();
    let mut senders = Senders { sight: view.sight(&caller), found: HashMap::new() };
    let (mut checked, mut wrong) = (Vec::with_capacity(receipts.len()), Vec::new());
    for (index, receipt) in receipts.iter().enumerate() {
        match receipt.check(&mut senders) {
            Ok(receipt) => checked.push(receipt),
            Err(Refused::Forbidden(fault)) => return Err(fault),
            Err(Refused::Wrong(name, text)) => {
                wrong.push(Violation::new(format!("receipts[{index}].{name}"), text));
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Fault::invalid(wrong));
    }
    let mut all = Counts::default();
    checked.iter().for_each(|(_, counts)| all.add(*counts));
    service.receive(caller.tenant(), checked)?;
    service.metrics.received(&all);
    Ok(StatusCode::ACCEPTED.into_response())
}

/// The senders that a body names, each looked up once.
struct Senders<'v, 'b> {
    sight: Sight<'v>,
    /// With whether the caller may report their health.
    found: HashMap<&'b str, Option<(&'v Sender, bool)>>,
}

enum Refused {
    /// A property, and what is wrong with it.
    Wrong(&'static str, String),
    Forbidden(Fault),
}

impl ReceiptBody {
    fn check<'b>(&'b self, senders: &mut Senders<'_, 'b>) -> Result<(ReceiptKey, Counts), Refused> {
        let wrong = |name, text: String| Err(Refused::Wrong(name, text));
        let Self { sender_id, channel, country, delivered, undelivered, blocked } = self;
        let sight = senders.sight;
        let find = || sight.sender(sender_id).ok().map(|sender| (sender.get(), sight.has_sender_alone(sender_id)));
        let sender = match *senders.found.entry(&**sender_id).or_insert_with(find) {
            None => return wrong("senderId", format!("the sender {} does not exist", quoted(sender_id))),
            Some((sender, true)) => sender,
            Some((_, false)) => {
                let text = format!("not this application alone uses the sender {}", quoted(sender_id));
                return Err(Refused::Forbidden(Fault::forbidden(text)));
            }
        };
        let Some(channel) = Channel::parse(channel) else {
            return wrong("channel", format!("{} is not one of SMS, MMS, RCS", quoted(channel)));
        };
        let Some(country) = Country::parse(country) else {
            let right = "two upper-case letters of ISO 3166-1, such as US";
            return wrong("country", format!("{} is not a country: {right}", quoted(country)));
        };
        if !sender.coverage.covers(channel, country) {
            let text = format!("the sender {} does not cover {country} on {}", quoted(sender_id), channel.as_str());
            return wrong("country", text);
        }
        for (name, number) in [("delivered", delivered), ("undelivered", undelivered), ("blocked", blocked)] {
            if *number > MOST {
                return wrong(name, format!("{number} is more than {MOST}"));
            }
        }
        let counts = Counts { delivered: *delivered, undelivered: *undelivered, blocked: *blocked };
        if counts.all() == 0 {
            return wrong("delivered", "nothing is counted: give delivered, undelivered or blocked".into());
        }
        Ok((ReceiptKey { sender: sender.id.clone(), channel, country }, counts))
    }
}
