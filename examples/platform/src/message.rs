//! Messages: who is written to, over what, and what goes wrong.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    application::Application,
    channel::{Channel, Channels},
    country::Country,
    entity::Entity,
    number::Number,
    platform::Platform,
    random::{Purpose, Random, scramble},
};

/// A message as a line of the file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageElement {
    message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
    channel: &'static str,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// A recipient of several messages, nearly always from the same entity.
struct Recipient {
    application: Application,
    entity: Option<usize>,
    country: Country,
    number: Number,
}

/// Recipients for each ten messages.
const RECIPIENTS_OF_TEN: u64 = 3;

/// Writes all messages of a platform, one a line.
///
/// # Errors
///
/// `out` fails.
pub(crate) fn write(platform: &Platform, out: &mut impl Write) -> io::Result<()> {
    for index in 0..platform.size.messages {
        serde_json::to_writer(&mut *out, &MessageElement::draw(platform, index))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

impl Recipient {
    /// The recipient with this index, generated again for each message: any number of them takes no memory.
    fn draw(platform: &Platform, index: u64) -> Recipient {
        let random = &mut Random::stream(platform.seed, Purpose::Recipients, index);
        if random.chance(120) {
            let application = *random.weighted(&Application::ALL, |application| application.weight());
            let country = Country::draw(random);
            return Recipient { application, entity: None, country, number: Number::draw(random, country, None) };
        }
        let index = random.skewed(platform.entities.len());
        let entity = &platform.entities[index];
        let application = match random.chance(800) {
            true => entity.main_application(),
            false => *random.pick(&entity.applications),
        };
        // Some customers have moved to a country that the entity does not send to.
        let country = match random.chance(15) {
            true => Country::draw(random),
            false => entity.draw_market(random).country,
        };
        let state = entity.state.filter(|_| country == entity.home() && random.chance(650));
        Recipient { application, entity: Some(index), country, number: Number::draw(random, country, state) }
    }

    /// The same person, as a customer of another entity.
    fn of_another(self, platform: &Platform, random: &mut Random) -> Recipient {
        let entity = random.skewed(platform.entities.len());
        Recipient { application: platform.entities[entity].main_application(), entity: Some(entity), ..self }
    }

    /// The channels for which the entity or application that writes has a sender.
    fn channels(&self, platform: &Platform) -> Channels {
        match self.entity {
            Some(entity) => platform.entities[entity].channels(self.country),
            None => platform.pools.get(self.application, self.country).channels,
        }
    }

    /// A sender that the entity or application that writes may use.
    fn draw_sender(&self, platform: &Platform, random: &mut Random) -> Option<u32> {
        match self.entity {
            Some(entity) => platform.entities[entity].draw_sender(random),
            None => {
                let mut senders = platform.pools.get(self.application, self.country).senders.clone();
                senders.nth(random.index(senders.len()))
            }
        }
    }
}

impl MessageElement {
    fn draw(platform: &Platform, index: u64) -> MessageElement {
        let random = &mut Random::stream(platform.seed, Purpose::Messages, index);
        let recipients = (platform.size.messages * RECIPIENTS_OF_TEN / 10).max(1);
        let mut recipient = Recipient::draw(platform, random.below(recipients));
        if recipient.entity.is_some() && random.chance(30) {
            recipient = recipient.of_another(platform, random);
        }
        let channel = channel(random, &recipient, recipient.channels(platform));
        let from = match random.chance(32) {
            true => explicit_sender(random, platform, &recipient, channel),
            false => None,
        };
        let to = match random.chance(10) {
            true => Number::invalid(random),
            false => recipient.number.written(random, recipient.country),
        };
        let is_default = recipient.application == Application::Default;
        let names_application = !is_default || random.chance(500);
        MessageElement {
            message_id: message_id(platform.seed, index),
            application_id: names_application.then(|| recipient.application.id()),
            entity_id: recipient.entity.map(Entity::id),
            channel: channel.word(),
            to,
            from,
        }
    }
}

/// Mostly SMS; other channels mostly if there is a sender for them.
fn channel(random: &mut Random, recipient: &Recipient, available: Channels) -> Channel {
    let mms = if available.contains(Channel::Mms) { 170 } else { 3 };
    let rcs = match recipient.application {
        Application::Care => 5,
        _ if available.contains(Channel::Rcs) => 130,
        _ => 4,
    };
    let drawn = random.below(1000);
    if drawn < mms {
        Channel::Mms
    } else if drawn < mms + rcs {
        Channel::Rcs
    } else {
        Channel::Sms
    }
}

/// The `from` of a message: mostly a sender that may carry it.
fn explicit_sender(
    random: &mut Random,
    platform: &Platform,
    recipient: &Recipient,
    channel: Channel,
) -> Option<String> {
    let place = match random.below(100) {
        0..85 => some_place(|| {
            let place = recipient.draw_sender(platform, random)?;
            let sender = platform.sender(place);
            sender.carries(channel, recipient.country).then_some(place)
        }),
        85..90 => return Some(unregistered(random, recipient.country)),
        90..95 if !platform.suspended.is_empty() => Some(*random.pick(&platform.suspended)),
        _ => some_place(|| {
            let place = random.index(platform.senders.len()) as u32;
            let sender = platform.sender(place);
            (sender.active && !sender.covers(channel, recipient.country)).then_some(place)
        }),
    };
    place.map(|place| platform.sender(place).address.to_string())
}

/// Draws again if a draw fails, a few times.
fn some_place(mut draw: impl FnMut() -> Option<u32>) -> Option<u32> {
    (0..16).find_map(|_| draw())
}

/// A sender that the platform does not have: a code of four digits, a name that no client chose, or a number, which one
/// of its senders has only by a rare accident.
fn unregistered(random: &mut Random, country: Country) -> String {
    match random.below(4) {
        0 => (1000 + random.below(9000)).to_string(),
        1 => (*random.pick(&["NoReply", "Promo", "Bargains"])).to_owned(),
        _ => Number::draw(random, country, None).0.to_string(),
    }
}

/// A UUID. The 64 bits that come from the index are all in it, so no two messages have the same.
fn message_id(seed: u64, index: u64) -> String {
    let unique = scramble(index.wrapping_add(scramble(seed)));
    let more = scramble(!unique);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:x}{:011x}",
        unique >> 32,
        unique >> 16 & 0xffff,
        unique >> 4 & 0xfff,
        0x8000 | more >> 50,
        unique & 0xf,
        more & 0xfff_ffff_ffff,
    )
}
