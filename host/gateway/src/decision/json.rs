//! A decision as JSON. What borrows its catalog and what is owned are written by the same code.

use std::borrow::Cow;
use std::fmt::Display;

use callsign_catalog::{Channel, SenderType};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::DecisionRef;
use crate::step::Step;

/// What is written of a decision.
pub(super) enum Written<'a> {
    /// It has a sender.
    Sender {
        /// As recipients see it.
        sender: Cow<'a, str>,
        sender_id: &'a str,
        sender_type: SenderType,
        step: Step,
        strategy_id: Option<&'a str>,
        unpinned: Option<&'a str>,
        policy: &'a str,
    },
    /// It was refused.
    Refusal { code: &'a str, message: &'a dyn Display },
}

/// A decision that can be written.
pub(super) trait Writable: Copy {
    fn written(&self) -> Option<Written<'_>>;

    /// Of a message with `channels`: the one of the decision.
    fn channel(&self) -> Option<Channel>;

    /// What the other channels would get; none for a message with a single one.
    fn fallbacks(&self) -> Option<impl Iterator<Item = (Channel, Self)>>;
}

/// A decision with the id of its message.
pub(super) struct Json<'m, D> {
    pub(super) message_id: Option<&'m str>,
    pub(super) decision: D,
}

/// What the other channels of a message would get.
struct Fallbacks<D>(D);

/// What one of them would get.
struct Fallback<D>(Channel, D);

struct RefusalJson<'a> {
    code: &'a str,
    message: &'a dyn Display,
}

impl<'a> Writable for DecisionRef<'a> {
    fn written(&self) -> Option<Written<'_>> {
        if let Some(refusal) = self.refusal() {
            return Some(Written::Refusal { code: refusal.code(), message: refusal });
        }
        let (sender, step) = self.sender().zip(self.step())?;
        Some(Written::Sender {
            sender: sender.shown(),
            sender_id: &sender.id,
            sender_type: sender.kind,
            step,
            strategy_id: self.strategy().map(|strategy| &*strategy.id),
            unpinned: self.unpinned(),
            policy: self.policy(),
        })
    }

    fn channel(&self) -> Option<Channel> {
        DecisionRef::channel(self)
    }

    fn fallbacks(&self) -> Option<impl Iterator<Item = (Channel, Self)>> {
        self.by_channel.map(|_| DecisionRef::fallbacks(self))
    }
}

impl<D: Writable> Serialize for Json<'_, D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = self.message_id {
            map.serialize_entry("messageId", id)?;
        }
        if let Some(channel) = self.decision.channel() {
            map.serialize_entry("channel", channel.as_str())?;
        }
        write(&self.decision, &mut map)?;
        if self.decision.fallbacks().is_some() {
            map.serialize_entry("fallbacks", &Fallbacks(self.decision))?;
        }
        map.end()
    }
}

impl<D: Writable> Serialize for Fallbacks<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fallbacks = self.0.fallbacks().into_iter().flatten();
        serializer.collect_seq(fallbacks.map(|(channel, decision)| Fallback(channel, decision)))
    }
}

impl<D: Writable> Serialize for Fallback<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("channel", self.0.as_str())?;
        write(&self.1, &mut map)?;
        map.end()
    }
}

fn write<D: Writable, M: SerializeMap>(decision: &D, map: &mut M) -> Result<(), M::Error> {
    match decision.written() {
        Some(Written::Refusal { code, message }) => map.serialize_entry("refusal", &RefusalJson { code, message }),
        Some(Written::Sender { sender, sender_id, sender_type, step, strategy_id, unpinned, policy }) => {
            map.serialize_entry("sender", &sender)?;
            map.serialize_entry("senderId", sender_id)?;
            map.serialize_entry("senderType", sender_type.as_str())?;
            map.serialize_entry("step", step.as_str())?;
            if let Some(strategy) = strategy_id {
                map.serialize_entry("strategyId", strategy)?;
            }
            if let Some(reason) = unpinned {
                map.serialize_entry("unpinned", reason)?;
            }
            map.serialize_entry("policy", policy)
        }
        None => Ok(()),
    }
}

impl Serialize for RefusalJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("code", self.code)?;
        map.serialize_entry("message", &format_args!("{}", self.message))?;
        map.end()
    }
}
