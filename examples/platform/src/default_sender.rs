//! Default senders: what a message comes from when no candidate is there.

use serde::Serialize;

use crate::{
    application::Application,
    platform::Platform,
    random::{Purpose, Random},
    scope::PlatformElement,
    sender::SenderId,
};

/// A default sender as the catalog has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DefaultSenderElement {
    platform: PlatformElement,
    sender_id: SenderId,
}

/// All default senders of a platform: of each application, and of about a fifth of the entities.
pub(crate) fn elements(platform: &Platform) -> impl Iterator<Item = DefaultSenderElement> {
    let applications = Application::ALL.into_iter();
    let of_applications = applications.filter_map(|application| {
        let sender = platform.pools.default_sender(application)?;
        Some(DefaultSenderElement {
            platform: PlatformElement::new(application, None),
            sender_id: platform.sender(sender).id,
        })
    });
    let entities = platform.entities.iter().enumerate();
    let of_entities = entities.filter_map(|(index, entity)| {
        let random = &mut Random::stream(platform.seed, Purpose::DefaultSenders, index as u64);
        let sender = entity.senders().find(|place| platform.sender(*place).active)?;
        random.chance(200).then(|| DefaultSenderElement {
            platform: PlatformElement::new(entity.main_application(), Some(index)),
            sender_id: platform.sender(sender).id,
        })
    });
    of_applications.chain(of_entities)
}
