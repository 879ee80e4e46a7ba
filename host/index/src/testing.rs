//! Small platforms for the tests of this crate.

use std::sync::Arc;

use callsign_catalog::{Catalog, Channel};
use callsign_destination::{Country, Number};
use callsign_policy::{
    senders,
    words::{channel, standing},
};
use serde_json::{Value, json};

use crate::{health::Unhealthy, pool_view::PoolView, revision::Revision, scope::Scope, signals::Signals};

pub(crate) const US: Country = Country::US;

/// A platform with the application `shop`, all of whose senders are associated for SMS.
#[derive(Debug, Default, Clone)]
pub(crate) struct Platform {
    senders: Vec<Value>,
    entities: Vec<Value>,
    application: Value,
    strategies: Vec<Value>,
    more: Vec<Value>,
}

impl Platform {
    /// Adds a long number that covers SMS and MMS to the United States, but for these fields.
    pub(crate) fn sender(mut self, id: &str, number: &str, fields: Value) -> Self {
        let mut sender = json!({
            "senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER",
            "coverage": [{"channel": "SMS", "countries": ["US"]}, {"channel": "MMS", "countries": ["US"]}],
        });
        for (name, value) in fields.as_object().into_iter().flatten() {
            sender[name] = value.clone();
        }
        self.senders.push(sender);
        self
    }

    /// Gives the application these attributes.
    pub(crate) fn attributes(mut self, attributes: Value) -> Self {
        self.application = attributes;
        self
    }

    /// Adds an entity with these attributes, which has the first sender.
    pub(crate) fn entity(mut self, id: &str, attributes: Value) -> Self {
        self.entities.push(json!({"entityId": id, "attributes": attributes}));
        let first = self.senders.first().map_or(Value::Null, |sender| sender["senderId"].clone());
        self.more.push(json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": id,
                              "resourceId": first}));
        self
    }

    /// Adds a strategy of the application.
    pub(crate) fn strategy(mut self, id: &str, fields: Value) -> Self {
        let mut strategy = json!({"sendingStrategyId": id, "platform": {"applicationId": "shop"}});
        for (name, value) in fields.as_object().into_iter().flatten() {
            strategy[name] = value.clone();
        }
        self.strategies.push(strategy);
        self
    }

    pub(crate) fn catalog(&self) -> Catalog {
        let associated = self.senders.iter().map(|sender| {
            json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
                   "resourceId": sender["senderId"]})
        });
        let mut application = json!({"applicationId": "shop"});
        if self.application.is_object() {
            application["attributes"] = self.application.clone();
        }
        let catalog = json!({
            "applications": [application],
            "entities": self.entities,
            "senders": self.senders,
            "associations": associated.chain(self.more.iter().cloned()).collect::<Vec<Value>>(),
            "sendingStrategies": self.strategies,
        });
        Catalog::from_json(&catalog.to_string()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn revision(&self) -> Revision {
        Revision::new(self.catalog()).expect("senders that differ")
    }
}

impl Revision {
    /// The scope of `shop`.
    pub(crate) fn shop(&self) -> (u32, &Scope) {
        let handle = self.scope_of(Some("shop"), None);
        (handle, self.scope(handle).expect("a scope"))
    }

    /// The pool of `shop` for SMS to the United States.
    pub(crate) fn pool_of_shop(&self) -> senders::Pool {
        senders::Pool {
            scope: self.shop().0,
            strategy: None,
            message_type: 0,
            country: US.bits(),
            channel: channel::SMS,
            healthy: false,
        }
    }

    /// The ids of senders of `shop`.
    pub(crate) fn ids(&self, handles: impl IntoIterator<Item = u32>) -> Vec<&str> {
        let (_, shop) = self.shop();
        let mut ids: Vec<&str> =
            handles.into_iter().map(|handle| &*self.member(shop, handle).expect("a sender").id).collect();
        ids.sort_unstable();
        ids
    }

    /// The ids of the senders of a pool, which is kept.
    pub(crate) fn candidates(&self, pool: &senders::Pool, signals: Option<&Signals>) -> Vec<&str> {
        let view = self.pool(pool, signals).expect("a pool");
        self.ids(view.pool.candidates().iter().map(|candidate| candidate.sender))
    }

    /// The ids of the senders of `shop` that do not stand as candidates to a pool, and how they stand.
    pub(crate) fn excluded(&self, pool: &senders::Pool) -> Vec<(&str, u8)> {
        let considered = self.all_considered(pool).into_iter();
        let mut excluded: Vec<(&str, u8)> = considered
            .filter(|sender| sender.standing != standing::CANDIDATE)
            .map(|sender| (self.ids([sender.sender])[0], sender.standing))
            .collect();
        excluded.sort_unstable();
        excluded
    }

    /// What is unhealthy in `shop` for SMS to the United States.
    pub(crate) fn unhealthy_in_shop(&self, signals: &Signals) -> Arc<Unhealthy> {
        self.unhealthy(self.shop().1, signals, Channel::Sms, US)
    }

    /// The view of the pool of `shop`.
    pub(crate) fn view(&self) -> Arc<PoolView> {
        self.pool(&self.pool_of_shop(), None).expect("a pool")
    }
}

pub(crate) fn number(text: &str) -> Number {
    Number::parse(text).expect("a number")
}
