//! The map of slots: which server has which, and keeping it up to date.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hashbrown::HashMap;
use redis::{Cmd, Pipeline, Value};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::error::StickyError;
use crate::redis::layout::SLOTS;
use crate::redis::node::{Access, Lane, Node};
use crate::retry::RetryPolicy;

/// The servers that calls go to: those with slots, which are masters. A replica is asked for the map only, and only if
/// the address of the store names it.
#[derive(Debug)]
pub(crate) struct Topology {
    map: RwLock<Arc<SlotMap>>,
    /// The servers that the address names; they are asked for the map too, in case no master answers.
    seeds: Box<[(Box<str>, u16)]>,
    access: Access,
    retry: RetryPolicy,
    writes: usize,
    wanted: Notify,
    is_wanted: AtomicBool,
}

/// The map of slots at one moment.
#[derive(Debug)]
pub(crate) struct SlotMap {
    pub(crate) nodes: Vec<Arc<Node>>,
    /// The index of each slot's node in `nodes`; `NONE` for a slot without one.
    slots: Box<[u16]>,
}

const NONE: u16 = u16::MAX;

/// How long to wait for the other servers after the first usable reply: one of them may have a newer map.
const STRAGGLER_WAIT: Duration = Duration::from_millis(30);

/// The shortest time between two refreshes of the map.
const REFRESH_INTERVAL: Duration = Duration::from_millis(20);

impl SlotMap {
    fn empty() -> Self {
        Self { nodes: Vec::new(), slots: vec![NONE; SLOTS.into()].into() }
    }

    /// The node that has a slot.
    pub(crate) fn node(&self, slot: u16) -> Option<&Arc<Node>> {
        self.nodes.get(usize::from(self.slots[usize::from(slot)]))
    }

    /// The index of a slot's node in `nodes`.
    pub(crate) fn number(&self, slot: u16) -> usize {
        usize::from(self.slots[usize::from(slot)])
    }
}

/// The cluster as one server sees it.
struct ClusterView {
    /// Whether the server sees a majority of the masters.
    sound: bool,
    epoch: u64,
    /// First slot, last slot, master.
    ranges: Vec<(u16, u16, Box<str>, u16)>,
}

impl ClusterView {
    /// The view with the greatest rank is used: first one that sees a majority, then the latest epoch, then the most
    /// slots, since a server that has just joined learns of one slot after the other.
    fn rank(&self) -> (bool, u64, u32) {
        let slots = self.ranges.iter().map(|(first, last, ..)| u32::from(last - first) + 1);
        (self.sound, self.epoch, slots.sum())
    }
}

impl Topology {
    pub(crate) fn new(seeds: Box<[(Box<str>, u16)]>, access: Access, retry: RetryPolicy, writes: usize) -> Self {
        Self {
            map: RwLock::new(Arc::new(SlotMap::empty())),
            seeds,
            access,
            retry,
            writes,
            wanted: Notify::new(),
            is_wanted: AtomicBool::new(false),
        }
    }

    pub(crate) fn map(&self) -> Arc<SlotMap> {
        self.map.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server at an address, with its connections if the map has it already.
    pub(crate) fn node_at(&self, host: &str, port: u16) -> Arc<Node> {
        let map = self.map();
        let known = map.nodes.iter().find(|node| &*node.host == host && node.port == port);
        known.cloned().unwrap_or_else(|| Arc::new(Node::new(host, port, &self.access, self.retry, self.writes)))
    }

    /// Asks for a refresh of the map soon, after a server did not answer or redirected us.
    pub(crate) fn request_refresh(&self) {
        if !self.is_wanted.swap(true, Ordering::AcqRel) {
            self.wanted.notify_one();
        }
    }

    /// Refreshes the map when asked, for as long as the store exists. `moved` is called with the maps before and after
    /// a change.
    pub(crate) async fn keep_fresh(&self, moved: impl Fn(&SlotMap, &SlotMap)) {
        loop {
            self.wanted.notified().await;
            self.is_wanted.store(false, Ordering::Release);
            let before = self.map();
            if let Ok(true) = self.refresh().await {
                moved(&before, &self.map());
            }
            tokio::time::sleep(REFRESH_INTERVAL).await;
        }
    }

    /// Asks the known masters and the servers of the address for the map. Returns whether it changed.
    ///
    /// # Errors
    /// None of them answered.
    pub(crate) async fn refresh(&self) -> Result<bool, StickyError> {
        let map = self.map();
        let mut asked = map.nodes.clone();
        for (host, port) in &self.seeds {
            if !asked.iter().any(|node| node.host == *host && node.port == *port) {
                asked.push(self.node_at(host, *port));
            }
        }
        let mut views = JoinSet::new();
        for node in asked {
            let retry = self.retry;
            views.spawn(async move {
                let view = tokio::time::timeout(retry.attempt_timeout, ask(&node)).await;
                view.unwrap_or_else(|_| Err(StickyError::new(format!("{}: no answer", node.address()))))
            });
        }
        // A server that is cut off has an outdated map, so views that see a majority come first.
        let (mut best, mut error): (Option<ClusterView>, _) = (None, StickyError::new("no server is known"));
        let mut ends = None;
        loop {
            let next = views.join_next();
            let next = match ends {
                None => next.await,
                Some(ends) => tokio::time::timeout_at(ends, next).await.ok().flatten(),
            };
            match next {
                Some(Ok(Ok(view))) => {
                    if view.sound {
                        ends.get_or_insert_with(|| tokio::time::Instant::now() + STRAGGLER_WAIT);
                    }
                    if best.as_ref().is_none_or(|best| view.rank() > best.rank()) {
                        best = Some(view);
                    }
                }
                Some(Ok(Err(failed))) => error = failed,
                Some(Err(_)) => {}
                None => break,
            }
        }
        Ok(self.adopt(&best.ok_or(error)?))
    }

    fn adopt(&self, view: &ClusterView) -> bool {
        let mut next = SlotMap::empty();
        let mut numbers: HashMap<(&str, u16), u16> = HashMap::new();
        for (first, last, host, port) in &view.ranges {
            let number = *numbers.entry((host, *port)).or_insert_with(|| {
                next.nodes.push(self.node_at(host, *port));
                (next.nodes.len() - 1) as u16
            });
            next.slots[usize::from(*first)..=usize::from(*last)].fill(number);
        }
        let before = self.map();
        let same = (0..SLOTS).all(|slot| match (before.node(slot), next.node(slot)) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        });
        if !same {
            *self.map.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        }
        !same
    }
}

async fn ask(node: &Node) -> Result<ClusterView, StickyError> {
    let mut pipeline = Pipeline::new();
    for what in ["INFO", "SLOTS"] {
        let mut cmd = Cmd::new();
        cmd.arg("CLUSTER").arg(what);
        pipeline.add_command(cmd);
    }
    let answers = node.send(Lane::Admin, &pipeline).await?;
    let odd = |what: &Value| match what {
        Value::ServerError(error) => {
            StickyError::new(format!("{}: {}", node.address(), error.details().unwrap_or(error.code())))
        }
        _ => StickyError::new(format!("{}: its map of slots cannot be read", node.address())),
    };
    let [info, slots] = &answers[..] else { return Err(odd(&Value::Nil)) };
    let info = text(info).ok_or_else(|| odd(info))?;
    let field =
        |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default();
    let ranges = match slots {
        Value::Array(ranges) => ranges.iter().map(|slots| range(slots, &node.host)).collect::<Option<_>>(),
        _ => None,
    };
    Ok(ClusterView {
        sound: field("cluster_state") == "ok",
        epoch: field("cluster_current_epoch").parse().unwrap_or(0),
        ranges: ranges.ok_or_else(|| odd(slots))?,
    })
}

/// One entry of `CLUSTER SLOTS`: first slot, last slot, master, replicas. A master without an address has that of the
/// server that was asked.
fn range(line: &Value, asked: &str) -> Option<(u16, u16, Box<str>, u16)> {
    let Value::Array(line) = line else { return None };
    let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = &line[..] else { return None };
    let [host, Value::Int(port), ..] = &master[..] else { return None };
    let host = match host {
        Value::Nil => asked,
        host => Some(text(host)?).filter(|host| !host.is_empty() && *host != "?").unwrap_or(asked),
    };
    let (first, last) = (u16::try_from(*first).ok()?, u16::try_from(*last).ok()?);
    (first <= last && last < SLOTS).then_some(())?;
    Some((first, last, host.into(), u16::try_from(*port).ok()?))
}

/// The text of an answer.
pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}
