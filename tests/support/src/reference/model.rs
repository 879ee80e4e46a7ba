//! The plain reference model: section 3 of the specification of resolution, one function a step, in its order.
//!
//! Deliberately naive. Everything is a linear scan over the lists of the catalog, so that each function can be held
//! against its sentence of the specification; speed and indexes are the business of what is tested with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::LazyLock;

use serde_json::Value;

use super::catalog::{Association, Catalog, Sender, Strategy};
use super::geography::Geography;
use super::health::Health;
use super::message::{Destination, Expected, Message, Outcome};
use super::sticky::Pins;

/// What a step does: settle the message (`Break`), or narrow and go on (`Continue`).
type Step<T> = ControlFlow<Expected, T>;

/// Read once for all catalogs of a test.
static GEOGRAPHY: LazyLock<Geography> = LazyLock::new(Geography::read);

/// The reference model of one catalog, and of the health of its senders.
pub struct Reference {
    catalog: Catalog,
    health: Health,
}

/// The candidates of step 4.
struct Candidates<'s> {
    /// Those that go on.
    sound: Vec<&'s Sender>,
    /// Those that only their health keeps out.
    passed_over: Vec<&'s Sender>,
}

impl Reference {
    /// Reads a catalog in its JSON format.
    ///
    /// # Panics
    ///
    /// Where the catalog is not in the format. Faults of meaning (a reference to nothing) are not looked for: the
    /// model is for valid catalogs.
    pub fn new(catalog: &Value) -> Self {
        Self { catalog: Catalog::read(catalog), health: Health::default() }
    }

    /// The same catalog with senders that were reported unhealthy.
    #[must_use]
    pub fn with_health(self, health: &Health) -> Self {
        Self { health: health.clone(), ..self }
    }

    /// What must come out for a message, first the answer, then its fallbacks, given what is pinned.
    ///
    /// The channels before the first that has a sender are not among them. Where no channel has one, all are: the answer is
    /// the refusal of the preferred channel. Only the answer may pin.
    ///
    /// # Panics
    ///
    /// As [`Reference::expect`].
    pub fn expect_each(&self, message: &Message, pins: &Pins) -> Vec<Outcome> {
        let each: Vec<Outcome> = message
            .channels()
            .into_iter()
            .map(|channel| Outcome { channel: channel.to_owned(), expected: self.expect(&message.over(channel), pins) })
            .collect();
        let answer = each.iter().position(|outcome| outcome.expected.is_decided()).unwrap_or_default();
        each.into_iter().skip(answer).collect()
    }

    /// What must come out for a message of one channel, given what is pinned.
    ///
    /// # Panics
    ///
    /// Where two strategies of one scope tie for the message: such a catalog is invalid.
    pub fn expect(&self, message: &Message, pins: &Pins) -> Expected {
        match self.steps(message, pins) {
            Break(expected) | Continue(expected) => expected,
        }
    }

    fn steps(&self, message: &Message, pins: &Pins) -> Step<Expected> {
        let destination = self.destination(message)?;
        self.explicit_sender(message, destination)?;
        let strategy = self.strategy(message, destination)?;
        let candidates = self.candidates(message, destination, strategy)?;
        let pinned = self.sticky(message, strategy, &candidates, pins)?;
        let remaining = self.type_priority(strategy, candidates.sound);
        let (step, remaining) = self.geolocated(destination, strategy, remaining);
        Continue(self.spread_and_pin(strategy, step, &remaining, pinned))
    }

    /// Step 1.
    fn destination<'m>(&self, message: &'m Message) -> Step<&'m Destination> {
        match &message.destination {
            Some(destination) => Continue(destination),
            None => refuse("INVALID_DESTINATION"),
        }
    }

    /// Step 2. Of several senders with the text, the first of the catalog that can carry the message.
    fn explicit_sender(&self, message: &Message, destination: &Destination) -> Step<()> {
        let Some(from) = &message.from else {
            return Continue(());
        };
        let registered: Vec<&Sender> = self.catalog.senders.iter().filter(|sender| sender.is_called(from)).collect();
        if registered.is_empty() {
            return refuse("SENDER_NOT_REGISTERED");
        }
        let lacks = |sender: &Sender| self.lacks(sender, message, destination);
        match registered.iter().find(|sender| lacks(sender).is_empty()) {
            Some(sender) => Break(Expected::Decided {
                step: "EXPLICIT",
                strategy_id: None,
                any_of: weighted(&[sender]),
                pins: false,
            }),
            None => Break(Expected::Refused {
                code: "SENDER_NOT_CAPABLE",
                reasons: registered.into_iter().flat_map(lacks).collect(),
            }),
        }
    }

    /// What keeps a sender from carrying a message, wherever it is registered or associated; nothing where it can.
    fn lacks(&self, sender: &Sender, message: &Message, destination: &Destination) -> Vec<&'static str> {
        let mut lacks = Vec::new();
        if !sender.active {
            lacks.push("SUSPENDED");
        }
        if !sender.covers(&message.channel, &destination.country) {
            lacks.push("NOT_COVERED");
        }
        if !sender.may_carry(message.message_type.as_deref()) {
            lacks.push("MESSAGE_TYPE");
        }
        lacks
    }

    /// Step 3.
    fn strategy(&self, message: &Message, destination: &Destination) -> Step<&Strategy> {
        let application = message.application();
        let entity = message.entity_id.as_deref();
        let application_level = self.strategies_of(application, None);
        let entity_level = match entity {
            Some(_) => self.strategies_of(application, entity),
            None => Vec::new(),
        };
        let none_at_all = application_level.is_empty() && entity_level.is_empty();

        // An entity's strategies replace the application's for this channel only: an entity that has some for another
        // channel still falls back.
        let entity_for_channel = for_channel(entity_level, message);
        let level_that_counts =
            if entity_for_channel.is_empty() { for_channel(application_level, message) } else { entity_for_channel };
        if level_that_counts.is_empty() {
            return refuse(if none_at_all { "NO_STRATEGY" } else { "CHANNEL_NOT_ALLOWED" });
        }

        let for_country: Vec<&Strategy> =
            level_that_counts.into_iter().filter(|strategy| strategy.allows_country(&destination.country)).collect();
        let Some(most_specific) = for_country.iter().map(|strategy| strategy.rank()).min() else {
            return refuse("COUNTRY_NOT_ALLOWED");
        };
        let best: Vec<&Strategy> =
            for_country.into_iter().filter(|strategy| strategy.rank() == most_specific).collect();
        match best[..] {
            [only] => Continue(only),
            _ => panic!("an invalid catalog: {best:?} tie for {message:?}"),
        }
    }

    fn strategies_of(&self, application: &str, entity: Option<&str>) -> Vec<&Strategy> {
        self.catalog
            .strategies
            .iter()
            .filter(|strategy| strategy.application_id == application)
            .filter(|strategy| strategy.entity_id.as_deref() == entity)
            .collect()
    }

    /// Step 4. Where there are none, a default sender decides or the message is refused.
    fn candidates(&self, message: &Message, destination: &Destination, strategy: &Strategy) -> Step<Candidates<'_>> {
        let candidates: Vec<&Sender> = self
            .catalog
            .senders
            .iter()
            .filter(|sender| self.is_associated(sender, message))
            .filter(|sender| self.is_usable(sender, message, destination))
            .filter(|sender| strategy.lists_sender(&sender.sender_id))
            .collect();
        if candidates.is_empty() {
            let mut defaults = self.default_senders(message).into_iter();
            return match defaults.find(|sender| self.is_usable(sender, message, destination)) {
                Some(sender) => Break(Expected::Decided {
                    step: "DEFAULT_SENDER",
                    strategy_id: Some(strategy.strategy_id.clone()),
                    any_of: weighted(&[sender]),
                    pins: false,
                }),
                None => refuse("NO_ELIGIBLE_SENDER"),
            };
        }
        Continue(self.skip_unhealthy(message, destination, strategy, candidates))
    }

    /// Active, covering, of the message's type, and not the recipient itself: what candidates and default senders must be.
    fn is_usable(&self, sender: &Sender, message: &Message, destination: &Destination) -> bool {
        self.lacks(sender, message, destination).is_empty() && !sender.is_recipient(&message.recipient)
    }

    /// The end of step 4. All go on where every one is unhealthy.
    fn skip_unhealthy<'s>(
        &self,
        message: &Message,
        destination: &Destination,
        strategy: &Strategy,
        candidates: Vec<&'s Sender>,
    ) -> Candidates<'s> {
        let is_unhealthy =
            |sender: &&Sender| self.health.is_unhealthy(&sender.sender_id, &message.channel, &destination.country);
        let (unhealthy, healthy): (Vec<_>, Vec<_>) = candidates.iter().copied().partition(is_unhealthy);
        if !strategy.skip_unhealthy_senders || healthy.is_empty() {
            return Candidates { sound: candidates, passed_over: Vec::new() };
        }
        Candidates { sound: healthy, passed_over: unhealthy }
    }

    fn is_associated(&self, sender: &Sender, message: &Message) -> bool {
        self.catalog.associations.iter().filter(|association| association.concerns_senders()).any(
            |association: &Association| {
                association.resource_id == sender.sender_id
                    && association.channel == message.channel
                    && association.application_id == message.application()
                    && association.entity_id == message.entity_id
            },
        )
    }

    /// The entity's default and the application's, in this order, whether or not they can be used.
    fn default_senders(&self, message: &Message) -> Vec<&Sender> {
        let default_of = |entity: Option<&str>| {
            let default = self.catalog.defaults.iter().find(|default| {
                default.application_id == message.application() && default.entity_id.as_deref() == entity
            })?;
            self.catalog.senders.iter().find(|sender| sender.sender_id == default.sender_id)
        };
        let of_entity = message.entity_id.as_deref().and_then(|entity| default_of(Some(entity)));
        of_entity.into_iter().chain(default_of(None)).collect()
    }

    /// Step 5. Looks at the candidates of step 4: a pinned sender need not be of the best type or nearest. Whether what
    /// follows may be pinned: not where the pin is to one that only its health kept out.
    fn sticky(&self, message: &Message, strategy: &Strategy, candidates: &Candidates<'_>, pins: &Pins) -> Step<bool> {
        if !strategy.use_sticky_sender {
            return Continue(false);
        }
        let Some(pinned) = pins.pinned(message) else {
            return Continue(true);
        };
        let is_pinned = |sender: &&&Sender| sender.sender_id == pinned;
        match candidates.sound.iter().find(is_pinned) {
            Some(sender) => Break(Expected::Decided {
                step: "STICKY",
                strategy_id: Some(strategy.strategy_id.clone()),
                any_of: weighted(&[sender]),
                pins: false,
            }),
            None => Continue(!candidates.passed_over.iter().any(|sender| is_pinned(&sender))),
        }
    }

    /// Step 6.
    fn type_priority<'s>(&self, strategy: &Strategy, candidates: Vec<&'s Sender>) -> Vec<&'s Sender> {
        let best = candidates.iter().map(|sender| strategy.priority_of(&sender.sender_type)).min();
        candidates.into_iter().filter(|sender| Some(strategy.priority_of(&sender.sender_type)) == best).collect()
    }

    /// Step 7: the step that a decision from what remains will name, and what remains.
    fn geolocated<'s>(
        &self,
        destination: &Destination,
        strategy: &Strategy,
        remaining: Vec<&'s Sender>,
    ) -> (&'static str, Vec<&'s Sender>) {
        let Some(here) = destination.area_code else {
            return ("POOL", remaining);
        };
        if !strategy.use_geolocated_sender || !["US", "CA"].contains(&destination.country.as_str()) {
            return ("POOL", remaining);
        }
        let long_numbers = |near: &dyn Fn(u16) -> bool| -> Vec<&'s Sender> {
            remaining.iter().copied().filter(|sender| sender.area_code().is_some_and(near)).collect()
        };
        let same = long_numbers(&|there| there == here);
        if !same.is_empty() {
            return ("AREA_CODE", same);
        }
        let overlaying = long_numbers(&|there| GEOGRAPHY.overlay(here, there));
        if !overlaying.is_empty() {
            return ("OVERLAY", overlaying);
        }
        let same_region = long_numbers(&|there| GEOGRAPHY.same_region(here, there));
        if !same_region.is_empty() {
            return ("REGION", same_region);
        }
        ("POOL", remaining)
    }

    /// Steps 8 and 9. Any of the remaining is right; which one, `Spread` checks for stability. A pinned candidate has
    /// been decided in step 5 already, so what comes here with the sticky sender feature is never the pinned sender.
    fn spread_and_pin(&self, strategy: &Strategy, step: &'static str, remaining: &[&Sender], pins: bool) -> Expected {
        Expected::Decided { step, strategy_id: Some(strategy.strategy_id.clone()), any_of: weighted(remaining), pins }
    }
}

/// The senderIds, each with its weight.
fn weighted(senders: &[&Sender]) -> BTreeMap<String, u64> {
    senders.iter().map(|sender| (sender.sender_id.clone(), sender.weight)).collect()
}

fn for_channel<'s>(level: Vec<&'s Strategy>, message: &Message) -> Vec<&'s Strategy> {
    level.into_iter().filter(|strategy| strategy.allows_channel(&message.channel)).collect()
}

fn refuse<T>(code: &'static str) -> Step<T> {
    Break(Expected::Refused { code, reasons: BTreeSet::new() })
}
