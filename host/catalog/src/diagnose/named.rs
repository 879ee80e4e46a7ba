//! Elements that are only named, by what tells them apart from the others of their list.
//!
//! Fields beside that may be there, since the whole element names itself too; their values are not looked at.

use std::borrow::Cow;

use super::{
    Walker,
    element::{APPLICATION_FIELDS, DEFAULT_SENDER_FIELDS, ENTITY_FIELDS, SENDER_FIELDS, STRATEGY_FIELDS, Scope},
};
use crate::{ids::Known, json_path::Spot};

impl<'a> Walker<'_, 'a> {
    /// The id of an application that is only named: other fields are not looked at.
    pub(crate) fn named_application(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object_named(spot, APPLICATION_FIELDS, "applicationId")?;
        self.id(&object, "applicationId")
    }

    /// The id of an entity that is only named.
    pub(crate) fn named_entity(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object_named(spot, ENTITY_FIELDS, "entityId")?;
        self.id(&object, "entityId")
    }

    /// The id of a sender that is only named.
    pub(crate) fn named_sender(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object_named(spot, SENDER_FIELDS, "senderId")?;
        self.id(&object, "senderId")
    }

    /// The id of a strategy that is only named.
    pub(crate) fn named_strategy(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object_named(spot, STRATEGY_FIELDS, "sendingStrategyId")?;
        self.id(&object, "sendingStrategyId")
    }

    /// Whose default sender it is, of one that is only named.
    pub(crate) fn named_default_sender(&mut self, spot: &Spot<'a, '_>) -> Option<Scope<'a>> {
        let object = self.object_named(spot, DEFAULT_SENDER_FIELDS, "platform")?;
        let platform = self.platform(object.get("platform"), &Known::unread())?;
        object.is_clear("platform").then_some(platform)
    }
}
