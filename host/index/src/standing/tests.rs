use callsign_policy::words::{channel, standing};
use serde_json::json;

use super::*;
use crate::testing::{Platform, number};

fn covers(status: &str) -> serde_json::Value {
    json!({"coverage": [{"channel": "SMS", "countries": ["US"], "status": status}]})
}

#[test]
fn a_sender_stands_by_the_first_thing_that_keeps_it_out() {
    let revision = Platform::default()
        .sender("good", "+14155550100", json!({}))
        .sender("suspended", "+14155550101", json!({"status": "SUSPENDED", "coverage": []}))
        .sender("mms", "+14155550102", json!({"coverage": [{"channel": "MMS", "countries": ["US"]}]}))
        .sender("ca", "+14155550103", json!({"coverage": [{"channel": "SMS", "countries": ["CA"]}]}))
        .sender("pending", "+14155550104", covers("PENDING"))
        .sender("rejected", "+14155550105", covers("REJECTED"))
        .sender("expired", "+14155550106", covers("EXPIRED"))
        .sender("typed", "+14155550107", json!({"messageTypes": ["TRANSACTIONAL"]}))
        .sender("unlisted", "+14155550108", json!({}))
        .strategy("LIST", json!({"senderIds": ["good", "typed", "pending"]}))
        .revision();
    let mut pool = revision.pool_of_shop();
    pool.strategy = Some(0);
    pool.message_type = key_of("PROMOTIONAL");
    assert_eq!(revision.candidates(&pool, None), ["good"]);
    assert_eq!(
        revision.excluded(&pool),
        [
            ("ca", standing::COUNTRY_NOT_COVERED),
            ("expired", standing::REGISTRATION_EXPIRED),
            ("mms", standing::CHANNEL_NOT_COVERED),
            ("pending", standing::REGISTRATION_PENDING),
            ("rejected", standing::REGISTRATION_REJECTED),
            ("suspended", standing::SUSPENDED),
            ("typed", standing::OTHER_MESSAGE_TYPE),
            ("unlisted", standing::NOT_LISTED),
        ]
    );
    pool.channel = channel::MMS;
    let all = revision.excluded(&pool);
    assert!(all.len() == 9 && all.iter().all(|&(_, is)| is == standing::OTHER_CHANNEL), "associated for SMS: {all:?}");
}

#[test]
fn an_entry_that_names_the_country_counts_before_one_for_all() {
    let entries = |named: &str, all: &str| {
        json!({"coverage": [
            {"channel": "SMS", "countries": "*", "status": all},
            {"channel": "SMS", "countries": ["US"], "status": named},
        ]})
    };
    let revision = Platform::default()
        .sender("named", "+14155550100", entries("ACTIVE", "EXPIRED"))
        .sender("all", "+14155550101", entries("REJECTED", "ACTIVE"))
        .revision();
    let pool = revision.pool_of_shop();
    assert_eq!(revision.candidates(&pool, None), ["named"]);
    assert_eq!(revision.excluded(&pool), [("all", standing::REGISTRATION_REJECTED)]);
}

#[test]
fn a_message_type_is_a_number_only_where_a_sender_of_the_scope_is_limited() {
    let plain = Platform::default().sender("S1", "+14155550100", json!({}));
    let revision = plain.revision();
    let (_, shop) = revision.shop();
    assert_eq!([None, Some("PROMOTIONAL")].map(|text| revision.message_type(shop, text)), [0, 0]);

    let revision =
        plain.sender("S2", "+14155550101", json!({"messageTypes": ["TRANSACTIONAL", "own.word"]})).revision();
    let (_, shop) = revision.shop();
    let of = |text| revision.message_type(shop, text);
    assert_eq!(of(None), 0);
    assert_eq!(of(Some("TRANSACTIONAL")), key_of("TRANSACTIONAL"));
    assert_eq!(of(Some("own.word")), key_of("own.word"));
    assert_eq!((of(Some("PROMOTIONAL")), of(Some("another"))), (1, 1), "all other types are alike");
    for (text, ids) in
        [(None, &["S1", "S2"][..]), (Some("TRANSACTIONAL"), &["S1", "S2"]), (Some("PROMOTIONAL"), &["S1"])]
    {
        let pool = senders::Pool { message_type: of(text), ..revision.pool_of_shop() };
        assert_eq!(revision.candidates(&pool, None), ids, "{text:?}");
        let carried = (0..).zip(&shop.members).filter(|(_, member)| revision.carries(member, of(text)));
        assert_eq!(revision.ids(carried.map(|(handle, _)| handle)), ids, "{text:?}");
    }
}

#[test]
fn a_recipient_that_is_a_sender_of_the_scope_is_found_by_its_number() {
    let revision = Platform::default()
        .sender("S1", "+1 (415) 555-0100", json!({}))
        .sender("S2", "+14155550101", json!({}))
        .sender("again", "+14155550100", json!({}))
        .sender("code", "12345", json!({"senderType": "SHORT_CODE"}))
        .revision();
    let (_, shop) = revision.shop();
    let itself = |text| revision.ids(revision.itself(shop, number(text)));
    assert_eq!(itself("+14155550100"), ["S1", "again"], "one number may be several senders");
    assert_eq!(itself("+14155550101"), ["S2"]);
    assert!(itself("+14155550102").is_empty());
    for text in ["+14155550100", "+14155550102"] {
        let is_it = (0..).zip(&shop.members).filter(|(_, member)| revision.is_number_of(member, number(text)));
        let handles: Vec<u32> = is_it.map(|(handle, _)| handle).collect();
        assert_eq!(handles, revision.itself(shop, number(text)));
    }
    let nobody = revision.scope(0).expect("the scope of unknown applications");
    assert!(revision.itself(nobody, number("+14155550100")).is_empty(), "a sender of another scope is none of this");
}

#[test]
fn a_default_sender_stands_without_an_association_and_a_list() {
    let text = json!({
        "applications": [{"applicationId": "shop"}],
        "entities": [{"entityId": "acme"}],
        "senders": [
            {"senderId": "S1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER", "weight": 7,
             "coverage": [{"channel": "SMS", "countries": ["US"]}], "messageTypes": ["TRANSACTIONAL"]},
            {"senderId": "S2", "sender": "+14155550101", "senderType": "VIRTUAL_LONG_NUMBER",
             "coverage": [{"channel": "SMS", "countries": ["US"], "status": "PENDING"}]},
        ],
        "defaultSenders": [
            {"platform": {"applicationId": "shop"}, "senderId": "S1"},
            {"platform": {"applicationId": "shop", "entityId": "acme"}, "senderId": "S2"},
        ],
    });
    let catalog = callsign_catalog::Catalog::from_json(&text.to_string()).unwrap_or_else(|error| panic!("{error}"));
    let revision = Revision::new(catalog).expect("senders that differ");
    let scope = revision.scope_of(Some("shop"), Some("acme"));
    let standings = |message_type| {
        let pool = senders::Pool { scope, message_type, ..revision.pool_of_shop() };
        let defaults = revision.default_senders(&pool);
        defaults.iter().map(|default| (default.level, default.weight, default.standing)).collect::<Vec<_>>()
    };
    let pending = (1, 1, standing::REGISTRATION_PENDING);
    assert_eq!(standings(0), [pending, (0, 7, standing::CANDIDATE)], "the entity's first");
    assert_eq!(standings(1), [pending, (0, 7, standing::OTHER_MESSAGE_TYPE)]);
    let pool = senders::Pool { scope, country: 0, ..revision.pool_of_shop() };
    assert!(revision.default_senders(&pool).is_empty(), "of a country that there is not");
}
