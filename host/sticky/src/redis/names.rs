//! The names that pins are shown with: of scopes, whose hashes are in the keys, and of senders, whose keys are in the values.

use std::sync::Arc;

use hashbrown::HashSet;
use redis::Value;

use crate::error::StickyError;
use crate::known::Known;
use crate::pin::{PinScope, PinnedSender, SenderKey};
use crate::redis::batch::Cluster;
use crate::redis::command::{Command, Meaning, What};
use crate::redis::layout::{Keys, SHARDS, slot_of};
use crate::redis::node::Lane;
use crate::redis::topology::Map;

/// A name's number: the hash of a scope, or the key of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Named {
    Scope(u128),
    Sender(SenderKey),
}

/// The names that the cluster has for sure. Each process writes a name before the first pin with it.
#[derive(Debug)]
pub(crate) struct Names {
    keys: Arc<Keys>,
    pub(crate) known: Known,
}

impl Named {
    fn shard(self) -> u64 {
        match self {
            Named::Scope(hash) => hash as u64 % SHARDS,
            Named::Sender(key) => key.0 % SHARDS,
        }
    }

    /// The hash that the name is in.
    fn hash(self, keys: &Keys) -> String {
        match self {
            Named::Scope(_) => keys.names("scopes", self.shard()),
            Named::Sender(_) => keys.names("senders", self.shard()),
        }
    }

    /// The field of it.
    fn field(self) -> String {
        match self {
            Named::Scope(hash) => format!("{hash:032x}"),
            Named::Sender(key) => format!("{:016x}", key.0),
        }
    }
}

fn command(hash: String, name: &'static str, arguments: Vec<Vec<u8>>) -> Command {
    Command { slot: slot_of(hash.as_bytes()), key: hash.into_bytes(), what: What::Other(name, arguments) }
}

impl Names {
    pub(crate) fn new(keys: Arc<Keys>) -> Self {
        Self { keys, known: Known::default() }
    }

    /// The names of these that the cluster may not have yet, with the commands that write them.
    pub(crate) fn unknown<'a>(
        &self,
        used: impl Iterator<Item = (PinScope<'a>, PinnedSender<'a>)>,
    ) -> Vec<(Named, Command)> {
        let (mut seen, mut unknown) = (HashSet::new(), Vec::new());
        for (scope, sender) in used {
            let named = Named::Scope(scope.hash());
            if !self.known.has_scope(scope.hash()) && seen.insert(named) {
                let text = serde_json::to_vec(&(scope.application, scope.entity)).unwrap_or_default();
                unknown.push((named, text));
            }
            let named = Named::Sender(sender.key);
            if !self.known.has_sender(sender.key) && seen.insert(named) {
                unknown.push((named, sender.id.as_bytes().to_vec()));
            }
        }
        let write = |(named, text): (Named, Vec<u8>)| {
            (named, command(named.hash(&self.keys), "HSET", vec![named.field().into_bytes(), text]))
        };
        unknown.into_iter().map(write).collect()
    }

    /// Writes names; those that could not be written, and why.
    pub(crate) async fn write(
        &self,
        cluster: &Arc<Cluster>,
        names: Vec<(Named, Command)>,
    ) -> hashbrown::HashMap<Named, StickyError> {
        let commands = names.iter().map(|(_, command)| command.clone()).collect();
        let outcomes = cluster.run(Lane::Write, commands).await;
        let mut failed = hashbrown::HashMap::new();
        for ((named, command), outcome) in names.into_iter().zip(outcomes) {
            match outcome {
                Ok(_) => {
                    if let What::Other(_, arguments) = &command.what {
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

    fn learn(&self, named: Named, text: &[u8]) {
        match named {
            Named::Scope(hash) => {
                if let Ok(name) = serde_json::from_slice(text) {
                    self.known.learn_scope(hash, name);
                }
            }
            Named::Sender(key) => {
                if let Ok(id) = std::str::from_utf8(text) {
                    self.known.learn_sender(key, id.into());
                }
            }
        }
    }

    /// Reads the names that other processes wrote, of scopes or of senders.
    ///
    /// # Errors
    /// A part of them could not be read; the others were.
    pub(crate) async fn read_all(&self, cluster: &Arc<Cluster>, what: &str) -> Result<(), StickyError> {
        let commands = (0..SHARDS).map(|shard| command(self.keys.names(what, shard), "HGETALL", Vec::new())).collect();
        let mut read = Ok(());
        for outcome in cluster.run(Lane::Admin, commands).await {
            let value = match outcome {
                Ok(Meaning::Value(Value::Array(value))) => value,
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
                    "scopes" => u128::from_str_radix(field, 16).ok().map(Named::Scope),
                    _ => u64::from_str_radix(field, 16).ok().map(|key| Named::Sender(SenderKey(key))),
                };
                if let Some(named) = named {
                    self.learn(named, text);
                }
            }
        }
        read
    }

    /// Reads those of some names that are not known.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) async fn read(&self, cluster: &Arc<Cluster>, names: Vec<Named>) -> Result<(), StickyError> {
        let unknown = |named: &Named| match named {
            Named::Scope(hash) => !self.known.has_scope(*hash),
            Named::Sender(key) => !self.known.has_sender(*key),
        };
        let names: HashSet<Named> = names.into_iter().filter(unknown).collect();
        let names: Vec<Named> = names.into_iter().collect();
        let get = |named: &Named| command(named.hash(&self.keys), "HGET", vec![named.field().into_bytes()]);
        let outcomes = cluster.run(Lane::Admin, names.iter().map(get).collect()).await;
        for (named, outcome) in names.into_iter().zip(outcomes) {
            if let Meaning::Value(Value::BulkString(text)) = outcome? {
                self.learn(named, &text);
            }
        }
        Ok(())
    }

    /// Forgets the names whose server is another than before: it may have taken over without the latest of them, so they
    /// are written again when they are next used.
    pub(crate) fn moved(&self, before: &Map, after: &Map) {
        let stayed = |named: Named| {
            let slot = slot_of(named.hash(&self.keys).as_bytes());
            matches!((before.node(slot), after.node(slot)), (Some(one), Some(other)) if Arc::ptr_eq(one, other))
        };
        self.known.retain(|hash| stayed(Named::Scope(hash)), |key| stayed(Named::Sender(key)));
    }
}
