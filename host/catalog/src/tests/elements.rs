//! The faults of single elements.

use callsign_destination::Number;

use super::{assert_faults, load, platform};

fn application(fields: &str) -> String {
    format!(r#"{{"applications":[{{{fields}}}]}}"#)
}

/// One sender in a line of its own, without the braces of its object.
fn sender(fields: &str) -> String {
    format!("{{\"senders\":[\n{{{fields}}}]}}")
}

/// A sender whose address is marked.
fn addressed(kind: &str, address: &str) -> String {
    sender(&format!(r#""senderId":"s1","coverage":[],"senderType":"{kind}","sender":¦"{address}""#))
}

fn covered(coverage: &str) -> String {
    sender(&format!(r#""senderId":"s1","sender":"123","senderType":"SHORT_CODE","coverage":{coverage}"#))
}

/// One strategy in a line of its own, with these fields beside its id and its platform.
fn strategy(fields: &str) -> String {
    platform(&format!(
        "\"sendingStrategies\":[\n{{\"sendingStrategyId\":\"A\",\"platform\":{{\"applicationId\":\"shop\"}},{fields}}}]"
    ))
}

#[test]
fn a_missing_field_is_reported_at_its_object() {
    assert_faults(
        r#"{"applications":[¦{}]}"#,
        &["$.applications[0]: \"applicationId\" is missing; it is a string of 1 to 255 characters"],
    );
}

#[test]
fn a_required_field_is_not_null() {
    assert_faults(
        &application(r#""applicationId":¦null"#),
        &["$.applications[0].applicationId: must not be null; it is a string of 1 to 255 characters"],
    );
}

#[test]
fn an_unknown_field_is_reported_with_the_known_ones() {
    assert_faults(
        &application(r#""applicationId":"a",¦"colour":{"deep":[1]}"#),
        &["$.applications[0].colour: is not a field here; the fields are applicationId, applicationName, generation, \
           attributes"],
    );
    assert_faults(
        &application(r#""applicationId":"a",¦"a b":1"#),
        &[
            "$.applications[0][\"a b\"]: is not a field here; the fields are applicationId, applicationName, generation, \
           attributes",
        ],
    );
}

#[test]
fn a_misspelled_field_is_not_also_missing() {
    for written in ["applicationID", "application_id", "applicatonId"] {
        assert_faults(
            &application(&format!(r#"¦"{written}":"a""#)),
            &[&format!("$.applications[0].{written}: is not a field here; did you mean \"applicationId\"?")],
        );
    }
}

#[test]
fn the_value_of_a_misspelled_field_is_checked() {
    assert_faults(
        &application(r#"¦"applicationID":¦5"#),
        &[
            "$.applications[0].applicationID: is not a field here; did you mean \"applicationId\"?",
            "$.applications[0].applicationID: must be a string, not a number",
        ],
    );
}

#[test]
fn a_key_given_twice_is_reported_at_the_second() {
    assert_faults(
        &application(r#""applicationId":"a",¦"applicationId":"b""#),
        &["$.applications[0].applicationId: is given twice; keep one of them"],
    );
    assert_faults(
        &covered(r#"[{"channel":"SMS","countries":"*",¦"channel":"SMS"}]"#),
        &["$.senders[0].coverage[0].channel: is given twice; keep one of them"],
    );
}

#[test]
fn strings_must_be_strings() {
    for (value, name) in [("5", "a number"), ("true", "true or false"), ("{}", "an object"), ("[]", "a list")] {
        assert_faults(
            &application(&format!(r#""applicationId":¦{value}"#)),
            &[&format!("$.applications[0].applicationId: must be a string, not {name}")],
        );
    }
}

#[test]
fn an_id_has_1_to_255_characters() {
    load(&application(&format!(r#""applicationId":"{}""#, "é".repeat(255))));
    assert_faults(
        &application(r#""applicationId":¦"""#),
        &["$.applications[0].applicationId: is empty; an id has 1 to 255 characters"],
    );
    assert_faults(
        &application(&format!(r#""applicationId":¦"{}""#, "é".repeat(256))),
        &["$.applications[0].applicationId: has 256 characters; an id has 1 to 255"],
    );
}

#[test]
fn an_id_has_no_control_characters() {
    for (escape, shown) in [("a\\nb", "a\\nb"), ("\\u007f", "\\u{7f}"), ("\\u0085", "\\u{85}")] {
        assert_faults(
            &application(&format!(r#""applicationId":¦"{escape}""#)),
            &[&format!("$.applications[0].applicationId: \"{shown}\" has a control character; take it out")],
        );
    }
}

#[test]
fn a_name_has_up_to_255_characters() {
    load(&application(r#""applicationId":"a","applicationName":"""#));
    assert_faults(
        &format!(r#"{{"entities":[{{"entityId":"a","entityName":¦"{}"}}]}}"#, "x".repeat(256)),
        &["$.entities[0].entityName: has 256 characters; a name has up to 255"],
    );
}

#[test]
fn a_sender_type_is_one_of_five() {
    assert_faults(
        &sender(r#""senderId":"s1","coverage":[],"senderType":¦"SHORTCODE","sender":"junk""#),
        &["$.senders[0].senderType: \"SHORTCODE\" is not one of ALPHANUMERIC, VIRTUAL_LONG_NUMBER, SHORT_CODE, \
           TOLL_FREE_NUMBER, RCS_AGENT; did you mean \"SHORT_CODE\"?"],
    );
}

#[test]
fn a_status_is_active_or_suspended() {
    assert_faults(
        &sender(r#""senderId":"s1","sender":"123","senderType":"SHORT_CODE","coverage":[],"status":¦"PAUSED""#),
        &["$.senders[0].status: \"PAUSED\" is not one of ACTIVE, SUSPENDED"],
    );
}

#[test]
fn long_and_toll_free_numbers_are_e164() {
    load(&addressed("VIRTUAL_LONG_NUMBER", "+49 (30) 1234-567"));
    for kind in ["VIRTUAL_LONG_NUMBER", "TOLL_FREE_NUMBER"] {
        for address in ["", "12345", "+0123456789", "1234567890123456", "1-800-FLOWERS"] {
            let error = Number::parse(address).expect_err("not E.164");
            assert_faults(
                &addressed(kind, address),
                &[&format!("$.senders[0].sender: \"{address}\" is not the number of a {kind}: {error}")],
            );
        }
    }
}

#[test]
fn a_short_code_is_3_to_10_digits() {
    load(&addressed("SHORT_CODE", "123"));
    load(&addressed("SHORT_CODE", "0123456789"));
    for address in ["", "12", "01234567890", "12a", "+123", "१२३"] {
        assert_faults(
            &addressed("SHORT_CODE", address),
            &[&format!("$.senders[0].sender: \"{address}\" is not a short code; a SHORT_CODE is 3 to 10 digits")],
        );
    }
}

#[test]
fn an_alphanumeric_sender_has_1_to_11_characters_of_the_gsm_set_and_a_letter() {
    load(&addressed("ALPHANUMERIC", "A"));
    load(&addressed("ALPHANUMERIC", "Booking.com"));
    for (address, fault) in [
        ("", "is empty; an ALPHANUMERIC sender has 1 to 11 characters"),
        ("Zeus The Mighty", "has 15 characters; an ALPHANUMERIC sender has 1 to 11"),
        ("VERIFY ", "\"VERIFY \" has a blank at its end; write \"VERIFY\""),
        ("12345", "\"12345\" has no letter; an ALPHANUMERIC sender has at least one"),
        (
            "Café",
            "\"Café\" has \"é\", which not all networks show; an ALPHANUMERIC sender has letters from A to Z, digits, \
             blanks and !\"#$%&'()*+,-./:;<=>?@_",
        ),
    ] {
        assert_faults(&addressed("ALPHANUMERIC", address), &[&format!("$.senders[0].sender: {fault}")]);
    }
}

#[test]
fn coverage_lists_channels_and_countries() {
    assert_faults(
        &covered(r#"[¦"SMS",{"channel":¦"EMAIL","countries":[]},¦¦{}]"#),
        &[
            "$.senders[0].coverage[0]: must be an object, not a string",
            "$.senders[0].coverage[1].channel: \"EMAIL\" is not one of SMS, MMS, RCS",
            "$.senders[0].coverage[2]: \"channel\" is missing; it is SMS, MMS or RCS",
            "$.senders[0].coverage[2]: \"countries\" is missing; it is \"*\" for every country, or a list of \
             country codes",
        ],
    );
}

#[test]
fn countries_are_a_star_or_a_list() {
    assert_faults(
        &covered(r#"[{"channel":"SMS","countries":¦"US"},{"channel":"MMS","countries":¦true}]"#),
        &[
            "$.senders[0].coverage[0].countries: \"US\" is neither \"*\" nor a list; put country codes in a list",
            "$.senders[0].coverage[1].countries: must be \"*\" or a list of country codes, not true or false",
        ],
    );
}

#[test]
fn a_country_is_known_and_in_upper_case() {
    assert_faults(
        &covered(r#"[{"channel":"SMS","countries":[¦"us",¦"ZZ",¦"UK",¦"USA",¦1]}]"#),
        &[
            "$.senders[0].coverage[0].countries[0]: country \"us\" is written \"US\"",
            "$.senders[0].coverage[0].countries[1]: country \"ZZ\" is not known; a country is its two \
             upper-case letters of ISO 3166-1, such as \"US\"",
            "$.senders[0].coverage[0].countries[2]: country \"UK\" is not known; the United Kingdom is \"GB\"",
            "$.senders[0].coverage[0].countries[3]: country \"USA\" is not known; a country is its two \
             upper-case letters of ISO 3166-1, such as \"US\"",
            "$.senders[0].coverage[0].countries[4]: must be a string, not a number",
        ],
    );
}

#[test]
fn repeated_countries_and_channels_are_harmless() {
    load(&covered(r#"[{"channel":"SMS","countries":["US","US"]},{"channel":"SMS","countries":["US"]}]"#));
}

#[test]
fn a_strategy_needs_an_id_and_a_platform() {
    assert_faults(
        r#"{"sendingStrategies":[¦¦{},{"sendingStrategyId":"A","platform":¦{}}]}"#,
        &[
            "$.sendingStrategies[0]: \"sendingStrategyId\" is missing; it is a string of 1 to 255 characters",
            "$.sendingStrategies[0]: \"platform\" is missing; it is an object with \"applicationId\" and, for an \
             entity of it, \"entityId\"",
            "$.sendingStrategies[1].platform: \"applicationId\" is missing; it is an id of \"applications\", or \
             \"default\"",
        ],
    );
}

#[test]
fn the_channel_of_a_strategy_is_one_that_messages_have() {
    assert_faults(
        &strategy(r#""channel":¦"sms""#),
        &["$.sendingStrategies[0].channel: \"sms\" is not one of SMS, MMS, RCS; did you mean \"SMS\"?"],
    );
    assert_faults(
        &strategy(r#""channel":¦"EMAIL""#),
        &["$.sendingStrategies[0].channel: \"EMAIL\" is not one of SMS, MMS, RCS"],
    );
}

#[test]
fn a_strategy_has_one_country_or_a_list_of_them() {
    assert_faults(
        &strategy(r#""destinationCountryCode":"US","destinationCountryCodes":¦["CA"]"#),
        &["$.sendingStrategies[0].destinationCountryCodes: stands beside \"destinationCountryCode\"; keep one of \
           the two"],
    );
}

#[test]
fn an_empty_list_allows_nothing() {
    let message = "is empty, and an empty list allows nothing: leave it out to allow all";
    assert_faults(
        &strategy(r#""destinationCountryCodes":¦[],"senderIds":¦[]"#),
        &[
            &format!("$.sendingStrategies[0].destinationCountryCodes: {message}"),
            &format!("$.sendingStrategies[0].senderIds: {message}"),
        ],
    );
}

#[test]
fn switches_are_true_or_false() {
    load(&strategy(r#""useStickySender":null"#));
    assert_faults(
        &strategy(r#""useStickySender":¦"yes","useGeolocatedSender":¦1"#),
        &[
            "$.sendingStrategies[0].useStickySender: must be true or false, not a string",
            "$.sendingStrategies[0].useGeolocatedSender: must be true or false, not a number",
        ],
    );
}

#[test]
fn a_priority_is_a_whole_number_from_1_to_4() {
    for (priority, shown) in [
        ("0", "0"),
        ("5", "5"),
        ("-1", "-1"),
        ("1.0", "1.0"),
        ("1e0", "1e0"),
        ("99999999999999999999999", "99999999999999999999999"),
        ("\"1\"", "a string"),
        ("true", "true or false"),
        ("{}", "an object"),
    ] {
        assert_faults(
            &strategy(&format!(r#""priorities":[{{"senderType":"SHORT_CODE","priority":¦{priority}}}]"#)),
            &[&format!(
                "$.sendingStrategies[0].priorities[0].priority: must be a whole number from 1 (best) to 4, not {shown}"
            )],
        );
    }
}

#[test]
fn a_sender_type_has_one_priority() {
    assert_faults(
        &strategy(
            r#""priorities":[{"senderType":"SHORT_CODE","priority":1},{"senderType":¦"SHORT_CODE","priority":1}]"#,
        ),
        &["$.sendingStrategies[0].priorities[1].senderType: SHORT_CODE is named twice; a type has one priority"],
    );
}
