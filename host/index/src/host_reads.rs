//! What a policy reads through the contract, answered from a revision.
//!
//! The imports of a component convert these answers to the contract's types; the native policy takes them as they are.

use std::sync::Arc;

use callsign_catalog::{Channel, SenderType, Strategy};
use callsign_destination::{Country, Number};
use callsign_policy::{
    senders::{Considered, DefaultSender, Pool},
    sticky,
    strategies::{CountryMatch, Priorities, StrategyFacts},
    types::{self, ChannelLimit, Level},
};
use callsign_sticky::{Pin, PinKey, PinScope, Recipient};

use crate::{
    revision::Revision,
    scope::{PoolView, area_code},
};

impl Revision {
    /// The strategies of a scope, as they apply to a country; empty if there is no such scope.
    pub fn strategies_of(&self, scope: u32, country: u16) -> Vec<StrategyFacts> {
        let Some(scope) = self.scope(scope) else { return Vec::new() };
        let (all, country) = (self.catalog().strategies(), Country::from_bits(country));
        let facts = scope.strategies.iter().enumerate();
        facts
            .map(|(handle, &index)| {
                let level = if handle < scope.entity_strategies { Level::Entity } else { Level::Application };
                facts_of(&all[index as usize], handle as u32, level, country)
            })
            .collect()
    }

    /// A pool, kept for later calls; none if there is no such scope.
    pub fn pool(&self, pool: &Pool) -> Option<Arc<PoolView>> {
        let scope = self.scope(pool.scope)?;
        let country = Country::from_bits(pool.country)?;
        let strategy = pool.strategy.and_then(|handle| scope.strategies.get(handle as usize)).copied();
        Some(scope.pool(self.catalog(), self.keys(), channel_of(pool.channel), country, strategy))
    }

    /// The same pool, made for one use and not kept.
    pub fn pool_once(&self, pool: &Pool) -> Option<Arc<PoolView>> {
        let scope = self.scope(pool.scope)?;
        let country = Country::from_bits(pool.country)?;
        let strategy = pool.strategy.and_then(|handle| scope.strategies.get(handle as usize)).copied();
        Some(scope.pool_once(self.catalog(), self.keys(), channel_of(pool.channel), country, strategy))
    }

    /// The default senders of a scope, the entity's first.
    pub fn default_senders(&self, scope: u32, channel: Channel, country: u16) -> Vec<DefaultSender> {
        let Some(scope) = self.scope(scope) else { return Vec::new() };
        let country = Country::from_bits(country);
        let defaults = scope.defaults.iter().map(|&(level, sender)| DefaultSender {
            sender,
            level,
            usable: country
                .is_some_and(|country| self.is_capable(scope.members[sender as usize].sender, channel, country)),
        });
        defaults.collect()
    }

    /// All associated senders of a scope, and for each whether it is in a pool, or why not.
    pub fn all_considered(&self, pool: &Pool) -> Vec<Considered> {
        let (Some(scope), Some(country)) = (self.scope(pool.scope), Country::from_bits(pool.country)) else {
            return Vec::new();
        };
        let strategy = pool.strategy.and_then(|handle| scope.strategies.get(handle as usize)).copied();
        let considered = scope.considered(self.catalog(), channel_of(pool.channel), country, strategy);
        let considered = considered.map(|(handle, member, standing)| {
            let sender = &self.catalog().senders()[member.sender as usize];
            Considered {
                sender: handle,
                sender_type: sender_type_of(sender.kind),
                area_code: area_code(sender.kind, sender.number),
                standing,
            }
        });
        considered.collect()
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
    let priority = |kind: SenderType| strategy.priorities[kind as usize].map_or(0, |priority| priority.get());
    StrategyFacts {
        strategy: handle,
        level,
        channel: match strategy.channel {
            None => ChannelLimit::Any,
            Some(Channel::Sms) => ChannelLimit::Sms,
            Some(Channel::Mms) => ChannelLimit::Mms,
            Some(Channel::Rcs) => ChannelLimit::Rcs,
        },
        countries: match (&strategy.countries, country) {
            (None, _) => CountryMatch::All,
            (Some(countries), Some(country)) if countries.binary_search(&country).is_ok() => CountryMatch::Listed,
            _ => CountryMatch::NotListed,
        },
        sticky: strategy.sticky,
        geolocated: strategy.geolocated,
        priorities: Priorities {
            alphanumeric: priority(SenderType::Alphanumeric),
            virtual_long_number: priority(SenderType::VirtualLongNumber),
            short_code: priority(SenderType::ShortCode),
            toll_free_number: priority(SenderType::TollFreeNumber),
        },
    }
}

/// The catalog's channel for one of the contract.
#[inline]
pub fn channel_of(channel: types::Channel) -> Channel {
    match channel {
        types::Channel::Sms => Channel::Sms,
        types::Channel::Mms => Channel::Mms,
        types::Channel::Rcs => Channel::Rcs,
    }
}

/// The contract's sender type for one of the catalog.
#[inline]
pub fn sender_type_of(kind: SenderType) -> types::SenderType {
    match kind {
        SenderType::Alphanumeric => types::SenderType::Alphanumeric,
        SenderType::VirtualLongNumber => types::SenderType::VirtualLongNumber,
        SenderType::ShortCode => types::SenderType::ShortCode,
        SenderType::TollFreeNumber => types::SenderType::TollFreeNumber,
    }
}
