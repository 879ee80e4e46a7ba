//! Associations.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use callsign::Catalog;
use hashbrown::HashSet;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::entities::sees_entity;
use crate::change::{Change, Kind, key_of};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, Paged, Parameters, element, quoted};
use crate::key::Scope;
use crate::openapi::Errors1;
use crate::service::{Plan, Service, View};

const FIELDS: [&str; 5] = ["resourceType", "channel", "applicationId", "entityId", "resourceId"];
const RESOURCE_TYPES: [&str; 5] = ["NUMBER", "ALPHA", "DOMAIN", "RCS_RESOURCE", "APPLE_RESOURCE"];
const CHANNELS: [&str; 6] = ["SMS", "MMS", "EMAIL", "WHATSAPP", "RCS", "APPLE"];

/// A sender may be used for a channel by an application, or by an entity of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssociationBody {
    /// `NUMBER`, `ALPHA`, `DOMAIN`, `RCS_RESOURCE` or `APPLE_RESOURCE`.
    pub(crate) resource_type: String,
    /// `SMS`, `MMS`, `EMAIL`, `WHATSAPP`, `RCS` or `APPLE`.
    pub(crate) channel: String,
    /// An application that exists.
    pub(crate) application_id: String,
    /// An entity that exists, or null for the application itself.
    #[schema(required = true)]
    pub(crate) entity_id: Option<String>,
    /// The sender's `senderId` for `NUMBER` and `ALPHA`; anything for the others.
    pub(crate) resource_id: String,
}

/// An association by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    pub(crate) resource_type: &'a str,
    pub(crate) channel: &'a str,
    pub(crate) application: &'a str,
    pub(crate) entity: Option<&'a str>,
    pub(crate) resource: &'a str,
}

impl<'a> Named<'a> {
    /// All of a catalog: those that strategies act on, then the others.
    pub(crate) fn all(catalog: &'a Catalog) -> impl Iterator<Item = Self> {
        let acted_on = catalog.associations().iter().map(|association| {
            let sender = &catalog.senders()[association.sender as usize];
            Self {
                resource_type: association.resource_type.as_str(),
                channel: association.channel.as_str(),
                application: &catalog.applications()[association.application as usize].id,
                entity: association.entity.map(|entity| &*catalog.entities()[entity as usize].id),
                resource: &sender.id,
            }
        });
        let others = catalog.other_associations().iter().map(|other| Self {
            resource_type: other.resource_type,
            channel: other.channel,
            application: &other.application,
            entity: other.entity.as_deref(),
            resource: &other.resource,
        });
        acted_on.chain(others)
    }

    /// The key of its element.
    pub(crate) fn key(&self) -> String {
        let parts = [Some(self.resource_type), Some(self.channel), Some(self.application), self.entity];
        key_of(&[&parts[..], &[Some(self.resource)]].concat())
    }

    pub(crate) fn body(&self) -> AssociationBody {
        AssociationBody {
            resource_type: self.resource_type.into(),
            channel: self.channel.into(),
            application_id: self.application.into(),
            entity_id: self.entity.map(str::to_owned),
            resource_id: self.resource.into(),
        }
    }

    /// The association that a body describes, as far as its fields are texts; what is wrong with it otherwise is found
    /// when it is put.
    fn of(body: &'a Map<String, Value>) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        Self {
            resource_type: text("resourceType").unwrap_or_default(),
            channel: text("channel").unwrap_or_default(),
            application: text("applicationId").unwrap_or_default(),
            entity: text("entityId"),
            resource: text("resourceId").unwrap_or_default(),
        }
    }

    pub(crate) fn is_of_a_sender(&self) -> bool {
        matches!(self.resource_type, "NUMBER" | "ALPHA")
    }
}

/// Whether a tenant may use a sender: it is associated with its application already.
pub(crate) fn has_sender(catalog: &Catalog, tenant: Option<&str>, sender: u32) -> bool {
    let Some(tenant) = tenant else { return true };
    let Some((application, _)) = catalog.application(tenant) else { return false };
    let mut own = catalog.associations().iter().filter(|association| association.application == application);
    own.any(|association| association.sender == sender)
}

/// The senders that a tenant may use; none is all of them. For lists: to ask for each sender would take time with the
/// senders and the associations together.
pub(super) fn own_senders(catalog: &Catalog, tenant: Option<&str>) -> Option<HashSet<u32>> {
    let own = catalog.application(tenant?).map(|(application, _)| application);
    let associations = catalog.associations().iter().filter(|association| Some(association.application) == own);
    Some(associations.map(|association| association.sender).collect())
}

/// # Errors
/// 404: something that the association names does not exist, or not for this key.
fn must_exist(view: &View, named: &Named<'_>, caller: &Caller) -> Result<(), Fault> {
    let catalog = view.catalog();
    let known = catalog.application(named.application).filter(|_| caller.may_see(named.application));
    known.ok_or_else(|| Fault::not_found(format!("the application {}", quoted(named.application))))?;
    if let Some(entity) = named.entity {
        let known = catalog.entity(entity).filter(|_| sees_entity(view, caller.tenant(), entity));
        known.ok_or_else(|| Fault::not_found(format!("the entity {}", quoted(entity))))?;
    }
    if named.is_of_a_sender() {
        let known = catalog.sender(named.resource).filter(|(index, _)| has_sender(catalog, caller.tenant(), *index));
        known.ok_or_else(|| Fault::not_found(format!("the resource {}", quoted(named.resource))))?;
    }
    Ok(())
}

/// The associations, in pages.
#[utoipa::path(get, path = "/provisioning/1/associations", tag = "provisioning",
    params(
        ("page" = Option<u32>, Query, description = "From 0", minimum = 0),
        ("size" = Option<u32>, Query, description = "1 to 1000, default 20", minimum = 1, maximum = 1000),
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
    caller.needs(Scope::ApplicationEntity)?;
    let page = parameters.page(20)?;
    let resource_type = parameters.word("resourceType", &RESOURCE_TYPES)?;
    let channel = parameters.word("channel", &CHANNELS)?;
    let (application, entity) = (parameters.text("applicationId"), parameters.text("entityId"));
    let resource = parameters.text("resourceId");
    let revision = service.revision();
    let wanted = Named::all(revision.catalog()).filter(|named| {
        caller.may_see(named.application)
            && resource_type.is_none_or(|wanted| wanted == named.resource_type)
            && channel.is_none_or(|wanted| wanted == named.channel)
            && application.is_none_or(|wanted| wanted == named.application)
            && entity.is_none_or(|wanted| Some(wanted) == named.entity)
            && resource.is_none_or(|wanted| wanted == named.resource)
    });
    Ok(Json(page.of(wanted, |named| named.body())))
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
    caller.needs(Scope::ApplicationEntity)?;
    parameters.required("resourceType")?;
    parameters.required("channel")?;
    let wanted = Named {
        resource_type: parameters.word("resourceType", &RESOURCE_TYPES)?.unwrap_or_default(),
        channel: parameters.word("channel", &CHANNELS)?.unwrap_or_default(),
        application: parameters.required("applicationId")?,
        entity: parameters.text("entityId"),
        resource: parameters.required("resourceId")?,
    };
    let revision = service.revision();
    let found = Named::all(revision.catalog()).find(|named| *named == wanted);
    let found = found.filter(|named| caller.may_see(named.application));
    found.map(|named| Json(named.body())).ok_or_else(|| Fault::not_found("the association"))
}

/// Associates a sender with an application, or an entity of it.
#[utoipa::path(post, path = "/provisioning/1/associations", tag = "provisioning", request_body = AssociationBody,
    responses((status = 201), Errors1))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<StatusCode> {
    caller.needs(Scope::ApplicationEntity)?;
    let body = element(&bytes, &FIELDS)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let named = Named::of(&body);
        let put = Change::put(Kind::Association, named.key(), &body);
        // A body that is not sound is told so, whatever else there is to say.
        view.check(&put)?;
        must_exist(view, &named, &caller)?;
        if Named::all(view.catalog()).any(|there| there == named) {
            return Err(Fault::conflict("the association exists already"));
        }
        Ok(Plan::new(vec![put], StatusCode::CREATED))
    };
    service.change(author, plan).await
}

/// Removes an association, which comes as the body.
#[utoipa::path(delete, path = "/provisioning/1/associations", tag = "provisioning", request_body = AssociationBody,
    responses((status = 204), Errors1))]
pub(super) async fn remove(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<NoContent> {
    caller.needs(Scope::ApplicationEntity)?;
    let body = element(&bytes, &FIELDS)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let named = Named::of(&body);
        view.check(&Change::put(Kind::Association, named.key(), &body))?;
        let there = caller.may_see(named.application) && Named::all(view.catalog()).any(|there| there == named);
        if !there {
            return Err(Fault::not_found("the association"));
        }
        Ok(Plan::new(vec![Change::remove(Kind::Association, named.key())], NoContent))
    };
    service.change(author, plan).await
}
