//! An explanation for programs.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::{Explanation, narrowing, pinned, sender_verdict, strategy_verdict};
use callsign_engine::explain::Trace;

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
        map.serialize_entry("stages", &stages(explanation, *scope, trace))?;
        map.serialize_entry("senders", &senders(explanation, *scope, trace))?;
    }
    if !explanation.registered.is_empty() {
        let all = explanation.snapshot.revision.catalog().senders();
        let ids: Vec<&str> = explanation.registered.iter().map(|&index| &*all[index as usize].id).collect();
        map.serialize_entry("registered", &ids)?;
    }
    map.serialize_entry("pins", &explanation.pins)?;
    map.serialize_entry("decision", &Decision(explanation))?;
    map.end()
}

struct Decision<'a>(&'a Explanation);

impl Serialize for Decision<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.decision().to_json(None).serialize(serializer)
    }
}

fn message(explanation: &Explanation) -> Value {
    let mut map = Map::new();
    map.insert("applicationId".into(), (*explanation.application).into());
    if let Some(entity) = &explanation.entity {
        map.insert("entityId".into(), (**entity).into());
    }
    map.insert("channel".into(), explanation.channel.as_str().into());
    map.insert("to".into(), (*explanation.to).into());
    if let Some(from) = &explanation.from {
        map.insert("from".into(), (**from).into());
    }
    Value::Object(map)
}

fn strategies(explanation: &Explanation, scope: u32, trace: &Trace) -> Value {
    let notes = trace.strategies.iter().filter_map(|note| {
        let (strategy, entity_level) = explanation.strategy(scope, note.strategy)?;
        let (code, words) = strategy_verdict(note.verdict);
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

fn stages(explanation: &Explanation, scope: u32, trace: &Trace) -> Value {
    let stages = trace.stages.iter().map(|stage| {
        let left = stage.left.iter().filter_map(|&handle| explanation.sender(scope, handle));
        let left: Vec<&str> = left.map(|sender| &*sender.id).collect();
        json!({"step": narrowing(stage.step).0, "left": left})
    });
    stages.collect()
}

fn senders(explanation: &Explanation, scope: u32, trace: &Trace) -> Value {
    let notes = trace.senders.iter().filter_map(|note| {
        let sender = explanation.sender(scope, note.sender)?;
        let (code, words) = sender_verdict(note.verdict);
        Some(json!({
            "senderId": &*sender.id,
            "sender": sender.shown(),
            "senderType": sender.kind.as_str(),
            "verdict": code,
            "reason": words,
        }))
    });
    notes.collect()
}
