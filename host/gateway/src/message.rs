//! A message that needs a sender.

use callsign_catalog::Channel;

/// What the choice of a sender needs to know of a message. It borrows its texts.
///
/// ```
/// use callsign::{Channel, Message};
///
/// let message = Message::new(Channel::Sms, "+14155550123").application("shop").entity("acme");
/// assert_eq!(message.entity, Some("acme"));
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
    /// `channel`.
    pub channel: Channel,
    /// `to`: E.164, with or without the leading `+`; spaces, dashes, dots and brackets are ignored.
    pub to: &'a str,
    /// `from`: the sender that overrides every strategy, as recipients see it.
    pub from: Option<&'a str>,
    /// When it goes out, in seconds since 1970-01-01 UTC. The standard policy does not read it.
    pub sent_at: Option<u64>,
}

impl<'a> Message<'a> {
    /// A message of the default application to a number.
    pub fn new(channel: Channel, to: &'a str) -> Self {
        Self { id: None, application: None, entity: None, channel, to, from: None, sent_at: None }
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

    /// Going out at a time, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn sent_at(mut self, seconds: u64) -> Self {
        self.sent_at = Some(seconds);
        self
    }

    /// From a sender that overrides every strategy.
    #[must_use]
    pub fn from(mut self, from: &'a str) -> Self {
        self.from = Some(from);
        self
    }
}

/// A message that owns its texts, to be decided on another thread.
#[derive(Debug, Clone)]
pub(crate) struct OwnedMessage {
    id: Option<Box<str>>,
    application: Option<Box<str>>,
    entity: Option<Box<str>>,
    channel: Channel,
    to: Box<str>,
    from: Option<Box<str>>,
    sent_at: Option<u64>,
}

impl OwnedMessage {
    pub(crate) fn of(message: &Message<'_>) -> Self {
        Self {
            id: message.id.map(Into::into),
            application: message.application.map(Into::into),
            entity: message.entity.map(Into::into),
            channel: message.channel,
            to: message.to.into(),
            from: message.from.map(Into::into),
            sent_at: message.sent_at,
        }
    }

    pub(crate) fn get(&self) -> Message<'_> {
        Message {
            id: self.id.as_deref(),
            application: self.application.as_deref(),
            entity: self.entity.as_deref(),
            channel: self.channel,
            to: &self.to,
            from: self.from.as_deref(),
            sent_at: self.sent_at,
        }
    }
}
