//! The health of the senders of a scope, for a channel and a country.
//!
//! It comes from the signals, and is remembered until the health there changes: what each decision pays is a look in a small
//! table, and nothing at all while every sender is healthy.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use callsign_catalog::Channel;
use callsign_destination::Country;
use hashbrown::HashMap;

use crate::revision::Revision;
use crate::scope::Scope;
use crate::signals::Signals;

#[cfg(test)]
mod tests;

/// What was found of a scope so far; nothing, and no memory, while nobody asked.
#[derive(Debug, Default)]
pub(crate) struct ScopeHealth(ArcSwapOption<Known>);

/// What was found while the health of senders was that of one epoch.
#[derive(Debug, Default)]
struct Known {
    epoch: u64,
    by_place: HashMap<(Channel, Country), Arc<Unhealthy>>,
}

/// The senders of a scope that are unhealthy for a channel and a country.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unhealthy {
    /// The epoch of the signals that it was made of.
    pub(crate) epoch: u64,
    /// The handle of each, ascending, and since when.
    pub(crate) senders: Box<[(u32, u64)]>,
}

impl Unhealthy {
    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.senders.is_empty()
    }

    /// Since when a sender of the scope is unhealthy, in seconds since 1970-01-01 UTC; none if it is healthy.
    pub fn since(&self, sender: u32) -> Option<u64> {
        let at = self.senders.binary_search_by_key(&sender, |&(handle, _)| handle).ok()?;
        Some(self.senders[at].1)
    }
}

impl Revision {
    /// The senders of a scope that are unhealthy for a channel and a country.
    pub fn unhealthy(&self, scope: &Scope, signals: &Signals, channel: Channel, country: Country) -> Arc<Unhealthy> {
        let epoch = signals.health_epoch();
        let known = scope.health.0.load();
        if let Some(known) = known.as_ref().filter(|known| known.epoch == epoch)
            && let Some(unhealthy) = known.by_place.get(&(channel, country))
        {
            return Arc::clone(unhealthy);
        }
        let unhealthy = Arc::new(self.look_for_unhealthy(scope, signals, channel, country));
        scope.health.0.rcu(|known| {
            let known = known.as_ref().filter(|known| known.epoch == epoch);
            let mut by_place = known.map_or_else(HashMap::new, |known| known.by_place.clone());
            by_place.insert((channel, country), Arc::clone(&unhealthy));
            Some(Arc::new(Known { epoch, by_place }))
        });
        unhealthy
    }

    /// Goes through the senders of the scope or through all that are unhealthy, whichever are fewer.
    fn look_for_unhealthy(&self, scope: &Scope, signals: &Signals, channel: Channel, country: Country) -> Unhealthy {
        let mut senders: Vec<(u32, u64)> = if signals.unhealthy_senders() < scope.members.len() {
            let all = signals.all_unhealthy(channel, country);
            all.filter_map(|(key, since)| Some((scope.handle_of(self.sender_by_key(key)?)?, since))).collect()
        } else {
            let members = (0..).zip(&scope.members);
            let since = |sender: u32| signals.unhealthy_since(self.keys()[sender as usize], channel, country);
            members.filter_map(|(handle, member)| Some((handle, since(member.sender)?))).collect()
        };
        senders.sort_unstable();
        Unhealthy { epoch: signals.health_epoch(), senders: senders.into() }
    }
}
