//! Associations.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;

use crate::association::{AssociationBody, NamedAssociation};
use crate::change::{Change, Kind};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Errors1, Json, NoContent, Paged, Parameters, ShortPageQuery, element, quoted};
use crate::service::{Plan, Service, View};

const FIELDS: [&str; 5] = ["resourceType", "channel", "applicationId", "entityId", "resourceId"];
const RESOURCE_TYPES: [&str; 5] = ["NUMBER", "ALPHA", "DOMAIN", "RCS_RESOURCE", "APPLE_RESOURCE"];
const CHANNELS: [&str; 6] = ["SMS", "MMS", "EMAIL", "WHATSAPP", "RCS", "APPLE"];

/// # Errors
/// 404: something that the association names does not exist, or the key does not see it.
fn must_exist(view: &View, named: &NamedAssociation<'_>, caller: &Caller) -> Result<(), Fault> {
    let sight = view.sight(caller);
    sight.scope(named.application, named.entity)?;
    if named.is_of_a_sender() {
        let sender = sight.sender(named.resource);
        sender.map_err(|_| Fault::not_found(format!("the resource {}", quoted(named.resource))))?;
    }
    Ok(())
}

/// # Errors
/// 404: there is no such association, or the key does not see its application.
fn must_be_there(view: &View, named: &NamedAssociation<'_>, caller: &Caller) -> Result<(), Fault> {
    let is_there = view.sight(caller).application(named.application).is_ok() && named.is_in(view.catalog());
    if is_there { Ok(()) } else { Err(Fault::not_found("the association")) }
}

/// The associations, in pages.
#[utoipa::path(get, path = "/provisioning/1/associations", tag = "provisioning",
    params(
        ShortPageQuery,
        ("resourceType" = Option<String>, Query), ("channel" = Option<String>, Query),
        ("applicationId" = Option<String>, Query), ("entityId" = Option<String>, Query),
        ("resourceId" = Option<String>, Query),
    ),
    responses((status = 200, body = Paged<AssociationBody>), Errors1))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<AssociationBody>>> {
    let page = parameters.page(20)?;
    let resource_type = parameters.word("resourceType", &RESOURCE_TYPES)?;
    let channel = parameters.word("channel", &CHANNELS)?;
    let (application, entity) = (parameters.text("applicationId"), parameters.text("entityId"));
    let resource = parameters.text("resourceId");
    let view = service.view();
    let catalog = view.catalog();
    let is_wanted = |named: &NamedAssociation<'_>| {
        resource_type.is_none_or(|wanted| wanted == named.resource_type)
            && channel.is_none_or(|wanted| wanted == named.channel)
            && entity.is_none_or(|wanted| Some(wanted) == named.entity)
            && resource.is_none_or(|wanted| wanted == named.resource)
    };
    Ok(Json(match view.sight(&caller).applications(application) {
        Some(some) => {
            let own = some.into_iter().flat_map(|own| NamedAssociation::of_application(catalog, own.index()));
            page.of(own.filter(is_wanted), |named| named.body())
        }
        None => page.of(NamedAssociation::all(catalog).filter(is_wanted), |named| named.body()),
    }))
}

/// One association.
#[utoipa::path(get, path = "/provisioning/1/associations/single", tag = "provisioning",
    params(
        ("resourceType" = String, Query), ("channel" = String, Query), ("applicationId" = String, Query),
        ("resourceId" = String, Query), ("entityId" = Option<String>, Query),
    ),
    responses((status = 200, body = AssociationBody), Errors1))]
pub(super) async fn single(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<AssociationBody>> {
    parameters.required("resourceType")?;
    parameters.required("channel")?;
    let wanted = NamedAssociation {
        resource_type: parameters.word("resourceType", &RESOURCE_TYPES)?.unwrap_or_default(),
        channel: parameters.word("channel", &CHANNELS)?.unwrap_or_default(),
        application: parameters.required("applicationId")?,
        entity: parameters.text("entityId"),
        resource: parameters.required("resourceId")?,
    };
    let view = service.view();
    must_be_there(&view, &wanted, &caller)?;
    Ok(Json(wanted.body()))
}

/// Associates a sender with an application, or an entity of it.
#[utoipa::path(post, path = "/provisioning/1/associations", tag = "provisioning", request_body = AssociationBody,
    responses((status = 201), Errors1))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<StatusCode> {
    let body = element(&bytes, &FIELDS)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let named = NamedAssociation::of(&body);
        let put = Change::put(Kind::Association, named.key(), &body);
        // An invalid body is reported before anything else.
        view.check(&put)?;
        must_exist(view, &named, &caller)?;
        if named.is_in(view.catalog()) {
            return Err(Fault::conflict("the association exists already"));
        }
        Ok(Plan::new(vec![put], StatusCode::CREATED))
    };
    service.change(author, plan).await
}

/// Removes the association in the body.
#[utoipa::path(delete, path = "/provisioning/1/associations", tag = "provisioning", request_body = AssociationBody,
    responses((status = 204), Errors1))]
pub(super) async fn remove(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<NoContent> {
    let body = element(&bytes, &FIELDS)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let named = NamedAssociation::of(&body);
        view.check(&Change::put(Kind::Association, named.key(), &body))?;
        must_be_there(view, &named, &caller)?;
        Ok(Plan::new(vec![Change::remove(Kind::Association, named.key())], NoContent))
    };
    service.change(author, plan).await
}
