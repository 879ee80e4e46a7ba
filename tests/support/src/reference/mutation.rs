//! The small changes between two revisions of a catalog. Each keeps it valid.

use serde_json::{Value, json};

use super::rng::Rng;
use super::worlds;

/// Makes one change; nothing where the catalog lacks what the change is about.
pub(super) fn change(rng: &mut Rng, catalog: &mut Value, family: &[u16]) {
    match rng.below(19) {
        0..6 => suspend_or_resume(rng, catalog),
        6 => cover_differently(rng, catalog),
        7..9 => remove_association(rng, catalog),
        9..11 => add_association(rng, catalog),
        11..14 => toggle_strategy_option(rng, catalog),
        14 => change_default(rng, catalog),
        15..17 => weigh_differently(rng, catalog),
        17 => change_message_types(rng, catalog),
        _ => add_sender(rng, catalog, family),
    }
}

/// A list of the catalog, made where it was left out.
fn list<'c>(catalog: &'c mut Value, name: &str) -> &'c mut Vec<Value> {
    let list = &mut catalog[name];
    if list.is_null() {
        *list = json!([]);
    }
    list.as_array_mut().expect("the lists of a catalog are lists")
}

fn any<'c>(rng: &mut Rng, catalog: &'c mut Value, name: &str) -> Option<&'c mut Value> {
    let list = list(catalog, name);
    if list.is_empty() {
        return None;
    }
    let at = rng.below(list.len());
    Some(&mut list[at])
}

fn suspend_or_resume(rng: &mut Rng, catalog: &mut Value) {
    if let Some(sender) = any(rng, catalog, "senders") {
        let suspended = sender["status"] == "SUSPENDED";
        sender["status"] = json!(if suspended { "ACTIVE" } else { "SUSPENDED" });
    }
}

fn cover_differently(rng: &mut Rng, catalog: &mut Value) {
    if let Some(sender) = any(rng, catalog, "senders") {
        let sender_type = sender["senderType"].as_str().expect("a sender has a type").to_owned();
        sender["coverage"] = worlds::random_coverage(rng, &sender_type);
    }
}

fn weigh_differently(rng: &mut Rng, catalog: &mut Value) {
    if let Some(sender) = any(rng, catalog, "senders") {
        sender["weight"] = worlds::random_weight(rng);
    }
}

fn change_message_types(rng: &mut Rng, catalog: &mut Value) {
    let message_types = worlds::random_message_types(rng);
    if let Some(sender) = any(rng, catalog, "senders") {
        set_or_remove(sender.as_object_mut().expect("a sender is an object"), "messageTypes", message_types);
    }
}

fn remove_association(rng: &mut Rng, catalog: &mut Value) {
    let associations = list(catalog, "associations");
    if !associations.is_empty() {
        let at = rng.below(associations.len());
        associations.remove(at);
    }
}

fn add_association(rng: &mut Rng, catalog: &mut Value) {
    let scopes = worlds::scopes(catalog);
    let Some(sender) = any(rng, catalog, "senders").cloned() else {
        return;
    };
    let channel = *rng.pick(worlds::channels_of(&sender));
    let added = worlds::association(&sender, channel, rng.pick(&scopes));
    let same = |other: &Value| {
        ["channel", "applicationId", "entityId", "resourceId"].iter().all(|name| other[*name] == added[*name])
    };
    let associations = list(catalog, "associations");
    if !associations.iter().any(same) {
        associations.push(added);
    }
}

/// Only options that do not say which messages a strategy is for, so that no tie can come up.
fn toggle_strategy_option(rng: &mut Rng, catalog: &mut Value) {
    let senders = worlds::ids(catalog, "senders", "senderId");
    let which = rng.below(10);
    let priorities = worlds::random_priorities(rng);
    let sender_ids = if senders.is_empty() { Value::Null } else { worlds::random_sender_ids(rng, &senders) };
    let Some(strategy) = any(rng, catalog, "sendingStrategies") else {
        return;
    };
    let options = strategy.as_object_mut().expect("a strategy is an object");
    let mut flip = |name: &str| {
        let on = options.get(name).is_some_and(|value| *value == true);
        options.insert(name.to_owned(), json!(!on));
    };
    match which {
        0..3 => flip("useStickySender"),
        3..5 => flip("useGeolocatedSender"),
        5..7 => flip("skipUnhealthySenders"),
        7..9 => set_or_remove(options, "priorities", priorities),
        _ => set_or_remove(options, "senderIds", sender_ids),
    }
}

fn set_or_remove(options: &mut serde_json::Map<String, Value>, name: &str, value: Value) {
    if options.remove(name).is_none() && !value.is_null() {
        options.insert(name.to_owned(), value);
    }
}

fn change_default(rng: &mut Rng, catalog: &mut Value) {
    let scopes = worlds::scopes(catalog);
    let senders = worlds::ids(catalog, "senders", "senderId");
    let platform = worlds::platform(rng.pick(&scopes));
    let defaults = list(catalog, "defaultSenders");
    let before = defaults.len();
    defaults.retain(|default| default["platform"] != platform);
    if defaults.len() == before && !senders.is_empty() {
        defaults.push(json!({ "platform": platform, "senderId": rng.pick(&senders) }));
    }
}

/// Puts a new sender anywhere among the others, so that the places of those after it change, and lets a few scopes use
/// it.
fn add_sender(rng: &mut Rng, catalog: &mut Value, family: &[u16]) {
    let scopes = worlds::scopes(catalog);
    let senders = list(catalog, "senders");
    // Ids of senders are never given up, so that the length makes a new one.
    let sender_id = format!("new-{}", senders.len());
    let Some(sender) = worlds::random_sender(rng, family, senders, &sender_id) else {
        return;
    };
    let at = rng.below(senders.len() + 1);
    senders.insert(at, sender.clone());
    let associations = list(catalog, "associations");
    for scope in &scopes {
        for channel in worlds::channels_of(&sender) {
            if rng.percent(40) {
                associations.push(worlds::association(&sender, channel, scope));
            }
        }
    }
}
