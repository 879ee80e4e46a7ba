//! Seeded random worlds: small catalogs in which few values collide often, and messages that meet every rule.

use serde_json::{Value, json};

use super::health::{Health, Report};
use super::message::Message;
use super::numbers::{self, Recipient};
use super::rng::Rng;
use super::{mutation, traffic};

pub(super) const CHANNELS: [&str; 3] = ["SMS", "MMS", "RCS"];
pub(super) const TYPES: [&str; 5] =
    ["ALPHANUMERIC", "VIRTUAL_LONG_NUMBER", "SHORT_CODE", "TOLL_FREE_NUMBER", "RCS_AGENT"];
/// The message types that senders are for. The last is a word of the platform's own.
pub(super) const MESSAGE_TYPES: [&str; 3] = ["TRANSACTIONAL", "PROMOTIONAL", "OTP"];
const COUNTRIES: [&str; 10] = ["US", "CA", "PR", "GB", "FR", "DE", "KZ", "AU", "JM", "IT"];

/// One entity is called like an application: the two are different things.
const APPLICATIONS: [&str; 3] = ["default", "shop", "alerts"];
const ENTITIES: [&str; 3] = ["acme", "acme-eu", "shop"];

/// A valid catalog, the health of its senders, and messages for it.
#[derive(Clone, Debug)]
pub struct World {
    pub catalog: Value,
    pub health: Health,
    pub messages: Vec<Message>,
    pub(super) people: People,
}

/// What stays the same in all revisions of a world.
#[derive(Clone, Debug)]
pub(super) struct People {
    /// The area codes that this world is about.
    pub family: Vec<u16>,
    /// Few, so that they come again and pins are met.
    pub recipients: Vec<Recipient>,
    /// What most messages are about, for the same reason.
    pub usual: Usual,
}

/// The scope and channel of most messages.
#[derive(Clone, Debug)]
pub(super) struct Usual {
    pub application: String,
    pub entity: Option<String>,
    pub channel: &'static str,
}

impl World {
    /// The world of this seed: always the same.
    pub fn random(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let family = rng.pick(&numbers::FAMILIES).to_vec();
        let catalog = random_catalog(&mut rng, &family);
        let people = People::random(&mut rng, family, &catalog);
        let health = random_health(&mut rng, &catalog);
        let messages = traffic::random_messages(&mut rng, &catalog, &people);
        Self { catalog, health, messages, people }
    }

    /// This world a little later: a few changes of the catalog, which stays valid, other senders unhealthy, and new messages
    /// to the same recipients, so that pins from before meet other candidates.
    pub fn next_revision(&self, seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x5eed_0f0a_1a7e_4001);
        let mut catalog = self.catalog.clone();
        for _ in 0..rng.between(2, 8) {
            mutation::change(&mut rng, &mut catalog, &self.people.family);
        }
        let health = random_health(&mut rng, &catalog);
        let messages = traffic::random_messages(&mut rng, &catalog, &self.people);
        Self { catalog, health, messages, people: self.people.clone() }
    }
}

impl People {
    fn random(rng: &mut Rng, family: Vec<u16>, catalog: &Value) -> Self {
        let count = rng.between(2, 4);
        let mut recipients = rng.sample(&numbers::recipients_of(&family), count);
        let count = rng.between(0, 2);
        recipients.extend(rng.sample(&numbers::recipients_elsewhere(), count));
        if rng.percent(25) {
            let other = rng.pick(&numbers::FAMILIES);
            recipients.extend(rng.sample(&numbers::recipients_of(other), 1));
        }
        if rng.percent(20) {
            recipients.extend(rng.pick(&numbers::recipients_with_two_forms()).clone());
        }
        let (application, entity) = rng.pick(&scopes(catalog)).clone();
        let usual = Usual { application, entity, channel: any_channel(rng) };
        Self { family, recipients, usual }
    }
}

/// An application and perhaps an entity of it.
pub(super) type Scope = (String, Option<String>);

pub(super) fn any_channel(rng: &mut Rng) -> &'static str {
    CHANNELS[rng.below(CHANNELS.len())]
}

/// The ids of a list of the catalog.
pub(super) fn ids(catalog: &Value, list: &str, name: &str) -> Vec<String> {
    let values = catalog[list].as_array().map_or(&[][..], Vec::as_slice);
    values.iter().map(|value| value[name].as_str().expect("every id is a text").to_owned()).collect()
}

/// All scopes of a catalog.
pub(super) fn scopes(catalog: &Value) -> Vec<Scope> {
    let entities = ids(catalog, "entities", "entityId");
    ids(catalog, "applications", "applicationId")
        .into_iter()
        .flat_map(|application| {
            let of_entities = entities.iter().map(|entity| (application.clone(), Some(entity.clone())));
            std::iter::once((application.clone(), None)).chain(of_entities).collect::<Vec<_>>()
        })
        .collect()
}

/// The platform of a strategy or a default sender.
pub(super) fn platform((application, entity): &Scope) -> Value {
    let mut platform = json!({ "applicationId": application });
    if let Some(entity) = entity {
        platform["entityId"] = json!(entity);
    }
    platform
}

fn random_catalog(rng: &mut Rng, family: &[u16]) -> Value {
    let mut catalog = json!({
        "applications": random_applications(rng),
        "entities": random_entities(rng),
        "senders": [],
    });
    let mut senders = Vec::new();
    let count = if rng.percent(6) { 0 } else { rng.between(1, 14) };
    for number in rng.sample(&(1..=14).collect::<Vec<_>>(), count) {
        senders.extend(random_sender(rng, family, &senders, &format!("s-{number}")));
    }
    catalog["senders"] = Value::from(senders);
    let scopes = scopes(&catalog);
    catalog["associations"] = random_associations(rng, &catalog, &scopes);
    catalog["sendingStrategies"] = random_strategies(rng, &catalog, &scopes);
    catalog["defaultSenders"] = random_defaults(rng, &catalog, &scopes);
    // All lists are optional, and one that is left out is an empty one.
    if rng.percent(50) {
        let lists = catalog.as_object_mut().expect("a catalog is an object");
        lists.retain(|_, list| list.as_array().is_some_and(|list| !list.is_empty()));
    }
    catalog
}

fn random_applications(rng: &mut Rng) -> Vec<Value> {
    let more = rng.between(0, 2);
    let ids: Vec<&str> = std::iter::once(APPLICATIONS[0]).chain(rng.sample(&APPLICATIONS[1..], more)).collect();
    ids.into_iter()
        .map(|id| with_attributes(rng, json!({ "applicationId": id, "applicationName": format!("The {id}") })))
        .collect()
}

/// The same element, sometimes with attributes, which mean nothing to the model.
fn with_attributes(rng: &mut Rng, mut element: Value) -> Value {
    if rng.percent(15) {
        element["attributes"] = json!({ "campaign": *rng.pick(&["C1", "C2"]), "price.eur": "0.05" });
    }
    element
}

fn random_entities(rng: &mut Rng) -> Vec<Value> {
    let count = rng.between(0, 3);
    let ids = rng.sample(&ENTITIES, count);
    ids.into_iter().map(|id| with_attributes(rng, json!({ "entityId": id }))).collect()
}

/// A sender, or `None` where the number that came up is registered already. Short codes and alphanumeric senders may
/// come again under another id: the same text is sold by country.
pub(super) fn random_sender(rng: &mut Rng, family: &[u16], senders: &[Value], sender_id: &str) -> Option<Value> {
    let sender_type = match rng.below(12) {
        0..7 => "VIRTUAL_LONG_NUMBER",
        7 => "SHORT_CODE",
        8 => "TOLL_FREE_NUMBER",
        9 => "RCS_AGENT",
        _ => "ALPHANUMERIC",
    };
    let text = match sender_type {
        "VIRTUAL_LONG_NUMBER" => random_long_number(rng, family),
        "SHORT_CODE" => (*rng.pick(&numbers::SHORT_CODES)).to_owned(),
        "TOLL_FREE_NUMBER" => (*rng.pick(&numbers::TOLL_FREE_NUMBERS)).to_owned(),
        "RCS_AGENT" => (*rng.pick(&numbers::RCS_AGENTS)).to_owned(),
        _ => (*rng.pick(&numbers::ALPHANUMERICS)).to_owned(),
    };
    let is_number = ["VIRTUAL_LONG_NUMBER", "TOLL_FREE_NUMBER"].contains(&sender_type);
    let is_unique = is_number || sender_type == "RCS_AGENT";
    let is_taken = senders.iter().any(|sender| {
        let other = sender["sender"].as_str().unwrap_or_default();
        other == text || numbers::digits(other).as_deref() == Some(&*text)
    });
    if is_unique && is_taken {
        return None;
    }
    let text = if is_number && rng.percent(50) { numbers::write(&text, rng.below(numbers::STYLES)) } else { text };
    let mut sender = json!({
        "senderId": sender_id,
        "sender": text,
        "senderType": sender_type,
        "coverage": random_coverage(rng, sender_type),
    });
    match rng.below(10) {
        0 => sender["status"] = json!("SUSPENDED"),
        1..5 => sender["status"] = json!("ACTIVE"),
        _ => {}
    }
    if rng.percent(20) {
        sender["messageTypes"] = random_message_types(rng);
    }
    if rng.percent(30) {
        sender["weight"] = random_weight(rng);
    }
    Some(with_attributes(rng, sender))
}

pub(super) fn random_message_types(rng: &mut Rng) -> Value {
    let count = rng.between(1, 2);
    json!(rng.sample(&MESSAGE_TYPES, count))
}

pub(super) fn random_weight(rng: &mut Rng) -> Value {
    json!(*rng.pick(&[1, 2, 3, 10, 1_000]))
}

fn random_long_number(rng: &mut Rng, family: &[u16]) -> String {
    if rng.percent(20) {
        return (*rng.pick(&numbers::LONG_NUMBERS_ELSEWHERE)).to_owned();
    }
    let family = if rng.percent(15) { *rng.pick(&numbers::FAMILIES) } else { family };
    let npa = *rng.pick(family);
    rng.pick(&numbers::long_numbers(npa)).clone()
}

pub(super) fn random_coverage(rng: &mut Rng, sender_type: &str) -> Value {
    let first = rng.below(CHANNELS.len());
    let channels = CHANNELS
        .iter()
        .enumerate()
        .filter(|(at, channel)| match sender_type {
            // An agent carries RCS alone.
            "RCS_AGENT" => **channel == "RCS",
            _ => *at == first || rng.percent(70),
        })
        .map(|(_, channel)| *channel)
        .collect::<Vec<_>>();
    channels.into_iter().flat_map(|channel| random_entries(rng, channel)).collect()
}

/// The entries of one channel. No two name the same country.
fn random_entries(rng: &mut Rng, channel: &str) -> Vec<Value> {
    let mut countries = match rng.below(10) {
        0..5 => vec![json!("*")],
        5..7 => vec![json!(random_countries(rng, 4))],
        _ => {
            let named = random_countries(rng, 4);
            let (some, others) = named.split_at(rng.between(1, named.len()));
            let mut entries = vec![json!(some)];
            entries.extend((!others.is_empty()).then(|| json!(others)));
            entries.extend(rng.percent(70).then(|| json!("*")));
            entries
        }
    };
    rng.shuffle(&mut countries);
    countries
        .into_iter()
        .map(|countries| {
            let mut entry = json!({ "channel": channel, "countries": countries });
            match rng.below(20) {
                0..4 => entry["status"] = json!(*rng.pick(&["PENDING", "REJECTED", "EXPIRED"])),
                4..7 => entry["status"] = json!("ACTIVE"),
                _ => {}
            }
            entry
        })
        .collect()
}

/// Different countries, the US and Canada among them more often than not.
fn random_countries(rng: &mut Rng, at_most: usize) -> Vec<&'static str> {
    let count = rng.between(1, at_most);
    let from = if rng.percent(60) { &COUNTRIES[..3] } else { &COUNTRIES[..] };
    rng.sample(from, count)
}

fn random_associations(rng: &mut Rng, catalog: &Value, scopes: &[Scope]) -> Value {
    let density = *rng.pick(&[25, 60, 90]);
    let mut associations = Vec::new();
    for sender in catalog["senders"].as_array().into_iter().flatten() {
        for scope in scopes {
            let channels: Vec<&str> = channels_of(sender).iter().copied().filter(|_| rng.percent(density)).collect();
            for channel in &channels {
                associations.push(association(sender, channel, scope));
            }
            if rng.percent(8) {
                let ignored = ignored_association(rng, sender, scope);
                let is_twin = channels.iter().any(|channel| ignored["channel"] == *channel);
                if !is_twin {
                    associations.push(ignored);
                }
            }
        }
    }
    rng.shuffle(&mut associations);
    Value::from(associations)
}

/// The channels that a sender can be associated for.
pub(super) fn channels_of(sender: &Value) -> &'static [&'static str] {
    if sender["senderType"] == "RCS_AGENT" { &CHANNELS[2..] } else { &CHANNELS }
}

/// The association of a sender, with the resource type that belongs to it.
pub(super) fn association(sender: &Value, channel: &str, (application, entity): &Scope) -> Value {
    let resource_type = match sender["senderType"].as_str() {
        Some("ALPHANUMERIC") => "ALPHA",
        Some("RCS_AGENT") => "RCS_RESOURCE",
        _ => "NUMBER",
    };
    json!({
        "resourceType": resource_type,
        "channel": channel,
        "applicationId": application,
        "entityId": entity,
        "resourceId": sender["senderId"],
    })
}

/// An association of a kind that says nothing about senders of messages, though it names one.
fn ignored_association(rng: &mut Rng, sender: &Value, scope: &Scope) -> Value {
    let (resource_type, channel) =
        *rng.pick(&[("DOMAIN", "EMAIL"), ("DOMAIN", "SMS"), ("", "EMAIL"), ("", "WHATSAPP")]);
    let mut association = association(sender, channel, scope);
    if !resource_type.is_empty() {
        association["resourceType"] = json!(resource_type);
    }
    association
}

fn random_strategies(rng: &mut Rng, catalog: &Value, scopes: &[Scope]) -> Value {
    let senders = ids(catalog, "senders", "senderId");
    let mut strategies: Vec<Value> = Vec::new();
    for scope in scopes {
        let most = *rng.pick(&[0, 1, 1, 2, 3, 5]);
        let mut of_scope: Vec<Value> = Vec::new();
        for _ in 0..most {
            let id = format!("st-{}", strategies.len() + of_scope.len());
            let strategy = random_strategy(rng, &id, scope, &senders);
            if !of_scope.iter().any(|other| tie(other, &strategy)) {
                of_scope.push(strategy);
            }
        }
        strategies.extend(of_scope);
    }
    rng.shuffle(&mut strategies);
    Value::from(strategies)
}

fn random_strategy(rng: &mut Rng, id: &str, scope: &Scope, senders: &[String]) -> Value {
    let mut strategy = json!({ "sendingStrategyId": id, "platform": platform(scope) });
    if rng.percent(35) {
        strategy["channel"] = json!(any_channel(rng));
    }
    match rng.below(10) {
        0..2 => strategy["destinationCountryCode"] = json!(random_countries(rng, 1)[0]),
        2..5 => strategy["destinationCountryCodes"] = json!(random_countries(rng, 4)),
        _ => {}
    }
    for (option, chance) in [("useStickySender", 45), ("useGeolocatedSender", 65), ("skipUnhealthySenders", 55)] {
        if rng.percent(chance) {
            strategy[option] = json!(true);
        } else if rng.percent(30) {
            strategy[option] = json!(false);
        }
    }
    if rng.percent(30) {
        strategy["priorities"] = random_priorities(rng);
    }
    if !senders.is_empty() && rng.percent(20) {
        strategy["senderIds"] = random_sender_ids(rng, senders);
    }
    strategy
}

/// Some of the types, in any order, several perhaps of one priority.
pub(super) fn random_priorities(rng: &mut Rng) -> Value {
    let count = rng.between(1, TYPES.len());
    rng.sample(&TYPES, count)
        .into_iter()
        .map(|sender_type| json!({ "senderType": sender_type, "priority": rng.between(1, 4) }))
        .collect()
}

pub(super) fn random_sender_ids(rng: &mut Rng, senders: &[String]) -> Value {
    let count = rng.between(1, 6);
    json!(rng.sample(senders, count))
}

/// Whether two strategies of one scope would tie for some message, which makes a catalog invalid.
fn tie(one: &Value, other: &Value) -> bool {
    let countries = |strategy: &Value| -> Option<Vec<Value>> {
        match (&strategy["destinationCountryCode"], &strategy["destinationCountryCodes"]) {
            (Value::Null, Value::Null) => None,
            (Value::Null, several) => several.as_array().cloned(),
            (single, _) => Some(vec![single.clone()]),
        }
    };
    let same_countries = match (countries(one), countries(other)) {
        (None, None) => true,
        (Some(one), Some(other)) => one.iter().any(|country| other.contains(country)),
        _ => false,
    };
    one["channel"] == other["channel"] && same_countries
}

fn random_defaults(rng: &mut Rng, catalog: &Value, scopes: &[Scope]) -> Value {
    let senders = ids(catalog, "senders", "senderId");
    if senders.is_empty() {
        return json!([]);
    }
    let mut defaults = Vec::new();
    for scope in scopes {
        if rng.percent(40) {
            defaults.push(json!({ "platform": platform(scope), "senderId": rng.pick(&senders) }));
        }
    }
    Value::from(defaults)
}

/// Reports of some senders, everywhere or for a channel or a country. Few say that all is well again.
fn random_health(rng: &mut Rng, catalog: &Value) -> Health {
    let mut health = Health::default();
    for sender_id in ids(catalog, "senders", "senderId") {
        let mut report = |rng: &mut Rng, healthy| {
            let channel = rng.percent(40).then(|| any_channel(rng).to_owned());
            let country = rng.percent(40).then(|| (*rng.pick(&COUNTRIES[..3])).to_owned());
            health.reports.push(Report { sender_id: sender_id.clone(), channel, country, healthy });
        };
        if rng.percent(35) {
            report(rng, false);
            if rng.percent(25) {
                report(rng, true);
            }
        }
    }
    health
}
