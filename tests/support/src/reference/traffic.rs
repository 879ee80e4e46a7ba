//! Random messages for a catalog.

use std::collections::BTreeMap;

use serde_json::Value;

use super::message::Message;
use super::numbers::{self, Recipient};
use super::rng::Rng;
use super::worlds::{self, CHANNELS, People, Usual};

/// The types of messages: the last one is of no sender's list.
const MESSAGE_TYPES: [&str; 4] =
    [worlds::MESSAGE_TYPES[0], worlds::MESSAGE_TYPES[1], worlds::MESSAGE_TYPES[2], "NEWSLETTER"];

/// 20 to 40 messages, most of them about the usual.
pub(super) fn random_messages(rng: &mut Rng, catalog: &Value, people: &People) -> Vec<Message> {
    (0..rng.between(20, 40)).map(|number| random_message(rng, catalog, people, number)).collect()
}

fn random_application(rng: &mut Rng, catalog: &Value, usual: &Usual) -> Option<String> {
    match rng.below(20) {
        0..13 if usual.application == "default" && rng.percent(50) => None,
        0..13 => Some(usual.application.clone()),
        13..17 => {
            let listed = worlds::ids(catalog, "applications", "applicationId");
            Some(rng.pick(&listed).clone())
        }
        17..19 => None,
        _ => Some("unlisted".to_owned()),
    }
}

fn random_entity(rng: &mut Rng, catalog: &Value, usual: &Usual) -> Option<String> {
    match rng.below(20) {
        0..13 => usual.entity.clone(),
        13..16 => {
            let listed = worlds::ids(catalog, "entities", "entityId");
            (!listed.is_empty()).then(|| rng.pick(&listed).clone())
        }
        16..19 => None,
        _ => Some("unlisted".to_owned()),
    }
}

fn random_message(rng: &mut Rng, catalog: &Value, people: &People, number: usize) -> Message {
    let usual = &people.usual;
    let channel = if rng.percent(70) { usual.channel } else { worlds::any_channel(rng) };
    let mut message = Message {
        message_id: (!rng.percent(10)).then(|| format!("m-{number}")),
        application_id: random_application(rng, catalog, usual),
        entity_id: random_entity(rng, catalog, usual),
        channel: channel.to_owned(),
        channels: if rng.percent(20) { random_channels(rng, channel) } else { Vec::new() },
        from: rng.percent(18).then(|| random_from(rng, catalog)),
        message_type: rng.percent(40).then(|| (*rng.pick(&MESSAGE_TYPES)).to_owned()),
        sent_at: rng.percent(10).then_some(1_772_357_400),
        attributes: BTreeMap::new(),
        ..Message::default()
    };
    if rng.percent(10) {
        message.attributes.insert("campaign".to_owned(), "C1".to_owned());
    }
    if rng.percent(5) {
        message.to = (*rng.pick(&numbers::INVALID)).to_owned();
        message.recipient = message.to.chars().filter(char::is_ascii_digit).collect();
    } else {
        let recipient = rng.pick(&people.recipients);
        message.to = numbers::write(&recipient.digits, rng.below(numbers::STYLES));
        message.recipient = Recipient::key_of(&recipient.digits).to_owned();
        message.destination = Some(recipient.destination.clone());
    }
    message
}

/// One to three different channels, this one among them.
fn random_channels(rng: &mut Rng, channel: &str) -> Vec<String> {
    let more = rng.between(0, CHANNELS.len() - 1);
    let others: Vec<&str> = CHANNELS.into_iter().filter(|other| *other != channel).collect();
    let mut channels = rng.sample(&others, more);
    channels.push(channel);
    rng.shuffle(&mut channels);
    channels.into_iter().map(str::to_owned).collect()
}

/// An explicit sender: one of the catalog, written in one way or another, or one that it does not have.
fn random_from(rng: &mut Rng, catalog: &Value) -> String {
    let senders = catalog["senders"].as_array().map_or(&[][..], Vec::as_slice);
    if senders.is_empty() || rng.percent(25) {
        return (*rng.pick(&numbers::UNREGISTERED)).to_owned();
    }
    let sender = rng.pick(senders);
    let text = sender["sender"].as_str().expect("a sender has a text");
    match sender["senderType"].as_str() {
        Some("VIRTUAL_LONG_NUMBER" | "TOLL_FREE_NUMBER") => {
            let digits = numbers::digits(text).expect("the text of a number has digits");
            numbers::write(&digits, rng.below(numbers::STYLES))
        }
        _ => text.to_owned(),
    }
}
