//! A scope: an application, or an entity of it, with everything that a decision for it depends on.

use std::sync::Arc;

use arc_swap::ArcSwap;
use callsign_catalog::{Catalog, Channel, SenderType, persistent::PVec};
use callsign_destination::{Country, Number};
use callsign_policy::{
    pool::Pool,
    senders::{Candidate, Group, Standing},
    spread::Spread,
    types::Level,
};
use hashbrown::HashMap;

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
    /// The pools that were asked for so far.
    pools: ArcSwap<HashMap<PoolKey, Arc<PoolView>>>,
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
}

/// The bit of a channel in [`Member::channels`] and [`Scope::sticky_channels`].
#[inline]
pub fn bit(channel: Channel) -> u8 {
    1 << channel as u8
}

impl Member {
    #[inline]
    fn is_associated(self) -> bool {
        self.channels != 0
    }

    #[inline]
    fn is_for(self, channel: Channel) -> bool {
        self.channels & bit(channel) != 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PoolKey {
    channel: Channel,
    country: Country,
    /// The strategy's index in the catalog, if it lists senders.
    strategy: Option<u32>,
}

/// A pool, and those of its groups that recipients were spread over so far.
#[derive(Debug)]
pub struct PoolView {
    /// The senders.
    pub pool: Pool,
    groups: ArcSwap<HashMap<GroupKey, Arc<Spread>>>,
}

/// A group by its types and by those of its area codes that the pool has: groups of the same senders have the same key.
type GroupKey = (u8, Vec<u16>);

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
        let defaults = [(Level::Entity, parts.entity_default), (Level::Application, parts.application_default)];
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
            pools: ArcSwap::default(),
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

    /// A pool of the scope. It is made when it is first asked for, and kept.
    pub fn pool(
        &self,
        catalog: &Catalog,
        keys: &PVec<u64>,
        channel: Channel,
        country: Country,
        strategy: Option<u32>,
    ) -> Arc<PoolView> {
        let strategy = strategy.filter(|&index| {
            catalog.strategies().get(index as usize).is_some_and(|strategy| strategy.senders.is_some())
        });
        let key = PoolKey { channel, country, strategy };
        if let Some(pool) = self.pools.load().get(&key) {
            return Arc::clone(pool);
        }
        let view = self.pool_once(catalog, keys, channel, country, strategy);
        self.pools.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.insert(key, Arc::clone(&view));
            known
        });
        view
    }

    /// A pool of the scope, made for one use and not kept.
    pub fn pool_once(
        &self,
        catalog: &Catalog,
        keys: &PVec<u64>,
        channel: Channel,
        country: Country,
        strategy: Option<u32>,
    ) -> Arc<PoolView> {
        let mut candidates = Vec::new();
        for (handle, &member) in self.members.iter().enumerate() {
            if standing(catalog, member, channel, country, strategy) == Standing::Candidate {
                candidates.push(candidate(catalog, keys, handle as u32, member));
            }
        }
        Arc::new(PoolView { pool: Pool::new(candidates), groups: ArcSwap::default() })
    }

    /// How each associated sender stands to a pool.
    pub fn considered(
        &self,
        catalog: &Catalog,
        channel: Channel,
        country: Country,
        strategy: Option<u32>,
    ) -> impl Iterator<Item = (u32, Member, Standing)> {
        let associated = self.members.iter().enumerate().filter(|(_, member)| member.is_associated());
        associated.map(move |(handle, &member)| {
            (handle as u32, member, standing(catalog, member, channel, country, strategy))
        })
    }
}

/// Whether a sender is a candidate, or the first condition that it does not meet.
fn standing(catalog: &Catalog, member: Member, channel: Channel, country: Country, strategy: Option<u32>) -> Standing {
    let sender = &catalog.senders()[member.sender as usize];
    let listed = strategy.and_then(|index| catalog.strategies().get(index as usize)?.senders.as_deref());
    if !member.is_for(channel) {
        Standing::OtherChannel
    } else if sender.suspended {
        Standing::Suspended
    } else if sender.coverage.countries(channel).is_none() {
        Standing::ChannelNotCovered
    } else if !sender.coverage.covers(channel, country) {
        Standing::CountryNotCovered
    } else if listed.is_some_and(|listed| listed.binary_search(&member.sender).is_err()) {
        Standing::NotListed
    } else {
        Standing::Candidate
    }
}

fn candidate(catalog: &Catalog, keys: &PVec<u64>, handle: u32, member: Member) -> Candidate {
    let sender = &catalog.senders()[member.sender as usize];
    Candidate {
        key: keys[member.sender as usize],
        sender: handle,
        area_code: area_code(sender.kind, sender.number),
        sender_type: crate::host_reads::sender_type_of(sender.kind),
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

impl PoolView {
    /// The sender of a group to which a recipient is spread.
    pub fn spread(&self, group: &Group, recipient: u64) -> Option<u32> {
        let key = (group.types.bits(), self.pool.area_codes(group));
        if let Some(spread) = self.groups.load().get(&key) {
            return spread.choose(recipient);
        }
        let spread = Arc::new(self.pool.spread(group));
        self.groups.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.insert(key.clone(), Arc::clone(&spread));
            known
        });
        spread.choose(recipient)
    }
}
