//! Many faults at once: the complete list, in the order of the file.

use callsign_destination::Number;

use super::faults;

const TEXT: &str = r#"{
  "colours": [],
  "applications": [
    {"applicationId": "shop", "applicationId": "shop"},
    {"applicationId": "shop"}
  ],
  "entities": [
    {"entityId": "acme", "entityname": "Acmé"},
    "globex"
  ],
  "senders": [
    {"senderId": "é1", "sender": "+14155550123", "senderType": "VIRTUAL_LONG_NUMBER", "coverage": "*"},
    {"senderId": "s2", "sender": "555", "senderType": "TOLL_FREE_NUMBER",
     "coverage": [{"channel": "SMS", "countries": ["US", "us"]}, {"channel": "sms"}], "status": "ON"},
    {"senderId": "s3", "sender": "12", "senderType": "SHORT_CODE", "coverage": []}
  ],
  "associations": [
    {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "s2"},
    {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "s2"},
    {"resourceType": "NUMBER", "channel": "FAX", "applicationId": "shop", "resourceId": "s9"}
  ],
  "sendingStrategies": [
    {"sendingStrategyId": "A", "platform": {"applicationId": "shop"}, "destinationCountryCodes": ["US", "CA"]},
    {"sendingStrategyId": "A", "platform": {"applicationId": "shop"}, "destinationCountryCode": "US",
     "priorities": [{"senderType": "SHORT_CODE", "priority": 9}], "senderIds": ["s2", "s8"]}
  ],
  "defaultSenders": [
    {"platform": {"applicationId": "shop"}, "senderId": "s3"},
    {"platform": {"applicationId": "shop"}, "senderId": "s7"}
  ]
}"#;

#[test]
fn every_fault_is_reported_with_its_place() {
    let found: Vec<String> = faults(TEXT).iter().map(ToString::to_string).collect();
    let number = Number::parse("555").expect_err("too few digits");
    assert_eq!(
        found,
        [
            "2:3: $.colours: is not a field here; the fields are applications, entities, senders, associations, \
             sendingStrategies, defaultSenders",
            "4:31: $.applications[0].applicationId: is given twice; keep one of them",
            "5:23: $.applications[1].applicationId: \"shop\" is the id of $.applications[0] already; ids are unique",
            "8:26: $.entities[0].entityname: is not a field here; did you mean \"entityName\"?",
            "9:5: $.entities[1]: must be an object, not a string",
            "12:99: $.senders[0].coverage: must be a list, not a string",
            &format!("13:34: $.senders[1].sender: \"555\" is not the number of a TOLL_FREE_NUMBER: {number}"),
            "14:58: $.senders[1].coverage[0].countries[1]: country \"us\" is written \"US\"",
            "14:66: $.senders[1].coverage[1]: \"countries\" is missing; it is \"*\" for every country, or a list of \
             country codes",
            "14:78: $.senders[1].coverage[1].channel: \"sms\" is not one of SMS, MMS, RCS; did you mean \"SMS\"?",
            "14:97: $.senders[1].status: \"ON\" is not one of ACTIVE, SUSPENDED",
            "15:34: $.senders[2].sender: \"12\" is not a short code; a SHORT_CODE is 3 to 10 digits",
            "19:5: $.associations[1]: says the same as $.associations[0]; keep one of them",
            "20:5: $.associations[2]: \"entityId\" is missing; it is an id of \"entities\", or null for no entity",
            "20:43: $.associations[2].channel: \"FAX\" is not one of SMS, MMS, EMAIL, WHATSAPP, RCS, APPLE",
            "20:89: $.associations[2].resourceId: sender \"s9\" is not in \"senders\"; add it there, or name one \
             that is",
            "24:5: $.sendingStrategies[1]: ties with \"A\" ($.sendingStrategies[0]) for US: both have the same scope \
             and \
             channel; give them countries that do not meet, or keep one of them",
            "24:27: $.sendingStrategies[1].sendingStrategyId: \"A\" is the id of $.sendingStrategies[0] already; ids \
             are \
             unique",
            "25:62: $.sendingStrategies[1].priorities[0].priority: must be a whole number from 1 (best) to 4, not 9",
            "25:87: $.sendingStrategies[1].senderIds[1]: sender \"s8\" is not in \"senders\"; add it there, or name \
             one \
             that is",
            "29:18: $.defaultSenders[1].platform: has its default sender in $.defaultSenders[0] already; keep one of \
             them",
            "29:57: $.defaultSenders[1].senderId: sender \"s7\" is not in \"senders\"; add it there, or name one \
             that is",
        ],
    );
}

#[test]
fn a_fault_has_its_parts_as_values() {
    let faults = faults(TEXT);
    let fault = &faults.as_slice()[7];
    assert_eq!(fault.path, "$.senders[1].coverage[0].countries[1]");
    assert_eq!((fault.line, fault.column), (14, 58));
    assert_eq!(fault.message, "country \"us\" is written \"US\"");
    assert_eq!((faults.total(), faults.omitted()), (22, 0));
    assert_eq!(faults.into_iter().count(), 22);
}
