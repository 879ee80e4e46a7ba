//! Pins in a Redis or Valkey Cluster, for a fleet.
//!
//! The cluster client is our own, on the single-node connections of the `redis` crate. The cluster client of that crate
//! (1.8) sends a pipeline as one unit to one node and refuses one with keys of several slots (`CROSSSLOT`), so a batch
//! of 256 pins would be up to 256 pipelines instead of one for each master. It also decides itself about retries and
//! redirections, and here both have to stay within [`RetryPolicy::total_timeout`](crate::RetryPolicy::total_timeout)
//! and fail only the items of the node that failed. What is written by hand although the crate has it:
//!
//! - slots (`layout`): its `Slot::for_key` gives a number that cannot be read outside of the crate;
//! - the map of slots (`topology`): its parser of `CLUSTER SLOTS` is private;
//! - reconnecting (`node`): its `ConnectionManager` keeps a connection whose server hangs, since a time-out is not an
//!   error that makes it reconnect.
//!
//! The protocol, connections, multiplexing, pipelines, and the kinds and targets of errors (`MOVED`, `ASK`) are the
//! crate's.

mod cluster;
mod command;
mod layout;
mod list;
mod names;
mod node;
mod open;
mod topology;

use std::future::Future;
use std::sync::{Arc, Mutex};

use callsign_store_address::RedisAddress;
use hashbrown::HashMap;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::async_store::{Answers, AsyncStore};
use crate::error::{OpenError, StickyError};
use crate::key_bytes::{KEY_LEN, key_bytes};
use crate::listing::{Filter, Page, Position};
use crate::pin::{Pin, PinKey, Release, Touch, Write, now};
use crate::recipient::RecipientKey;
use crate::retry::Retrier;
use crate::store::StickyStore;
use cluster::{Cluster, Outcome};
use command::{Command, CommandKind, Reply, unknown_answer};
use layout::Keys;
use list::{PinFilter, ReadAhead};
use names::{NameId, Names};
use node::Lane;
pub use open::RedisOptions;
use open::{access, open};

/// Keeps pins in a Redis or Valkey Cluster, version 7 and later.
///
/// A pin is one string under one key, written by `SET key value NX GET`, which returns the winner in one round trip. A
/// batch is one pipeline for each master that has some of its keys, all of them at the same time. Answers are per item:
/// a server that is away fails only its own items, within
/// [`RetryPolicy::total_timeout`](crate::RetryPolicy::total_timeout). Replaces, releases and touches are small scripts.
/// Slots may move during calls; redirections are followed within the call. Pins with a time to live expire on the
/// servers.
///
/// # One sender per key
/// Pins are read from and written to masters only. Connections never send `READONLY`, so a replica that a call reaches
/// by an outdated map redirects it to its master. While the servers stay up, the first writer of a key wins, however
/// many processes write.
///
/// # What a failover can lose
/// Replication is asynchronous. When a master dies and a replica takes over, the pins that the replica had not received
/// are lost, although they were acknowledged: the next writer of such a key wins, perhaps with another sender. Nothing
/// else is lost, and no key of another master. How much that is depends on the settings:
///
/// | setting | acknowledged pins that a failover can lose |
/// | --- | --- |
/// | none | those of the replica's lag: about a millisecond of writes while it keeps up, and without a bound while it does not |
/// | `min-replicas-to-write 1`, `min-replicas-max-lag 1` on the servers | at most the last 1 to 2 seconds before the failure; the master refuses writes when its replicas lag more |
/// | [`RedisOptions::wait_replicas`] `(1, ..)`, one replica for each master | none: the replica has them, and a master that is cut off from it acknowledges nothing |
/// | `(1, ..)`, two replicas for each master | none if the replica that is ahead takes over, which the cluster prefers; otherwise those that only a replica had which is cut off together with the master |
/// | `(2, ..)`, two replicas for each master | none |
///
/// With `wait_replicas` a write is acknowledged once this many replicas have it. `WAIT` is part of the pipeline, so it
/// takes one more round trip between the servers and none for the client. If too few replicas have the write in time,
/// it is an error, and the key may have the pin or not. After a master's only replica took over, the new master has no
/// replica until another joins: its pins can be read, and every write on it fails. A pin that is read before its write
/// is acknowledged can still be lost.
///
/// A master that is cut off from the others answers the clients on its side for up to `cluster-node-timeout` (15
/// seconds by default). What it acknowledges in that time is lost when it comes back, unless replicas are waited for.
/// After a failure, calls for its keys fail for `cluster-node-timeout` and about a second more, until a replica is
/// elected; while calls come, the store looks for the new master up to 20 times a second. The tests kill a master whose
/// replica lags on purpose, and check these statements about masters that die (`tests/sticky/redis/failover.rs`).
///
/// Servers keep pins in memory. If a master and all its replicas stop at once, only what is on their disks is left:
/// `appendonly yes` with `appendfsync everysec` limits the loss to about 2 seconds, `appendfsync always` to nothing,
/// for one disk write in each pipeline.
///
/// # The servers
/// - `maxmemory-policy noeviction`, or no `maxmemory`: otherwise the servers would evict pins, and the store is not
///   opened.
/// - `cluster-require-full-coverage no`: otherwise no pin can be read or written while one master is away.
/// - A cluster can be a single server with `cluster-enabled yes` and all slots. A server without it is refused, as it
///   cannot list the keys of a slot.
/// - With TLS (`rediss://`) every server has `tls-port` and `tls-cluster yes`, so that the cluster announces those ports. A
///   certificate is checked for the name that the address or the cluster gives: an IP address unless
///   `cluster-preferred-endpoint-type hostname` and `cluster-announce-hostname` are set.
/// - Pins end by the clocks of servers and clients: one that has ended by the clock of either counts as ended.
///
/// # Retries
/// A failed call is tried again with the same command. If the answer of the first attempt was lost, a write finds its
/// own pin and succeeds; a release finds no pin and says so.
///
/// # Cost
/// A pin takes about 175 bytes of memory on its master (220 with a time to live), and as much on each replica. There is
/// no index of pins by scope or sender: it would double the memory, and could not be in the same slot as the pin. So
/// listing or counting by scope or sender reads every key: a million pins take some seconds, a hundred million take
/// minutes. Each slot is read by one command, which occupies its server for half a millisecond for 6,000 keys. Listing
/// by recipient takes three reads for each scope that was ever used.
///
/// A decision (a read and a write of a new pin) in batches of 256 takes 10 us of processor time: 3 us in the client and
/// 7 us on the servers, replicas included; waiting for a replica does not add to it. Two cores that clients and six
/// servers share make 100,000 to 200,000 decisions a second. One by one, a decision takes 90 to 400 us. `STORES=redis
/// cargo bench -p callsign-sticky --bench servers` gives the figures.
///
/// A listing has each pin once, even while slots move and servers fail over; pins are sorted by slot and key. Names of
/// scopes and senders are written before the first pin with them, and are never removed.
#[derive(Debug)]
pub struct RedisStore {
    inner: Arc<Inner>,
    touches: mpsc::Sender<Command>,
    /// Runs the connections. Taken when the store is dropped.
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct Inner {
    cluster: Arc<Cluster>,
    keys: Arc<Keys>,
    names: Names,
    recipient_key: Option<RecipientKey>,
    /// The retries of listings.
    listing: Arc<Retrier>,
    /// Keys that the last page read ahead, and the position after which they come.
    ahead: Mutex<Option<(Position, ReadAhead)>>,
}

/// The greatest number of touches in one call to the servers.
const TOUCHES_AT_ONCE: usize = 512;

impl Inner {
    fn key(&self, key: &PinKey<'_>) -> [u8; KEY_LEN] {
        key_bytes(&PinKey { recipient: key.recipient.under(self.recipient_key.as_ref()), ..*key })
    }

    fn command(&self, key: &[u8; KEY_LEN], kind: CommandKind) -> Command {
        Command { slot: self.keys.slot(key), key: self.keys.pin(key), kind }
    }

    fn read_command(&self, key: &[u8; KEY_LEN]) -> Command {
        self.command(key, CommandKind::Read)
    }

    fn touch_command(&self, touch: &Touch<'_>) -> Command {
        let kind = CommandKind::Touch { sender: touch.sender, last_used: now(), idle_days: touch.idle_days };
        self.command(&self.key(&touch.key), kind)
    }

    /// Runs commands so that those for one key take effect in their order: the second command for a key is sent after
    /// the first was answered.
    async fn run_in_order(&self, commands: Vec<Command>) -> Vec<Outcome> {
        let mut seen: HashMap<&[u8], usize> = HashMap::with_capacity(commands.len());
        let mut turns = Vec::with_capacity(commands.len());
        for command in &commands {
            let turn = seen.entry(&command.key).and_modify(|turn| *turn += 1).or_insert(0);
            turns.push(*turn);
        }
        drop(seen);
        let last = turns.iter().copied().max().unwrap_or(0);
        if last == 0 {
            return self.cluster.run(Lane::Write, commands).await;
        }
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(commands.len(), || None);
        let mut waiting: Vec<Option<Command>> = commands.into_iter().map(Some).collect();
        for turn in 0..=last {
            let indexes: Vec<usize> = (0..turns.len()).filter(|&index| turns[index] == turn).collect();
            let commands = indexes.iter().filter_map(|&index| waiting[index].take()).collect();
            for (index, outcome) in indexes.into_iter().zip(self.cluster.run(Lane::Write, commands).await) {
                outcomes[index] = Some(outcome);
            }
        }
        let no_answer = || Err(StickyError::new("the store gave no answer"));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(no_answer)).collect()
    }

    /// Writes the names that the cluster may not have yet, then the pins. A pin whose names could not be written is not
    /// written.
    async fn write(&self, names: Vec<(NameId, Command)>, items: Vec<(Command, [NameId; 2])>) -> Vec<Answer> {
        if names.is_empty() {
            let commands = items.into_iter().map(|(command, _)| command).collect();
            return self.run_in_order(commands).await.into_iter().map(answer).collect();
        }
        let failed = self.names.write(&self.cluster, names).await;
        let reason = |names: &[NameId; 2]| names.iter().find_map(|name| failed.get(name)).cloned();
        let failures: Vec<Option<StickyError>> = items.iter().map(|(_, names)| reason(names)).collect();
        let commands = items.into_iter().zip(&failures).filter(|(_, failure)| failure.is_none());
        let commands = commands.map(|((command, _), _)| command).collect();
        let mut written = self.run_in_order(commands).await.into_iter().map(answer);
        let answers = failures.into_iter().map(|failure| match failure {
            Some(error) => Err(error),
            None => written.next().unwrap_or_else(|| Err(StickyError::new("the store gave no answer"))),
        });
        answers.collect()
    }
}

type Answer = Result<Option<Pin>, StickyError>;

fn answer(outcome: Outcome) -> Answer {
    match outcome? {
        Reply::Pin(pin) => Ok(pin),
        _ => Err(unknown_answer()),
    }
}

impl RedisStore {
    /// Opens a store: `redis://host:6379,other-host:6379`, with `user:password@` before the first host where one is
    /// needed, and `rediss://` for TLS. Any servers of the cluster will do; the others are found through them. Other
    /// databases than 0 are not supported.
    ///
    /// # Errors
    /// The address is malformed, no server answers or accepts the login, a server is too old or would evict pins, or
    /// the store has a newer format or another recipient key.
    pub fn connect(address: &str, options: RedisOptions) -> Result<Self, OpenError> {
        Self::connect_to(&address.parse()?, options)
    }

    /// Opens a store, by an address that is parsed already.
    ///
    /// # Errors
    /// As [`RedisStore::connect`], and a file that the address names for TLS cannot be used.
    pub fn connect_to(address: &RedisAddress, options: RedisOptions) -> Result<Self, OpenError> {
        let (address, access, place) = (address.clone(), access(address)?, address.place());
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let builder = builder.worker_threads(options.threads.max(1)).thread_name("sticky-redis").enable_all();
        let runtime = builder.build().map_err(|source| OpenError::File { place: place.clone(), source })?;
        let (sender, mut touches) = mpsc::channel(options.waiting_touches.max(1));
        let opened = pollster::block_on(runtime.spawn(async move { open(&address, access, &options).await }));
        let broken_off = |_| Err(OpenError::Unreachable { place, reason: "it was broken off".into() });
        let inner = match opened.unwrap_or_else(broken_off) {
            Ok(inner) => Arc::new(inner),
            Err(error) => {
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let kept = Arc::clone(&inner);
        runtime.spawn(async move {
            kept.cluster.topology.keep_fresh(|before, after| kept.names.moved(before, after)).await;
        });
        let cluster = Arc::clone(&inner.cluster);
        runtime.spawn(async move {
            let mut some = Vec::with_capacity(TOUCHES_AT_ONCE);
            while touches.recv_many(&mut some, TOUCHES_AT_ONCE).await > 0 {
                let outcomes = cluster.run(Lane::Write, std::mem::take(&mut some)).await;
                if let Some(error) = outcomes.into_iter().find_map(Result::err) {
                    log::debug!("touches were not written: {error}");
                }
            }
        });
        Ok(Self { inner, touches: sender, runtime: Some(runtime) })
    }

    /// Runs a task on the store's runtime; `None` if the task was cancelled.
    async fn on_runtime<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> Option<T> {
        self.runtime.as_ref()?.spawn(task).await.ok()
    }

    fn answers(&self, total: usize, task: impl Future<Output = Vec<Answer>> + Send + 'static) -> Answers<'_> {
        if total == 0 {
            return Box::pin(std::future::ready(Vec::new()));
        }
        Box::pin(async move {
            let broken_off = || vec![Err(StickyError::new("the call was broken off")); total];
            self.on_runtime(task).await.unwrap_or_else(broken_off)
        })
    }

    fn wanted(&self, filter: &Filter<'_>) -> PinFilter {
        match filter {
            Filter::All => PinFilter::All,
            Filter::Scope(scope) => PinFilter::Scope(scope.hash()),
            Filter::Sender(sender) => PinFilter::Sender(sender.key),
            Filter::Recipient(recipient) => PinFilter::Recipient(recipient.under(self.inner.recipient_key.as_ref())),
        }
    }
}

/// Connections are closed in the background: a store may be dropped on any thread.
impl Drop for RedisStore {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl AsyncStore for RedisStore {
    fn read_async<'a>(&'a self, keys: &'a [PinKey<'a>]) -> Answers<'a> {
        let inner = Arc::clone(&self.inner);
        let commands: Vec<Command> = keys.iter().map(|key| inner.read_command(&inner.key(key))).collect();
        self.answers(keys.len(), async move {
            inner.cluster.run(Lane::Read, commands).await.into_iter().map(answer).collect()
        })
    }

    fn write_async<'a>(&'a self, writes: &'a [Write<'a>]) -> Answers<'a> {
        let inner = Arc::clone(&self.inner);
        let now = now();
        let item = |write: &Write<'_>| {
            let (Ok(pin) | Err(pin)) = write.compare_and_set().apply_to(None, now);
            let kind = CommandKind::Write { pin, expected: write.expected, ended: None };
            let names = [NameId::Scope(write.key.scope.hash()), NameId::Sender(write.sender.key)];
            (inner.command(&inner.key(&write.key), kind), names)
        };
        let items: Vec<(Command, [NameId; 2])> = writes.iter().map(item).collect();
        let names = inner.names.unknown(writes.iter().map(|write| (write.key.scope, write.sender)));
        self.answers(writes.len(), async move { inner.write(names, items).await })
    }

    fn touch_later(&self, touches: &[Touch<'_>]) {
        for touch in touches {
            if self.touches.try_send(self.inner.touch_command(touch)).is_err() {
                return;
            }
        }
    }
}

impl StickyStore for RedisStore {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Answer> {
        pollster::block_on(self.read_async(keys))
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Answer> {
        pollster::block_on(self.write_async(writes))
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Answer> {
        let inner = Arc::clone(&self.inner);
        let command = |release: &Release<'_>| {
            inner.command(&inner.key(&release.key), CommandKind::Release { expected: release.expected })
        };
        let commands: Vec<Command> = releases.iter().map(command).collect();
        pollster::block_on(self.answers(releases.len(), async move {
            inner.run_in_order(commands).await.into_iter().map(answer).collect()
        }))
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        let inner = Arc::clone(&self.inner);
        let commands: Vec<Command> = touches.iter().map(|touch| inner.touch_command(touch)).collect();
        let answers = pollster::block_on(self.answers(touches.len(), async move {
            inner.cluster.run(Lane::Write, commands).await.into_iter().map(answer).collect()
        }));
        answers.into_iter().try_for_each(|answer| answer.map(drop))
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        let (inner, wanted, after) = (Arc::clone(&self.inner), self.wanted(filter), after.cloned());
        let page = self.on_runtime(async move { inner.page(wanted, after.as_ref(), most).await });
        pollster::block_on(page).unwrap_or_else(|| Err(StickyError::new("the call was broken off")))
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        let (inner, wanted) = (Arc::clone(&self.inner), self.wanted(filter));
        let number = self.on_runtime(async move { inner.count(wanted).await });
        pollster::block_on(number).unwrap_or_else(|| Err(StickyError::new("the call was broken off")))
    }

    fn as_async(&self) -> Option<&dyn AsyncStore> {
        Some(self)
    }
}
