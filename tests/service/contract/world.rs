//! A small platform to ask about: senders are not made by this API, so it comes from a catalog file.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};

use callsign_tests::service::{Server, folder};

/// Two applications with an entity each, and a sender of every type.
pub(crate) fn catalog() -> Value {
    let number = |id: &str, sender: &str, kind: &str, channels: Value| json!({ "senderId": id, "sender": sender, "senderType": kind, "coverage": channels });
    let sms = |countries: Value| json!([{ "channel": "SMS", "countries": countries }]);
    let link = |application: &str, entity: Value, kind: &str, sender: &str| {
        json!({
            "resourceType": kind, "channel": "SMS", "applicationId": application, "entityId": entity,
            "resourceId": sender,
        })
    };
    json!({
        "applications": [{ "applicationId": "shop", "applicationName": "The shop" }, { "applicationId": "bank" }],
        "entities": [{ "entityId": "acme", "entityName": "Acme" }, { "entityId": "globex" }],
        "senders": [
            number("LONG", "+14155550100", "VIRTUAL_LONG_NUMBER", json!([
                { "channel": "SMS", "countries": ["US", "CA"] }, { "channel": "MMS", "countries": ["US"] },
            ])),
            number("BANKS", "+442079460018", "VIRTUAL_LONG_NUMBER", sms(json!("*"))),
            number("FREE", "+18005550100", "TOLL_FREE_NUMBER", sms(json!(["US"]))),
            number("SHORT", "12345", "SHORT_CODE", sms(json!(["GB"]))),
            number("WORD", "Shop", "ALPHANUMERIC", sms(json!("*"))),
        ],
        "associations": [
            link("shop", json!(null), "NUMBER", "LONG"),
            link("shop", json!("acme"), "NUMBER", "LONG"),
            link("shop", json!("acme"), "ALPHA", "WORD"),
            link("bank", json!("globex"), "NUMBER", "BANKS"),
        ],
        "sendingStrategies": [
            { "sendingStrategyId": "SHOPS", "platform": { "applicationId": "shop" }, "useStickySender": true },
            { "sendingStrategyId": "BANKS", "platform": { "applicationId": "bank", "entityId": "globex" } },
        ],
        "defaultSenders": [{ "platform": { "applicationId": "shop" }, "senderId": "LONG" }],
    })
}

/// A service of that platform.
pub(crate) fn server() -> Server {
    with("")
}

/// The same, with a configuration.
pub(crate) fn with(config: &str) -> Server {
    of(&catalog(), config)
}

/// One service of it for all tests that leave it as it was, for as long as any of them runs.
pub(crate) fn shared() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(with("[rate]\nmanagement_per_second = 0"));
        *shared = Arc::downgrade(&server);
        server
    })
}

/// A service of any platform.
pub(crate) fn of(catalog: &Value, config: &str) -> Server {
    let folder = folder("catalog");
    let file = folder.join("catalog.json");
    std::fs::write(&file, catalog.to_string()).unwrap();
    let server = Server::with_arguments(config, &["--catalog", file.to_str().unwrap()]);
    std::fs::remove_dir_all(folder).unwrap();
    server
}

/// An association of the shop with one of its senders.
pub(crate) fn association(entity: &Value, resource: &str) -> Value {
    json!({
        "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": entity, "resourceId": resource,
    })
}

/// A text as a part of a path or of a query: everything that is not a letter or a digit is escaped.
pub(crate) fn escaped(text: &str) -> String {
    let sign = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(sign).collect()
}

/// The ids in a list of results.
pub(crate) fn ids(list: &Value, name: &str) -> Vec<String> {
    let results = list["results"].as_array().unwrap().iter();
    results.map(|result| result[name].as_str().unwrap().to_owned()).collect()
}
