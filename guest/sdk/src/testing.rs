//! Plain data for native tests of a policy.
//!
//! ```
//! use callsign_policy::testing::{Sample, answer, request};
//! use callsign_policy::types::{Answer, SenderType};
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
//! let sample = Sample::new().sender("S1", SenderType::ShortCode, 0);
//! assert_eq!(answer(&mut First, &sample, &request(7)), Answer::spread(0, None));
//! assert_eq!(answer(&mut First, &Sample::new(), &request(7)), Answer::refuse(1, 0));
//! ```

use crate::call::{Call, Scratch};
use crate::messages::Field;
use crate::policy::Policy;
use crate::pool::Pool;
use crate::reads::Reads;
use crate::senders::{self, Candidate, Considered, DefaultSender, Group, SenderText, Standing};
use crate::sticky::Pin;
use crate::strategies::{CountryMatch, Priorities, StrategyFacts};
use crate::types::{
    Answer, Channel, ChannelLimit, Country, Level, Message, Request, Scope, Sender, SenderType, Strategy,
};

/// One scope, with senders that are all candidates and strategies, both numbered from 0. It answers alike for every
/// scope, channel, country and message.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    senders: Vec<(String, Candidate)>,
    strategies: Vec<StrategyFacts>,
    default: Option<DefaultSender>,
    pin: Option<Sender>,
    attributes: Vec<(String, String)>,
    sent_at: Option<u64>,
}

impl Sample {
    /// An empty scope.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sender. Only long numbers have an `area_code`; give 0 for others.
    #[must_use]
    pub fn sender(mut self, id: &str, sender_type: SenderType, area_code: u16) -> Self {
        let key = id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            let hash: u64 = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            hash ^ (hash >> 29)
        });
        let sender = self.senders.len() as Sender;
        self.senders.push((id.into(), Candidate { key, sender, area_code, sender_type }));
        self
    }

    /// Adds a strategy of the application for every channel and country. `change` can change it.
    #[must_use]
    pub fn strategy(mut self, change: impl FnOnce(&mut StrategyFacts)) -> Self {
        let mut facts = StrategyFacts {
            strategy: self.strategies.len() as Strategy,
            level: Level::Application,
            channel: ChannelLimit::Any,
            countries: CountryMatch::All,
            sticky: false,
            geolocated: false,
            priorities: Priorities { alphanumeric: 0, virtual_long_number: 0, short_code: 0, toll_free_number: 0 },
        };
        change(&mut facts);
        self.strategies.push(facts);
        self
    }

    /// Sets a default sender of the application, which can carry every message.
    #[must_use]
    pub fn default_sender(mut self, sender: Sender) -> Self {
        self.default = Some(DefaultSender { sender, level: Level::Application, usable: true });
        self
    }

    /// Pins every recipient to a sender.
    #[must_use]
    pub fn pinned(mut self, sender: Sender) -> Self {
        self.pin = Some(sender);
        self
    }

    /// Gives all messages an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// Sets when all messages go out, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn sent_at(mut self, seconds: u64) -> Self {
        self.sent_at = Some(seconds);
        self
    }

    /// The id of a sender; empty if there is no such sender.
    pub fn id(&self, sender: Sender) -> &str {
        self.senders.get(sender as usize).map_or("", |(id, _)| id)
    }

    fn pool(&self) -> Pool {
        Pool::new(self.candidates())
    }

    fn candidates(&self) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> = self.senders.iter().map(|(_, candidate)| *candidate).collect();
        candidates.sort_by_key(|candidate| (candidate.sender_type as u8, candidate.area_code, candidate.key));
        candidates
    }
}

impl Reads for Sample {
    fn strategies_of(&self, _: Scope, _: Country) -> Vec<StrategyFacts> {
        self.strategies.clone()
    }
    fn candidates(&self, _: senders::Pool) -> Vec<Candidate> {
        Sample::candidates(self)
    }
    fn count(&self, _: senders::Pool, group: Group) -> u32 {
        self.pool().count(&group)
    }
    fn contains(&self, _: senders::Pool, sender: Sender) -> bool {
        self.pool().contains(sender)
    }
    fn spread(&self, _: senders::Pool, group: Group, recipient: u64) -> Option<Sender> {
        self.pool().spread(&group).choose(recipient)
    }
    fn default_senders(&self, _: Scope, _: Channel, _: Country) -> Vec<DefaultSender> {
        self.default.into_iter().collect()
    }
    fn all_considered(&self, _: senders::Pool) -> Vec<Considered> {
        let considered = |&(_, Candidate { sender, area_code, sender_type, .. }): &(String, Candidate)| Considered {
            sender,
            sender_type,
            area_code,
            standing: Standing::Candidate,
        };
        self.senders.iter().map(considered).collect()
    }
    fn pin_of(&self, _: Message) -> Pin {
        self.pin.map_or(Pin::None, Pin::Held)
    }
    fn describe(&self, _: Scope, sender: Sender) -> Option<SenderText> {
        let (id, _) = self.senders.get(sender as usize)?;
        Some(SenderText { id: id.clone(), address: id.clone() })
    }
    fn text(&self, _: Message, _: Field) -> Option<String> {
        None
    }
    fn attribute(&self, _: Message, name: &str) -> Option<String> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
    fn sent_at(&self, _: Message) -> Option<u64> {
        self.sent_at
    }
}

/// A request of scope 1 at revision 1, for an SMS to the United States without an area code. Recipients are hashes:
/// [`recipients`] gives some.
pub fn request(recipient: u64) -> Request {
    let country = Country::from_be_bytes(*b"US");
    Request { message: 0, scope: 1, revision: 1, channel: Channel::Sms, country, area_code: 0, recipient }
}

/// `count` recipients, as evenly distributed as the host's.
pub fn recipients(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(crate::spread::mix)
}

/// What a policy answers.
pub fn answer<P: Policy>(policy: &mut P, sample: &Sample, request: &Request) -> Answer {
    policy.resolve(&Call::new(request, sample, &Scratch::default()))
}
