//! Pools as the host answers from them: made when they are first asked for, and kept in their scope.

use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, ArcSwapOption};
use callsign_catalog::Channel;
use callsign_destination::Country;
use callsign_policy::{
    pool::{Part, Pool},
    senders::{self, Candidate, Group},
    spread::Spread,
    words::{near, sender_type, standing},
};
use hashbrown::HashMap;

use crate::{
    health::Unhealthy,
    host_reads::{channel_of, sender_type_of},
    revision::Revision,
    scope::{Member, Scope, area_code},
    signals::Signals,
};

/// The pools of a scope that were asked for so far.
#[derive(Debug, Default)]
pub(crate) struct ScopePools(ArcSwap<HashMap<PoolKey, Arc<PoolView>>>);

/// What names a pool of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PoolKey {
    pub(crate) channel: Channel,
    pub(crate) country: Country,
    /// The key of the type of the messages, as a request has it.
    pub(crate) message_type: u64,
    /// The strategy's index in the catalog, if it lists senders.
    pub(crate) strategy: Option<u32>,
}

/// A pool, and those of its groups that recipients were spread over so far.
#[derive(Debug)]
pub struct PoolView {
    /// The senders.
    pub pool: Pool,
    /// The types that it has.
    types: u32,
    groups: ArcSwap<HashMap<GroupKey, Arc<Spread>>>,
    /// Its health, as it was asked for last.
    health: ArcSwapOption<PoolHealth>,
}

/// A group by its types and by those of its area codes that the pool has: groups of the same senders have the same key.
type GroupKey = (u32, Option<Vec<u16>>);

/// Which senders of a pool are unhealthy.
#[derive(Debug)]
pub struct PoolHealth {
    /// The epoch of the signals that it was made of.
    epoch: u64,
    /// `signals.health-of`: 0 if no sender is unhealthy.
    pub number: u64,
    /// Those that are unhealthy, in the order of the pool, and since when.
    pub unhealthy: Box<[(u32, u64)]>,
    /// The pool without them, once it was asked for.
    healthy: OnceLock<Arc<PoolView>>,
}

/// How near the senders of a group are: the area codes of them; none if they are anywhere.
pub type NearCodes<'a> = Option<&'a [u16]>;

impl PoolView {
    fn of(candidates: Vec<Candidate>) -> Self {
        let types = candidates.iter().fold(0, |types, candidate| types | sender_type::only(candidate.sender_type));
        Self { pool: Pool::new(candidates), types, groups: ArcSwap::default(), health: ArcSwapOption::empty() }
    }

    /// The sender of a group to which a recipient is spread. `codes` are the area codes of the group.
    pub fn spread(&self, group: &Group, codes: NearCodes<'_>, recipient: u64) -> Option<u32> {
        // A policy chooses the bits and the code: those that say nothing must not make groups of their own.
        let used = codes.map(|codes| self.pool.used_area_codes(codes));
        let possible = if used.is_some() { sender_type::only(sender_type::LONG_NUMBER) } else { self.types };
        let types = group.types & possible;
        if types == 0 || used.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        let key = (types, used);
        if let Some(spread) = self.groups.load().get(&key) {
            return spread.choose(recipient);
        }
        let spread = Arc::new(self.pool.spread(part(group, key.1.as_deref())));
        self.groups.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.insert(key.clone(), Arc::clone(&spread));
            known
        });
        spread.choose(recipient)
    }

    /// The same without some senders of the group, whose own number is the recipient's. That is rare, so it is not kept.
    #[cold]
    pub fn spread_without(&self, group: &Group, codes: NearCodes<'_>, recipient: u64, senders: &[u32]) -> Option<u32> {
        self.pool.spread_without(part(group, codes), senders).choose(recipient)
    }

    /// How many senders a group has.
    pub fn count(&self, group: &Group, codes: NearCodes<'_>) -> u32 {
        self.pool.count(part(group, codes))
    }

    /// The sender at an index of a group.
    pub fn at(&self, group: &Group, codes: NearCodes<'_>, index: u32) -> Option<Candidate> {
        self.pool.at(part(group, codes), index)
    }

    /// Which of its senders are unhealthy, by the health of the scope for the pool's channel and country.
    fn health(&self, revision: &Revision, scope: &Scope, unhealthy: &Unhealthy) -> Arc<PoolHealth> {
        let known = self.health.load_full();
        if let Some(known) = &known
            && known.epoch == unhealthy.epoch
        {
            return Arc::clone(known);
        }
        let mut in_pool: Vec<(usize, (u32, u64))> = unhealthy
            .senders
            .iter()
            .filter_map(|&(handle, since)| Some((self.position(revision, scope, handle)?, (handle, since))))
            .collect();
        in_pool.sort_unstable();
        let number = health_number(in_pool.iter().map(|&(at, _)| self.pool.candidates()[at].key).collect());
        // The same senders as before, so the same view of the others.
        let healthy = known.filter(|known| known.number == number).and_then(|known| known.healthy.get().cloned());
        let health = Arc::new(PoolHealth {
            epoch: unhealthy.epoch,
            number,
            unhealthy: in_pool.into_iter().map(|(_, sender)| sender).collect(),
            healthy: healthy.map_or_else(OnceLock::new, OnceLock::from),
        });
        self.health.store(Some(Arc::clone(&health)));
        health
    }

    /// Where a sender of the scope is in the pool.
    fn position(&self, revision: &Revision, scope: &Scope, handle: u32) -> Option<usize> {
        if !self.pool.contains(handle) {
            return None;
        }
        let candidate = candidate(revision, handle, *scope.members.get(handle as usize)?);
        self.pool.position(candidate.sender_type, candidate.area_code, candidate.key)
    }
}

/// The part of a pool that a group is.
fn part<'a>(group: &Group, codes: NearCodes<'a>) -> Part<'a> {
    match codes {
        None => Part::of(group.types),
        Some(codes) => Part::near(group.types, codes),
    }
}

/// A number for a set of senders: a hash of their keys, 0 for none.
fn health_number(mut keys: Vec<u64>) -> u64 {
    if keys.is_empty() {
        return 0;
    }
    keys.sort_unstable();
    let mix = |state: u64, key: u64| {
        let mut mixed = (state ^ key).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^= mixed >> 29;
        mixed = mixed.wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 32)
    };
    keys.into_iter().fold(0x9e37_79b9_7f4a_7c15, mix).max(1)
}

impl Revision {
    /// A pool, kept for later calls; none if there is no such scope. `signals` are needed for one of healthy senders.
    pub fn pool(&self, pool: &senders::Pool, signals: Option<&Signals>) -> Option<Arc<PoolView>> {
        let (scope, key) = self.pool_key(pool)?;
        let kept = scope.pools.0.load().get(&key).map(Arc::clone);
        let view = kept.unwrap_or_else(|| {
            let view = Arc::new(self.make_pool(scope, &key));
            scope.pools.0.rcu(|known| {
                let mut known = HashMap::clone(known);
                known.insert(key, Arc::clone(&view));
                known
            });
            view
        });
        Some(self.healthy(pool, scope, &key, view, signals))
    }

    /// The same pool, made for one use and not kept.
    pub fn pool_once(&self, pool: &senders::Pool, signals: Option<&Signals>) -> Option<Arc<PoolView>> {
        let (scope, key) = self.pool_key(pool)?;
        let view = Arc::new(self.make_pool(scope, &key));
        Some(self.healthy(pool, scope, &key, view, signals))
    }

    /// Which senders of a pool are unhealthy; none if no sender of the scope is.
    pub fn pool_health(&self, pool: &senders::Pool, view: &PoolView, signals: &Signals) -> Option<Arc<PoolHealth>> {
        if signals.health_epoch() == 0 {
            return None;
        }
        let (scope, key) = self.pool_key(pool)?;
        let unhealthy = self.unhealthy(scope, signals, key.channel, key.country);
        (!unhealthy.is_empty()).then(|| view.health(self, scope, &unhealthy))
    }

    /// The view that a policy asked for: without unhealthy senders if it said so.
    fn healthy(
        &self,
        pool: &senders::Pool,
        scope: &Scope,
        key: &PoolKey,
        view: Arc<PoolView>,
        signals: Option<&Signals>,
    ) -> Arc<PoolView> {
        let Some(signals) = signals.filter(|signals| pool.healthy && signals.health_epoch() != 0) else { return view };
        let unhealthy = self.unhealthy(scope, signals, key.channel, key.country);
        if unhealthy.is_empty() {
            return view;
        }
        let health = view.health(self, scope, &unhealthy);
        if health.number == 0 {
            return view;
        }
        let without = || {
            let stays = |candidate: &&Candidate| unhealthy.since(candidate.sender).is_none();
            Arc::new(PoolView::of(view.pool.candidates().iter().filter(stays).copied().collect()))
        };
        Arc::clone(health.healthy.get_or_init(without))
    }

    /// What the pool says of a sender; none if it is not in the pool.
    pub fn candidate_of(&self, pool: &senders::Pool, view: &PoolView, handle: u32) -> Option<Candidate> {
        let scope = self.scope(pool.scope)?;
        view.position(self, scope, handle).map(|at| view.pool.candidates()[at])
    }

    /// The area codes of a group; none if its senders are anywhere. No sender is near in a way that is not known.
    pub fn near_codes(&self, near: senders::Near, area_code: u16) -> NearCodes<'_> {
        match near {
            near::ANYWHERE => None,
            _ => Some(self.codes_near(near, area_code)),
        }
    }

    pub(crate) fn pool_key(&self, pool: &senders::Pool) -> Option<(&Scope, PoolKey)> {
        let scope = self.scope(pool.scope)?;
        let strategy = pool.strategy.and_then(|handle| scope.strategies.get(handle as usize)).copied();
        let lists = |&index: &u32| {
            self.catalog().strategies().get(index as usize).is_some_and(|strategy| strategy.senders.is_some())
        };
        let key = PoolKey {
            channel: channel_of(pool.channel)?,
            country: Country::from_bits(pool.country)?,
            message_type: pool.message_type,
            strategy: strategy.filter(lists),
        };
        Some((scope, key))
    }

    fn make_pool(&self, scope: &Scope, key: &PoolKey) -> PoolView {
        let members = (0..).zip(&scope.members);
        let candidates = members.filter(|&(_, &member)| self.standing(member, key) == standing::CANDIDATE);
        PoolView::of(candidates.map(|(handle, &member)| candidate(self, handle, member)).collect())
    }
}

fn candidate(revision: &Revision, handle: u32, member: Member) -> Candidate {
    let sender = &revision.catalog().senders()[member.sender as usize];
    Candidate {
        key: revision.keys()[member.sender as usize],
        sender: handle,
        weight: sender.weight,
        area_code: area_code(sender.kind, sender.number),
        sender_type: sender_type_of(sender.kind),
    }
}

impl PoolHealth {
    /// The handles of the unhealthy senders, in the order of the pool.
    pub fn senders(&self) -> impl Iterator<Item = u32> {
        self.unhealthy.iter().map(|&(sender, _)| sender)
    }
}

#[cfg(test)]
mod tests;
