//! A scope: an application, or an entity of it, with everything that a decision for it depends on.

use std::sync::OnceLock;

use callsign_catalog::{Channel, SenderType, persistent::PVec};
use callsign_destination::Number;
use callsign_policy::{types::Level, words::level};

use crate::{health::ScopeHealth, own_numbers::OwnNumbers, pool_view::ScopePools};

/// A scope of one revision.
#[derive(Debug)]
pub struct Scope {
    /// The number of the scope: higher whenever anything in the scope changed.
    pub revision: u64,
    /// The name of the scope in sticky state: a hash of its application and entity.
    pub name_hash: u128,
    /// A hash of the application, so that recipients are spread differently in each application.
    pub application_hash: u64,
    /// The catalog's index of its application; none if the catalog does not list it.
    pub application: Option<u32>,
    /// The catalog's index of its entity; none for an application's own scope.
    pub entity: Option<u32>,
    /// The entity's id, copied here because every message of the scope is compared with it.
    pub entity_id: Option<Box<str>>,
    /// A bit for each channel on which one of the strategies is sticky.
    pub sticky_channels: u8,
    /// The strategies as indexes of the catalog, those of the entity first. A strategy handle is an index into this list.
    pub strategies: Vec<u32>,
    /// How many of the strategies are the entity's.
    pub entity_strategies: usize,
    /// All senders that the scope may use, in the order of the catalog. A sender handle is an index into this list.
    pub members: Vec<Member>,
    /// The handles of the default senders, the entity's first.
    pub defaults: Vec<(Level, u32)>,
    /// The keys of the message types that senders of the scope are limited to, ascending.
    pub(crate) message_types: Box<[u64]>,
    /// The pools that were asked for so far.
    pub(crate) pools: ScopePools,
    /// The health that was asked for so far.
    pub(crate) health: ScopeHealth,
    /// The numbers of its senders, once a message asked.
    pub(crate) own_numbers: OnceLock<OwnNumbers>,
}

/// A sender that a scope may use, with all that the check of a decision reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The catalog's index.
    pub sender: u32,
    /// What it can do.
    pub ability: Ability,
    /// A bit for each channel for which it is associated; none for a sender that is only a default.
    pub channels: u8,
}

/// What a sender can do: a few bytes, so that checking a decision does not read the sender itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ability {
    /// The revision's index of its coverage.
    pub coverage: u32,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether it may carry some types of messages only.
    pub limited: bool,
    /// Its type. Not every country takes each.
    pub kind: Option<SenderType>,
}

/// The bit of a channel in [`Member::channels`] and [`Scope::sticky_channels`].
#[inline]
pub fn bit(channel: Channel) -> u8 {
    1 << channel as u8
}

impl Member {
    #[inline]
    pub(crate) fn is_associated(self) -> bool {
        self.channels != 0
    }

    #[inline]
    pub(crate) fn is_for(self, channel: Channel) -> bool {
        self.channels & bit(channel) != 0
    }
}

/// The parts of a scope as indexes of the catalog, before they are put in order.
#[derive(Debug, Default)]
pub struct ScopeParts {
    /// A sender may be listed several times, with one channel each.
    pub associated: Vec<Member>,
    pub entity_strategies: Vec<u32>,
    pub application_strategies: Vec<u32>,
    pub entity_default: Option<u32>,
    pub application_default: Option<u32>,
}

impl ScopeParts {
    /// Whether there is nothing at all.
    pub fn are_empty(&self) -> bool {
        self.associated.is_empty()
            && self.entity_strategies.is_empty()
            && self.application_strategies.is_empty()
            && self.entity_default.is_none()
            && self.application_default.is_none()
    }

    /// Adds what entities inherit from their application. `application` is the scope of entities that have nothing else.
    pub fn inherit(&mut self, application: &Scope) {
        self.application_strategies = application.strategies.clone();
        self.application_default =
            application.defaults.first().map(|&(_, handle)| application.members[handle as usize].sender);
    }
}

impl Scope {
    /// A scope with the number `revision`, the hashes of its names, its indexes in the catalog, and its parts.
    pub fn new(
        revision: u64,
        (name_hash, application_hash): (u128, u64),
        (application, entity): (Option<u32>, Option<u32>),
        mut parts: ScopeParts,
        abilities: &PVec<Ability>,
    ) -> Self {
        let mut members = parts.associated;
        // They are usually in order already, apart from a few at the end.
        members.sort_by_key(|member| member.sender);
        members.dedup_by(|later, kept| {
            let is_one = later.sender == kept.sender;
            kept.channels |= if is_one { later.channels } else { 0 };
            is_one
        });
        let defaults = [(level::ENTITY, parts.entity_default), (level::APPLICATION, parts.application_default)];
        let defaults: Vec<(Level, u32)> =
            defaults.into_iter().filter_map(|(level, sender)| Some((level, sender?))).collect();
        for &(_, sender) in &defaults {
            if let Err(at) = members.binary_search_by_key(&sender, |member| member.sender) {
                members.insert(at, Member { sender, ability: abilities[sender as usize], channels: 0 });
            }
        }
        let entity_strategies = parts.entity_strategies.len();
        let mut strategies = parts.entity_strategies;
        strategies.append(&mut parts.application_strategies);
        let mut scope = Self {
            revision,
            name_hash,
            application_hash,
            application,
            entity,
            entity_id: None,
            sticky_channels: 0,
            strategies,
            entity_strategies,
            members,
            defaults: Vec::new(),
            message_types: Box::default(),
            pools: ScopePools::default(),
            health: ScopeHealth::default(),
            own_numbers: OnceLock::new(),
        };
        scope.members.shrink_to_fit();
        scope.defaults =
            defaults.into_iter().filter_map(|(level, sender)| Some((level, scope.handle_of(sender)?))).collect();
        scope
    }

    /// Whether it has the same names, members, strategies and defaults as another one, by the indexes of the catalog.
    pub fn is_like(&self, other: &Self) -> bool {
        self.name_hash == other.name_hash
            && self.application_hash == other.application_hash
            && (self.application, self.entity) == (other.application, other.entity)
            && self.sticky_channels == other.sticky_channels
            && self.strategies == other.strategies
            && self.entity_strategies == other.entity_strategies
            && self.members == other.members
            && self.defaults == other.defaults
    }

    /// Whether any strategy of the scope is sticky on a channel. If none is, pins are neither read nor written.
    #[inline]
    pub fn is_sticky(&self, channel: Channel) -> bool {
        self.sticky_channels & bit(channel) != 0
    }

    /// The handle of the sender with an index in the catalog.
    #[inline]
    pub fn handle_of(&self, sender: u32) -> Option<u32> {
        self.members.binary_search_by_key(&sender, |member| member.sender).ok().map(|at| at as u32)
    }

    /// Whether the scope may send from a member on a channel, by association or as its default.
    #[inline]
    pub fn may_use(&self, handle: u32, channel: Channel) -> bool {
        self.members.get(handle as usize).is_some_and(|member| member.is_for(channel))
            || self.defaults.iter().any(|&(_, default)| default == handle)
    }
}

/// The area code of a sender, 0 for none: only long numbers with country code 1 have one.
#[inline]
pub fn area_code(kind: SenderType, number: Option<u64>) -> u16 {
    match kind {
        SenderType::VirtualLongNumber => {
            number.and_then(Number::from_digits).and_then(Number::area_code).map_or(0, |code| code.get())
        }
        _ => 0,
    }
}
