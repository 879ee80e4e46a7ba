//! Edits of elements that a program has as values.

use std::num::NonZeroU8;

use callsign_destination::Country;

use super::{SOUND, load};
use crate::{
    Application, AssociationById, Attributes, Catalog, Channel, Countries, Coverage, Edit, EditErrorKind, Entity,
    MAX_MESSAGE_TYPES, MessageType, MessageTypeError, MessageTypes, OtherAssociation, Registration, ResourceType,
    Sender, SenderType, StrategyById,
};

fn country(code: &str) -> Country {
    Country::parse(code).expect("a country")
}

/// Edits that put every element of a catalog, what is referred to first.
fn put_all(catalog: &Catalog) -> Vec<Edit<'static>> {
    let mut edits: Vec<Edit<'static>> = catalog.applications().iter().map(Edit::put_application).collect();
    edits.extend(catalog.entities().iter().map(Edit::put_entity));
    edits.extend(catalog.senders().iter().map(Edit::put_sender));
    edits.extend(catalog.associations().iter().map(|one| Edit::put_association(AssociationById::of(catalog, one))));
    edits.extend(catalog.other_associations().iter().map(Edit::put_other_association));
    edits.extend(catalog.strategies().iter().map(|one| Edit::put_strategy(StrategyById::of(catalog, one))));
    edits.extend(catalog.default_senders().iter().map(|default| {
        let (application, entity) = names(catalog, default.application, default.entity);
        Edit::put_default_sender(application, entity, &catalog.senders()[default.sender as usize].id)
    }));
    edits
}

/// Edits that remove every element of a catalog that can be removed.
fn remove_all(catalog: &Catalog) -> Vec<Edit<'static>> {
    let listed = catalog.applications().iter().filter(|application| &*application.id != "default");
    let mut edits: Vec<Edit<'static>> = listed.map(|one| Edit::remove_application(&one.id)).collect();
    edits.extend(catalog.entities().iter().map(|one| Edit::remove_entity(&one.id)));
    edits.extend(catalog.senders().iter().map(|one| Edit::remove_sender(&one.id)));
    edits.extend(catalog.associations().iter().map(|one| Edit::remove_association(AssociationById::of(catalog, one))));
    edits.extend(catalog.other_associations().iter().map(Edit::remove_other_association));
    edits.extend(catalog.strategies().iter().map(|one| Edit::remove_strategy(&one.id)));
    edits.extend(catalog.default_senders().iter().map(|default| {
        let (application, entity) = names(catalog, default.application, default.entity);
        Edit::remove_default_sender(application, entity)
    }));
    edits
}

fn names(catalog: &Catalog, application: u32, entity: Option<u32>) -> (&str, Option<&str>) {
    let application = &*catalog.applications()[application as usize].id;
    (application, entity.map(|entity| &*catalog.entities()[entity as usize].id))
}

#[test]
fn every_kind_of_element_is_put_and_removed_as_a_value() {
    let (sound, empty) = (load(SOUND), load("{}"));
    let built = empty.edit(&put_all(&sound)).expect("what a sound catalog has");
    assert_eq!(built, sound);
    assert_eq!(sound.edit(&put_all(&sound)).expect("what is there already"), sound);
    assert_eq!(sound.edit(&remove_all(&sound)).expect("all that refers goes too"), empty);
}

#[test]
fn a_platform_is_built_from_values_alone() {
    let (us, ca) = (country("US"), country("CA"));
    let coverage = Coverage::new([
        (Channel::Sms, Countries::only([us, ca, us]), Registration::Active),
        (Channel::Mms, Countries::only([us]), Registration::Pending),
    ]);
    let attributes = Attributes::new([("campaign", "C1")]).expect("attributes");
    let types = MessageTypes::only([MessageType::TRANSACTIONAL, MessageType::TRANSACTIONAL]).expect("one");
    let sender = Sender {
        weight: 7,
        suspended: true,
        message_types: types,
        attributes: attributes.clone(),
        ..Sender::new("S1", "+1 (415) 555-0100", SenderType::VirtualLongNumber, coverage)
    };
    let mut strategy = StrategyById {
        entity: Some("acme".into()),
        channel: Some(Channel::Sms),
        countries: Some(vec![us, ca]),
        sticky: true,
        sticky_idle_days: 30,
        senders: Some(vec!["S1".into()]),
        ..StrategyById::new("LOCAL", "shop")
    };
    strategy.priorities[SenderType::VirtualLongNumber as usize] = NonZeroU8::new(2);
    let edits = [
        Edit::put_strategy(strategy),
        Edit::put_default_sender("shop", None, "S1"),
        Edit::put_association(AssociationById::new(Channel::Sms, "shop", "S1")),
        Edit::put_other_association(OtherAssociation {
            resource_type: ResourceType::Domain.as_str(),
            channel: "EMAIL",
            application: "shop".into(),
            entity: None,
            resource: "acme.example".into(),
        }),
        Edit::put_sender(sender),
        Edit::put_entity(Entity { name: Some("Acme".into()), ..Entity::new("acme") }),
        Edit::put_application(Application { attributes, ..Application::new("shop") }),
    ];
    let catalog = load("{}").edit(&edits).expect("a platform");
    let file = r#"{
        "applications": [{"applicationId": "default"}, {"applicationId": "shop", "attributes": {"campaign": "C1"}}],
        "entities": [{"entityId": "acme", "entityName": "Acme"}],
        "senders": [{"senderId": "S1", "sender": "+1 (415) 555-0100", "senderType": "VIRTUAL_LONG_NUMBER",
            "coverage": [{"channel": "SMS", "countries": ["US", "CA"]},
                         {"channel": "MMS", "countries": ["US"], "status": "PENDING"}],
            "status": "SUSPENDED", "weight": 7, "messageTypes": ["TRANSACTIONAL"], "attributes": {"campaign": "C1"}}],
        "associations": [
            {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "S1"},
            {"resourceType": "DOMAIN", "channel": "EMAIL", "applicationId": "shop", "entityId": null,
             "resourceId": "acme.example"}],
        "sendingStrategies": [{"sendingStrategyId": "LOCAL", "platform": {"applicationId": "shop", "entityId": "acme"},
            "channel": "SMS", "destinationCountryCodes": ["US", "CA"], "useStickySender": true, "stickyIdleDays": 30,
            "priorities": [{"senderType": "VIRTUAL_LONG_NUMBER", "priority": 2}], "senderIds": ["S1"]}],
        "defaultSenders": [{"platform": {"applicationId": "shop"}, "senderId": "S1"}]
    }"#;
    assert_eq!(catalog, load(file));
}

#[test]
fn a_value_that_breaks_a_rule_is_refused_with_its_place_as_in_a_file() {
    let catalog = load(SOUND);
    let strategy = |change: &dyn Fn(&mut StrategyById)| {
        let mut strategy = StrategyById::new("NEW", "alerts");
        change(&mut strategy);
        Edit::put_strategy(strategy)
    };
    let short = SenderType::ShortCode;
    let refused = [
        (Edit::put_application(Application::new("")), "applicationId"),
        (Edit::put_entity(Entity { name: Some("x".repeat(256).into()), ..Entity::new("e") }), "entityName"),
        (Edit::put_sender(Sender::new("S", "12", short, Coverage::default())), "sender"),
        (Edit::put_sender(Sender { weight: 1_001, ..Sender::new("S", "12345", short, Coverage::default()) }), "weight"),
        (strategy(&|strategy| strategy.countries = Some(Vec::new())), "destinationCountryCodes"),
        (strategy(&|strategy| strategy.senders = Some(Vec::new())), "senderIds"),
        (strategy(&|strategy| strategy.sticky_idle_days = 3_651), "stickyIdleDays"),
        (strategy(&|strategy| strategy.priorities[0] = NonZeroU8::new(5)), "priorities[0].priority"),
    ];
    for (edit, path) in refused {
        let error = catalog.edit(std::slice::from_ref(&edit)).expect_err(path);
        assert_eq!((error.kind, error.faults[0].path.as_str()), (EditErrorKind::Unsound, path));
    }
    let dangling = [
        (strategy(&|strategy| strategy.entity = Some("nobody".into())), "platform.entityId"),
        (Edit::put_association(AssociationById::new(Channel::Sms, "shop", "S9")), "resourceId"),
        (Edit::put_default_sender("nobody", None, "us-1"), "platform.applicationId"),
    ];
    for (edit, path) in dangling {
        let error = catalog.edit(std::slice::from_ref(&edit)).expect_err(path);
        assert_eq!((error.kind, error.faults[0].path.as_str()), (EditErrorKind::UnknownReference, path));
    }
}

#[test]
fn a_sender_is_limited_to_so_many_message_types_at_most() {
    let words: Vec<String> = (0..=MAX_MESSAGE_TYPES).map(|number| format!("t{number}")).collect();
    let types = |count: usize| words[..count].iter().map(|word| MessageType::parse(word).expect("a word"));
    assert_eq!(MessageTypes::only(types(MAX_MESSAGE_TYPES)).map(|types| types.iter().len()), Ok(MAX_MESSAGE_TYPES));
    let count = MAX_MESSAGE_TYPES + 1;
    assert_eq!(MessageTypes::only(types(count)), Err(MessageTypeError::TooMany { count }));
    assert!(MessageTypes::only([]).expect("none").are_all());
}
