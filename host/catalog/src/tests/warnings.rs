//! What is sound and probably not meant, and the numbering that it depends on.

use std::sync::Arc;

use callsign_destination::{AlphanumericCountries, Numbering};

use super::load;
use crate::{Catalog, Edit, List, MAX_WARNINGS};

#[test]
fn an_alphanumeric_sender_that_covers_countries_which_take_none_has_a_warning() {
    let catalog = |countries: &str, channel: &str, kind: &str| {
        let address = if kind == "ALPHANUMERIC" { "ACME" } else { "40404" };
        load(&format!(
            r#"{{"senders": [{{"senderId": "S1", "sender": "40404", "senderType": "SHORT_CODE", "coverage": []}},
                {{"senderId": "S2", "sender": "{address}", "senderType": "{kind}",
                  "coverage": [{{"channel": "{channel}", "countries": {countries}}}]}}]}}"#
        ))
    };
    let told = |catalog: &Catalog| catalog.warnings().listed.iter().map(ToString::to_string).collect::<Vec<_>>();
    let warned = |countries: &str| {
        format!(
            "$.senders[1].coverage: sender \"S2\" is ALPHANUMERIC and covers {countries}, where networks take no such sender"
        )
    };
    let everywhere = catalog("\"*\"", "SMS", "ALPHANUMERIC");
    assert_eq!(told(&everywhere), [warned("AR, AS, BR, CA, CL and 19 more countries")]);
    assert_eq!(told(&catalog(r#"["GB", "US"]"#, "MMS", "ALPHANUMERIC")), [warned("US")]);
    assert_eq!(told(&catalog(r#"["US", "CA", "FR"]"#, "SMS", "ALPHANUMERIC")), [warned("CA and US")]);
    for sound in [
        catalog(r#"["GB", "DE"]"#, "SMS", "ALPHANUMERIC"),
        catalog("\"*\"", "RCS", "ALPHANUMERIC"),
        catalog("\"*\"", "SMS", "SHORT_CODE"),
    ] {
        assert_eq!(told(&sound), [""; 0]);
    }
    // An operator's own table.
    let own = AlphanumericCountries::standard().with_csv(b"country,alphanumeric\nUS,yes\nGB,no\n").expect("sound");
    let numbering = Arc::new(Numbering::standard().with_alphanumeric(own));
    let catalog = catalog(r#"["GB", "US"]"#, "SMS", "ALPHANUMERIC").with_numbering(numbering);
    assert_eq!(told(&catalog), [warned("GB")]);
}

#[test]
fn warnings_are_counted_beyond_those_that_are_listed() {
    let senders: Vec<String> = (0..150)
        .map(|n| {
            format!(
                r#"{{"senderId": "S{n}", "sender": "ACME", "senderType": "ALPHANUMERIC",
                     "coverage": [{{"channel": "SMS", "countries": ["US"]}}]}}"#
            )
        })
        .collect();
    let warnings = load(&format!(r#"{{"senders": [{}]}}"#, senders.join(","))).warnings();
    assert_eq!((warnings.listed.len(), warnings.total), (MAX_WARNINGS, 150));
}

#[test]
fn a_catalog_keeps_its_numbering_over_edits_and_is_equal_without_it() {
    let own = AlphanumericCountries::standard().with_csv(b"country,alphanumeric\nGB,no\n").expect("sound");
    let numbering = Arc::new(Numbering::standard().with_alphanumeric(own));
    let plain = load("{}");
    let catalog = plain.clone().with_numbering(numbering);
    assert_eq!(catalog, plain);
    assert!(!catalog.has_same_numbering(&plain) && plain.has_same_numbering(&load("{}")));
    let put = serde_json::value::to_raw_value(&serde_json::json!({"applicationId": "shop"})).expect("serializes");
    let edited = catalog.edit(&[Edit::put(List::Applications, &put)]).expect("sound");
    assert!(edited.has_same_numbering(&catalog));
}
