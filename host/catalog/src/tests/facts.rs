//! Registrations, message types, weights, attributes and RCS agents.

use callsign_destination::Country;

use super::{assert_faults, faults, load, platform};
use crate::{
    AttributeError, Attributes, Catalog, Channel, Edit, List, MAX_ATTRIBUTES, MAX_MESSAGE_TYPES, Registration, Sender,
    SenderType, check_attributes, check_message_type,
};

/// A short code in a line of its own, with these fields beside those that it needs.
fn sender(fields: &str) -> String {
    format!(
        "{{\"senders\":[\n{{\"senderId\":\"s1\",\"sender\":\"12345\",\"senderType\":\"SHORT_CODE\",\"coverage\":[],{fields}}}]}}"
    )
}

fn agent(address: &str, coverage: &str) -> String {
    format!(
        "{{\"senders\":[\n{{\"senderId\":\"s1\",\"senderType\":\"RCS_AGENT\",\"sender\":{address},\"coverage\":{coverage}}}]}}"
    )
}

fn covered(coverage: &str) -> Sender {
    let text = format!(
        r#"{{"senders":[{{"senderId":"s1","sender":"12345","senderType":"SHORT_CODE","coverage":{coverage}}}]}}"#
    );
    load(&text).senders()[0].clone()
}

fn country(code: &str) -> Country {
    Country::parse(code).expect("a country")
}

#[test]
fn a_sender_covers_a_channel_and_country_where_an_active_entry_has_them() {
    let sender = covered(
        r#"[{"channel":"SMS","countries":["SG"],"status":"PENDING"},{"channel":"SMS","countries":["US"],"status":"ACTIVE"},
        {"channel":"SMS","countries":["CA"]},{"channel":"SMS","countries":["GB"],"status":"REJECTED"},
        {"channel":"MMS","countries":["US"],"status":"EXPIRED"}]"#,
    );
    let registration = |channel, code| sender.coverage.registration(channel, country(code));
    assert_eq!(registration(Channel::Sms, "SG"), Some(Registration::Pending));
    assert_eq!(registration(Channel::Sms, "US"), Some(Registration::Active));
    assert_eq!(registration(Channel::Sms, "CA"), Some(Registration::Active));
    assert_eq!(registration(Channel::Sms, "GB"), Some(Registration::Rejected));
    assert_eq!(registration(Channel::Sms, "DE"), None);
    assert_eq!(registration(Channel::Mms, "US"), Some(Registration::Expired));
    assert!(sender.coverage.has_channel(Channel::Mms) && !sender.coverage.has_channel(Channel::Rcs));
    for code in ["SG", "US", "CA", "GB", "DE"] {
        assert_eq!(sender.coverage.covers(Channel::Sms, country(code)), matches!(code, "US" | "CA"), "{code}");
        assert!(!sender.coverage.covers(Channel::Mms, country(code)), "{code}");
    }
}

#[test]
fn an_entry_that_names_the_country_counts_before_one_with_a_star() {
    for [first, second] in [[0, 1], [1, 0]] {
        let entries =
            [r#"{"channel":"SMS","countries":"*"}"#, r#"{"channel":"SMS","countries":["SG"],"status":"PENDING"}"#];
        let sender = covered(&format!("[{},{}]", entries[first], entries[second]));
        assert!(!sender.coverage.covers(Channel::Sms, country("SG")));
        assert!(sender.coverage.covers(Channel::Sms, country("US")));
        let entries =
            [r#"{"channel":"SMS","countries":"*","status":"PENDING"}"#, r#"{"channel":"SMS","countries":["SG"]}"#];
        let sender = covered(&format!("[{},{}]", entries[first], entries[second]));
        assert!(sender.coverage.covers(Channel::Sms, country("SG")));
        assert_eq!(sender.coverage.registration(Channel::Sms, country("US")), Some(Registration::Pending));
    }
}

#[test]
fn of_two_entries_alike_an_active_one_counts() {
    for countries in [r#""*""#, r#"["US"]"#] {
        let sender = covered(&format!(
            r#"[{{"channel":"SMS","countries":{countries},"status":"EXPIRED"}},{{"channel":"SMS","countries":{countries}}}]"#
        ));
        assert!(sender.coverage.covers(Channel::Sms, country("US")));
    }
}

#[test]
fn the_status_of_a_coverage_entry_is_one_of_four() {
    assert_faults(
        r#"{"senders":[{"senderId":"s1","sender":"123","senderType":"SHORT_CODE","coverage":[{"channel":"SMS","countries":"*","status":¦"APPROVED"}]}]}"#,
        &["$.senders[0].coverage[0].status: \"APPROVED\" is not one of ACTIVE, PENDING, REJECTED, EXPIRED"],
    );
}

#[test]
fn a_weight_is_a_whole_number_from_1_to_1000() {
    for (weight, read) in [("1", 1), ("1000", 1_000), ("null", 1)] {
        assert_eq!(load(&sender(&format!(r#""weight":{weight}"#))).senders()[0].weight, read);
    }
    for (weight, shown) in [("0", "0"), ("1001", "1001"), ("-1", "-1"), ("1.5", "1.5"), ("\"2\"", "a string")] {
        assert_faults(
            &sender(&format!(r#""weight":¦{weight}"#)),
            &[&format!("$.senders[0].weight: must be a whole number from 1 to 1000, not {shown}")],
        );
    }
}

#[test]
fn a_sender_with_message_types_may_carry_those_alone() {
    let types = load(&sender(r#""messageTypes":["PROMOTIONAL","ALERT"]"#)).senders()[0].message_types.clone();
    assert!(types.allow(Some("ALERT")) && types.allow(Some("PROMOTIONAL")) && !types.allow(Some("TRANSACTIONAL")));
    assert!(types.allow(None), "a message without a type is carried by every sender");
    let all = load(&sender(r#""messageTypes":null"#)).senders()[0].message_types.clone();
    assert!(all.are_all() && all.allow(Some("ALERT")));
}

#[test]
fn message_types_are_a_few_different_words() {
    assert_faults(
        &sender(r#""messageTypes":[¦"transactional",¦"",¦"two words","A",¦"A",¦7]"#),
        &[
            "$.senders[0].messageTypes[0]: \"transactional\" is written \"TRANSACTIONAL\"",
            "$.senders[0].messageTypes[1]: \"\" is no message type; it is TRANSACTIONAL, PROMOTIONAL, or a word of 1 to \
             64 letters, digits, '_', '.' and '-'",
            "$.senders[0].messageTypes[2]: \"two words\" is no message type; it is TRANSACTIONAL, PROMOTIONAL, or a \
             word of 1 to 64 letters, digits, '_', '.' and '-'",
            "$.senders[0].messageTypes[4]: \"A\" is there twice; keep one of them",
            "$.senders[0].messageTypes[5]: must be a string, not a number",
        ],
    );
    assert_faults(
        &sender(r#""messageTypes":¦[]"#),
        &["$.senders[0].messageTypes: is empty, and an empty list allows nothing: leave it out to allow all"],
    );
    let many: Vec<String> = (0..MAX_MESSAGE_TYPES).map(|n| format!("\"T{n}\"")).collect();
    load(&sender(&format!("\"messageTypes\":[{}]", many.join(","))));
    assert_faults(
        &sender(&format!("\"messageTypes\":[{},¦\"more\"]", many.join(","))),
        &["$.senders[0].messageTypes[32]: is one too many; a sender has up to 32 message types"],
    );
    assert!(check_message_type(&"x".repeat(64)).is_ok() && check_message_type(&"x".repeat(65)).is_err());
}

#[test]
fn attributes_are_texts_by_name() {
    let name = "n".repeat(64);
    let value = "é".repeat(255);
    for (list, start) in [
        ("applications", r#""applicationId":"a""#),
        ("entities", r#""entityId":"a""#),
        ("senders", r#""senderId":"a","sender":"123","senderType":"SHORT_CODE","coverage":[]"#),
    ] {
        let with = |attributes: &str| format!("{{\"{list}\":[{{{start},\"attributes\":{attributes}}}]}}");
        load(&with(&format!(r#"{{"{name}":"{value}","a.B-c_9":""}}"#)));
        assert_faults(
            &with(&format!(
                r#"{{"campaign":"C1",¦"campaign":"C2",¦"a b":"x",¦"":"x",¦"é":"x",¦"{name}n":"x","price":¦7,"long":¦"{value}x"}}"#
            )),
            &[
                &format!("$.{list}[0].attributes.campaign: is given twice; keep one of them"),
                &format!(
                    "$.{list}[0].attributes[\"a b\"]: \"a b\" is no name of an attribute; it has 1 to 64 letters, digits, \
                     '_', '.' and '-'"
                ),
                &format!(
                    "$.{list}[0].attributes[\"\"]: \"\" is no name of an attribute; it has 1 to 64 letters, digits, '_', \
                     '.' and '-'"
                ),
                &format!(
                    "$.{list}[0].attributes[\"é\"]: \"é\" is no name of an attribute; it has 1 to 64 letters, digits, \
                     '_', '.' and '-'"
                ),
                &format!(
                    "$.{list}[0].attributes[\"{name}\"...]: \"{name}\"... is no name of an attribute; it has 1 to 64 \
                     letters, digits, '_', '.' and '-'"
                ),
                &format!("$.{list}[0].attributes.price: must be a string, not a number"),
                &format!("$.{list}[0].attributes.long: has 256 characters; the value of an attribute has up to 255"),
            ],
        );
        assert_faults(
            &with("¦[]"),
            &[&format!("$.{list}[0].attributes: must be an object of names and texts, not a list")],
        );
        let many: Vec<String> = (0..MAX_ATTRIBUTES).map(|n| format!("\"a{n}\":\"\"")).collect();
        load(&with(&format!("{{{}}}", many.join(","))));
        assert_faults(
            &with(&format!("¦{{{},\"more\":\"\"}}", many.join(","))),
            &[&format!("$.{list}[0].attributes: has 33 attributes; there may be 32 at most")],
        );
    }
}

#[test]
fn attributes_are_found_by_name_in_any_order() {
    let attributes = Attributes::new([("b", "2"), ("a", "1"), ("c", "")]).expect("they keep the rules");
    assert_eq!((attributes.get("a"), attributes.get("b"), attributes.get("c")), (Some("1"), Some("2"), Some("")));
    assert_eq!((attributes.get("d"), attributes.len()), (None, 3));
    assert_eq!(attributes, Attributes::new([("c", ""), ("b", "2"), ("a", "1")]).expect("the same"));
    assert!(Attributes::default().is_empty());
    let twice = [("a", "1"), ("b", ""), ("a", "1")];
    assert_eq!(check_attributes(twice.into_iter()), Err(AttributeError::Repeated { name: "a".into() }));
    let many: Vec<String> = (0..=MAX_ATTRIBUTES).map(|n| format!("a{n}")).collect();
    let many = check_attributes(many.iter().map(|name| (&**name, "")));
    assert_eq!(many, Err(AttributeError::TooMany { count: 33 }));
}

#[test]
fn an_rcs_agent_has_an_id_without_blanks_and_carries_rcs_alone() {
    for address in ["acme_support", "sip:acme@botplatform.example", "brands/1/agents/2", "é"] {
        let catalog = load(&agent(&format!("\"{address}\""), r#"[{"channel":"RCS","countries":"*"}]"#));
        let sender = &catalog.senders()[0];
        assert_eq!((sender.kind, &*sender.address, sender.number), (SenderType::RcsAgent, address, None));
        assert_eq!(sender.shown(), address);
    }
    load(&agent(&format!("\"{}\"", "x".repeat(128)), "[]"));
    for (address, message) in [
        (String::new(), "is empty; the id of an RCS_AGENT has 1 to 128 characters".to_owned()),
        ("x".repeat(129), "has 129 characters; the id of an RCS_AGENT has 1 to 128".to_owned()),
        ("a b".into(), "\"a b\" has a blank or a hidden character; the id of an RCS_AGENT has none".to_owned()),
    ] {
        assert_faults(&agent(&format!("¦\"{address}\""), "[]"), &[&format!("$.senders[0].sender: {message}")]);
    }
    assert_faults(
        &agent(
            "\"a\"",
            r#"[{"channel":"RCS","countries":"*"},{"channel":¦"SMS","countries":"*"},{"channel":¦"MMS","countries":[]}]"#,
        ),
        &[
            "$.senders[0].coverage[1].channel: must be RCS, not SMS: an RCS_AGENT carries RCS alone",
            "$.senders[0].coverage[2].channel: must be RCS, not MMS: an RCS_AGENT carries RCS alone",
        ],
    );
}

#[test]
fn strategies_act_on_an_rcs_resource_over_rcs_alone() {
    let link = |channel: &str, resource: &str| {
        platform(&format!(
            r#""associations":[{{"resourceType":"RCS_RESOURCE","channel":"{channel}","applicationId":"shop","entityId":null,"resourceId":{resource}}}]"#
        ))
    };
    let catalog = load(&link("RCS", "\"s1\""));
    assert_eq!((catalog.associations().len(), catalog.ignored_associations()), (1, 0));
    assert!(catalog.is_associated(0, Channel::Rcs, 1, None));
    for channel in ["SMS", "MMS", "EMAIL"] {
        let catalog = load(&link(channel, "\"s1\""));
        assert_eq!((catalog.associations().len(), catalog.ignored_associations()), (0, 1), "{channel}");
    }
    let error = faults(&link("RCS", "\"nobody\"")).as_slice()[0].to_string();
    assert!(error.contains("$.associations[0].resourceId: sender \"nobody\" is not in \"senders\""), "{error}");
}

#[test]
fn an_edit_of_each_new_field_is_a_change_that_is_seen() {
    let catalog = load(&sender(r#""weight":1"#));
    for change in [
        r#""weight":2"#,
        r#""messageTypes":["OTP"]"#,
        r#""attributes":{"campaign":"C1"}"#,
        r#""coverage":[{"channel":"SMS","countries":"*","status":"PENDING"}]"#,
    ] {
        let element =
            format!(r#"{{"senderId":"s1","sender":"12345","senderType":"SHORT_CODE","coverage":[],{change}}}"#)
                .replace(r#""coverage":[],"coverage""#, r#""coverage""#);
        let element = serde_json::from_str::<Box<serde_json::value::RawValue>>(&element).expect("JSON");
        let edited = catalog.edit(&[Edit::put(List::Senders, &element)]).expect("sound");
        assert_ne!(edited, catalog, "{change}");
        assert_eq!(catalog.senders().changes(edited.senders(), 10), Some(vec![0]), "{change}");
        let text = serde_json::to_string(&edited.to_json()).expect("JSON");
        assert_eq!(Catalog::from_json(&text).expect("sound"), edited, "{change}");
    }
}

#[test]
fn a_sender_takes_up_to_five_words_more_for_what_most_do_not_have() {
    assert!(size_of::<Sender>() <= 13 * size_of::<usize>(), "{}", size_of::<Sender>());
}

#[test]
fn senders_with_the_same_attributes_share_them() {
    let one = r#""sender":"123","senderType":"SHORT_CODE","coverage":[],"messageTypes":["OTP"],"attributes":{"a":"b"}"#;
    let text = format!(r#"{{"senders":[{{"senderId":"s1",{one}}},{{"senderId":"s2",{one}}}]}}"#);
    let catalog = load(&text);
    let value = |sender: usize| catalog.senders()[sender].attributes.get("a").map(str::as_ptr);
    assert_eq!(value(0), value(1));
    let types = |sender: usize| catalog.senders()[sender].message_types.iter().next().map(str::as_ptr);
    assert_eq!(types(0), types(1));
}
