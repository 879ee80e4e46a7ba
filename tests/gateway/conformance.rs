//! The conformance table through the Rust library.

use std::sync::Arc;

use callsign::{
    Catalog, CatalogError, Channel, Channels, Gateway, MemoryStore, Message, MessageAttributes, MessageType, Policy,
    parse_time,
};
use callsign_tests::conformance::table;
use callsign_tests::platform::patient;
use serde_json::Value;

/// Gives the message of an entry to somebody.
///
/// # Errors
/// The property that is wrong.
fn with<T>(message: &Value, somebody: impl FnOnce(&Message<'_>) -> T) -> Result<T, String> {
    let text = |name: &str| message[name].as_str();
    let channel = |text: &Value, at: String| text.as_str().and_then(Channel::parse).ok_or(at);
    let mut one = match &message["channels"] {
        Value::Null => Message::new(channel(&message["channel"], "channel".into())?, text("to").unwrap()),
        list => {
            let list = list.as_array().unwrap().iter().enumerate();
            let list: Result<Vec<Channel>, String> =
                list.map(|(index, text)| channel(text, format!("channels[{index}]"))).collect();
            let channels = Channels::new(&list?).map_err(|_| "channels")?;
            Message::new(channels.first(), text("to").unwrap()).channels(channels)
        }
    };
    (one.id, one.application, one.entity, one.from) =
        (text("messageId"), text("applicationId"), text("entityId"), text("from"));
    if let Some(word) = text("messageType") {
        one.message_type = Some(MessageType::parse(word).map_err(|_| "messageType")?);
    }
    if let Some(time) = text("sentAt") {
        one.sent_at = Some(parse_time(time).map_err(|_| "sentAt")?);
    }
    let pairs = message["attributes"].as_object().into_iter().flatten();
    let pairs: Vec<(&str, &str)> = pairs.map(|(name, value)| (&**name, value.as_str().unwrap())).collect();
    one.attributes = MessageAttributes::new(&pairs)
        .map_err(|error| error.name().map_or("attributes".into(), |name| format!("attributes.{name}")))?;
    Ok(somebody(&one))
}

fn gateway() -> Gateway {
    let standard = patient(Policy::standard().unwrap());
    Gateway::with(Catalog::from_json(&table().catalog).unwrap(), standard, Arc::new(MemoryStore::new())).unwrap()
}

#[test]
fn every_decision_of_the_conformance_table_is_made_one_by_one() {
    let gateway = gateway();
    for case in table().decisions {
        let decide = |message: &Message<'_>| serde_json::to_value(gateway.resolve(message).get().to_json(message.id));
        case.check(&with(&case.message, decide).unwrap().unwrap());
    }
}

#[test]
fn every_decision_of_the_conformance_table_is_made_in_one_batch() {
    /// Collects the messages of the cases, one in the call of the other.
    fn collect(cases: &[&Value], messages: &mut Vec<Message<'_>>, then: &mut dyn FnMut(&[Message<'_>])) {
        match cases {
            [] => then(messages),
            [first, rest @ ..] => {
                let go_on = |message: &Message<'_>| {
                    let mut messages = messages.clone();
                    messages.push(*message);
                    collect(rest, &mut messages, then);
                };
                with(first, go_on).unwrap();
            }
        }
    }
    let (gateway, mut decided) = (gateway(), 0);
    let cases: Vec<_> = table().decisions.into_iter().filter(|case| !case.is_pinned).collect();
    let messages: Vec<&Value> = cases.iter().map(|case| &case.message).collect();
    collect(&messages, &mut Vec::new(), &mut |messages| {
        let decisions = gateway.resolve_batch(messages);
        for ((case, decision), message) in cases.iter().zip(decisions.iter()).zip(messages) {
            case.check(&serde_json::to_value(decision.to_json(message.id)).unwrap());
            decided += 1;
        }
    });
    assert_eq!(decided, cases.len());
}

#[test]
fn every_wrong_message_of_the_conformance_table_is_refused_with_its_property() {
    for wrong in table().wrong_messages {
        assert_eq!(with(&wrong.message, |_| ()), Err(wrong.at), "{}", wrong.name);
    }
}

#[test]
fn every_wrong_catalog_of_the_conformance_table_is_refused_with_all_its_faults() {
    for wrong in table().wrong_catalogs {
        let faults: Vec<(usize, usize, String)> = match Catalog::from_json(&wrong.text) {
            Err(CatalogError::Faults(faults)) => {
                faults.into_iter().map(|fault| (fault.line, fault.column, fault.path)).collect()
            }
            Err(CatalogError::Syntax { line, column, .. }) => vec![(line, column, "$".into())],
            other => panic!("{}: {other:?}", wrong.name),
        };
        assert_eq!(faults, wrong.faults, "{}", wrong.name);
    }
}
