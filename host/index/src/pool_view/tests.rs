use callsign_policy::words::{near, sender_type};
use serde_json::json;

use super::*;
use crate::testing::Platform;

#[test]
fn groups_of_the_same_senders_of_a_revision_are_laid_out_once_whatever_the_policy_calls_them() {
    let revision = Platform::default()
        .sender("S1", "+14155550100", json!({}))
        .sender("S2", "+12125550101", json!({}))
        .sender("S3", "12345", json!({"senderType": "SHORT_CODE"}))
        .revision();
    let view = revision.view();
    let spread = |types, near, area_code| {
        let group = Group { types, near, area_code };
        view.spread(&group, revision.near_codes(near, area_code), 77)
    };
    for types in 0..10_000 {
        let chosen = spread(types, near::ANYWHERE, 0);
        let (long, short) = (types & 2 != 0, types & 4 != 0);
        assert_eq!(chosen.is_some(), long || short, "types {types:#b}");
        assert_eq!(
            chosen,
            spread(types << 5 | types & 31, near::ANYWHERE, 7),
            "bits of no type, a code that is ignored"
        );
    }
    let has_long = |types: u32| types & sender_type::only(sender_type::LONG_NUMBER) != 0;
    for types in 0..64 {
        for code in 0..1_000 {
            assert_eq!(spread(types, near::SAME, code).is_some(), has_long(types) && [212, 415].contains(&code));
            assert_eq!(spread(types, near::REGION, code), spread(types | 1 << 31, near::REGION, code));
            assert_eq!(spread(types, 200, code), None);
        }
    }
    // Long, short, both; each of the two area codes, and what the region of each has.
    assert!(view.groups.load().len() <= 5, "{}", view.groups.load().len());
}

#[test]
fn a_pool_of_a_revision_is_made_once_and_named_by_all_that_matters() {
    let revision = Platform::default()
        .sender("S1", "+14155550100", json!({"messageTypes": ["TRANSACTIONAL"]}))
        .sender("S2", "+12125550101", json!({}))
        .strategy("LIST", json!({"senderIds": ["S2"]}))
        .strategy("ALL", json!({"channel": "SMS"}))
        .revision();
    let all = revision.pool_of_shop();
    let same = |one: &senders::Pool, other: &senders::Pool| {
        Arc::ptr_eq(&revision.pool(one, None).expect("a pool"), &revision.pool(other, None).expect("a pool"))
    };
    assert!(same(&all, &all));
    let strategy = |strategy| senders::Pool { strategy, ..all };
    let listing = |id: &str| {
        (0..2).find(|&handle| {
            let (_, shop) = revision.shop();
            *revision.catalog().strategies()[shop.strategies[handle as usize] as usize].id == *id
        })
    };
    assert!(same(&all, &strategy(listing("ALL"))), "a strategy without a list does not matter");
    assert!(same(&all, &strategy(Some(99))), "nor one that there is not");
    assert!(!same(&all, &strategy(listing("LIST"))));
    assert_eq!(revision.candidates(&strategy(listing("LIST")), None), ["S2"]);
    assert!(!same(&all, &senders::Pool { message_type: 1, ..all }));
    assert_eq!(revision.candidates(&senders::Pool { message_type: 1, ..all }, None), ["S2"]);
    assert!(same(&all, &senders::Pool { healthy: true, ..all }), "nobody is unhealthy");
    for nothing in [
        senders::Pool { scope: u32::MAX, ..all },
        senders::Pool { country: 0, ..all },
        senders::Pool { channel: 3, ..all },
    ] {
        assert!(revision.pool(&nothing, None).is_none() && revision.pool_once(&nothing, None).is_none());
    }
}
