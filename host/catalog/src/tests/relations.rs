//! The faults that only show between elements.

use super::{assert_faults, load, platform};

fn strategies(list: &str) -> String {
    platform(&format!("\"sendingStrategies\":[\n{list}]"))
}

fn associations(list: &str) -> String {
    platform(&format!("\"associations\":[\n{list}]"))
}

#[test]
fn an_id_given_twice_names_the_first() {
    assert_faults(
        r#"{"applications":[{"applicationId":"a"},{"applicationId":"default"},{"applicationId":¦"a"}],
"entities":[{"entityId":"e"},{"entityId":¦"\u0065"}],
"senders":[{"senderId":"s","sender":"123","senderType":"SHORT_CODE","coverage":[]},
{"senderId":¦"s","sender":"456","senderType":"SHORT_CODE","coverage":[]}],
"sendingStrategies":[{"sendingStrategyId":"x","platform":{"applicationId":"a"}},
{"sendingStrategyId":¦"x","platform":{"applicationId":"default"}}]}"#,
        &[
            "$.applications[2].applicationId: \"a\" is the id of $.applications[0] already; ids are unique",
            "$.entities[1].entityId: \"e\" is the id of $.entities[0] already; ids are unique",
            "$.senders[1].senderId: \"s\" is the id of $.senders[0] already; ids are unique",
            "$.sendingStrategies[1].sendingStrategyId: \"x\" is the id of $.sendingStrategies[0] already; ids are \
             unique",
        ],
    );
}

#[test]
fn the_entity_of_an_association_must_be_there() {
    assert_faults(
        &associations(r#"¦{"resourceType":"NUMBER","channel":"SMS","applicationId":"shop","resourceId":"s1"}"#),
        &["$.associations[0]: \"entityId\" is missing; it is an id of \"entities\", or null for no entity"],
    );
}

#[test]
fn resource_types_and_channels_are_those_of_the_contract() {
    assert_faults(
        &associations(
            r#"{"resourceType":¦"NUMBERS","channel":¦"TELEX","applicationId":"shop","entityId":null,"resourceId":"s1"}"#,
        ),
        &[
            "$.associations[0].resourceType: \"NUMBERS\" is not one of NUMBER, ALPHA, DOMAIN, RCS_RESOURCE, \
             APPLE_RESOURCE; did you mean \"NUMBER\"?",
            "$.associations[0].channel: \"TELEX\" is not one of SMS, MMS, EMAIL, WHATSAPP, RCS, APPLE",
        ],
    );
}

#[test]
fn an_association_refers_to_what_is_listed() {
    assert_faults(
        &associations(
            r#"{"resourceType":"ALPHA","channel":"WHATSAPP","applicationId":¦"Shop","entityId":¦"","resourceId":¦"s2"}"#,
        ),
        &[
            "$.associations[0].applicationId: application \"Shop\" is not in \"applications\"; add it there, or \
             name one that is",
            "$.associations[0].entityId: entity \"\" is not in \"entities\"; add it there, or name one that is",
            "$.associations[0].resourceId: sender \"s2\" is not in \"senders\"; add it there, or name one that is",
        ],
    );
}

#[test]
fn other_resources_are_not_looked_for() {
    load(&associations(
        r#"{"resourceType":"DOMAIN","channel":"EMAIL","applicationId":"shop","entityId":null,"resourceId":"a.example"}"#,
    ));
}

#[test]
fn the_resource_type_need_not_fit_the_sender() {
    load(&associations(
        r#"{"resourceType":"ALPHA","channel":"SMS","applicationId":"shop","entityId":null,"resourceId":"s1"},
{"resourceType":"NUMBER","channel":"SMS","applicationId":"shop","entityId":null,"resourceId":"s1"}"#,
    ));
}

#[test]
fn an_association_given_twice_names_the_first() {
    let one = r#"{"resourceType":"NUMBER","channel":"SMS","applicationId":"shop","entityId":"acme","resourceId":"s1"}"#;
    let two = r#"{"resourceType":"DOMAIN","channel":"EMAIL","applicationId":"shop","entityId":null,"resourceId":"d"}"#;
    assert_faults(
        &associations(&format!("{one},\n{two},\n¦{two},\n¦{one}")),
        &[
            "$.associations[2]: says the same as $.associations[1]; keep one of them",
            "$.associations[3]: says the same as $.associations[0]; keep one of them",
        ],
    );
    load(&associations(&[one, &one.replace("\"acme\"", "null"), &one.replace("SMS", "MMS")].join(",")));
}

#[test]
fn an_association_with_a_fault_of_its_own_is_still_given_twice() {
    let one = r#"{"resourceType":"NUMBER","channel":"SMS","applicationId":"shop","entityId":null,"resourceId":"s1"}"#;
    let two = one.replace('}', r#",¦"x":1}"#);
    assert_faults(
        &associations(&format!("{one},\n¦{two}")),
        &[
            "$.associations[1]: says the same as $.associations[0]; keep one of them",
            "$.associations[1].x: is not a field here; the fields are resourceType, channel, applicationId, \
             entityId, resourceId",
        ],
    );
}

#[test]
fn strategies_and_default_senders_refer_to_what_is_listed() {
    assert_faults(
        &platform(
            r#""sendingStrategies":[
{"sendingStrategyId":"A","platform":{"applicationId":¦"x","entityId":¦"y"},"senderIds":["s1",¦"z"]}],
"defaultSenders":[
{"platform":{"applicationId":¦"x","entityId":¦"y"},"senderId":¦"z"}]"#,
        ),
        &[
            "$.sendingStrategies[0].platform.applicationId: application \"x\" is not in \"applications\"; add it \
             there, or name one that is",
            "$.sendingStrategies[0].platform.entityId: entity \"y\" is not in \"entities\"; add it there, or name \
             one that is",
            "$.sendingStrategies[0].senderIds[1]: sender \"z\" is not in \"senders\"; add it there, or name one \
             that is",
            "$.defaultSenders[0].platform.applicationId: application \"x\" is not in \"applications\"; add it \
             there, or name one that is",
            "$.defaultSenders[0].platform.entityId: entity \"y\" is not in \"entities\"; add it there, or name one \
             that is",
            "$.defaultSenders[0].senderId: sender \"z\" is not in \"senders\"; add it there, or name one that is",
        ],
    );
}

#[test]
fn a_platform_has_one_default_sender() {
    assert_faults(
        &platform(
            r#""defaultSenders":[
{"platform":{"applicationId":"shop"},"senderId":"s1"},
{"platform":{"applicationId":"shop","entityId":"acme"},"senderId":"s1"},
{"senderId":"s1","platform":¦{"applicationId":"shop","entityId":null}}]"#,
        ),
        &["$.defaultSenders[2].platform: has its default sender in $.defaultSenders[0] already; keep one of them"],
    );
}

#[test]
fn strategies_without_countries_tie_for_every_country() {
    assert_faults(
        &strategies(
            r#"{"sendingStrategyId":"A","platform":{"applicationId":"shop"},"channel":"SMS"},
¦{"sendingStrategyId":"B","platform":{"applicationId":"shop","entityId":null},"channel":"SMS"}"#,
        ),
        &["$.sendingStrategies[1]: ties with \"A\" ($.sendingStrategies[0]) for every country: both have the same \
           scope and channel; give them countries that do not meet, or keep one of them"],
    );
}

#[test]
fn strategies_tie_for_the_countries_that_both_name() {
    assert_faults(
        &strategies(
            r#"{"sendingStrategyId":"A","platform":{"applicationId":"shop"},"destinationCountryCode":"US"},
{"sendingStrategyId":"B","platform":{"applicationId":"shop"},"destinationCountryCodes":["DE","FR","IT"]},
¦¦{"sendingStrategyId":"C","platform":{"applicationId":"shop"},"destinationCountryCodes":["US","IT","FR","DE","GB"]}"#,
        ),
        &[
            "$.sendingStrategies[2]: ties with \"A\" ($.sendingStrategies[0]) for US: both have the same scope and \
             channel; give them countries that do not meet, or keep one of them",
            "$.sendingStrategies[2]: ties with \"B\" ($.sendingStrategies[1]) for DE and 2 more countries: both \
             have the same scope and channel; give them countries that do not meet, or keep one of them",
        ],
    );
}

#[test]
fn a_more_specific_strategy_does_not_tie() {
    load(&strategies(
        r#"{"sendingStrategyId":"A","platform":{"applicationId":"shop"}},
{"sendingStrategyId":"B","platform":{"applicationId":"shop"},"channel":"SMS"},
{"sendingStrategyId":"C","platform":{"applicationId":"shop"},"destinationCountryCode":"US"},
{"sendingStrategyId":"D","platform":{"applicationId":"shop"},"channel":"SMS","destinationCountryCode":"US"},
{"sendingStrategyId":"E","platform":{"applicationId":"shop"},"channel":"SMS","destinationCountryCode":"CA"},
{"sendingStrategyId":"F","platform":{"applicationId":"shop","entityId":"acme"}},
{"sendingStrategyId":"G","platform":{"applicationId":"default"}}"#,
    ));
}

#[test]
fn a_strategy_that_cannot_be_read_whole_ties_only_for_what_can() {
    assert_faults(
        &strategies(
            r#"{"sendingStrategyId":"A","platform":{"applicationId":"shop"}},
{"sendingStrategyId":"B","platform":{"applicationId":"shop"},"channel":¦"TELEX"},
{"sendingStrategyId":"C","platform":{"applicationId":"shop"},"destinationCountryCodes":¦"US"},
{"sendingStrategyId":"D","platform":{"applicationId":"shop"},"destinationCountryCodes":["FR",¦"fr"]},
¦{"sendingStrategyId":"E","platform":{"applicationId":"shop"},"destinationCountryCodes":["FR"]}"#,
        ),
        &[
            "$.sendingStrategies[1].channel: \"TELEX\" is not one of SMS, MMS, RCS",
            "$.sendingStrategies[2].destinationCountryCodes: must be a list, not a string",
            "$.sendingStrategies[3].destinationCountryCodes[1]: country \"fr\" is written \"FR\"",
            "$.sendingStrategies[4]: ties with \"D\" ($.sendingStrategies[3]) for FR: both have the same scope and \
             channel; give them countries that do not meet, or keep one of them",
        ],
    );
}

#[test]
fn a_reference_to_an_element_with_a_fault_is_no_fault() {
    assert_faults(
        r#"{"senders":[¦¦¦{"senderId":"s1"},{¦"senderID":"s2","sender":¦"1","senderType":"SHORT_CODE","coverage":[]}],
"associations":[
{"resourceType":"NUMBER","channel":"SMS","applicationId":"default","entityId":null,"resourceId":"s1"},
{"resourceType":"NUMBER","channel":"SMS","applicationId":"default","entityId":null,"resourceId":"s2"},
{"resourceType":"NUMBER","channel":"SMS","applicationId":"default","entityId":null,"resourceId":¦"s3"}]}"#,
        &[
            "$.senders[0]: \"sender\" is missing; it is the number, the code or the name that messages come from",
            "$.senders[0]: \"senderType\" is missing; it is ALPHANUMERIC, VIRTUAL_LONG_NUMBER, SHORT_CODE, \
             TOLL_FREE_NUMBER or RCS_AGENT",
            "$.senders[0]: \"coverage\" is missing; it is a list of {\"channel\", \"countries\"}",
            "$.senders[1].senderID: is not a field here; did you mean \"senderId\"?",
            "$.senders[1].sender: \"1\" is not a short code; a SHORT_CODE is 3 to 10 digits",
            "$.associations[2].resourceId: sender \"s3\" is not in \"senders\"; add it there, or name one that is",
        ],
    );
}

#[test]
fn references_are_not_doubted_while_an_id_cannot_be_read() {
    assert_faults(
        r#"{"applications":¦{},"entities":[{"entityId":¦7}],
"sendingStrategies":[{"sendingStrategyId":"A","platform":{"applicationId":"shop","entityId":"acme"}}]}"#,
        &["$.applications: must be a list, not an object", "$.entities[0].entityId: must be a string, not a number"],
    );
}

#[test]
fn references_are_not_doubted_while_an_id_is_ambiguous() {
    assert_faults(
        r#"{"entities":[{"entityId":"acme",¦"entityId":"globex"},{"entityId":"initech",¦"entityId":"initech"}],
"sendingStrategies":[
{"sendingStrategyId":"A","platform":{"applicationId":"default","entityId":"globex"}},
{"sendingStrategyId":"B","platform":{"applicationId":"default","entityId":"initech"}}]}"#,
        &[
            "$.entities[0].entityId: is given twice; keep one of them",
            "$.entities[1].entityId: is given twice; keep one of them",
        ],
    );
}

#[test]
fn what_cannot_be_understood_does_not_tie() {
    assert_faults(
        r#"{"sendingStrategies":[
{"sendingStrategyId":"A","platform":{"applicationId":"default"}},
{"sendingStrategyId":"B","platform":{"applicationId":"default"},¦"region":"US"},
{"sendingStrategyId":"C","platform":{"applicationId":"default",¦"customer":"acme"}},
{"sendingStrategyId":"D","platform":{"applicationId":"default"},"channel":null,¦"channel":"SMS"},
{"sendingStrategyId":"E","platform":{"applicationId":"default"},¦"chanel":"SMS"}]}"#,
        &[
            "$.sendingStrategies[1].region: is not a field here; the fields are sendingStrategyId, platform, channel, \
             destinationCountryCode, destinationCountryCodes, useStickySender, stickyIdleDays, useGeolocatedSender, \
             priorities, senderIds, skipUnhealthySenders",
            "$.sendingStrategies[2].platform.customer: is not a field here; the fields are applicationId, entityId",
            "$.sendingStrategies[3].channel: is given twice; keep one of them",
            "$.sendingStrategies[4].chanel: is not a field here; did you mean \"channel\"?",
        ],
    );
}
