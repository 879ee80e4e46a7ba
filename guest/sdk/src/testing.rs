//! Plain data for native tests of a policy. It answers every read as the host would.
//!
//! ```
//! use callsign_policy::testing::{Sample, answer, request};
//! use callsign_policy::types::Answer;
//! use callsign_policy::words::sender_type;
//! use callsign_policy::{Call, NoSettings, Policy, reads::Reads};
//!
//! struct First;
//!
//! impl Policy for First {
//!     type Settings = NoSettings;
//!     fn new(_: NoSettings) -> Result<Self, String> { Ok(Self) }
//!     fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
//!         match call.senders(None).read().candidates().first() {
//!             Some(first) => Answer::spread(first.sender, None),
//!             None => Answer::refuse(1, 0),
//!         }
//!     }
//! }
//!
//! let sample = Sample::new().sender("S1", sender_type::SHORT_CODE, 0);
//! assert_eq!(answer(&mut First, &sample, &request(7)), Answer::spread(0, None));
//! assert_eq!(answer(&mut First, &Sample::new(), &request(7)), Answer::refuse(1, 0));
//! ```
//!
//! Where messages differ, a sample has [`SampleMessage`]s, and [`Sample::request_of`] asks about one of them.

mod reads;
mod sample_message;
mod sample_sender;

pub use sample_message::SampleMessage;
pub use sample_sender::SampleSender;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::call::{Call, Scratch};
use crate::exports::explain::Trace;
use crate::policy::Policy;
use crate::pool::Pool;
use crate::strategies::{CountryMatch, StrategyFacts};
use crate::types::{Answer, Country, Key, Level, Request, Scope, Sender, SenderType, Strategy};
use crate::words::{channel, field, level, marks};

/// Names with values.
pub(crate) type Attributes = Vec<(String, String)>;

/// One scope, with senders that are all candidates and strategies, both numbered from 0. It answers alike for every
/// channel and country; RCS agents are candidates for RCS alone.
#[derive(Debug, Clone)]
pub struct Sample {
    scope: Scope,
    revision: u64,
    senders: Vec<SampleSender>,
    strategies: Vec<StrategyFacts>,
    /// The senders that a strategy lists, if it lists any.
    listed: HashMap<Strategy, Vec<Sender>>,
    defaults: Vec<(Sender, Level)>,
    /// Attributes of the application and of the entity.
    attributes: [Attributes; 2],
    zone_names: Vec<String>,
    /// What holds for messages that are not in the list.
    common: SampleMessage,
    messages: Vec<SampleMessage>,
    copy_up_to: u32,
    pools: Pools,
}

/// Pools by channel, message type, strategy and health, made when they are first asked for.
type Pools = RefCell<HashMap<(u8, Key, Option<Strategy>, bool), Rc<Pool>>>;

impl Default for Sample {
    fn default() -> Self {
        Self {
            scope: 1,
            revision: 1,
            senders: Vec::new(),
            strategies: Vec::new(),
            listed: HashMap::new(),
            defaults: Vec::new(),
            attributes: [Vec::new(), Vec::new()],
            zone_names: Vec::new(),
            common: SampleMessage::default().text(field::APPLICATION_ID, "default"),
            messages: Vec::new(),
            copy_up_to: 64,
            pools: RefCell::default(),
        }
    }
}

impl Sample {
    /// An empty scope.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of the scope, by default 1. Samples with other senders need another number or revision, as the
    /// host would give them.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets the revision of the scope, by default 1.
    #[must_use]
    pub fn revision(mut self, revision: u64) -> Self {
        self.revision = revision;
        self
    }

    /// Sets the `applicationId`, by default `default`.
    #[must_use]
    pub fn application(mut self, id: &str) -> Self {
        self.common = self.common.text(field::APPLICATION_ID, id);
        self
    }

    /// Sets the `entityId`.
    #[must_use]
    pub fn entity(mut self, id: &str) -> Self {
        self.common = self.common.text(field::ENTITY_ID, id);
        self
    }

    /// Adds a sender. Only long numbers have an `area_code`; give 0 for others.
    #[must_use]
    pub fn sender(self, id: &str, sender_type: SenderType, area_code: u16) -> Self {
        self.sender_with(id, sender_type, area_code, |_| {})
    }

    /// Adds a sender that `change` changes.
    #[must_use]
    pub fn sender_with(
        mut self,
        id: &str,
        sender_type: SenderType,
        area_code: u16,
        change: impl FnOnce(&mut SampleSender),
    ) -> Self {
        let mut sender = SampleSender::new(id, sender_type, area_code, self.senders.len());
        change(&mut sender);
        self.senders.push(sender);
        self.pools.take();
        self
    }

    /// Adds a strategy of the application for every channel and country. `change` can change it.
    #[must_use]
    pub fn strategy(mut self, change: impl FnOnce(&mut StrategyFacts)) -> Self {
        let mut facts = StrategyFacts {
            strategy: self.strategies.len() as Strategy,
            level: level::APPLICATION,
            channel: None,
            countries: CountryMatch::All,
            sticky: false,
            geolocated: false,
            skip_unhealthy: false,
            priorities: 0,
        };
        change(&mut facts);
        self.strategies.push(facts);
        self
    }

    /// Limits the strategy that was added last to these senders.
    #[must_use]
    pub fn listing(mut self, senders: &[Sender]) -> Self {
        let strategy = self.strategies.len().saturating_sub(1) as Strategy;
        self.listed.insert(strategy, senders.to_vec());
        self.pools.take();
        self
    }

    /// Sets a default sender of the application.
    #[must_use]
    pub fn default_sender(mut self, sender: Sender) -> Self {
        self.defaults.push((sender, level::APPLICATION));
        self
    }

    /// Sets a default sender of the entity.
    #[must_use]
    pub fn entity_default_sender(mut self, sender: Sender) -> Self {
        self.defaults.insert(0, (sender, level::ENTITY));
        self
    }

    /// Gives the application or the entity an attribute.
    #[must_use]
    pub fn scope_attribute(mut self, level: Level, name: &str, value: &str) -> Self {
        if let Some(attributes) = self.attributes.get_mut(usize::from(level)) {
            attributes.push((name.into(), value.into()));
        }
        self
    }

    /// Changes every message that is not added with [`message`](Self::message).
    #[must_use]
    pub fn every_message(mut self, change: impl FnOnce(SampleMessage) -> SampleMessage) -> Self {
        self.common = change(self.common);
        self
    }

    /// Pins every recipient to a sender.
    #[must_use]
    pub fn pinned(self, sender: Sender) -> Self {
        self.every_message(|message| message.pinned(sender))
    }

    /// Gives every message an attribute.
    #[must_use]
    pub fn attribute(self, name: &str, value: &str) -> Self {
        self.every_message(|message| message.attribute(name, value))
    }

    /// Sets when every message goes out, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn sent_at(self, seconds: u64) -> Self {
        self.every_message(|message| message.sent_at(seconds))
    }

    /// Names the zones that the local times of messages are in, from zone 0 on.
    #[must_use]
    pub fn zone_names(mut self, names: &[&str]) -> Self {
        self.zone_names = names.iter().map(|&name| name.into()).collect();
        self
    }

    /// Adds a message, whose handle is the number of those added before it.
    #[must_use]
    pub fn message(mut self, message: SampleMessage) -> Self {
        self.messages.push(message);
        self
    }

    /// Sets the largest pool that a policy should copy before its first decision. A policy must answer alike for 0 and
    /// for any other number.
    #[must_use]
    pub fn copy_up_to(mut self, senders: u32) -> Self {
        self.copy_up_to = senders;
        self
    }

    /// The id of a sender; empty if there is no such sender.
    pub fn id(&self, sender: Sender) -> &str {
        self.senders.get(sender as usize).map_or("", |sender| &sender.id)
    }

    /// What the host would ask about a message of the list.
    pub fn request_of(&self, message: u32) -> Request {
        let facts = self.message_facts(message);
        let unhealthy = self.senders.iter().any(|sender| sender.unhealthy_since.is_some());
        let types = self.senders.iter().flat_map(|sender| &sender.message_types);
        let limited = self.senders.iter().any(|sender| !sender.message_types.is_empty());
        let message_type = match facts.texts.get(&field::MESSAGE_TYPE) {
            Some(message_type) if types.into_iter().any(|known| known == message_type) => key_of(message_type),
            // No sender of the scope lists it.
            Some(_) if limited => 1,
            _ => 0,
        };
        Request {
            message,
            scope: self.scope,
            revision: self.revision,
            recipient: facts.recipient,
            message_type,
            marks: if !facts.itself.is_empty() { marks::ITSELF } else { 0 }
                | if unhealthy { marks::UNHEALTHY } else { 0 },
            country: facts.country,
            area_code: facts.area_code,
            channel: facts.channel,
        }
    }

    /// What the host would ask about a message that is not in the list, to this recipient.
    pub fn request(&self, recipient: u64) -> Request {
        Request { recipient, ..self.request_of(self.messages.len() as u32) }
    }

    fn message_facts(&self, message: u32) -> &SampleMessage {
        self.messages.get(message as usize).unwrap_or(&self.common)
    }
}

/// A request of scope 1 at revision 1, for an SMS to the United States without an area code. Recipients are hashes:
/// [`recipients`] gives some. [`Sample::request`] has all that the host would tell.
pub fn request(recipient: u64) -> Request {
    let country = Country::from_be_bytes(*b"US");
    let (scope, revision, channel) = (1, 1, channel::SMS);
    Request { message: 0, scope, revision, recipient, message_type: 0, marks: 0, country, area_code: 0, channel }
}

/// `count` recipients, as evenly distributed as the host's.
pub fn recipients(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(crate::spread::mix)
}

/// What a policy answers.
pub fn answer<P: Policy>(policy: &mut P, sample: &Sample, request: &Request) -> Answer {
    policy.resolve(&Call::new(request, sample, &Scratch::default()))
}

/// How a policy explains its answer.
pub fn explain<P: Policy>(policy: &mut P, sample: &Sample, request: &Request) -> Trace {
    policy.explain(&Call::new(request, sample, &Scratch::default()))
}

/// The key of a text. Keys of samples are not those of the host, so the host may spread a recipient to another sender.
pub fn key_of(text: &str) -> Key {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        let hash: u64 = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        hash ^ (hash >> 29)
    });
    if text.is_empty() { 0 } else { hash }
}
