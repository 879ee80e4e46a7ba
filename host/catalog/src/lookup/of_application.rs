//! What an application and its entities have, found in time with how much that is: a tenant's lists cost what the tenant
//! has, whatever others have.

use super::{sorted, use_of};
use crate::{
    Catalog,
    kind::{AnyChannel, ResourceType, Word},
    model::{Association, DefaultSender, OtherAssociation},
    persistent::spread,
    unresolved::{AssociationIds, References, ScopeIds},
};

impl Catalog {
    /// The associations of an application and its entities, in their order. It takes time with how many they are, and not
    /// with how many others there are.
    pub fn associations_in(&self, application: u32) -> impl Iterator<Item = &Association> {
        let slots = sorted(self.lookup.associations_in.iter(spread(application), |_| true));
        slots.into_iter().filter_map(|slot| self.associations.at(slot))
    }

    /// The same for associations that no strategy acts on.
    pub fn other_associations_in(&self, application: &str) -> impl Iterator<Item = &OtherAssociation> {
        let is_in = |slot| self.other_associations.at(slot).is_some_and(|other| *other.application == *application);
        let hash = self.lookup.hasher.hash_one(application);
        let slots = sorted(self.lookup.other_associations_in.iter(hash, is_in));
        slots.into_iter().filter_map(|slot| self.other_associations.at(slot))
    }

    /// The strategies of an application and its entities, as indexes, in their order. It takes time with how many they are.
    pub fn strategies_in(&self, application: u32) -> Vec<u32> {
        sorted(self.lookup.strategies_in.iter(spread(application), |_| true))
    }

    /// The default senders of an application and its entities, in their order. It takes time with how many they are.
    pub fn default_senders_in(&self, application: u32) -> impl Iterator<Item = &DefaultSender> {
        let slots = sorted(self.lookup.defaults_in.iter(spread(application), |_| true));
        slots.into_iter().filter_map(|slot| self.default_senders.at(slot))
    }

    /// Whether a sender is associated with an application or an entity of it, on any channel. It takes the same time at
    /// every size.
    pub fn uses(&self, application: u32, sender: u32) -> bool {
        let hash = self.lookup.hasher.hash_one((application, sender));
        let is_it = |slot| self.associations.at(slot).is_some_and(|there| use_of(there) == (application, sender));
        self.lookup.uses.iter(hash, is_it).next().is_some()
    }

    /// Whether there is exactly this association. The resource type and the channel are the words of the file.
    pub fn has_association(
        &self,
        resource_type: &str,
        channel: &str,
        application: &str,
        entity: Option<&str>,
        resource: &str,
    ) -> bool {
        let (Some(resource_type), Some(channel)) =
            (ResourceType::from_word(resource_type), AnyChannel::from_word(channel))
        else {
            return false;
        };
        let scope = ScopeIds { application: application.into(), entity: entity.map(Into::into) };
        let ids = AssociationIds { resource_type, channel, scope, resource: resource.into() };
        match ids.is_acted_on() {
            true => ids.resolve(self).is_some_and(|References { application, entity, sender }| {
                sender.is_some_and(|sender| self.association_slot(ids.code(application, entity, sender)).is_some())
            }),
            false => self.other_slot(&ids.not_acted_on()).is_some(),
        }
    }
}

#[cfg(test)]
impl Catalog {
    /// Asserts that every application finds what it has, in the order of the lists, and nothing else.
    pub(crate) fn assert_found_in_applications(&self) {
        for (index, application) in self.applications.indexed() {
            let own = self.associations.iter().filter(|association| association.application == index);
            assert!(self.associations_in(index).eq(own));
            let own = self.other_associations.iter().filter(|other| other.application == application.id);
            assert!(self.other_associations_in(&application.id).eq(own));
            let own = self.strategies.indexed().filter(|(_, strategy)| strategy.application == index);
            assert!(self.strategies_in(index).into_iter().eq(own.map(|(strategy, _)| strategy)));
            let own = self.default_senders.iter().filter(|default| default.application == index);
            assert!(self.default_senders_in(index).eq(own));
            for sender in 0..self.senders.slots().len() as u32 {
                let uses = self.associations.iter().any(|association| use_of(association) == (index, sender));
                assert_eq!(self.uses(index, sender), uses);
            }
        }
        for association in self.associations.iter().map(|association| self.association_json(association)) {
            let body = serde_json::to_value(&association).expect("it is written");
            let text = |name: &str| body[name].as_str();
            let has = |resource: &str| {
                let kind = text("resourceType").expect("a text");
                let channel = text("channel").expect("a text");
                let application = text("applicationId").expect("a text");
                self.has_association(kind, channel, application, text("entityId"), resource)
            };
            assert!(has(text("resourceId").expect("a text")) && !has("nowhere"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Catalog;

    /// A platform in which one application has three associations, a strategy and a default sender, and another has many.
    fn platform(many: usize) -> Catalog {
        let senders =
            |prefix: &str, count: usize| -> Vec<String> { (0..count).map(|n| format!("{prefix}{n}")).collect() };
        let all = [senders("own", 3), senders("other", many)].concat();
        let link = |application: &str, kind: &str, resource: &str| {
            json!({"resourceType": kind, "channel": if kind == "DOMAIN" { "EMAIL" } else { "SMS" },
                "applicationId": application, "entityId": "acme", "resourceId": resource})
        };
        let links = |application: &'static str, senders: Vec<String>| {
            senders.into_iter().flat_map(move |id| [link(application, "NUMBER", &id), link(application, "DOMAIN", &id)])
        };
        let strategy = |application: &str, id: &str| {
            json!({"sendingStrategyId": format!("{application}-{id}"), "channel": "SMS", "destinationCountryCode": "US",
                "platform": {"applicationId": application, "entityId": id}})
        };
        let default = |application: &str, id: &str| json!({"platform": {"applicationId": application, "entityId": id}, "senderId": "own0"});
        let entities = senders("e", many);
        let text = json!({
            "applications": [{"applicationId": "shop"}, {"applicationId": "bank"}],
            "entities": entities.iter().map(|id| json!({"entityId": id})).chain([json!({"entityId": "acme"})])
                .collect::<Vec<_>>(),
            "senders": all.iter().map(|id| json!({"senderId": id, "sender": "12345", "senderType": "SHORT_CODE",
                "coverage": [{"channel": "SMS", "countries": "*"}]})).collect::<Vec<_>>(),
            "associations": links("shop", senders("own", 3)).chain(links("bank", senders("other", many)))
                .collect::<Vec<_>>(),
            "sendingStrategies": entities.iter().map(|id| strategy("bank", id)).chain([strategy("shop", "acme")])
                .collect::<Vec<_>>(),
            "defaultSenders": entities.iter().map(|id| default("bank", id)).chain([default("shop", "acme")])
                .collect::<Vec<_>>(),
        });
        Catalog::from_json(&text.to_string()).expect("it is valid")
    }

    #[test]
    fn what_is_looked_at_for_an_application_is_what_it_has() {
        for many in [1, 100, 5_000] {
            let catalog = platform(many);
            let (shop, _) = catalog.application("shop").expect("it is there");
            let (bank, _) = catalog.application("bank").expect("it is there");
            // The upper bound of each iterator is how many elements it looks at.
            assert_eq!(catalog.associations_in(shop).size_hint().1, Some(3));
            assert_eq!(catalog.other_associations_in("shop").size_hint().1, Some(3));
            assert_eq!(catalog.default_senders_in(shop).size_hint().1, Some(1));
            assert_eq!(catalog.strategies_in(shop).len(), 1);
            assert_eq!(catalog.associations_in(bank).size_hint().1, Some(many));
            let (own, _) = catalog.sender("own0").expect("it is there");
            assert!(catalog.uses(shop, own) && !catalog.uses(bank, own));
            if many <= 100 {
                catalog.assert_found_in_applications();
            }
        }
    }
}
