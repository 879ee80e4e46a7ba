//! What a sound catalog becomes.

use std::{num::NonZeroU8, sync::Arc};

use callsign_destination::Country;

use super::{SOUND, load};
use crate::{Catalog, CatalogError, Channel, Countries, DefaultSender, MAX_CATALOG_BYTES, Registration, SenderType};

fn country(code: &str) -> Country {
    Country::parse(code).expect("a known country")
}

fn only(codes: &[&str]) -> Countries {
    Countries::Only(codes.iter().map(|code| country(code)).collect())
}

#[test]
fn an_empty_object_is_a_catalog_with_the_default_application_alone() {
    let catalog = load("{}");
    assert_eq!(catalog.applications().len(), 1);
    assert_eq!(&*catalog.applications()[0].id, "default");
    assert!(catalog.senders().is_empty());
}

#[test]
fn lists_may_be_null_or_empty() {
    let catalog = load(r#"{"applications":null,"entities":[],"senders":null,"sendingStrategies":null}"#);
    assert_eq!(catalog, load("{}"));
}

#[test]
fn default_keeps_its_place_where_the_file_lists_it() {
    let text = r#"{"applications":[{"applicationId":"shop"},{"applicationId":"default","applicationName":"All"}],
"sendingStrategies":[{"sendingStrategyId":"A","platform":{"applicationId":"default"}}]}"#;
    let catalog = load(text);
    assert_eq!(catalog.applications().len(), 2);
    assert_eq!(catalog.strategies()[0].application, 1);
}

#[test]
fn default_comes_first_where_the_file_does_not_list_it() {
    let catalog = load(SOUND);
    let ids: Vec<&str> = catalog.applications().iter().map(|a| &*a.id).collect();
    assert_eq!(ids, ["default", "shop", "alerts"]);
    assert_eq!(catalog.associations()[0].application, 1);
    assert_eq!(catalog.associations()[2].application, 0);
}

#[test]
fn names_are_kept_and_escapes_are_read() {
    let catalog = load(SOUND);
    assert_eq!(catalog.applications()[1].name.as_deref(), Some("The shop"));
    assert_eq!(catalog.applications()[2].name, None);
    assert_eq!(&*catalog.entities()[1].id, "café");
    assert_eq!(catalog.associations()[2].entity, Some(1));
}

#[test]
fn senders_keep_their_address_and_have_a_number_where_it_is_one() {
    let catalog = load(SOUND);
    let senders = catalog.senders();
    assert_eq!(&*senders[0].address, "+1 (415) 555-0123");
    assert_eq!(senders[0].number, Some(14_155_550_123));
    assert_eq!(senders[1].number, Some(18_005_550_199));
    assert_eq!(senders[2].kind, SenderType::ShortCode);
    assert_eq!(senders[2].number, None);
    assert_eq!(&*senders[3].address, "Acme orders");
    let suspended: Vec<bool> = senders.iter().map(|sender| sender.suspended).collect();
    assert_eq!(suspended, [false, true, false, false, false]);
}

#[test]
fn coverage_is_the_union_of_what_it_lists_for_a_channel() {
    let catalog = load(SOUND);
    let all: Vec<_> = catalog.senders().iter().collect();
    let [long, _, code, name, _] = all[..] else {
        panic!("five senders");
    };
    assert_eq!(long.coverage.countries(Channel::Sms, Registration::Active), Some(&only(&["CA", "US"])));
    assert_eq!(long.coverage.countries(Channel::Mms, Registration::Active), Some(&only(&["CA", "US"])));
    assert_eq!(long.coverage.countries(Channel::Rcs, Registration::Active), None);
    assert!(long.coverage.covers(Channel::Mms, country("CA")));
    assert!(!long.coverage.covers(Channel::Mms, country("DE")));
    assert!(!long.coverage.covers(Channel::Rcs, country("CA")));
    assert!(!code.coverage.covers(Channel::Sms, country("US")));
    assert_eq!(name.coverage.countries(Channel::Rcs, Registration::Active), Some(&Countries::All));
    assert!(name.coverage.covers(Channel::Rcs, country("ZA")));
}

#[test]
fn equal_country_lists_are_one_allocation() {
    let catalog = load(SOUND);
    let list =
        |sender: usize, channel| match catalog.senders()[sender].coverage.countries(channel, Registration::Active) {
            Some(Countries::Only(list)) => Arc::clone(list),
            other => panic!("a list, not {other:?}"),
        };
    let first = list(0, Channel::Sms);
    assert!(Arc::ptr_eq(&first, &list(0, Channel::Mms)));
    assert!(Arc::ptr_eq(&first, &list(1, Channel::Sms)));
    let strategy = catalog.strategies()[0].countries.clone();
    assert!(strategy.is_some_and(|list| Arc::ptr_eq(&first, &list)));
}

#[test]
fn associations_that_no_strategy_acts_on_are_kept_apart() {
    let catalog = load(SOUND);
    assert_eq!(catalog.associations().len(), 4);
    assert_eq!(catalog.ignored_associations(), 2);
    let all: Vec<_> = catalog.other_associations().iter().collect();
    let [number, domain] = all[..] else {
        panic!("two other associations");
    };
    assert_eq!((number.resource_type, number.channel), ("NUMBER", "WHATSAPP"));
    assert_eq!((&*number.application, number.entity.as_deref()), ("shop", None));
    assert_eq!((domain.resource_type, domain.channel), ("DOMAIN", "EMAIL"));
    assert_eq!((domain.entity.as_deref(), &*domain.resource), (Some("acme"), "acme.example"));
}

#[test]
fn strategies_have_what_the_file_says_and_defaults_for_the_rest() {
    let catalog = load(SOUND);
    let all: Vec<_> = catalog.strategies().iter().collect();
    let [a, b, c] = all[..] else {
        panic!("three strategies");
    };
    assert_eq!((&*a.id, a.application, a.entity, a.channel), ("A", 1, Some(0), Some(Channel::Sms)));
    assert!(a.sticky && a.geolocated);
    assert_eq!(a.priorities, [NonZeroU8::new(1), None, NonZeroU8::new(4), None, None]);
    assert_eq!(a.senders.as_deref(), Some(&[0, 3][..]));
    assert_eq!(b.countries.as_deref(), Some(&[country("DE")][..]));
    assert!(!b.sticky && !b.geolocated);
    assert_eq!((c.entity, c.channel, &c.countries, &c.senders), (None, None, &None, &None));
    assert_eq!(c.priorities, [None; 5]);
}

#[test]
fn default_senders_are_indexes() {
    let catalog = load(SOUND);
    let expected = [
        DefaultSender { application: 1, entity: None, sender: 0 },
        DefaultSender { application: 1, entity: Some(0), sender: 2 },
    ];
    assert!(catalog.default_senders().iter().eq(&expected));
}

#[test]
fn words_of_channels_and_types_are_read_as_they_are_written() {
    for channel in Channel::ALL {
        assert_eq!(Channel::parse(channel.as_str()), Some(channel));
    }
    for kind in SenderType::ALL {
        assert_eq!(SenderType::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(Channel::parse("sms"), None);
}

#[test]
fn a_file_is_read_from_its_path() {
    let path = std::env::temp_dir().join(format!("callsign-catalog-{}.json", std::process::id()));
    std::fs::write(&path, SOUND).expect("a writable folder");
    let loaded = Catalog::load(&path);
    std::fs::remove_file(&path).expect("its own file");
    assert_eq!(loaded.expect("a sound catalog"), load(SOUND));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Catalog::load("no/such/catalog.json").expect_err("no such file");
    assert!(matches!(error, CatalogError::Read { .. }));
    assert_eq!(error.to_string(), "cannot read the catalog no/such/catalog.json");
}

#[test]
fn a_file_over_the_size_limit_is_refused_unread() {
    let path = std::env::temp_dir().join(format!("callsign-too-large-{}.json", std::process::id()));
    // A hole, not gigabytes on the disk.
    let file = std::fs::File::create(&path).expect("a writable folder");
    let grown = file.set_len(MAX_CATALOG_BYTES + 1);
    let loaded = Catalog::load(&path);
    std::fs::remove_file(&path).expect("its own file");
    grown.expect("a file system with holes");
    let Err(CatalogError::TooLarge { bytes }) = loaded else {
        panic!("expected the limit, not {loaded:?}");
    };
    assert_eq!(bytes, MAX_CATALOG_BYTES + 1);
}

#[test]
fn an_association_is_found_by_all_its_fields_whether_strategies_act_on_it_or_not() {
    let catalog = load(SOUND);
    let all = [
        ("NUMBER", "SMS", "shop", None, "us-1"),
        ("NUMBER", "SMS", "shop", Some("acme"), "us-1"),
        ("ALPHA", "RCS", "default", Some("café"), "name"),
        ("NUMBER", "WHATSAPP", "shop", None, "us-1"),
        ("DOMAIN", "EMAIL", "shop", Some("acme"), "acme.example"),
    ];
    let types = ["NUMBER", "ALPHA", "DOMAIN", "PHONE"];
    let channels = ["SMS", "MMS", "RCS", "EMAIL", "WHATSAPP", "TELEX"];
    let entities = [None, Some("acme"), Some("café"), Some("none")];
    for kind in types {
        for channel in channels {
            for application in ["shop", "default", "none"] {
                for entity in entities {
                    for resource in ["us-1", "name", "acme.example", "none"] {
                        let is_there = all.contains(&(kind, channel, application, entity, resource));
                        let found = catalog.has_association(kind, channel, application, entity, resource);
                        assert_eq!(found, is_there, "{kind} {channel} {application} {entity:?} {resource}");
                    }
                }
            }
        }
    }
}
