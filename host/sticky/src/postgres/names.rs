//! The names of scopes and senders, written before the first pin that needs them.

use std::collections::BTreeMap;

use deadpool_postgres::PoolError;
use quick_cache::sync::Cache;
use tokio_postgres::types::Type;

use super::Shared;
use super::columns::Id;
use super::sql::query;
use crate::pin::Write;

/// The number of names of each kind that are remembered as written, about 40 bytes each.
const REMEMBERED: usize = 100_000;

const SCOPES: &str = "INSERT INTO scopes (scope, application, entity)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING";

const SENDERS: &str = "INSERT INTO senders (sender, id)
    SELECT * FROM unnest($1::bigint[], $2::text[]) ON CONFLICT DO NOTHING";

/// Names that are in the database already. This only saves work: writing a name again changes nothing.
pub(super) struct WrittenNames {
    scopes: Cache<u128, ()>,
    senders: Cache<u64, ()>,
}

impl WrittenNames {
    pub(super) fn new() -> Self {
        Self { scopes: Cache::new(REMEMBERED), senders: Cache::new(REMEMBERED) }
    }

    /// Called after a lost connection: a standby that took over may not have the latest names.
    pub(super) fn forget(&self) {
        self.scopes.clear();
        self.senders.clear();
    }
}

/// Names that may be new to the database. They are sorted: processes that write in the same order cannot deadlock.
#[derive(Default)]
pub(super) struct Names {
    scopes: BTreeMap<u128, (Box<str>, Option<Box<str>>)>,
    senders: BTreeMap<u64, Box<str>>,
}

impl Names {
    /// Adds the names of a write that are not remembered as written.
    pub(super) fn add(&mut self, write: &Write<'_>, written: &WrittenNames) {
        let (scope, sender) = (&write.key.scope, &write.sender);
        if written.scopes.get(&scope.hash()).is_none() {
            self.scopes.entry(scope.hash()).or_insert_with(|| (scope.application.into(), scope.entity.map(Into::into)));
        }
        if written.senders.get(&sender.key.0).is_none() {
            self.senders.entry(sender.key.0).or_insert_with(|| sender.id.into());
        }
    }

    /// Writes the names. Most calls have none and need no round trip.
    pub(super) async fn write(&self, shared: &Shared) -> Result<(), PoolError> {
        let connections = &shared.decisions.connections;
        if !self.scopes.is_empty() {
            let scopes: Vec<Id> = self.scopes.keys().map(|hash| Id(hash.to_be_bytes())).collect();
            let applications: Vec<&str> = self.scopes.values().map(|(application, _)| &**application).collect();
            let entities: Vec<Option<&str>> = self.scopes.values().map(|(_, entity)| entity.as_deref()).collect();
            let values: super::sql::Values<'_> =
                &[(&scopes, Type::UUID_ARRAY), (&applications, Type::TEXT_ARRAY), (&entities, Type::TEXT_ARRAY)];
            query(connections, SCOPES, values).await?;
            self.scopes.keys().for_each(|&hash| shared.written.scopes.insert(hash, ()));
        }
        if !self.senders.is_empty() {
            let senders: Vec<i64> = self.senders.keys().map(|key| key.cast_signed()).collect();
            let ids: Vec<&str> = self.senders.values().map(|id| &**id).collect();
            query(connections, SENDERS, &[(&senders, Type::INT8_ARRAY), (&ids, Type::TEXT_ARRAY)]).await?;
            self.senders.keys().for_each(|&key| shared.written.senders.insert(key, ()));
        }
        Ok(())
    }
}
