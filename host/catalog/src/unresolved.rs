//! Elements that refer to others, with the ids that the file names, before these ids are looked up.

use std::{borrow::Cow, sync::Arc};

use super::{
    conflicts::Selector,
    kind::{AnyChannel, ResourceType},
    model::{Association, DefaultSender, OtherAssociation, Strategy},
};

/// The indexes of the elements that others refer to, by their ids.
pub(super) trait IdLookup {
    fn application(&self, id: &str) -> Option<u32>;
    fn entity(&self, id: &str) -> Option<u32>;
    fn sender(&self, id: &str) -> Option<u32>;
}

/// An application, or an entity of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ScopeIds<'a> {
    pub(super) application: Cow<'a, str>,
    pub(super) entity: Option<Cow<'a, str>>,
}

/// An association. No two of a catalog are equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct AssociationIds<'a> {
    pub(super) resource_type: ResourceType,
    pub(super) channel: AnyChannel,
    pub(super) scope: ScopeIds<'a>,
    pub(super) resource: Cow<'a, str>,
}

/// What an association refers to, by index.
#[derive(Clone, Copy)]
pub(super) struct References {
    pub(super) application: u32,
    pub(super) entity: Option<u32>,
    /// None if the resource is not a sender of the catalog.
    pub(super) sender: Option<u32>,
}

/// A strategy without faults of its own.
pub(super) struct UnresolvedStrategy<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) platform: ScopeIds<'a>,
    pub(super) senders: Option<Vec<Cow<'a, str>>>,
    /// All of it but the indexes.
    pub(super) without_references: Strategy,
}

/// A default sender without faults of its own.
pub(super) struct UnresolvedDefaultSender<'a> {
    pub(super) platform: ScopeIds<'a>,
    pub(super) sender: Cow<'a, str>,
}

/// The association of a sender as numbers: different ones for any two that differ.
pub(super) fn association_code(
    resource_type: ResourceType,
    channel: AnyChannel,
    application: u32,
    entity: Option<u32>,
    sender: u32,
) -> [u32; 4] {
    let kind = (resource_type as u32) << 8 | channel as u32;
    // No index is that high, within the size limit.
    [kind, application, entity.unwrap_or(u32::MAX), sender]
}

// === impl ScopeIds ===

impl ScopeIds<'_> {
    /// The scope by indexes; nothing if the catalog lacks any of it.
    fn resolve(&self, known: &impl IdLookup) -> Option<(u32, Option<u32>)> {
        let application = known.application(&self.application)?;
        let entity = match &self.entity {
            Some(entity) => Some(known.entity(entity)?),
            None => None,
        };
        Some((application, entity))
    }
}

// === impl AssociationIds ===

impl AssociationIds<'_> {
    /// What the association refers to; nothing if the catalog lacks any of it.
    pub(super) fn resolve(&self, known: &impl IdLookup) -> Option<References> {
        let (application, entity) = self.scope.resolve(known)?;
        let sender = match self.resource_type.is_sender() {
            true => Some(known.sender(&self.resource)?),
            false => None,
        };
        Some(References { application, entity, sender })
    }

    /// The association of a sender, as [`association_code`].
    pub(super) fn code(&self, application: u32, entity: Option<u32>, sender: u32) -> [u32; 4] {
        association_code(self.resource_type, self.channel, application, entity, sender)
    }

    /// Whether strategies act on it.
    pub(super) fn is_acted_on(&self) -> bool {
        self.channel.resolved().is_some_and(|channel| self.resource_type.is_acted_on(channel))
    }

    /// The association as strategies act on it, if they do.
    pub(super) fn acted_on(&self, references: References) -> Option<Association> {
        let References { application, entity, sender } = references;
        let (channel, sender) = self.channel.resolved().zip(sender)?;
        if !self.resource_type.is_acted_on(channel) {
            return None;
        }
        Some(Association { resource_type: self.resource_type, channel, application, entity, sender })
    }

    /// The association as it is kept if no strategy acts on it.
    pub(super) fn not_acted_on(&self) -> OtherAssociation {
        OtherAssociation {
            resource_type: self.resource_type.as_str(),
            channel: self.channel.as_str(),
            application: self.scope.application.as_ref().into(),
            entity: self.scope.entity.as_deref().map(Into::into),
            resource: self.resource.as_ref().into(),
        }
    }
}

// === impl UnresolvedStrategy ===

impl<'a> UnresolvedStrategy<'a> {
    /// The strategy with its references as indexes; nothing if the catalog lacks any of them.
    pub(super) fn resolve(&self, known: &impl IdLookup) -> Option<Strategy> {
        let (application, entity) = self.platform.resolve(known)?;
        let senders = match &self.senders {
            Some(ids) => Some(sender_indexes(ids, known)?),
            None => None,
        };
        Some(Strategy { application, entity, senders, ..self.without_references.clone() })
    }

    /// The messages that it is for.
    pub(super) fn selector(&self) -> Selector<'a> {
        let Strategy { channel, countries, .. } = &self.without_references;
        let countries = countries.as_ref().map(|list| list.to_vec());
        Selector { scope: self.platform.clone(), channel: *channel, countries }
    }
}

fn sender_indexes(ids: &[Cow<'_, str>], known: &impl IdLookup) -> Option<Arc<[u32]>> {
    let indexes = ids.iter().map(|id| known.sender(id));
    let mut indexes = indexes.collect::<Option<Vec<u32>>>()?;
    indexes.sort_unstable();
    indexes.dedup();
    Some(indexes.into())
}

// === impl UnresolvedDefaultSender ===

impl UnresolvedDefaultSender<'_> {
    /// The default sender by indexes; nothing if the catalog lacks any of them.
    pub(super) fn resolve(&self, known: &impl IdLookup) -> Option<DefaultSender> {
        let (application, entity) = self.platform.resolve(known)?;
        let sender = known.sender(&self.sender)?;
        Some(DefaultSender { application, entity, sender })
    }
}
