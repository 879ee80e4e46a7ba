//! A scope: an application, or an entity of it, with all that a decision for it can depend on.

use std::sync::Arc;

use arc_swap::ArcSwap;
use callsign_destination::{Country, Number};
use callsign_policy::pool::Pool;
use callsign_policy::senders::{Candidate, Group, Standing};
use callsign_policy::spread::Spread;
use callsign_policy::types::Level;
use hashbrown::HashMap;

use callsign_catalog::persistent::PVec;
use callsign_catalog::{Catalog, Channel, SenderType};

/// A scope of one revision.
#[derive(Debug)]
pub struct Scope {
    /// Grows when anything in here did change.
    pub revision: u64,
    /// Names the scope in sticky state: a hash of its application and entity.
    pub name_hash: u128,
    /// Makes recipients of one application unrelated to those of another.
    pub application_hash: u64,
    /// The catalog's index of its application; none of a name that the catalog does not list.
    pub application: Option<u32>,
    /// The catalog's index of its entity; none of an application's own scope.
    pub entity: Option<u32>,
    /// The entity's id, kept here too: every message of the scope is compared with it.
    pub entity_id: Option<Box<str>>,
    /// A bit for each channel on which any of the strategies is sticky.
    pub sticky_channels: u8,
    /// The strategies as the catalog's indexes, those of the entity first. A strategy handle is a position in here.
    pub strategies: Vec<u32>,
    /// How many of the strategies are the entity's.
    pub entity_strategies: usize,
    /// Everything that the scope may send from, by the catalog's index of the sender. A sender handle is a position in
    /// here.
    pub members: Vec<Member>,
    /// The default senders, the entity's first.
    pub defaults: Vec<(Level, u32)>,
    /// The pools that were asked for.
    pools: ArcSwap<HashMap<PoolKey, Arc<PoolView>>>,
}

/// A sender that a scope may use, with all that the check of a decision looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The catalog's index.
    pub sender: u32,
    /// What it can do.
    pub ability: Ability,
    /// A bit for each channel that it is associated for.
    pub channels: u8,
}

/// What a sender can do, kept small and apart from its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ability {
    /// The revision's index of its coverage.
    pub coverage: u32,
    /// It is not to be used.
    pub suspended: bool,
}

/// The bit of a channel.
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
    /// The strategy's index in the catalog, where it lists senders.
    strategy: Option<u32>,
}

/// A pool, and its groups as far as they were asked to spread recipients.
#[derive(Debug)]
pub struct PoolView {
    /// The senders.
    pub pool: Pool,
    groups: ArcSwap<HashMap<GroupKey, Arc<Spread>>>,
}

/// A group with the area codes that the pool has of it: groups of the same senders are one.
type GroupKey = (u8, Vec<u16>);

/// The parts of a scope, as the catalog's indexes, before they are put in order.
#[derive(Debug, Default)]
pub struct ScopeParts {
    /// A sender may be here several times, with a channel each.
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

    /// Takes over what an application gives its entities, from the scope of those that have nothing else.
    pub fn inherit(&mut self, application: &Scope) {
        self.application_strategies = application.strategies.clone();
        self.application_default =
            application.defaults.first().map(|&(_, handle)| application.members[handle as usize].sender);
    }
}

impl Scope {
    /// A scope with this number, these hashes of its names, these indexes of application and entity, and these parts.
    pub fn new(
        revision: u64,
        (name_hash, application_hash): (u128, u64),
        (application, entity): (Option<u32>, Option<u32>),
        mut parts: ScopeParts,
        abilities: &PVec<Ability>,
    ) -> Self {
        let mut members = parts.associated;
        // Most often in order already, but for a few that came last.
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

    /// Whether it has the same names, members and strategies as another, by the catalog's indexes.
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

    /// Whether a pin can mean anything on a channel.
    #[inline]
    pub fn is_sticky(&self, channel: Channel) -> bool {
        self.sticky_channels & bit(channel) != 0
    }

    /// The handle of a sender, by its index in the catalog.
    #[inline]
    pub fn handle_of(&self, sender: u32) -> Option<u32> {
        self.members.binary_search_by_key(&sender, |member| member.sender).ok().map(|at| at as u32)
    }

    /// Whether the scope may send from this member on a channel, by association or as its default.
    #[inline]
    pub fn may_use(&self, handle: u32, channel: Channel) -> bool {
        self.members.get(handle as usize).is_some_and(|member| member.is_for(channel))
            || self.defaults.iter().any(|&(_, default)| default == handle)
    }

    /// A pool of the scope, indexed when it is first asked for.
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

    /// A pool of the scope that is not kept.
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

/// Whether a sender is a candidate of step 4, or the first thing that it lacks.
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

/// The area code of a sender: only long numbers of country code 1 have one.
pub fn area_code(kind: SenderType, number: Option<u64>) -> u16 {
    match kind {
        SenderType::VirtualLongNumber => {
            number.and_then(Number::from_digits).and_then(Number::area_code).map_or(0, |code| code.get())
        }
        _ => 0,
    }
}

impl PoolView {
    /// The sender of a group that a recipient is spread to.
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
