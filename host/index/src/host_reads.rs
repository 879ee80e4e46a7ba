//! What a policy reads through the contract, answered from a revision.
//!
//! The imports of a component convert these answers to the contract's types; the native policy takes them as they are.

use callsign_catalog::{Channel, SenderType, Strategy};
use callsign_destination::{Country, Number};
use callsign_policy::{
    sticky,
    strategies::{CountryMatch, StrategyFacts},
    types::{self, Level},
    words::{channel, level, sender_type},
};
use callsign_sticky::{Pin, PinKey, PinScope, Recipient};

use crate::revision::Revision;

impl Revision {
    /// The strategies of a scope, as they apply to a country; empty if there is no such scope.
    pub fn strategies_of(&self, scope: u32, country: u16) -> Vec<StrategyFacts> {
        let Some(scope) = self.scope(scope) else { return Vec::new() };
        let (all, country) = (self.catalog().strategies(), Country::from_bits(country));
        let facts = scope.strategies.iter().enumerate();
        facts
            .map(|(handle, &index)| {
                let level = if handle < scope.entity_strategies { level::ENTITY } else { level::APPLICATION };
                facts_of(&all[index as usize], handle as u32, level, country)
            })
            .collect()
    }

    /// A pin as the policy sees it: a sender of the scope, or gone if the scope does not have it any more.
    #[inline]
    pub fn pin_in_scope(&self, scope: u32, pin: Option<Pin>) -> sticky::Pin {
        let Some(pin) = pin else { return sticky::Pin::None };
        let sender = self.sender_by_key(pin.sender.0);
        let handle = sender.and_then(|sender| self.scope(scope)?.handle_of(sender));
        handle.map_or(sticky::Pin::Gone, sticky::Pin::Held)
    }

    /// The key under which a pin of a scope is stored. None if pins do not matter: the catalog does not list the
    /// application, or no strategy of the scope is sticky on the channel.
    ///
    /// `entity` is the entity of the message. It counts if the catalog has nothing of its own for that entity.
    #[inline]
    pub fn pin_key<'a>(
        &'a self,
        scope: u32,
        entity: Option<&'a str>,
        channel: Channel,
        recipient: Number,
    ) -> Option<PinKey<'a>> {
        let scope = self.scope(scope).filter(|scope| scope.is_sticky(channel))?;
        let listed = &self.catalog().applications()[scope.application? as usize];
        let application = &listed.id;
        let names = match (scope.entity, entity) {
            (Some(entity), _) => {
                let entity = &*self.catalog().entities()[entity as usize].id;
                PinScope::with_hash(application, Some(entity), scope.name_hash)
            }
            (None, None) => PinScope::with_hash(application, None, scope.name_hash),
            (None, other) => PinScope::of_generation(application, other, listed.generation),
        };
        Some(PinKey::new(names, channel, Recipient::of(recipient)))
    }
}

fn facts_of(strategy: &Strategy, handle: u32, level: Level, country: Option<Country>) -> StrategyFacts {
    // The priority of type n is in the byte n.
    let priorities = (0..)
        .zip(strategy.priorities)
        .fold(0, |all, (kind, priority)| all | u64::from(priority.map_or(0, |priority| priority.get())) << (8 * kind));
    StrategyFacts {
        strategy: handle,
        level,
        channel: strategy.channel.map(channel_number),
        countries: match (&strategy.countries, country) {
            (None, _) => CountryMatch::All,
            (Some(countries), Some(country)) if countries.binary_search(&country).is_ok() => CountryMatch::Listed,
            _ => CountryMatch::NotListed,
        },
        sticky: strategy.sticky,
        geolocated: strategy.geolocated,
        skip_unhealthy: strategy.skip_unhealthy,
        priorities,
    }
}

/// The catalog's channel for one of the contract; none if there is no such channel.
#[inline]
pub fn channel_of(channel: types::Channel) -> Option<Channel> {
    match channel {
        channel::SMS => Some(Channel::Sms),
        channel::MMS => Some(Channel::Mms),
        channel::RCS => Some(Channel::Rcs),
        _ => None,
    }
}

/// The contract's channel for one of the catalog.
#[inline]
pub fn channel_number(channel: Channel) -> types::Channel {
    match channel {
        Channel::Sms => channel::SMS,
        Channel::Mms => channel::MMS,
        Channel::Rcs => channel::RCS,
    }
}

/// The contract's sender type for one of the catalog.
#[inline]
pub fn sender_type_of(kind: SenderType) -> types::SenderType {
    match kind {
        SenderType::Alphanumeric => sender_type::ALPHANUMERIC,
        SenderType::VirtualLongNumber => sender_type::LONG_NUMBER,
        SenderType::ShortCode => sender_type::SHORT_CODE,
        SenderType::TollFreeNumber => sender_type::TOLL_FREE_NUMBER,
        SenderType::RcsAgent => sender_type::RCS_AGENT,
    }
}
