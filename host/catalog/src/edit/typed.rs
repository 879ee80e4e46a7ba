//! Edits of elements that a program has as values: one to put and one to remove for each kind.
//!
//! Elements are written as the file has them, and checked when [`Catalog::edit`](crate::Catalog::edit) reads them, so an edit that is
//! made here can be refused there. An element that refers to others names them by id.

use std::borrow::Borrow;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{Edit, List};
use crate::{
    by_id::{AssociationById, StrategyById},
    model::{Application, Entity, OtherAssociation, Sender},
    write,
};

/// Edits that put an element: it replaces the one with the same id (or platform), or is added at the end of its list.
impl Edit<'static> {
    /// Puts an application.
    pub fn put_application(application: impl Borrow<Application>) -> Self {
        Edit::put_owned(List::Applications, json(&write::application(application.borrow())))
    }

    /// Puts an entity.
    pub fn put_entity(entity: impl Borrow<Entity>) -> Self {
        Edit::put_owned(List::Entities, json(&write::entity(entity.borrow())))
    }

    /// Puts a sender. Its `number` is read from its address again, whatever the field says.
    ///
    /// ```
    /// use callsign_catalog::{Catalog, Channel, Countries, Coverage, Edit, Registration, Sender, SenderType};
    ///
    /// let catalog = Catalog::from_json("{}")?;
    /// let coverage = Coverage::new([(Channel::Sms, Countries::All, Registration::Active)]);
    /// let sender = Sender { weight: 3, ..Sender::new("S1", "+14155550100", SenderType::VirtualLongNumber, coverage) };
    /// let edited = catalog.edit(&[Edit::put_sender(&sender)])?;
    /// assert_eq!(edited.sender("S1"), Some((0, &sender)));
    ///
    /// let refused = catalog.edit(&[Edit::put_sender(Sender { weight: 0, ..sender })]).expect_err("no such weight");
    /// assert_eq!(refused.faults[0].path, "weight");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_sender(sender: impl Borrow<Sender>) -> Self {
        Edit::put_owned(List::Senders, json(&write::sender(sender.borrow())))
    }

    /// Puts an association. Putting one that is there already changes nothing.
    pub fn put_association(association: impl Borrow<AssociationById>) -> Self {
        Edit::put_owned(List::Associations, json(&write::association_by_id(association.borrow())))
    }

    /// Puts an association that no strategy acts on, such as one of a domain over `EMAIL`. One that strategies do act on may be
    /// written this way too.
    pub fn put_other_association(association: impl Borrow<OtherAssociation>) -> Self {
        Edit::put_owned(List::Associations, json(&write::other_association(association.borrow())))
    }

    /// Puts a strategy.
    ///
    /// ```
    /// use callsign_catalog::{Catalog, Edit, StrategyById};
    ///
    /// let catalog = Catalog::from_json(r#"{"applications": [{"applicationId": "shop"}],
    ///     "sendingStrategies": [{"sendingStrategyId": "LOCAL", "platform": {"applicationId": "shop"}}]}"#)?;
    /// let (_, local) = catalog.strategy("LOCAL").expect("it is there");
    /// let sticky = StrategyById { sticky: true, ..StrategyById::of(&catalog, local) };
    /// assert!(catalog.edit(&[Edit::put_strategy(sticky)])?.strategies()[0].sticky);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_strategy(strategy: impl Borrow<StrategyById>) -> Self {
        Edit::put_owned(List::Strategies, json(&write::strategy_by_id(strategy.borrow())))
    }

    /// Makes a sender the default sender of an application, or of an entity of it.
    pub fn put_default_sender(application: &str, entity: Option<&str>, sender: &str) -> Self {
        Edit::put_owned(List::DefaultSenders, json(&write::default_sender_by_id(application, entity, sender)))
    }
}

/// Edits that remove an element.
impl Edit<'_> {
    /// Removes the application with an id.
    pub fn remove_application(id: &str) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Named<'i> {
            application_id: &'i str,
        }
        Edit::remove_owned(List::Applications, json(&Named { application_id: id }))
    }

    /// Removes the entity with an id.
    pub fn remove_entity(id: &str) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Named<'i> {
            entity_id: &'i str,
        }
        Edit::remove_owned(List::Entities, json(&Named { entity_id: id }))
    }

    /// Removes the sender with an id.
    pub fn remove_sender(id: &str) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Named<'i> {
            sender_id: &'i str,
        }
        Edit::remove_owned(List::Senders, json(&Named { sender_id: id }))
    }

    /// Removes an association.
    pub fn remove_association(association: impl Borrow<AssociationById>) -> Self {
        Edit::remove_owned(List::Associations, json(&write::association_by_id(association.borrow())))
    }

    /// Removes an association that no strategy acts on.
    pub fn remove_other_association(association: impl Borrow<OtherAssociation>) -> Self {
        Edit::remove_owned(List::Associations, json(&write::other_association(association.borrow())))
    }

    /// Removes the strategy with an id.
    pub fn remove_strategy(id: &str) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Named<'i> {
            sending_strategy_id: &'i str,
        }
        Edit::remove_owned(List::Strategies, json(&Named { sending_strategy_id: id }))
    }

    /// Removes the default sender of an application, or of an entity of it. The sender itself stays.
    pub fn remove_default_sender(application: &str, entity: Option<&str>) -> Self {
        #[derive(Serialize)]
        struct Named<P> {
            platform: P,
        }
        Edit::remove_owned(List::DefaultSenders, json(&Named { platform: write::platform(application, entity) }))
    }
}

/// Texts, numbers and lists of them are always JSON. If they ever were not, null is an edit that is refused.
fn json(element: &impl Serialize) -> Box<RawValue> {
    to_raw_value(element).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
