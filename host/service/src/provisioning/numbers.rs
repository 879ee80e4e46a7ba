//! Numbers: the senders that are numbers, as the provisioning API lists them.

use std::sync::Arc;

use axum::extract::State;
use callsign::{AreaCodes, Channel, Countries, Sender, SenderType};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Answer, Caller, Errors1, Json, Parameters};
use crate::service::Service;

/// A number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NumberBody {
    /// The `senderId`.
    number_key: String,
    /// Its digits, without `+`.
    number: String,
    /// Its country. For a short code the country that it reaches, if there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// `VIRTUAL_LONG_NUMBER`, toll-free numbers included, or `SHORT_CODE`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Which of `SMS` and `MMS` it covers.
    capabilities: Vec<&'static str>,
    /// Always `false`.
    shared: bool,
}

/// Numbers, and how many there are in total.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Numbers {
    numbers: Vec<NumberBody>,
    number_count: usize,
}

fn digits(sender: &Sender) -> String {
    sender.address.chars().filter(char::is_ascii_digit).collect()
}

impl NumberBody {
    fn of(sender: &Sender, area_codes: &AreaCodes) -> Self {
        let country = match sender.number {
            Some(_) => area_codes.parse(&sender.address).ok().map(|destination| destination.country),
            None => only_country(sender),
        };
        let capabilities = [Channel::Sms, Channel::Mms].into_iter();
        Self {
            number_key: sender.id.to_string(),
            number: digits(sender),
            country: country.map(|country| country.as_str().to_owned()),
            kind: match sender.kind {
                SenderType::ShortCode => "SHORT_CODE",
                _ => "VIRTUAL_LONG_NUMBER",
            },
            capabilities: capabilities
                .filter(|channel| sender.coverage.has_channel(*channel))
                .map(Channel::as_str)
                .collect(),
            shared: false,
        }
    }
}

/// The country that a sender reaches, if there is only one.
fn only_country(sender: &Sender) -> Option<callsign::Country> {
    let channels = [Channel::Sms, Channel::Mms, Channel::Rcs].into_iter();
    let mut found = None;
    let entries = channels.flat_map(|channel| sender.coverage.entries(channel));
    for (_, countries) in entries {
        let Countries::Only(list) = countries else { return None };
        for country in list.iter() {
            if *found.get_or_insert(*country) != *country {
                return None;
            }
        }
    }
    found
}

/// The numbers, in pages.
#[utoipa::path(get, path = "/numbers/1/numbers", tag = "provisioning",
    params(
        ("page" = Option<u32>, Query, description = "From 0", minimum = 0),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50", minimum = 1, maximum = 1000),
        ("number" = Option<String>, Query, description = "Digits that the number has, next to each other"),
    ),
    responses((status = 200, body = Numbers), Errors1))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Numbers>> {
    let page = parameters.page_of("limit", 50)?;
    // A `+` that is not escaped in a query arrives as a space.
    let wanted = parameters.text("number").map(|text| text.trim_start_matches(['+', ' ']).to_owned());
    let view = service.view();
    let senders = view.catalog().senders();
    let is_wanted = |sender: &&Sender| {
        !matches!(sender.kind, SenderType::Alphanumeric | SenderType::RcsAgent)
            && wanted.as_ref().is_none_or(|wanted| digits(sender).contains(&**wanted))
    };
    let area_codes = view.catalog().numbering().area_codes();
    let body = |sender: &Sender| NumberBody::of(sender, area_codes);
    let page = match view.sight(&caller).senders(None) {
        Some(own) => page.of(own.iter().map(|own| &senders[*own as usize]).filter(is_wanted), body),
        None => page.of(senders.iter().filter(is_wanted), body),
    };
    Ok(Json(Numbers { numbers: page.results, number_count: page.paging.total_results }))
}
