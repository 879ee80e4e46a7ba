use std::time::Instant;

use callsign_catalog::{Edit, List};
use serde_json::{json, value::to_raw_value};

use super::*;
use crate::testing::Platform;

#[test]
fn a_number_is_a_finite_decimal_number() {
    for (text, number) in [("0.25", 0.25), ("-3", -3.0), ("+7", 7.0), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0)] {
        assert_eq!(number_of(text), Some(number), "{text}");
    }
    for text in ["", "-", "1e999", "inf", "NaN", "infinity", "1,5", "0x10", " 1", "1 ", "1e", "e1", "--1"] {
        assert_eq!(number_of(text), None, "{text:?}");
    }
}

#[test]
fn a_key_is_the_same_for_ever_and_none_is_that_of_no_text() {
    assert_eq!(key_of("campaign"), SenderKey::of("campaign").0);
    assert_ne!(key_of("campaign"), key_of("Campaign"));
    assert!(key_of("") > 1);
}

#[test]
fn a_column_finds_its_name_at_the_first_sender_that_has_it() {
    let [none, other, one, two] =
        [&[][..], &[("brand", "x")], &[("campaign", "C1"), ("brand", "y")], &[("campaign", "C2")]]
            .map(|pairs| Attributes::new(pairs.iter().copied()).expect("sound attributes"));
    let mut column = Column { name: key_of("campaign"), known: None };
    let values = [&none, &other, &one, &none, &other, &two].map(|attributes| column.value(attributes));
    assert_eq!(values, [None, None, Some("C1"), None, None, Some("C2")]);
    assert_eq!(value(&one, key_of("brand")), Some("y"));
    assert_eq!(value(&one, 0), None);
}

fn platform() -> Platform {
    Platform::default()
        .sender("S1", "+14155550100", json!({"attributes": {"campaign": "C1"}}))
        .sender("S2", "+14155550101", json!({}))
        .attributes(json!({"brand": "shop"}))
        .entity("acme", json!({"brand": "acme", "limit": "5"}))
}

#[test]
fn attributes_of_a_scope_are_those_of_its_application_and_of_its_entity() {
    let revision = platform().revision();
    let scope = |entity| revision.scope(revision.scope_of(Some("shop"), entity)).expect("a scope");
    let of = |entity, level, name| revision.scope_attribute(scope(entity), level, key_of(name));
    assert_eq!((of(None, 0, "brand"), of(None, 1, "brand")), (Some("shop"), None));
    assert_eq!((of(Some("acme"), 0, "brand"), of(Some("acme"), 1, "brand")), (Some("shop"), Some("acme")));
    assert_eq!((of(Some("acme"), 1, "limit"), of(Some("acme"), 1, "none")), (Some("5"), None));
    assert_eq!(of(Some("acme"), 2, "brand"), None, "a level that there is not");
    let (_, shop) = revision.shop();
    let of_sender = |sender, name| revision.sender_attribute(shop, sender, key_of(name));
    let all: Vec<Option<&str>> = (0..3).map(|sender| of_sender(sender, "campaign")).collect();
    assert_eq!(all, [Some("C1"), None, None]);
}

/// The numbers of the scopes of `shop`, of `acme` and of an application that does not matter.
fn numbers(revision: &Revision) -> [u64; 3] {
    [("shop", None), ("shop", Some("acme")), ("default", None)].map(|(application, entity)| {
        revision.scope(revision.scope_of(Some(application), entity)).expect("a scope").revision
    })
}

#[test]
fn a_change_of_attributes_is_another_revision_of_the_scopes_that_have_them() {
    for many in [false, true] {
        let mut platform = platform();
        if many {
            // So that a change of a hundred senders is not small, and all is indexed anew.
            for index in 0..400 {
                platform = platform.sender(&format!("T{index}"), &format!("+1212{:07}", 5_550_000 + index), json!({}));
            }
        }
        let before = platform.revision();
        let edited = |list, element: serde_json::Value| {
            let mut elements = vec![(list, element)];
            if many {
                // Of no scope that is looked at: names of applications.
                elements
                    .extend((0..600).map(|index| (List::Applications, json!({"applicationId": format!("a{index}")}))));
            }
            let raw: Vec<_> = elements.iter().map(|(list, one)| (*list, to_raw_value(one).expect("JSON"))).collect();
            let edits: Vec<Edit<'_>> = raw.iter().map(|(list, one)| Edit::put(*list, one)).collect();
            let catalog = before.catalog().edit(&edits).expect("a sound edit");
            Revision::after(&before, catalog).expect("senders that differ")
        };
        let had = numbers(&before);
        let grown = |after: &Revision| {
            let has = numbers(after);
            [0, 1, 2].map(|at| has[at] > had[at])
        };
        let shop = |attributes| json!({"applicationId": "shop", "attributes": attributes});
        let acme = |attributes| json!({"entityId": "acme", "attributes": attributes});
        let of_acme = json!({"brand": "acme", "limit": "5"});
        for (list, element, expected) in [
            (List::Applications, shop(json!({"brand": "other"})), [true, true, false]),
            (List::Applications, shop(json!({"brand": "shop"})), [false, false, false]),
            (List::Applications, json!({"applicationId": "shop"}), [true, true, false]),
            (List::Entities, acme(json!({"brand": "acme", "limit": "6"})), [false, true, false]),
            (List::Entities, acme(of_acme.clone()), [false, false, false]),
            (List::Entities, json!({"entityId": "acme", "entityName": "A", "attributes": of_acme}), [false; 3]),
        ] {
            let after = edited(list, element.clone());
            assert_eq!(grown(&after), expected, "{element}, with many others: {many}");
        }
    }
}

#[test]
fn a_column_of_a_pool_of_100_000_senders_takes_few_milliseconds() {
    let mut platform = Platform::default();
    for index in 0..100_000 {
        let attributes = json!({"brand": "x", "campaign": format!("C{}", index % 1_000), "price": "0.25"});
        platform =
            platform.sender(&format!("S{index}"), &format!("+1415{index:07}"), json!({"attributes": attributes}));
    }
    let revision = platform.revision();
    let (_, shop) = revision.shop();
    let begun = Instant::now();
    let view = revision.view();
    println!("the pool: {:?}", begun.elapsed());
    let column = || {
        let begun = Instant::now();
        let keys: Vec<u64> =
            revision.attribute_column(shop, &view, key_of("campaign")).map(|text| text.map_or(0, key_of)).collect();
        let took = begun.elapsed();
        assert_eq!(keys.len(), 100_000);
        assert!(keys.iter().all(|&key| key > 1));
        took
    };
    // Some milliseconds; the bound is for a machine that does other things too, and keeps this thread from its core at times.
    // So it is the quickest of five, or of more if none of those had its core.
    let mut quickest = column();
    for number in 1..100 {
        if number >= 5 && quickest.as_millis() < 500 {
            break;
        }
        quickest = quickest.min(column());
    }
    println!("a column of keys: {quickest:?}");
    assert!(quickest.as_millis() < 500, "{quickest:?}");
}
