//! The names of scopes and senders. Pins have only their hashes: those of scopes in the key, those of senders in the
//! value.

use std::sync::Arc;

use hashbrown::HashSet;
use redis::Value;

use crate::error::StickyError;
use crate::name_cache::NameCache;
use crate::pin::{PinScope, PinnedSender, SenderKey};
use crate::redis::cluster::Cluster;
use crate::redis::command::{Command, CommandKind, Reply};
use crate::redis::layout::{Keys, SHARDS, slot_of};
use crate::redis::node::Lane;
use crate::redis::topology::SlotMap;

/// Identifies a name: the hash of a scope, or the key of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum NameId {
    Scope(u128),
    Sender(SenderKey),
}

/// The names that are certainly in the cluster. Each process writes a name before the first pin with it.
#[derive(Debug)]
pub(crate) struct Names {
    keys: Arc<Keys>,
    pub(crate) cache: NameCache,
}

impl NameId {
    fn shard(self) -> u64 {
        match self {
            NameId::Scope(hash) => hash as u64 % SHARDS,
            NameId::Sender(key) => key.0 % SHARDS,
        }
    }

    /// The key of the hash that has the name.
    fn hash(self, keys: &Keys) -> String {
        match self {
            NameId::Scope(_) => keys.names("scopes", self.shard()),
            NameId::Sender(_) => keys.names("senders", self.shard()),
        }
    }

    /// The field of the name in its hash.
    fn field(self) -> String {
        match self {
            NameId::Scope(hash) => format!("{hash:032x}"),
            NameId::Sender(key) => format!("{:016x}", key.0),
        }
    }
}

fn command(hash: String, name: &'static str, arguments: Vec<Vec<u8>>) -> Command {
    Command { slot: slot_of(hash.as_bytes()), key: hash.into_bytes(), kind: CommandKind::Other(name, arguments) }
}

impl Names {
    pub(crate) fn new(keys: Arc<Keys>) -> Self {
        Self { keys, cache: NameCache::default() }
    }

    /// Those of the names that the cluster may not have yet, with the commands that write them.
    pub(crate) fn unknown<'a>(
        &self,
        used: impl Iterator<Item = (PinScope<'a>, PinnedSender<'a>)>,
    ) -> Vec<(NameId, Command)> {
        let (mut seen, mut unknown) = (HashSet::new(), Vec::new());
        for (scope, sender) in used {
            let named = NameId::Scope(scope.hash());
            if !self.cache.has_scope(scope.hash()) && seen.insert(named) {
                let text = serde_json::to_vec(&(scope.application, scope.entity)).unwrap_or_default();
                unknown.push((named, text));
            }
            let named = NameId::Sender(sender.key);
            if !self.cache.has_sender(sender.key) && seen.insert(named) {
                unknown.push((named, sender.id.as_bytes().to_vec()));
            }
        }
        let write = |(named, text): (NameId, Vec<u8>)| {
            (named, command(named.hash(&self.keys), "HSET", vec![named.field().into_bytes(), text]))
        };
        unknown.into_iter().map(write).collect()
    }

    /// Writes names. Returns those that could not be written, and why.
    pub(crate) async fn write(
        &self,
        cluster: &Arc<Cluster>,
        names: Vec<(NameId, Command)>,
    ) -> hashbrown::HashMap<NameId, StickyError> {
        let commands = names.iter().map(|(_, command)| command.clone()).collect();
        let outcomes = cluster.run(Lane::Write, commands).await;
        let mut failed = hashbrown::HashMap::new();
        for ((named, command), outcome) in names.into_iter().zip(outcomes) {
            match outcome {
                Ok(_) => {
                    if let CommandKind::Other(_, arguments) = &command.kind {
                        self.learn(named, arguments.last().map(Vec::as_slice).unwrap_or_default());
                    }
                }
                Err(error) => {
                    failed.insert(named, error);
                }
            }
        }
        failed
    }

    fn learn(&self, named: NameId, text: &[u8]) {
        match named {
            NameId::Scope(hash) => {
                if let Ok(name) = serde_json::from_slice(text) {
                    self.cache.learn_scope(hash, name);
                }
            }
            NameId::Sender(key) => {
                if let Ok(id) = std::str::from_utf8(text) {
                    self.cache.learn_sender(key, id.into());
                }
            }
        }
    }

    /// Reads all names of one kind, also those that other processes wrote.
    ///
    /// # Errors
    /// Some names could not be read; the others were.
    pub(crate) async fn read_all(&self, cluster: &Arc<Cluster>, what: &str) -> Result<(), StickyError> {
        let commands = (0..SHARDS).map(|shard| command(self.keys.names(what, shard), "HGETALL", Vec::new())).collect();
        let mut read = Ok(());
        for outcome in cluster.run(Lane::Admin, commands).await {
            let value = match outcome {
                Ok(Reply::Value(Value::Array(value))) => value,
                Ok(_) => continue,
                Err(error) => {
                    read = Err(error);
                    continue;
                }
            };
            for pair in value.chunks_exact(2) {
                let [Value::BulkString(field), Value::BulkString(text)] = pair else { continue };
                let Some(field) = std::str::from_utf8(field).ok() else { continue };
                let named = match what {
                    "scopes" => u128::from_str_radix(field, 16).ok().map(NameId::Scope),
                    _ => u64::from_str_radix(field, 16).ok().map(|key| NameId::Sender(SenderKey(key))),
                };
                if let Some(named) = named {
                    self.learn(named, text);
                }
            }
        }
        read
    }

    /// Reads those of the names that are not in memory.
    ///
    /// # Errors
    /// They could not be read.
    pub(crate) async fn read(&self, cluster: &Arc<Cluster>, names: Vec<NameId>) -> Result<(), StickyError> {
        let unknown = |named: &NameId| match named {
            NameId::Scope(hash) => !self.cache.has_scope(*hash),
            NameId::Sender(key) => !self.cache.has_sender(*key),
        };
        let names: HashSet<NameId> = names.into_iter().filter(unknown).collect();
        let names: Vec<NameId> = names.into_iter().collect();
        let get = |named: &NameId| command(named.hash(&self.keys), "HGET", vec![named.field().into_bytes()]);
        let outcomes = cluster.run(Lane::Admin, names.iter().map(get).collect()).await;
        for (named, outcome) in names.into_iter().zip(outcomes) {
            if let Reply::Value(Value::BulkString(text)) = outcome? {
                self.learn(named, &text);
            }
        }
        Ok(())
    }

    /// Forgets the names whose server has changed: a replica may have taken over without the latest names, so they are
    /// written again when they are next used.
    pub(crate) fn moved(&self, before: &SlotMap, after: &SlotMap) {
        let stayed = |named: NameId| {
            let slot = slot_of(named.hash(&self.keys).as_bytes());
            matches!((before.node(slot), after.node(slot)), (Some(one), Some(other)) if Arc::ptr_eq(one, other))
        };
        self.cache.retain(|hash| stayed(NameId::Scope(hash)), |key| stayed(NameId::Sender(key)));
    }
}
