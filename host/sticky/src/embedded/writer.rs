//! The writer: the one thread that changes a store. Calls that arrive while it commits go into its next commit.

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

/// The greatest number of waiting calls. When the queue is full, a blocking caller waits and an asynchronous one fails.
const QUEUE_LIMIT: usize = 65_536;

/// With this many waiting calls touches are dropped, so that they never crowd out writes.
const TOUCH_LIMIT: usize = QUEUE_LIMIT / 8;

/// A commit takes no further calls once it has this many operations.
const COMMIT_LIMIT: usize = 8_192;

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

/// The handle of the thread. Dropping it ends the thread after the calls that wait.
pub(super) struct Writer {
    calls: Option<Sender<Call>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(shared: Arc<Shared>, sweep: Duration) -> std::io::Result<Self> {
        let (calls, waiting) = bounded(QUEUE_LIMIT);
        let thread =
            std::thread::Builder::new().name("callsign-sticky".into()).spawn(move || run(&shared, &waiting, sweep))?;
        Ok(Self { calls: Some(calls), thread: Some(thread) })
    }

    /// Applies changes, which are on the disk when this returns.
    pub(super) fn wait(&self, ops: Vec<Op>) -> Results {
        if ops.is_empty() {
            return Vec::new();
        }
        let count = ops.len();
        let (reply, results) = bounded(1);
        let sent = self.calls.as_ref().map(|calls| calls.send(Call { ops, reply: Reply::Blocking(reply) }));
        match sent {
            Some(Ok(())) => results.recv().unwrap_or_else(|_| gone(count)),
            _ => gone(count),
        }
    }

    /// The same, without blocking the thread.
    pub(super) fn answers(&self, ops: Vec<Op>) -> impl Future<Output = Results> + use<> {
        let count = ops.len();
        let (reply, results) = oneshot::channel();
        let sent = match &self.calls {
            _ if ops.is_empty() => Err(Vec::new()),
            Some(calls) => calls.try_send(Call { ops, reply: Reply::Async(reply) }).map_err(|error| match error {
                TrySendError::Full(_) => {
                    every(count, &StickyError::new(format!("{QUEUE_LIMIT} writes are waiting already")))
                }
                TrySendError::Disconnected(_) => gone(count),
            }),
            None => Err(gone(count)),
        };
        async move {
            match sent {
                Ok(()) => results.await.unwrap_or_else(|_| gone(count)),
                Err(results) => results,
            }
        }
    }

    /// Applies changes that nobody waits for; dropped while too many calls wait.
    pub(super) fn later(&self, ops: Vec<Op>) {
        if let Some(calls) = &self.calls
            && !ops.is_empty()
            && calls.len() < TOUCH_LIMIT
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
                log::error!("ended pins could not be removed: {error}");
                sound = false;
                false
            });
            // A long list of ended pins is handled between the commits of callers.
            next_sweep = Instant::now() + if more { Duration::ZERO } else { sweep };
        }
    }
    // After a failure the engine takes no more writes; the journal is read again at the next opening.
    if sound && let Err(error) = shared.tables.settle() {
        log::error!(
            "the tables could not be written out on closing; the journal is read again at the next opening: {error:?}"
        );
    }
}

/// Commits a call together with the calls that wait; whether the commit is on the disk.
fn commit(shared: &Shared, waiting: &Receiver<Call>, first: Call) -> bool {
    let mut group = CommitGroup::new(shared);
    let mut replies = Vec::new();
    let mut ops = 0;
    let mut next = Some(first);
    while let Some(call) = next {
        ops += call.ops.len();
        let results: Results = call.ops.into_iter().map(|op| group.apply(op)).collect();
        replies.push((call.reply, results));
        next = if ops < COMMIT_LIMIT { waiting.try_recv().ok() } else { None };
    }
    let committed = group.commit();
    for (reply, results) in replies {
        let results = match &committed {
            Ok(()) => results,
            Err(error) => every(results.len(), error),
        };
        match reply {
            // A caller that is gone needs no answer.
            Reply::Blocking(reply) => drop(reply.send(results)),
            Reply::Async(reply) => drop(reply.send(results)),
            Reply::Nobody => {}
        }
    }
    committed.is_ok()
}
