//! The writer: the one thread that changes a store. What comes while it commits makes the next group.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::Shared;
use super::commit_group::CommitGroup;
use super::expiry::Sweeper;
use super::names::NewNames;
use crate::error::StickyError;
use crate::key_bytes::KEY_LEN;
use crate::pin::{CompareAndSet, Pin, SenderKey};

/// The most calls that wait; a sync caller waits for room, an async one is told that there is none.
const WAITING: usize = 65_536;

/// From so many calls on those that nobody waits for are left out, so that they never crowd out the others.
const UNHEARD: usize = WAITING / 8;

/// A group is committed when it has so many operations, however many more wait.
const MOST: usize = 8_192;

type Results = Vec<Result<Option<Pin>, StickyError>>;

/// One change.
#[derive(Debug)]
pub(super) struct Op {
    pub(super) key: [u8; KEY_LEN],
    pub(super) kind: OpKind,
    pub(super) names: Option<Box<NewNames>>,
}

#[derive(Debug)]
pub(super) enum OpKind {
    Write(CompareAndSet),
    Release { expected: Option<SenderKey> },
    Touch { sender: SenderKey, idle_days: u16 },
}

/// The operations of one call.
struct Call {
    ops: Vec<Op>,
    reply: Reply,
}

enum Reply {
    Blocking(Sender<Results>),
    Async(oneshot::Sender<Results>),
    Nobody,
}

/// The handle of the thread; it ends when this is dropped, after what waits.
pub(super) struct Writer {
    calls: Option<Sender<Call>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(shared: Arc<Shared>, sweep: Duration) -> std::io::Result<Self> {
        let (calls, waiting) = bounded(WAITING);
        let thread =
            std::thread::Builder::new().name("callsign-sticky".into()).spawn(move || run(&shared, &waiting, sweep))?;
        Ok(Self { calls: Some(calls), thread: Some(thread) })
    }

    /// Changes, on the disk when this returns.
    pub(super) fn wait(&self, ops: Vec<Op>) -> Results {
        if ops.is_empty() {
            return Vec::new();
        }
        let count = ops.len();
        let (reply, told) = bounded(1);
        let sent = self.calls.as_ref().map(|calls| calls.send(Call { ops, reply: Reply::Blocking(reply) }));
        match sent {
            Some(Ok(())) => told.recv().unwrap_or_else(|_| gone(count)),
            _ => gone(count),
        }
    }

    /// The same without holding the thread.
    pub(super) fn answers(&self, ops: Vec<Op>) -> impl Future<Output = Results> + use<> {
        let count = ops.len();
        let (reply, told) = oneshot::channel();
        let sent = match &self.calls {
            _ if ops.is_empty() => Err(Vec::new()),
            Some(calls) => calls.try_send(Call { ops, reply: Reply::Async(reply) }).map_err(|error| match error {
                TrySendError::Full(_) => every(count, &StickyError::new(format!("{WAITING} writes wait already"))),
                TrySendError::Disconnected(_) => gone(count),
            }),
            None => Err(gone(count)),
        };
        async move {
            match sent {
                Ok(()) => told.await.unwrap_or_else(|_| gone(count)),
                Err(told) => told,
            }
        }
    }

    /// Changes that nobody waits for; left out where too many wait.
    pub(super) fn later(&self, ops: Vec<Op>) {
        if let Some(calls) = &self.calls
            && !ops.is_empty()
            && calls.len() < UNHEARD
        {
            let _ = calls.try_send(Call { ops, reply: Reply::Nobody });
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.calls.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn every(count: usize, error: &StickyError) -> Results {
    (0..count).map(|_| Err(error.clone())).collect()
}

fn gone(count: usize) -> Results {
    every(count, &StickyError::new("the store was closed"))
}

fn run(shared: &Shared, waiting: &Receiver<Call>, sweep: Duration) {
    let mut next_sweep = Instant::now() + sweep;
    let mut sweeper = Sweeper::default();
    let mut sound = true;
    loop {
        match waiting.recv_deadline(next_sweep) {
            Ok(first) => sound &= commit(shared, waiting, first),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if Instant::now() >= next_sweep {
            let more = sweeper.sweep(shared).unwrap_or_else(|error| {
                log::error!("ended pins could not be taken off: {error}");
                sound = false;
                false
            });
            // The rest of a long list between the groups of others.
            next_sweep = Instant::now() + if more { Duration::ZERO } else { sweep };
        }
    }
    // After a failure the engine takes nothing any more; what is in the journal is read again at the next opening.
    if sound && let Err(error) = shared.tables.settle() {
        log::error!("the journal could not be settled and will be read again: {error:?}");
    }
}

/// Commits a call and what waits beside it; whether it is on the disk.
fn commit(shared: &Shared, waiting: &Receiver<Call>, first: Call) -> bool {
    let mut group = CommitGroup::new(shared);
    let mut replies = Vec::new();
    let mut ops = 0;
    let mut next = Some(first);
    while let Some(call) = next {
        ops += call.ops.len();
        let told: Results = call.ops.into_iter().map(|op| group.apply(op)).collect();
        replies.push((call.reply, told));
        next = if ops < MOST { waiting.try_recv().ok() } else { None };
    }
    let committed = group.commit();
    for (reply, told) in replies {
        let told = match &committed {
            Ok(()) => told,
            Err(error) => every(told.len(), error),
        };
        match reply {
            // A caller that has gone away needs no answer.
            Reply::Blocking(reply) => drop(reply.send(told)),
            Reply::Async(reply) => drop(reply.send(told)),
            Reply::Nobody => {}
        }
    }
    committed.is_ok()
}
