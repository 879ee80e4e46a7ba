//! `signals`: which senders are unhealthy, and numbers of them by name. A call sees those of one moment.

use std::sync::Arc;

use callsign_index::PoolHealth;
use callsign_policy::senders as sdk;
use wasmtime::Result;

use crate::bindings::contract::{senders, signals};
use crate::instance::State;

impl State {
    /// Which senders of a pool are unhealthy; none if no sender of the scope is. `healthy` of the pool does not matter.
    fn pool_health(&mut self, pool: senders::Pool) -> Result<Option<Arc<PoolHealth>>> {
        self.load_signals();
        let all = senders::Pool { healthy: false, ..pool };
        if self.loaded_signals().is_none_or(|signals| signals.health_epoch() == 0) {
            self.count_import()?;
            return Ok(None);
        }
        let Some(read) = self.read_pool(&all)? else { return Ok(None) };
        let (pool, view) = (read.pool, read.view);
        let (Some(revision), Some(signals)) = (self.revision.as_deref(), self.loaded_signals()) else {
            return Ok(None);
        };
        Ok(revision.pool_health(&pool, &view, signals))
    }
}

impl signals::Host for State {
    fn health_of(&mut self, pool: senders::Pool) -> Result<u64> {
        Ok(self.pool_health(pool)?.map_or(0, |health| health.number))
    }

    fn unhealthy(&mut self, pool: senders::Pool) -> Result<Vec<signals::UnhealthySender>> {
        let Some(health) = self.pool_health(pool)? else { return Ok(Vec::new()) };
        let sender = |&(sender, since): &(u32, u64)| signals::UnhealthySender { sender, since };
        Ok(health.unhealthy.iter().map(sender).collect())
    }

    fn number(&mut self, scope: u32, sender: u32, name: u64) -> Result<Option<f64>> {
        let Some((revision, scope)) = self.read_scope(scope)? else { return Ok(None) };
        let Some(member) = scope.members.get(sender as usize) else { return Ok(None) };
        let key = revision.keys()[member.sender as usize];
        self.load_signals();
        Ok(self.loaded_signals().and_then(|signals| signals.number(key, name)))
    }

    fn numbers(&mut self, pool: senders::Pool, name: u64) -> Result<Vec<f64>> {
        self.load_signals();
        let Some(read) = self.read_pool(&pool)? else { return Ok(Vec::new()) };
        let view = read.view;
        let candidates: &[sdk::Candidate] = view.pool.candidates();
        let named = self.loaded_signals().and_then(|signals| signals.numbers_called(name));
        let number = |candidate: &sdk::Candidate| named.and_then(|named| named.of(candidate.key)).unwrap_or(f64::NAN);
        Ok(candidates.iter().map(number).collect())
    }
}
