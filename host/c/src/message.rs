//! A message of the caller, checked.

use callsign::{Channels, Id, MessageAttributes, MessageType};

use crate::abi::{Attribute, Message, Status};
use crate::failure::{Failure, Outcome};
use crate::limits::{CALLSIGN_MAX_CHANNELS, CALLSIGN_MAX_TEXT};
use crate::memory::Memory;
use crate::words::channel;

/// Names and values.
pub(crate) type Pairs<'m> = [(&'m str, &'m str)];

/// The most attributes of a message that need no memory of their own.
const MOST_PAIRS: usize = callsign::MAX_ATTRIBUTES;

/// Reads a message, and works with it.
///
/// # Errors
/// A value of it is invalid: which one, and what would be right.
#[inline]
pub(crate) fn with<T>(
    memory: &Memory,
    message: *const Message,
    work: impl FnOnce(&callsign::Message<'_>) -> Outcome<T>,
) -> Outcome<T> {
    let message = memory.sized(message, "message")?;
    let mut read = nothing();
    fill(&mut read, memory, message)?;
    match message.attribute_count {
        0 => work(&read),
        _ => with_attributes(memory, message, read, work),
    }
}

#[inline(never)]
fn with_attributes<T>(
    memory: &Memory,
    message: &Message,
    read: callsign::Message<'_>,
    work: impl FnOnce(&callsign::Message<'_>) -> Outcome<T>,
) -> Outcome<T> {
    let mut pairs = [("", ""); MOST_PAIRS];
    let attributes = attributes(memory, message)?;
    for (pair, attribute) in pairs.iter_mut().zip(attributes) {
        *pair = pair_of(memory, attribute)?;
    }
    let checked = check(&pairs[..attributes.len()])?;
    work(&read.attributes(checked))
}

/// The attributes of a message of a batch, appended to those of the messages before it.
pub(crate) fn add_attributes<'m>(
    memory: &'m Memory,
    message: &Message,
    pairs: &mut Vec<(&'m str, &'m str)>,
) -> Outcome<usize> {
    let attributes = attributes(memory, message)?;
    for attribute in attributes {
        pairs.push(pair_of(memory, attribute)?);
    }
    Ok(attributes.len())
}

fn attributes<'m>(memory: &'m Memory, message: &Message) -> Outcome<&'m [Attribute]> {
    memory.list(message.attributes, message.attribute_count, MOST_PAIRS, "attributes")
}

fn pair_of<'m>(memory: &'m Memory, attribute: &Attribute) -> Outcome<(&'m str, &'m str)> {
    let name = memory.needed(attribute.name, CALLSIGN_MAX_TEXT, "attributes.name")?;
    Ok((name, memory.needed(attribute.value, CALLSIGN_MAX_TEXT, "attributes.value")?))
}

/// Attributes by the rule of the library.
pub(crate) fn check<'p>(pairs: &'p Pairs<'p>) -> Outcome<MessageAttributes<'p>> {
    MessageAttributes::new(pairs).map_err(|error| {
        let path = error.name().map_or_else(|| "attributes".into(), |name| format!("attributes.{name}"));
        Failure::at(Status::Message, path, error.to_string())
    })
}

/// A message that is to be filled in.
#[inline]
fn nothing<'m>() -> callsign::Message<'m> {
    callsign::Message::new(callsign::Channel::Sms, "")
}

/// A message without its attributes.
#[inline]
pub(crate) fn read<'m>(memory: &'m Memory, message: &Message) -> Outcome<callsign::Message<'m>> {
    let mut read = nothing();
    fill(&mut read, memory, message)?;
    Ok(read)
}

/// Fills in all but the attributes, where the message is: it is large.
#[inline]
fn fill<'m>(read: &mut callsign::Message<'m>, memory: &'m Memory, message: &Message) -> Outcome<()> {
    read.to = memory.needed(message.to, CALLSIGN_MAX_TEXT, "to")?;
    let channels = &message.channels;
    match message.channel_count {
        1 => {
            let Some(channel) = channel(channels[0]) else { return Err(no_channel("channel", channels[0])) };
            read.channel = channel;
        }
        count => {
            let list = several(channels, count)?;
            (read.channel, read.channels) = (list.first(), Some(list));
        }
    }
    read.application = id(memory, message.application_id, "applicationId")?;
    read.entity = id(memory, message.entity_id, "entityId")?;
    read.from = memory.text(message.from, CALLSIGN_MAX_TEXT, "from")?;
    read.id = memory.text(message.message_id, CALLSIGN_MAX_TEXT, "messageId")?;
    if let Some(word) = memory.text(message.message_type, CALLSIGN_MAX_TEXT, "messageType")? {
        let word = MessageType::parse(word);
        read.message_type = Some(word.map_err(|error| Failure::at(Status::Message, "messageType", error.to_string()))?);
    }
    read.sent_at = (message.sent_at != 0).then_some(message.sent_at);
    read.trace_id = (message.trace_id != [0; 16]).then_some(message.trace_id);
    Ok(())
}

#[inline]
fn id<'m>(memory: &'m Memory, text: crate::abi::Text, name: &str) -> Outcome<Option<&'m str>> {
    match memory.text(text, CALLSIGN_MAX_TEXT, name)? {
        None => Ok(None),
        Some(text) => match Id::parse(text) {
            Ok(id) => Ok(Some(id.as_str())),
            Err(error) => Err(Failure::at(Status::Message, name, error.to_string())),
        },
    }
}

#[inline(never)]
fn several(numbers: &[u32; CALLSIGN_MAX_CHANNELS], count: u32) -> Outcome<Channels> {
    let Some(numbers) = numbers.get(..count as usize) else {
        let text = format!("has {count} elements; it may have {CALLSIGN_MAX_CHANNELS} at most");
        return Err(Failure::at(Status::Length, "channels", text));
    };
    let mut list = [callsign::Channel::Sms; CALLSIGN_MAX_CHANNELS];
    for (index, (&number, place)) in numbers.iter().zip(&mut list).enumerate() {
        let Some(channel) = channel(number) else { return Err(no_channel(&format!("channels[{index}]"), number)) };
        *place = channel;
    }
    let channels = Channels::new(&list[..numbers.len()]);
    channels.map_err(|error| Failure::at(Status::Message, "channels", error.to_string()))
}

#[cold]
fn no_channel(path: &str, number: u32) -> Box<Failure> {
    let known =
        callsign::Channel::ALL.map(|channel| format!("{} ({channel})", crate::words::number_of_channel(channel)));
    Failure::at(Status::Message, path, format!("is {number}, which is none of {}", known.join(", ")))
}
