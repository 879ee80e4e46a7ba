//! What the generated files hold, as a reader of them sees it.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use serde_json::Value;

use crate::{
    catalog,
    country::Country,
    message,
    platform::{Platform, Size},
};

const USUAL: Size = Size { entities: 500, senders: 3000, messages: 100_000 };

const SMALL: Size = Size { entities: 50, senders: 400, messages: 2000 };

/// The platform that is generated when nothing is asked for, read once for all tests.
static USUAL_FILES: LazyLock<(Value, Vec<Value>)> = LazyLock::new(|| parsed(1, USUAL));

/// The bytes of both files.
fn files(seed: u64, size: Size) -> (Vec<u8>, Vec<u8>) {
    let platform = Platform::new(seed, size);
    let (mut catalog, mut messages) = (Vec::new(), Vec::new());
    catalog::write(&platform, &mut catalog).expect("memory takes all");
    message::write(&platform, &mut messages).expect("memory takes all");
    (catalog, messages)
}

/// The catalog and the messages as JSON.
fn parsed(seed: u64, size: Size) -> (Value, Vec<Value>) {
    let (catalog, messages) = files(seed, size);
    let messages = messages.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let messages = messages.map(|line| serde_json::from_slice(line).expect("a line is JSON"));
    (serde_json::from_slice(&catalog).expect("the catalog is JSON"), messages.collect())
}

fn list<'a>(catalog: &'a Value, name: &str) -> &'a [Value] {
    catalog[name].as_array().expect("a list")
}

/// The texts of one field of a list, which has it everywhere.
fn texts<'a>(list: &'a [Value], field: &str) -> Vec<&'a str> {
    list.iter().map(|element| text(element, field)).collect()
}

fn text<'a>(element: &'a Value, field: &str) -> &'a str {
    element[field].as_str().unwrap_or_else(|| panic!("{field} of {element}"))
}

fn unique<'a>(values: &[&'a str]) -> HashSet<&'a str> {
    let set: HashSet<&str> = values.iter().copied().collect();
    assert_eq!(set.len(), values.len(), "some value is there twice");
    set
}

/// The strings of a list that may be absent.
fn strings(value: &Value) -> Vec<&str> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (catalog, messages) = files(1, SMALL);
    assert_eq!((catalog.clone(), messages.clone()), files(1, SMALL));
    let (other_catalog, other_messages) = files(2, SMALL);
    assert_ne!(catalog, other_catalog);
    assert_ne!(messages, other_messages);
    // On any machine and in any later build. Who changes what is generated changes these too.
    assert_eq!((hash(&catalog), hash(&messages)), (0x73ea_bc70_cba0_15e9, 0xcf66_89a2_f716_fad8));
}

#[test]
fn ids_are_unique_and_shaped_as_the_platform_gives_them() {
    let (catalog, messages) = &*USUAL_FILES;
    unique(&texts(list(catalog, "applications"), "applicationId"));
    unique(&texts(list(catalog, "entities"), "entityId"));
    unique(&texts(list(catalog, "senders"), "sender"));
    unique(&texts(messages, "messageId"));
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    for id in unique(&texts(list(catalog, "senders"), "senderId")) {
        assert!(id.len() == 32 && id.bytes().all(hexadecimal), "{id}");
    }
    let letters = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    for id in unique(&texts(list(catalog, "sendingStrategies"), "sendingStrategyId")) {
        assert!(id.len() == 32 && id.bytes().all(letters), "{id}");
    }
}

#[test]
fn references_resolve() {
    let (catalog, messages) = &*USUAL_FILES;
    let ids = |name, field| unique(&texts(list(catalog, name), field));
    let applications = ids("applications", "applicationId");
    let entities = ids("entities", "entityId");
    let senders = ids("senders", "senderId");
    let in_scope = |element: &Value| {
        let application = element.get("applicationId").map_or(Some("default"), Value::as_str);
        let entity = element.get("entityId").and_then(Value::as_str);
        application.is_some_and(|id| applications.contains(id)) && entity.is_none_or(|id| entities.contains(id))
    };
    let mut said = HashSet::new();
    for association in list(catalog, "associations") {
        assert!(in_scope(association), "{association}");
        assert!(association.get("entityId").is_some(), "{association}");
        let resource = text(association, "resourceId");
        let is_sender = matches!(text(association, "resourceType"), "NUMBER" | "ALPHA");
        assert_eq!(is_sender, senders.contains(resource), "{association}");
        assert!(said.insert(association.to_string()), "{association} is there twice");
    }
    for strategy in list(catalog, "sendingStrategies") {
        assert!(in_scope(&strategy["platform"]), "{strategy}");
        let listed = strings(&strategy["senderIds"]);
        assert!(strategy.get("senderIds").is_none() || !listed.is_empty(), "{strategy}");
        assert!(listed.iter().all(|id| senders.contains(id)), "{strategy}");
    }
    let mut scopes = HashSet::new();
    for default in list(catalog, "defaultSenders") {
        assert!(in_scope(&default["platform"]), "{default}");
        assert!(senders.contains(text(default, "senderId")), "{default}");
        assert!(scopes.insert(default["platform"].to_string()), "{default} is the second of its scope");
    }
    assert!(messages.iter().all(in_scope));
}

#[test]
fn strategies_of_a_scope_never_tie() {
    for seed in 1..=5 {
        let (catalog, _) = parsed(seed, Size { messages: 0, ..USUAL });
        let mut scopes: HashMap<String, Vec<&Value>> = HashMap::new();
        for strategy in list(&catalog, "sendingStrategies") {
            let scope = scopes.entry(strategy["platform"].to_string()).or_default();
            for earlier in &*scope {
                let same_channel = earlier.get("channel") == strategy.get("channel");
                assert!(!(same_channel && countries_meet(earlier, strategy)), "{earlier} {strategy}");
            }
            scope.push(strategy);
        }
        assert!(scopes.len() > 100, "{}", scopes.len());
    }
}

/// Whether both name a country, or neither names any.
fn countries_meet(one: &Value, other: &Value) -> bool {
    let [one, other] = [one, other].map(|strategy| {
        let single = strategy.get("destinationCountryCode").and_then(Value::as_str);
        let mut countries = strings(&strategy["destinationCountryCodes"]);
        countries.extend(single);
        countries
    });
    match (one.is_empty(), other.is_empty()) {
        (true, true) => true,
        (false, false) => one.iter().any(|country| other.contains(country)),
        _ => false,
    }
}

#[test]
fn lists_have_the_sizes_that_were_asked_for() {
    for size in
        [USUAL, SMALL, Size { entities: 1, senders: 1, messages: 1 }, Size { entities: 40, senders: 7, messages: 0 }]
    {
        let (catalog, messages) = parsed(1, size);
        assert_eq!(list(&catalog, "applications").len(), 4);
        assert_eq!(list(&catalog, "entities").len(), size.entities);
        assert_eq!(list(&catalog, "senders").len(), size.senders);
        assert_eq!(messages.len() as u64, size.messages);
    }
    let (catalog, messages) = &*USUAL_FILES;
    let strategies = list(catalog, "sendingStrategies");
    let exceptional: HashSet<&str> = strategies.iter().filter_map(|one| one["platform"]["entityId"].as_str()).collect();
    assert!((130..200).contains(&exceptional.len()), "{}", exceptional.len());
    let associations = list(catalog, "associations").len();
    assert!((5000..8000).contains(&associations), "{associations}");
    let suspended = list(catalog, "senders").iter().filter(|sender| sender["status"] == "SUSPENDED").count();
    assert!((60..130).contains(&suspended), "{suspended}");
    let recipients: HashSet<&str> =
        messages.iter().map(|message| text(message, "to").trim_start_matches('+')).collect();
    assert!((25_000..36_000).contains(&recipients.len()), "{}", recipients.len());
    let explicit = messages.iter().filter(|message| message.get("from").is_some()).count();
    assert!((2500..3500).contains(&explicit), "{explicit}");
}

#[test]
fn every_type_and_many_countries_are_there() {
    let (catalog, messages) = &*USUAL_FILES;
    let senders = list(catalog, "senders");
    for kind in ["ALPHANUMERIC", "VIRTUAL_LONG_NUMBER", "SHORT_CODE", "TOLL_FREE_NUMBER"] {
        let count = senders.iter().filter(|sender| sender["senderType"] == kind).count();
        assert!(count > 100, "{kind}: {count}");
    }
    for channel in ["SMS", "MMS", "RCS"] {
        let count = messages.iter().filter(|message| message["channel"] == channel).count();
        assert!(count > 3000, "{channel}: {count}");
    }
    // Where only one country is reached, that is the sender's own.
    let mut homes = HashSet::new();
    let mut area_codes = HashSet::new();
    for sender in senders {
        for cover in list(sender, "coverage") {
            let countries = strings(&cover["countries"]);
            assert!(cover["countries"] == "*" || !countries.is_empty(), "{sender}");
            homes.extend((countries.len() == 1).then(|| countries[0]));
        }
        if sender["senderType"] == "VIRTUAL_LONG_NUMBER" && text(sender, "sender").starts_with('1') {
            area_codes.insert(&text(sender, "sender")[1..4]);
        }
    }
    assert!(homes.len() >= 40, "{}", homes.len());
    assert!(area_codes.len() > 300, "{}", area_codes.len());
    let known: HashSet<&str> = Country::all().map(Country::code).collect();
    assert!(homes.is_subset(&known));
}

#[test]
fn senders_are_shaped_as_their_types_are() {
    let (catalog, _) = &*USUAL_FILES;
    let mut every_country = 0;
    for sender in list(catalog, "senders") {
        let address = text(sender, "sender");
        let digits = address.bytes().all(|byte| byte.is_ascii_digit());
        let fits = match text(sender, "senderType") {
            "ALPHANUMERIC" => (1..=11).contains(&address.len()) && !digits,
            "SHORT_CODE" => (5..=6).contains(&address.len()) && digits,
            "VIRTUAL_LONG_NUMBER" => (9..=15).contains(&address.len()) && digits,
            _ => digits && address.len() == 11 && address.starts_with("18"),
        };
        assert!(fits, "{sender}");
        for cover in list(sender, "coverage") {
            every_country += usize::from(cover["countries"] == "*");
            if sender["senderType"] == "ALPHANUMERIC" && cover["channel"] == "SMS" {
                let countries = strings(&cover["countries"]);
                let without_names = ["US", "CA", "PR", "BR"];
                assert!(!countries.iter().any(|country| without_names.contains(country)), "{sender}");
            }
        }
    }
    assert!(every_country > 10, "{every_country}");
}
