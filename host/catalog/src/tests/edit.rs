//! What edits do, and what is said about those that cannot be.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{SOUND, load, platform};
use crate::{AssociationById, Catalog, Channel, Edit, EditError, EditErrorKind, List, OtherAssociation, Registration};

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("JSON")
}

fn put(list: List, text: &str) -> Edit<'static> {
    Edit::put_owned(list, raw(text))
}

fn remove(list: List, text: &str) -> Edit<'static> {
    Edit::remove_owned(list, raw(text))
}

fn sender(id: &str) -> String {
    format!(r#"{{"senderId":"{id}","sender":"12345","senderType":"SHORT_CODE","coverage":[]}}"#)
}

fn association(resource: &str) -> String {
    format!(
        r#"{{"resourceType":"NUMBER","channel":"SMS","applicationId":"shop","entityId":null,"resourceId":"{resource}"}}"#
    )
}

fn strategy(id: &str, fields: &str) -> String {
    format!(r#"{{"sendingStrategyId":"{id}","platform":{{"applicationId":"shop"}}{fields}}}"#)
}

/// A catalog of `shop`, `acme`, `s1` and `s2`, where `s1` is used by everything that can use a sender.
fn shop() -> Catalog {
    let catalog = load(&platform(&format!(
        r#""associations":[{}],"sendingStrategies":[{}],
"defaultSenders":[{{"platform":{{"applicationId":"shop"}},"senderId":"s1"}}]"#,
        association("s1"),
        strategy("A", r#","senderIds":["s1"]"#),
    )));
    catalog.edit(&[put(List::Senders, &sender("s2"))]).expect("one more sender")
}

#[track_caller]
fn edited(catalog: &Catalog, edits: &[Edit<'_>]) -> Catalog {
    catalog.edit(edits).expect("edits that can be")
}

/// Asserts why edits are refused: which one, what kind, and all faults as `path: message`.
#[track_caller]
fn assert_refused(catalog: &Catalog, edits: &[Edit<'_>], edit: usize, kind: EditErrorKind, faults: &[&str]) {
    let error: EditError = catalog.edit(edits).expect_err("edits that cannot be");
    let found: Vec<String> = error.faults.iter().map(ToString::to_string).collect();
    assert_eq!((error.edit, &error.kind, found), (edit, &kind, faults.iter().map(|&f| f.to_owned()).collect()));
    assert_eq!(error.list, edits[edit].list());
    assert_eq!(error.to_string(), format!("edit {edit}, of \"{}\": {}", error.list, faults.join("; ")));
}

fn sender_ids(catalog: &Catalog) -> Vec<&str> {
    catalog.senders().iter().map(|sender| &*sender.id).collect()
}

#[test]
fn no_edits_share_every_list() {
    let catalog = load(SOUND);
    let same = edited(&catalog, &[]);
    assert!(catalog.senders.is_same(&same.senders) && catalog.strategies.is_same(&same.strategies));
    assert_eq!(catalog, same);
}

#[test]
fn lists_that_no_edit_touches_are_shared() {
    let catalog = load(SOUND);
    let more = edited(&catalog, &[put(List::Senders, &sender("s9"))]);
    assert!(catalog.associations.is_same(&more.associations));
    assert!(catalog.default_senders.is_same(&more.default_senders));
    assert_eq!(more.senders().len(), catalog.senders().len() + 1);
}

#[test]
fn an_element_with_the_same_id_is_replaced_in_its_place() {
    let catalog = load(SOUND);
    let changed = edited(&catalog, &[put(List::Senders, &sender("us-2"))]);
    assert_eq!(sender_ids(&changed), ["us-1", "us-2", "code", "name", "agent"]);
    assert_eq!(&*changed.senders()[1].address, "12345");
    assert_eq!(changed.associations(), catalog.associations());
}

#[test]
fn a_new_element_comes_last() {
    let changed = edited(&load(SOUND), &[put(List::Senders, &sender("a")), put(List::Senders, &sender("b"))]);
    assert_eq!(sender_ids(&changed), ["us-1", "us-2", "code", "name", "agent", "a", "b"]);
}

#[test]
fn what_is_removed_and_put_again_comes_last_and_is_referred_to_there() {
    let catalog = load(SOUND);
    let us_1 = serde_json::to_string(&catalog.sender_json(&catalog.senders()[0])).expect("JSON");
    let changed = edited(&catalog, &[Edit::remove_sender("us-1"), put(List::Senders, &us_1)]).renumbered();
    assert_eq!(sender_ids(&changed), ["us-2", "code", "name", "agent", "us-1"]);
    assert_eq!(changed.associations()[0].sender, 4);
    assert_eq!(changed.strategies()[0].senders.as_deref(), Some(&[2, 4][..]));
    assert_eq!(changed.default_senders()[1].sender, 1);
}

#[test]
fn indexes_follow_when_a_list_is_numbered_anew() {
    let catalog = load(SOUND);
    let changed = edited(&catalog, &[Edit::remove_sender("us-2"), Edit::remove_application("alerts")]);
    assert_eq!(sender_ids(&changed), ["us-1", "code", "name", "agent"]);
    assert_eq!(changed.associations(), catalog.associations(), "nothing moves before");
    let changed = changed.renumbered();
    assert_eq!(sender_ids(&changed), ["us-1", "code", "name", "agent"]);
    assert_eq!(changed.associations()[2].sender, 2);
    assert_eq!(changed.strategies()[0].senders.as_deref(), Some(&[0, 2][..]));
}

#[test]
fn an_association_that_is_there_stays_as_it_is() {
    let catalog = shop();
    let changed = edited(&catalog, &[put(List::Associations, &association("s1"))]);
    assert!(catalog.associations.is_same(&changed.associations));
}

#[test]
fn associations_of_one_sender_as_number_and_as_alpha_are_two() {
    let catalog = shop();
    let alpha = association("s1").replace("NUMBER", "ALPHA");
    let both = edited(&catalog, &[put(List::Associations, &alpha)]);
    assert_eq!(both.associations().len(), 2);
    let one = edited(&both, &[Edit::remove_association(AssociationById::new(Channel::Sms, "shop", "s1"))]);
    assert_eq!(one.renumbered().associations()[0].resource_type.as_str(), "ALPHA");
}

#[test]
fn associations_that_no_strategy_acts_on_are_edited_too() {
    let catalog = load(SOUND);
    let email = |other: &&OtherAssociation| other.channel == "EMAIL";
    let gone = Edit::remove_other_association(catalog.other_associations().iter().find(email).expect("one of SOUND"));
    let changed = edited(&catalog, &[gone, put(List::Associations, &association("us-2").replace("SMS", "APPLE"))]);
    let channels: Vec<&str> = changed.other_associations().iter().map(|other| other.channel).collect();
    assert_eq!(channels, ["WHATSAPP", "APPLE"]);
}

#[test]
fn a_platform_has_its_default_sender_replaced() {
    let catalog = shop();
    let default = r#"{"platform":{"applicationId":"shop","entityId":null},"senderId":"s2"}"#;
    let changed = edited(&catalog, &[put(List::DefaultSenders, default)]);
    assert_eq!(changed.default_senders().len(), 1);
    assert_eq!(changed.default_senders()[0].sender, 1);
    assert!(edited(&catalog, &[Edit::remove_default_sender("shop", None)]).default_senders().is_empty());
}

#[test]
fn edits_may_put_what_refers_before_what_it_refers_to() {
    let changed = edited(&shop(), &[put(List::Associations, &association("s3")), put(List::Senders, &sender("s3"))]);
    assert_eq!(changed.associations()[1].sender, 2);
}

#[test]
fn everything_that_uses_a_sender_may_go_with_it_in_any_order() {
    let edits = [
        Edit::remove_sender("s1"),
        Edit::remove_strategy("A"),
        remove(List::Associations, &association("s1")),
        remove(List::DefaultSenders, r#"{"platform":{"applicationId":"shop"}}"#),
    ];
    assert_eq!(sender_ids(&edited(&shop(), &edits)), ["s2"]);
}

#[test]
fn what_is_removed_may_be_written_as_a_whole_or_by_what_tells_it_apart() {
    let catalog = shop();
    for text in [r#"{"senderId":"s2"}"#, &sender("s2"), r#"{"senderId":"s2","status":"ON","coverage":7}"#] {
        assert_eq!(sender_ids(&edited(&catalog, &[remove(List::Senders, text)])), ["s1"]);
    }
}

#[test]
fn the_faults_of_an_element_are_those_of_the_file_inside_it() {
    let text = r#"{"senderId":"","sender":"x","senderType":"SHORT_CODE",
"coverage":[{"channel":"SMS","countries":"*"},{"channel":"MMS","countries":["us"]}],"a b":1}"#;
    assert_refused(
        &shop(),
        &[put(List::Senders, &sender("s3")), put(List::Senders, text)],
        1,
        EditErrorKind::Unsound,
        &[
            "senderId: is empty; an id has 1 to 255 characters",
            "sender: \"x\" is not a short code; a SHORT_CODE is 3 to 10 digits",
            "coverage[1].countries[0]: country \"us\" is written \"US\"",
            "[\"a b\"]: is not a field here; the fields are senderId, sender, senderType, coverage, status, \
             messageTypes, weight, attributes",
        ],
    );
    assert_refused(
        &shop(),
        &[put(List::Entities, "5")],
        0,
        EditErrorKind::Unsound,
        &["must be an object, not a number"],
    );
}

#[test]
fn an_unsound_element_also_has_its_unknown_references_reported() {
    let text = strategy("B", r#","stickyIdleDays":0,"senderIds":["s9","s3"]"#);
    assert_refused(
        &shop(),
        &[put(List::Strategies, &text), put(List::Senders, &sender("s3"))],
        0,
        EditErrorKind::Unsound,
        &[
            "stickyIdleDays: must be a whole number of days from 1 to 3650, not 0",
            "senderIds[0]: sender \"s9\" is not in \"senders\"; add it there, or name one that is",
        ],
    );
}

#[test]
fn an_unsound_element_is_refused_also_where_a_later_edit_takes_it_out() {
    let edits = [put(List::Strategies, &strategy("B", r#","senderIds":[]"#)), Edit::remove_strategy("B")];
    let message = "senderIds: is empty, and an empty list allows nothing: leave it out to allow all";
    assert_refused(&shop(), &edits, 0, EditErrorKind::Unsound, &[message]);
}

#[test]
fn a_removal_names_what_it_removes() {
    let message = "senderID: is not a field here; did you mean \"senderId\"?";
    assert_refused(&shop(), &[remove(List::Senders, r#"{"senderID":"s1"}"#)], 0, EditErrorKind::Unsound, &[message]);
    let message = "\"platform\" is missing; it is an object with \"applicationId\" and, for an entity of it, \
                   \"entityId\"";
    let edit = remove(List::DefaultSenders, r#"{"senderId":"s1"}"#);
    assert_refused(&shop(), &[edit], 0, EditErrorKind::Unsound, &[message]);
}

#[test]
fn an_element_refers_to_what_is_there() {
    let text = r#"{"resourceType":"NUMBER","channel":"SMS","applicationId":"x","entityId":"y","resourceId":"z"}"#;
    assert_refused(
        &shop(),
        &[put(List::Senders, &sender("s3")), put(List::Associations, text)],
        1,
        EditErrorKind::UnknownReference,
        &[
            "applicationId: application \"x\" is not in \"applications\"; add it there, or name one that is",
            "entityId: entity \"y\" is not in \"entities\"; add it there, or name one that is",
            "resourceId: sender \"z\" is not in \"senders\"; add it there, or name one that is",
        ],
    );
}

#[test]
fn what_is_used_cannot_be_removed() {
    let catalog = edited(&shop(), &[put(List::Associations, &association("s1").replace("SMS", "WHATSAPP"))]);
    let sender = "sender \"s1\" is still used by 2 associations, strategy \"A\" and 1 default sender; remove what \
                  uses it first";
    assert_refused(&catalog, &[Edit::remove_sender("s1")], 0, EditErrorKind::InUse, &[sender]);
    let application = sender.replace("sender \"s1\"", "application \"shop\"");
    let edits = [Edit::remove_entity("acme"), Edit::remove_application("shop")];
    assert_refused(&catalog, &edits, 1, EditErrorKind::InUse, &[&application]);
}

#[test]
fn what_other_associations_alone_use_cannot_be_removed() {
    let catalog = load(SOUND);
    let catalog = edited(&catalog, &[put(List::Associations, &association("us-2").replace("SMS", "APPLE"))]);
    let message = "sender \"us-2\" is still used by 1 association; remove what uses it first";
    assert_refused(&catalog, &[Edit::remove_sender("us-2")], 0, EditErrorKind::InUse, &[message]);
}

#[test]
fn strategies_that_use_it_are_named_up_to_three() {
    let countries = ["US", "CA", "DE", "FR", "IT"];
    let put_all = countries.map(|country| {
        put(
            List::Strategies,
            &strategy(country, &format!(r#","destinationCountryCode":"{country}","senderIds":["s2"]"#)),
        )
    });
    let catalog = edited(&shop(), &put_all);
    let message = "sender \"s2\" is still used by strategies \"US\", \"CA\", \"DE\" and 2 more; remove what uses it \
                   first";
    assert_refused(&catalog, &[Edit::remove_sender("s2")], 0, EditErrorKind::InUse, &[message]);
}

#[test]
fn the_later_of_two_edits_that_do_not_fit_is_at_fault() {
    let put_it = || put(List::Associations, &association("s2"));
    let in_use = "sender \"s2\" is still used by 1 association; remove what uses it first";
    assert_refused(&shop(), &[put_it(), Edit::remove_sender("s2")], 1, EditErrorKind::InUse, &[in_use]);
    let unknown = "resourceId: sender \"s2\" is not in \"senders\"; add it there, or name one that is";
    assert_refused(&shop(), &[Edit::remove_sender("s2"), put_it()], 1, EditErrorKind::UnknownReference, &[unknown]);
}

#[test]
fn what_is_not_there_cannot_be_removed() {
    let catalog = shop();
    let absent = |edits: &[Edit<'_>], edit, message: &str| {
        assert_refused(&catalog, edits, edit, EditErrorKind::NotFound, &[message]);
    };
    absent(&[Edit::remove_sender("s9")], 0, "sender \"s9\" is not in \"senders\"; name one that is");
    absent(&[Edit::remove_strategy("B")], 0, "strategy \"B\" is not in \"sendingStrategies\"; name one that is");
    absent(
        &[Edit::remove_association(AssociationById::new(Channel::Sms, "shop", "s2"))],
        0,
        "this association is not in \"associations\"; name one that is",
    );
    absent(
        &[Edit::remove_default_sender("shop", Some("acme"))],
        0,
        "a default sender of this platform is not in \"defaultSenders\"; name one that is",
    );
    let twice = [Edit::remove_sender("s2"), Edit::remove_sender("s2"), put(List::Entities, "{}")];
    absent(&twice, 1, "sender \"s2\" is not in \"senders\"; name one that is");
}

#[test]
fn the_application_default_always_exists() {
    let message = "application \"default\" always exists; leave it";
    let default = r#"{"applicationId":"default"}"#;
    let edits = [remove(List::Applications, default), put(List::Applications, default)];
    assert_refused(&shop(), &edits, 0, EditErrorKind::Permanent, &[message]);
    let named = put(List::Applications, r#"{"applicationId":"default","applicationName":"All"}"#);
    assert_eq!(edited(&shop(), &[named]).applications()[0].name.as_deref(), Some("All"));
}

#[test]
fn a_strategy_that_ties_names_the_other() {
    let message = "ties with \"A\" for every country: both have the same scope and channel; give them countries that \
                   do not meet, or keep one of them";
    let ties = || EditErrorKind::Ties { first: "A".into() };
    let edit = || put(List::Strategies, &strategy("B", ""));
    assert_refused(&shop(), &[edit()], 0, ties(), &[message]);
    // Where the other one goes in the same call, it does not matter in which order.
    edited(&shop(), &[edit(), Edit::remove_strategy("A")]);
    // A strategy does not tie with what it was before.
    edited(&shop(), &[put(List::Strategies, &strategy("A", r#","useStickySender":true"#))]);
}

#[test]
fn of_two_strategies_that_tie_the_one_that_was_put_is_at_fault() {
    let us = r#","destinationCountryCode":"US""#;
    let catalog = edited(&shop(), &[put(List::Strategies, &strategy("B", us))]);
    let message = "ties with \"B\" for US: both have the same scope and channel; give them countries that do not \
                   meet, or keep one of them";
    assert_refused(
        &catalog,
        &[put(List::Strategies, &strategy("A", r#","destinationCountryCodes":["CA","US"]"#))],
        0,
        EditErrorKind::Ties { first: "B".into() },
        &[message],
    );
}

#[test]
fn countries_are_shared_with_those_of_the_catalog() {
    use crate::{Channel, Countries};
    let text = sender("s9").replace("[]", r#"[{"channel":"RCS","countries":["US","CA"]}]"#);
    let changed = edited(&load(SOUND), &[put(List::Senders, &text)]);
    let list = |index: usize, channel| match changed.senders()[index].coverage.countries(channel, Registration::Active)
    {
        Some(Countries::Only(list)) => Arc::clone(list),
        other => panic!("a list, not {other:?}"),
    };
    assert!(Arc::ptr_eq(&list(0, Channel::Sms), &list(4, Channel::Rcs)));
}

#[test]
fn elements_are_found_by_id() {
    let catalog = load(SOUND);
    assert_eq!(catalog.application("shop").map(|(index, _)| index), Some(1));
    assert_eq!(catalog.entity("acme").map(|(index, _)| index), Some(0));
    assert_eq!(catalog.sender("name").map(|(index, _)| index), Some(3));
    assert_eq!(catalog.strategy("C").map(|(index, strategy)| (index, &*strategy.id)), Some((2, "C")));
    assert!(catalog.sender("NAME").is_none());
}
