//! Associations: who may use which sender for which channel.

use serde::Serialize;

use crate::{
    application::Application,
    entity::Entity,
    platform::Platform,
    sender::{SenderId, SenderType},
};

/// An association as the catalog has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssociationElement {
    resource_type: &'static str,
    channel: &'static str,
    application_id: &'static str,
    /// Always there; null for the application itself.
    entity_id: Option<String>,
    resource_id: Resource,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Resource {
    Sender(SenderId),
    Domain(String),
}

/// All associations of a platform, those of shared pools first.
pub(crate) fn elements(platform: &Platform) -> impl Iterator<Item = AssociationElement> {
    let pools = platform.pools.iter();
    let shared = pools.flat_map(|pool| {
        let senders = pool.senders.clone();
        senders.flat_map(|sender| of_sender(platform, sender, pool.application, None))
    });
    let entities = platform.entities.iter().enumerate();
    let of_entities = entities.flat_map(move |(index, entity)| {
        let id = Entity::id(index);
        let mail = domain(index, entity, &id);
        let applications = entity.applications.iter();
        let of_senders = applications.flat_map(move |application| {
            let id = id.clone();
            let senders = entity.senders();
            senders.flat_map(move |sender| of_sender(platform, sender, *application, Some(id.clone())))
        });
        of_senders.chain(mail)
    });
    shared.chain(of_entities)
}

/// The associations of a sender with one application or entity, one for each of its channels.
fn of_sender(
    platform: &Platform,
    sender: u32,
    application: Application,
    entity_id: Option<String>,
) -> impl Iterator<Item = AssociationElement> {
    let sender = platform.sender(sender);
    sender.channels.iter().map(move |channel| AssociationElement {
        resource_type: match sender.kind {
            SenderType::Alphanumeric => "ALPHA",
            SenderType::LongNumber | SenderType::ShortCode | SenderType::TollFree => "NUMBER",
        },
        channel: channel.word(),
        application_id: application.id(),
        entity_id: entity_id.clone(),
        resource_id: Resource::Sender(sender.id),
    })
}

/// One entity of 25 also sends mail, which strategies do not act on.
fn domain(index: usize, entity: &Entity, id: &str) -> Option<AssociationElement> {
    (index % 25 == 7).then(|| AssociationElement {
        resource_type: "DOMAIN",
        channel: "EMAIL",
        application_id: entity.main_application().id(),
        entity_id: Some(id.to_owned()),
        resource_id: Resource::Domain(format!("mail.{id}.example")),
    })
}
