//! A message that needs a sender.

use callsign_catalog::{AttributeError, Channel, MessageType, check_attributes};

/// What the choice of a sender needs to know of a message. It borrows its texts.
///
/// ```
/// use callsign::{Channel, Message, MessageAttributes, MessageType};
///
/// let attributes = MessageAttributes::new(&[("campaign", "C1")])?;
/// let message = Message::new(Channel::Sms, "+14155550123")
///     .application("shop")
///     .entity("acme")
///     .message_type(MessageType::TRANSACTIONAL)
///     .attributes(attributes);
/// assert_eq!(message.entity, Some("acme"));
/// # Ok::<(), callsign::AttributeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<'a> {
    /// `messageId`: given back with the decision.
    pub id: Option<&'a str>,
    /// `applicationId`; `default` where there is none.
    pub application: Option<&'a str>,
    /// `entityId`.
    pub entity: Option<&'a str>,
    /// `channel`. Of a message with `channels` it is the first of them.
    pub channel: Channel,
    /// `channels`: the channels in order of preference, in place of `channel`. The first that has a sender is decided
    /// for; see [`DecisionRef::channel`](crate::DecisionRef::channel).
    pub channels: Option<Channels>,
    /// `to`: E.164, with or without the leading `+`; spaces, dashes, dots and brackets are ignored.
    pub to: &'a str,
    /// `from`: the sender that overrides every strategy, as recipients see it.
    pub from: Option<&'a str>,
    /// `messageType`: senders that are limited to other types do not carry it. Every sender carries a message without one.
    pub message_type: Option<MessageType<'a>>,
    /// `sentAt`: when it goes out, in seconds since 1970-01-01 UTC. The standard policy does not read it.
    pub sent_at: Option<u64>,
    /// `attributes`, for policies of tenants. The standard policy reads none.
    pub attributes: MessageAttributes<'a>,
    /// The trace id of W3C Trace Context that its decision is a part of. Only a decision log has it: no policy reads it.
    pub trace_id: Option<[u8; 16]>,
    /// Whether the decision is only what the message would get on this channel: no pin is written or renewed.
    pub(crate) is_fallback: bool,
}

/// The channels of a message in order of preference: one or more, each once.
///
/// ```
/// use callsign::{Channel, Channels, ChannelsError};
///
/// let channels = Channels::new(&[Channel::Rcs, Channel::Sms])?;
/// assert_eq!(channels.first(), Channel::Rcs);
/// assert_eq!(Channels::new(&[]), Err(ChannelsError::Empty));
/// # Ok::<(), ChannelsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channels {
    /// The channels, and after them the first one again.
    list: [Channel; Channel::ALL.len()],
    count: u8,
}

/// Why a list is no list of channels in order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelsError {
    /// It is empty.
    #[error("is empty; name at least one channel")]
    Empty,
    /// A channel is there twice.
    #[error("has {0} twice; name each channel once")]
    Repeated(Channel),
}

/// The attributes of a message: texts by name, checked, and borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageAttributes<'a>(&'a [(&'a str, &'a str)]);

impl<'a> Message<'a> {
    /// A message of the default application to a number.
    pub fn new(channel: Channel, to: &'a str) -> Self {
        Self {
            id: None,
            application: None,
            entity: None,
            channel,
            channels: None,
            to,
            from: None,
            message_type: None,
            sent_at: None,
            attributes: MessageAttributes::default(),
            trace_id: None,
            is_fallback: false,
        }
    }

    /// With an id.
    #[must_use]
    pub fn id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// Of an application.
    #[must_use]
    pub fn application(mut self, application: &'a str) -> Self {
        self.application = Some(application);
        self
    }

    /// Of an entity of its application.
    #[must_use]
    pub fn entity(mut self, entity: &'a str) -> Self {
        self.entity = Some(entity);
        self
    }

    /// Over the first of these channels that has a sender.
    #[must_use]
    pub fn channels(mut self, channels: Channels) -> Self {
        (self.channel, self.channels) = (channels.first(), Some(channels));
        self
    }

    /// Of a type.
    #[must_use]
    pub fn message_type(mut self, message_type: MessageType<'a>) -> Self {
        self.message_type = Some(message_type);
        self
    }

    /// Going out at a time, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn sent_at(mut self, seconds: u64) -> Self {
        self.sent_at = Some(seconds);
        self
    }

    /// With attributes.
    #[must_use]
    pub fn attributes(mut self, attributes: MessageAttributes<'a>) -> Self {
        self.attributes = attributes;
        self
    }

    /// From a sender that overrides every strategy.
    #[must_use]
    pub fn from(mut self, from: &'a str) -> Self {
        self.from = Some(from);
        self
    }

    /// Decided as a part of a trace: the trace id of W3C Trace Context.
    #[must_use]
    pub fn trace(mut self, trace_id: [u8; 16]) -> Self {
        self.trace_id = Some(trace_id);
        self
    }

    /// The message as one of a single channel.
    pub(crate) fn over(&self, channel: Channel) -> Self {
        Self { channel, channels: None, ..*self }
    }
}

impl Channels {
    /// Channels in order of preference.
    ///
    /// # Errors
    /// There is none, or one is there twice.
    pub fn new(channels: &[Channel]) -> Result<Self, ChannelsError> {
        let Some(&first) = channels.first() else { return Err(ChannelsError::Empty) };
        let mut list = [first; Channel::ALL.len()];
        for (index, &channel) in channels.iter().enumerate() {
            if channels[..index].contains(&channel) {
                return Err(ChannelsError::Repeated(channel));
            }
            // No list without repetitions is longer.
            list[index] = channel;
        }
        Ok(Self { list, count: channels.len() as u8 })
    }

    /// The channel that is preferred to the others.
    pub fn first(self) -> Channel {
        self.list[0]
    }

    /// The channels, the preferred one first.
    pub fn as_slice(&self) -> &[Channel] {
        &self.list[..usize::from(self.count)]
    }
}

impl<'a> MessageAttributes<'a> {
    /// Attributes by name.
    ///
    /// # Errors
    /// They break a rule of [`check_attributes`]: the first one that does, and which.
    pub fn new(pairs: &'a [(&'a str, &'a str)]) -> Result<Self, AttributeError> {
        check_attributes(pairs.iter().copied()).map(|()| Self(pairs))
    }

    /// Names and values, in the order in which they were given.
    #[inline]
    pub fn iter(self) -> std::iter::Copied<std::slice::Iter<'a, (&'a str, &'a str)>> {
        self.0.iter().copied()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Names and values.
    #[inline]
    pub(crate) fn as_slice(self) -> &'a [(&'a str, &'a str)] {
        self.0
    }
}

/// A message of a single channel that owns its texts, to be decided on another thread or later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedMessage {
    id: Option<Box<str>>,
    application: Option<Box<str>>,
    entity: Option<Box<str>>,
    channel: Channel,
    to: Box<str>,
    from: Option<Box<str>>,
    message_type: Option<Box<str>>,
    sent_at: Option<u64>,
    attributes: Box<[(Box<str>, Box<str>)]>,
    is_fallback: bool,
}

impl OwnedMessage {
    /// A message as one of its `channel` alone.
    pub(crate) fn of(message: &Message<'_>) -> Self {
        Self {
            id: message.id.map(Into::into),
            application: message.application.map(Into::into),
            entity: message.entity.map(Into::into),
            channel: message.channel,
            to: message.to.into(),
            from: message.from.map(Into::into),
            message_type: message.message_type.map(|one| one.as_str().into()),
            sent_at: message.sent_at,
            attributes: message.attributes.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            is_fallback: message.is_fallback,
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel
    }

    pub(crate) fn to(&self) -> &str {
        &self.to
    }

    /// Its attributes, for [`OwnedMessage::get`].
    pub(crate) fn attributes(&self) -> Vec<(&str, &str)> {
        self.attributes.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    /// The message, with its [`OwnedMessage::attributes`].
    pub(crate) fn get<'a>(&'a self, attributes: &'a [(&'a str, &'a str)]) -> Message<'a> {
        Message {
            id: self.id.as_deref(),
            application: self.application.as_deref(),
            entity: self.entity.as_deref(),
            channel: self.channel,
            channels: None,
            to: &self.to,
            from: self.from.as_deref(),
            // It was checked before.
            message_type: self.message_type.as_deref().and_then(|text| MessageType::parse(text).ok()),
            sent_at: self.sent_at,
            attributes: MessageAttributes(attributes),
            trace_id: None,
            is_fallback: self.is_fallback,
        }
    }
}
