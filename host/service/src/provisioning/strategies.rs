//! Sending strategies, as the provisioning API has them: at most one country, no list of senders, no idle time.

use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::{Catalog, DEFAULT_APPLICATION, SenderType, Strategy};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::change::{Change, Kind, new_id};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Errors2, Json, NoContent, PageQuery, Paged, Parameters, element};
use crate::service::{Plan, Service, View};

const FIELDS: [&str; 6] =
    ["platform", "channel", "destinationCountryCode", "useStickySender", "useGeolocatedSender", "priorities"];

/// How the messages of a scope choose among its senders.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StrategyBody {
    /// 32 upper-case letters and digits.
    sending_strategy_id: String,
    /// The scope.
    platform: PlatformBody,
    /// The channel; every channel if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    /// The country of the recipient; every country if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_country_code: Option<String>,
    /// Whether a recipient always gets the same sender.
    use_sticky_sender: bool,
    /// Whether long numbers of the recipient's area are preferred.
    use_geolocated_sender: bool,
    /// Which types of senders are preferred.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    priorities: Vec<PriorityBody>,
}

/// A strategy to create. Nothing is required.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a body that is read by its fields")]
#[schema(rename_all = "camelCase")]
pub(crate) struct NewStrategy {
    platform: Option<PlatformBody>,
    /// `SMS`, `MMS` or `RCS`; every channel if left out.
    channel: Option<String>,
    /// Two upper-case letters of ISO 3166-1; every country if left out.
    destination_country_code: Option<String>,
    use_sticky_sender: Option<bool>,
    use_geolocated_sender: Option<bool>,
    priorities: Option<Vec<PriorityBody>>,
}

/// A scope: an application, or an entity of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlatformBody {
    /// `default` if left out.
    #[schema(required = false)]
    application_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
}

/// The priority of a type of senders.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriorityBody {
    /// `ALPHANUMERIC`, `VIRTUAL_LONG_NUMBER`, `SHORT_CODE`, `TOLL_FREE_NUMBER` or `RCS_AGENT`.
    sender_type: String,
    /// 1 (best) to 4.
    #[schema(minimum = 1, maximum = 4)]
    priority: u8,
}

/// A strategy that was created.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StrategyId {
    sending_strategy_id: String,
}

impl StrategyBody {
    fn of(catalog: &Catalog, strategy: &Strategy) -> Self {
        let types = SenderType::ALL.iter().zip(strategy.priorities);
        let mut priorities: Vec<PriorityBody> = types
            .filter_map(|(kind, priority)| {
                Some(PriorityBody { sender_type: kind.as_str().into(), priority: priority?.get() })
            })
            .collect();
        priorities.sort_by_key(|entry| entry.priority);
        // This API knows at most one country. Strategies with several are shown in full under /v1.
        let country = strategy.countries.as_deref().and_then(|countries| match countries {
            [country] => Some(country.as_str().to_owned()),
            _ => None,
        });
        Self {
            sending_strategy_id: strategy.id.to_string(),
            platform: PlatformBody {
                application_id: catalog.applications()[strategy.application as usize].id.to_string(),
                entity_id: strategy.entity.map(|entity| catalog.entities()[entity as usize].id.to_string()),
            },
            channel: strategy.channel.map(callsign::Channel::as_str),
            destination_country_code: country,
            use_sticky_sender: strategy.sticky,
            use_geolocated_sender: strategy.geolocated,
            priorities,
        }
    }
}

/// The sending strategies, in pages.
#[utoipa::path(get, path = "/provisioning/2/sending-strategies", tag = "provisioning",
    params(
        PageQuery,
        ("sendingStrategyId" = Option<String>, Query), ("applicationId" = Option<String>, Query),
        ("entityId" = Option<String>, Query),
    ),
    responses((status = 200, body = Paged<StrategyBody>), Errors2))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<StrategyBody>>> {
    let page = parameters.page(100)?;
    let (id, entity) = (parameters.text("sendingStrategyId"), parameters.text("entityId"));
    let application = parameters.text("applicationId");
    let view = service.view();
    let catalog = view.catalog();
    let wanted = view.sight(&caller).strategies(application).filter(|strategy| {
        let of_entity = strategy.entity.map(|entity| &*catalog.entities()[entity as usize].id);
        id.is_none_or(|wanted| wanted == &*strategy.id) && entity.is_none_or(|wanted| Some(wanted) == of_entity)
    });
    Ok(Json(page.of(wanted, |strategy| StrategyBody::of(catalog, strategy))))
}

/// Creates a sending strategy. A strategy that ties with another one of its scope is refused.
#[utoipa::path(post, path = "/provisioning/2/sending-strategies", tag = "provisioning", request_body = NewStrategy,
    responses((status = 201, body = StrategyId), Errors2))]
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    caller: Caller,
    bytes: Bytes,
) -> Answer<(StatusCode, Json<StrategyId>)> {
    let mut body = element(&bytes, &FIELDS)?;
    let default = caller.tenant().unwrap_or(DEFAULT_APPLICATION).to_owned();
    match body.entry("platform") {
        serde_json::map::Entry::Vacant(free) => {
            free.insert(json!({ "applicationId": default }));
        }
        serde_json::map::Entry::Occupied(mut given) => match given.get_mut() {
            Value::Object(platform) => {
                platform.retain(|name, _| matches!(&**name, "applicationId" | "entityId"));
                let application = platform.entry("applicationId").or_insert(Value::Null);
                if application.is_null() {
                    *application = default.into();
                }
            }
            platform if platform.is_null() => *platform = json!({ "applicationId": default }),
            _ => {}
        },
    }
    if let Some(Value::Array(priorities)) = body.get_mut("priorities") {
        for entry in priorities.iter_mut().filter_map(Value::as_object_mut) {
            entry.retain(|name, _| matches!(&**name, "senderType" | "priority"));
        }
    }
    let id = new_id().map_err(Fault::internal)?;
    body.insert("sendingStrategyId".into(), id.clone().into());
    let answer = id.clone();
    let author = caller.author();
    let plan = move |view: &View| {
        view.sight(&caller).scope_of_body(&body)?;
        Ok(Plan::new(vec![Change::put(Kind::Strategy, &*id, &body)], ()))
    };
    service.change(author, plan).await?;
    Ok((StatusCode::CREATED, Json(StrategyId { sending_strategy_id: answer })))
}

/// Removes a sending strategy.
#[utoipa::path(delete, path = "/provisioning/2/sending-strategies/{sendingStrategyId}", tag = "provisioning",
    params(("sendingStrategyId" = String, Path)), responses((status = 204), Errors2))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<NoContent> {
    let author = caller.author();
    let plan = move |view: &View| {
        let strategy = view.sight(&caller).strategy(&id)?;
        Ok(Plan::new(vec![Change::remove(Kind::Strategy, &*strategy.get().id)], NoContent))
    };
    service.change(author, plan).await
}
