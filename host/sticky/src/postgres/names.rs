//! The names behind hashes, written before the first pin that needs them.

use std::collections::BTreeMap;

use deadpool_postgres::PoolError;
use quick_cache::sync::Cache;

use super::Shared;
use super::columns::Id;
use super::sql::query;
use crate::pin::Write;

/// How many names are remembered as written, at about 40 bytes each.
const REMEMBERED: usize = 100_000;

const SCOPES: &str = "INSERT INTO scopes (scope, application, entity)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING";

const SENDERS: &str = "INSERT INTO senders (sender, id)
    SELECT * FROM unnest($1::bigint[], $2::text[]) ON CONFLICT DO NOTHING";

/// What the database knows already. Only a saving: a name that is written again changes nothing.
pub(super) struct WrittenNames {
    scopes: Cache<u128, ()>,
    senders: Cache<u64, ()>,
}

impl WrittenNames {
    pub(super) fn new() -> Self {
        Self { scopes: Cache::new(REMEMBERED), senders: Cache::new(REMEMBERED) }
    }

    /// After a lost connection: the database may be another one, or an older state of the same.
    pub(super) fn forget(&self) {
        self.scopes.clear();
        self.senders.clear();
    }
}

/// Names that may be new to the database, in an order that all processes share: nobody waits for each other.
#[derive(Default)]
pub(super) struct Names {
    scopes: BTreeMap<u128, (Box<str>, Option<Box<str>>)>,
    senders: BTreeMap<u64, Box<str>>,
}

impl Names {
    /// Those of a write that are not known yet.
    pub(super) fn add(&mut self, write: &Write<'_>, written: &WrittenNames) {
        let (scope, sender) = (&write.key.scope, &write.sender);
        if written.scopes.get(&scope.hash()).is_none() {
            self.scopes.entry(scope.hash()).or_insert_with(|| (scope.application.into(), scope.entity.map(Into::into)));
        }
        if written.senders.get(&sender.key.0).is_none() {
            self.senders.entry(sender.key.0).or_insert_with(|| sender.id.into());
        }
    }

    /// Writes them. Most calls have none, and cost nothing.
    pub(super) async fn write(&self, shared: &Shared) -> Result<(), PoolError> {
        let pool = &shared.decisions.pool;
        if !self.scopes.is_empty() {
            let scopes: Vec<Id> = self.scopes.keys().map(|hash| Id(hash.to_be_bytes())).collect();
            let applications: Vec<&str> = self.scopes.values().map(|(application, _)| &**application).collect();
            let entities: Vec<Option<&str>> = self.scopes.values().map(|(_, entity)| entity.as_deref()).collect();
            query(pool, SCOPES, &[&scopes, &applications, &entities]).await?;
            self.scopes.keys().for_each(|&hash| shared.written.scopes.insert(hash, ()));
        }
        if !self.senders.is_empty() {
            let senders: Vec<i64> = self.senders.keys().map(|key| key.cast_signed()).collect();
            let ids: Vec<&str> = self.senders.values().map(|id| &**id).collect();
            query(pool, SENDERS, &[&senders, &ids]).await?;
            self.senders.keys().for_each(|&key| shared.written.senders.insert(key, ()));
        }
        Ok(())
    }
}
