//! A decision as a line of the output.
//!
//! Gives the same bytes as `DecisionRef::to_json`. Strings without escapes, which are nearly all, are copied without
//! the serializer.

use callsign::DecisionRef;

use super::batch::Fault;

/// The code for a line that is not a message.
pub(super) const INVALID_MESSAGE: &str = "INVALID_MESSAGE";

/// Appends the line of a decision.
pub(super) fn write(out: &mut Vec<u8>, message_id: Option<&str>, decision: &DecisionRef<'_>) {
    if decision.channel().is_some() {
        // With fallbacks, which are rare.
        let _ = serde_json::to_writer(&mut *out, &decision.to_json(message_id));
        out.push(b'\n');
        return;
    }
    start(out, message_id);
    if let Some(refusal) = decision.refusal() {
        out.extend_from_slice(b"\"refusal\":{\"code\":");
        write_text(out, refusal.code());
        out.extend_from_slice(b",\"message\":");
        write_display(out, format_args!("{refusal}"));
        out.push(b'}');
    } else if let (Some(sender), Some(step)) = (decision.sender(), decision.step()) {
        out.extend_from_slice(b"\"sender\":");
        write_text(out, &sender.shown());
        out.extend_from_slice(b",\"senderId\":");
        write_text(out, &sender.id);
        out.extend_from_slice(b",\"senderType\":\"");
        out.extend_from_slice(sender.kind.as_str().as_bytes());
        out.extend_from_slice(b"\",\"step\":\"");
        out.extend_from_slice(step.as_str().as_bytes());
        out.push(b'"');
        if let Some(strategy) = decision.strategy() {
            out.extend_from_slice(b",\"strategyId\":");
            write_text(out, &strategy.id);
        }
        out.extend_from_slice(b",\"policy\":");
        write_text(out, decision.policy());
    }
    out.extend_from_slice(b"}\n");
}

/// Appends the line for an input line that is not a message.
pub(super) fn write_fault(out: &mut Vec<u8>, fault: &Fault) {
    start(out, fault.message_id.as_deref());
    out.extend_from_slice(b"\"refusal\":{\"code\":\"");
    out.extend_from_slice(INVALID_MESSAGE.as_bytes());
    out.extend_from_slice(b"\",\"message\":");
    write_display(out, format_args!("line {}: {}", fault.line, fault.message));
    out.extend_from_slice(b"}}\n");
}

fn start(out: &mut Vec<u8>, message_id: Option<&str>) {
    out.push(b'{');
    if let Some(id) = message_id {
        out.extend_from_slice(b"\"messageId\":");
        write_text(out, id);
        out.push(b',');
    }
}

/// Appends a JSON string.
fn write_text(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        write_display(out, format_args!("{text}"));
    }
}

/// Whether no byte needs an escape; bytes over 0x7f need none. In blocks without an early exit, so that the compiler
/// vectorizes it.
fn is_plain(bytes: &[u8]) -> bool {
    let special = |any, &byte: &u8| any | (byte < b' ') | (byte == b'"') | (byte == b'\\');
    let (blocks, rest) = bytes.as_chunks::<16>();
    !blocks.iter().any(|block| block.iter().fold(false, special)) && !rest.iter().fold(false, special)
}

fn write_display(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing a string to memory cannot fail.
    let _ = serde_json::to_writer(out, &text);
}

#[cfg(test)]
mod tests {
    use callsign::{Catalog, Channel, Gateway, Message};

    use super::*;

    const CATALOG: &str = r#"{
        "applications": [{"applicationId": "shop"}],
        "senders": [
            {"senderId": "S\"1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER",
             "coverage": [{"channel": "SMS", "countries": ["US"]}]},
            {"senderId": "S2", "sender": "Cafe", "senderType": "ALPHANUMERIC",
             "coverage": [{"channel": "SMS", "countries": "*"}, {"channel": "RCS", "countries": "*"}]}],
        "associations": [{"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
                          "resourceId": "S\"1"}],
        "sendingStrategies": [{"sendingStrategyId": "GENERAL \\ \u00e9", "platform": {"applicationId": "shop"},
                               "channel": "SMS", "useStickySender": true, "useGeolocatedSender": true}],
        "defaultSenders": [{"platform": {"applicationId": "shop"}, "senderId": "S2"}]
    }"#;

    /// The same bytes as the library's own serializer gives, for every kind of decision and every character.
    #[test]
    fn lines_are_what_the_serializer_gives() {
        let gateway = Gateway::new(Catalog::from_json(CATALOG).expect("a catalog")).expect("a gateway");
        let message = |to, from: Option<&'static str>, channel, application| {
            let mut message = Message::new(channel, to);
            (message.from, message.application) = (from, application);
            message
        };
        let shop = Some("shop");
        let messages = [
            message("+14155550123", None, Channel::Sms, shop),
            message("+14155550123", None, Channel::Sms, shop),
            message("+12125550123", None, Channel::Sms, shop),
            message("+442079460018", None, Channel::Sms, shop),
            message("+442079460018", Some("Cafe"), Channel::Rcs, shop),
            message("+442079460018", Some("nobody"), Channel::Sms, shop),
            message("+442079460018", Some("Cafe"), Channel::Mms, shop),
            message("+442079460018", None, Channel::Rcs, shop),
            message("+442079460018", None, Channel::Sms, None),
            message("junk \" \u{1}", None, Channel::Sms, shop),
        ];
        let decisions = gateway.resolve_batch(&messages);
        let every: String = (0..0x180).filter_map(char::from_u32).chain("\u{2028}\u{fffd}\u{1f600}".chars()).collect();
        let mut steps = std::collections::BTreeSet::new();
        for id in [None, Some(""), Some("m1"), Some("a\"b"), Some("\u{7f}\u{80}"), Some(&*every)] {
            for decision in decisions.iter() {
                let mut line = Vec::new();
                write(&mut line, id, &decision);
                let expected = serde_json::to_string(&decision.to_json(id)).expect("serializes") + "\n";
                assert_eq!(String::from_utf8(line).expect("UTF-8"), expected);
                steps.insert(
                    decision
                        .refusal()
                        .map_or_else(|| decision.step().map_or("", |step| step.as_str()), |r| r.code())
                        .to_owned(),
                );
            }
        }
        assert!(steps.len() >= 8, "{steps:?}");
    }

    #[test]
    fn a_fault_names_its_line() {
        let mut line = Vec::new();
        let fault = Fault { before: 0, line: 17, message_id: Some("m\"1".into()), message: "not \"this\"".into() };
        write_fault(&mut line, &fault);
        let value: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
        let refusal = serde_json::json!({"code": "INVALID_MESSAGE", "message": "line 17: not \"this\""});
        assert_eq!(value, serde_json::json!({"messageId": "m\"1", "refusal": refusal}));
    }
}
