//! Elements that are only named, by what tells them apart from the others of their list.
//!
//! Fields beside that may be there, since the whole element names itself too; their values are not looked at.

use std::borrow::Cow;

use super::{
    Field, Walker,
    element::{APPLICATION_FIELDS, ENTITY_FIELDS, ID, PLATFORM, Scope},
};
use crate::catalog::{ids::Known, node::Spot};

const NAMED_SENDER_FIELDS: &[Field] = &[
    Field::required("senderId", ID),
    Field::optional("sender"),
    Field::optional("senderType"),
    Field::optional("coverage"),
    Field::optional("status"),
];

const NAMED_STRATEGY_FIELDS: &[Field] = &[
    Field::required("sendingStrategyId", ID),
    Field::optional("platform"),
    Field::optional("channel"),
    Field::optional("destinationCountryCode"),
    Field::optional("destinationCountryCodes"),
    Field::optional("useStickySender"),
    Field::optional("stickyIdleDays"),
    Field::optional("useGeolocatedSender"),
    Field::optional("priorities"),
    Field::optional("senderIds"),
];

const NAMED_DEFAULT_SENDER_FIELDS: &[Field] = &[Field::required("platform", PLATFORM), Field::optional("senderId")];

impl<'a> Walker<'_, 'a> {
    /// The id of an application that is only named: other fields are not looked at.
    pub(crate) fn named_application(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object(spot, APPLICATION_FIELDS)?;
        self.id(&object, "applicationId")
    }

    /// The id of an entity that is only named.
    pub(crate) fn named_entity(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object(spot, ENTITY_FIELDS)?;
        self.id(&object, "entityId")
    }

    /// The id of a sender that is only named.
    pub(crate) fn named_sender(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object(spot, NAMED_SENDER_FIELDS)?;
        self.id(&object, "senderId")
    }

    /// The id of a strategy that is only named.
    pub(crate) fn named_strategy(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object(spot, NAMED_STRATEGY_FIELDS)?;
        self.id(&object, "sendingStrategyId")
    }

    /// Whose default sender it is, of one that is only named.
    pub(crate) fn named_default_sender(&mut self, spot: &Spot<'a, '_>) -> Option<Scope<'a>> {
        let object = self.object(spot, NAMED_DEFAULT_SENDER_FIELDS)?;
        let platform = self.platform(object.get("platform"), &Known::unread())?;
        object.is_clear("platform").then_some(platform)
    }
}
