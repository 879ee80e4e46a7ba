//! An explanation for programs.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::{Explanation, pinned, words};
use crate::time::time_text;
use callsign_engine::explain::Trace;
use callsign_index::DEFAULT_APPLICATION;

pub(super) fn write<S: Serializer>(explanation: &Explanation, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("message", &message(explanation))?;
    if let Some(destination) = &explanation.destination {
        let mut value = json!({"number": destination.number.to_string(), "country": destination.country.as_str()});
        if let Some(code) = destination.area_code {
            value["areaCode"] = code.get().into();
        }
        map.serialize_entry("destination", &value)?;
    }
    if let Some((scope, trace)) = &explanation.trace {
        map.serialize_entry("strategies", &strategies(explanation, *scope, trace))?;
        if let Some(pin) = trace.pin {
            let sender = pinned(explanation, *scope, pin).map(|sender| json!({"senderId": &*sender.id}));
            map.serialize_entry("pin", &sender)?;
        }
        map.serialize_entry("stages", &Stages(explanation, *scope, trace))?;
        map.serialize_entry("senders", &Senders(explanation, *scope, trace))?;
        if explanation.is_cut {
            map.serialize_entry("cut", "the policy said more than the scope has, and the rest was cut off")?;
        }
    }
    if !explanation.registered.is_empty() {
        let all = explanation.snapshot.revision.catalog().senders();
        let ids: Vec<&str> = explanation.registered.iter().map(|&index| &*all[index as usize].id).collect();
        map.serialize_entry("registered", &ids)?;
    }
    map.serialize_entry("pins", &explanation.pins)?;
    map.serialize_entry("decision", &Decision(explanation))?;
    if let Some(others) = &explanation.others {
        map.serialize_entry("otherChannels", &OtherChannels(others))?;
    }
    map.end()
}

/// The explanations of the other channels of a message, in order of preference.
struct OtherChannels<'a>(&'a super::OtherChannels);

impl Serialize for OtherChannels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.before.iter().chain(&self.0.after))
    }
}

struct Decision<'a>(&'a Explanation);

impl Serialize for Decision<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.decision().to_json(None).serialize(serializer)
    }
}

fn message(explanation: &Explanation) -> Value {
    let attributes = explanation.message.attributes();
    let message = explanation.message.get(&attributes);
    let mut map = Map::new();
    map.insert("applicationId".into(), message.application.unwrap_or(DEFAULT_APPLICATION).into());
    if let Some(entity) = message.entity {
        map.insert("entityId".into(), entity.into());
    }
    map.insert("channel".into(), message.channel.as_str().into());
    map.insert("to".into(), message.to.into());
    if let Some(from) = message.from {
        map.insert("from".into(), from.into());
    }
    if let Some(message_type) = message.message_type {
        map.insert("messageType".into(), message_type.as_str().into());
    }
    if let Some(sent_at) = message.sent_at.and_then(time_text) {
        map.insert("sentAt".into(), sent_at.into());
    }
    if !message.attributes.is_empty() {
        let attributes: Map<String, Value> =
            message.attributes.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        map.insert("attributes".into(), attributes.into());
    }
    Value::Object(map)
}

fn strategies(explanation: &Explanation, scope: u32, trace: &Trace) -> Value {
    let notes = trace.strategies.iter().filter_map(|note| {
        let (strategy, entity_level) = explanation.strategy(scope, note.strategy)?;
        let (code, words) = words::strategy(note.verdict);
        let mut value = json!({
            "strategyId": &*strategy.id,
            "level": if entity_level { "ENTITY" } else { "APPLICATION" },
            "verdict": code,
            "reason": words,
        });
        if let Some(channel) = strategy.channel {
            value["channel"] = channel.as_str().into();
        }
        if let Some(countries) = &strategy.countries {
            value["destinationCountryCodes"] = countries.iter().map(|country| country.as_str()).collect();
        }
        Some(value)
    });
    notes.collect()
}

/// The senders left after each step, one after the other: a scope may have many.
struct Stages<'a>(&'a Explanation, u32, &'a Trace);

impl Serialize for Stages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Step<'a> {
            step: &'static str,
            left: Left<'a>,
        }
        let &Self(explanation, scope, trace) = self;
        let stages = trace
            .stages
            .iter()
            .map(|stage| Step { step: words::narrowing(stage.step).0, left: Left(explanation, scope, &stage.left) });
        serializer.collect_seq(stages)
    }
}

struct Left<'a>(&'a Explanation, u32, &'a [u32]);

impl Serialize for Left<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let &Self(explanation, scope, handles) = self;
        let senders = handles.iter().filter_map(|&handle| explanation.sender(scope, handle));
        serializer.collect_seq(senders.map(|sender| &*sender.id))
    }
}

/// The verdict on each sender, one after the other.
struct Senders<'a>(&'a Explanation, u32, &'a Trace);

impl Serialize for Senders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Note<'a> {
            sender_id: &'a str,
            sender: Cow<'a, str>,
            sender_type: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            weight: Option<u16>,
            verdict: &'static str,
            reason: Cow<'static, str>,
        }
        let &Self(explanation, scope, trace) = self;
        let notes = trace.senders.iter().filter_map(|note| {
            let sender = explanation.sender(scope, note.sender)?;
            let (verdict, reason) = words::sender(explanation, trace, note, sender);
            Some(Note {
                sender_id: &sender.id,
                sender: sender.shown(),
                sender_type: sender.kind.as_str(),
                weight: Some(sender.weight).filter(|&weight| weight != 1),
                verdict,
                reason,
            })
        });
        serializer.collect_seq(notes)
    }
}
