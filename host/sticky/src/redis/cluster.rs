//! The cluster client: one pipeline for each node, all at the same time; redirections are followed, failures retried.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Pipeline, RedisError, ServerErrorKind, Value};
use tokio::sync::Mutex;

use crate::error::StickyError;
use crate::redis::command::{Command, CommandKind, Reply, Scripts, unknown_answer};
use crate::redis::node::{Lane, Node};
use crate::redis::topology::Topology;
use crate::retry::Attempt;

/// The servers, and what commands need to run on them.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) topology: Topology,
    pub(crate) scripts: Scripts,
    /// The number of replicas that must have a write before it is acknowledged, and the time to wait for them.
    pub(crate) wait: Option<(u32, Duration)>,
}

/// How many redirections of a command are followed within one attempt.
const HOPS: usize = 8;

/// The outcome of a command.
pub(crate) type Outcome = Result<Reply, StickyError>;

/// A command that has no outcome yet.
struct Pending {
    index: usize,
    command: Command,
    /// The node to which we were redirected, and whether by `ASK` (the slot is still moving there).
    redirect: Option<(Arc<Node>, bool)>,
    /// Whether to send scripts as text, because the node does not know their hashes.
    whole: bool,
    /// The pin that an earlier attempt removed, when too few replicas had the write.
    earlier: Option<Reply>,
}

/// The commands of one node, between attempts.
struct Group {
    pending: Vec<Pending>,
    done: Vec<(usize, Outcome)>,
}

/// What to do with a command after its answer.
enum Next {
    Done(Outcome),
    /// Send it again at once.
    Send,
    /// Try it again in another attempt.
    Again(StickyError),
}

impl Cluster {
    /// Runs commands. The outcomes are in their order; a node that fails only fails its own commands.
    pub(crate) async fn run(self: &Arc<Self>, lane: Lane, commands: Vec<Command>) -> Vec<Outcome> {
        let map = self.topology.map();
        let mut groups: Vec<Vec<Pending>> = Vec::new();
        groups.resize_with(map.nodes.len() + 1, Vec::new);
        let total = commands.len();
        for (index, command) in commands.into_iter().enumerate() {
            // Commands for a slot that no node has go to the last group, which has no node.
            let number = map.number(command.slot).min(map.nodes.len());
            groups[number].push(Pending { index, command, redirect: None, whole: false, earlier: None });
        }
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(total, || None);
        let mut others = Vec::new();
        let mut own = None;
        for (number, pending) in groups.into_iter().enumerate().filter(|(_, pending)| !pending.is_empty()) {
            let node = map.nodes.get(number).cloned();
            if let Some((node, pending)) = own.replace((node, pending)) {
                let cluster = Arc::clone(self);
                others.push(tokio::spawn(async move { cluster.run_group(lane, node, pending).await }));
            }
        }
        if let Some((node, pending)) = own {
            for (index, outcome) in self.run_group(lane, node, pending).await {
                outcomes[index] = Some(outcome);
            }
        }
        for other in others {
            for (index, outcome) in other.await.unwrap_or_default() {
                outcomes[index] = Some(outcome);
            }
        }
        let broken_off = || Err(StickyError::new("the call was broken off"));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(broken_off)).collect()
    }

    /// Runs the commands of one node, and follows its redirections.
    async fn run_group(&self, lane: Lane, node: Option<Arc<Node>>, pending: Vec<Pending>) -> Vec<(usize, Outcome)> {
        let done = Vec::with_capacity(pending.len());
        let group = Mutex::new(Group { pending, done });
        let ended = match node {
            Some(node) => {
                let attempt = |number| {
                    let group = &group;
                    async move { self.attempt(lane, number, &mut *group.lock().await).await }
                };
                node.retrier.call(attempt).await
            }
            None => Err(StickyError::new("no server of the cluster has the slot")),
        };
        let Group { pending, mut done } = group.into_inner();
        if let Err(error) = ended {
            // Also while the circuit breaker is open: the slots may have another node by now.
            self.topology.request_refresh();
            done.extend(pending.into_iter().map(|pending| (pending.index, Err(error.clone()))));
        }
        done
    }

    /// One attempt: sends what is pending, and follows redirections.
    async fn attempt(&self, lane: Lane, number: usize, group: &mut Group) -> Attempt<()> {
        if number > 0 {
            self.topology.request_refresh();
        }
        let mut failed = None;
        for _ in 0..HOPS {
            let map = self.topology.map();
            let mut targets: Vec<(Arc<Node>, Vec<usize>)> = Vec::new();
            for (position, pending) in group.pending.iter().enumerate() {
                let redirected = pending.redirect.as_ref().map(|(node, _)| node);
                let Some(node) = redirected.or_else(|| map.node(pending.command.slot)) else {
                    failed = Some(StickyError::new("no server of the cluster has the slot"));
                    continue;
                };
                match targets.iter_mut().find(|(target, _)| Arc::ptr_eq(target, node)) {
                    Some((_, positions)) => positions.push(position),
                    None => targets.push((Arc::clone(node), vec![position])),
                }
            }
            let mut done = vec![false; group.pending.len()];
            let mut sent_on = false;
            for (node, positions) in targets {
                match self.send(lane, number, &node, &positions, group).await {
                    Ok(nexts) => {
                        for (position, next) in positions.into_iter().zip(nexts) {
                            match next {
                                Next::Done(outcome) => {
                                    group.done.push((group.pending[position].index, outcome));
                                    done[position] = true;
                                }
                                Next::Send => sent_on = true,
                                Next::Again(error) => failed = Some(error),
                            }
                        }
                    }
                    Err(error) => {
                        for position in positions {
                            group.pending[position].redirect = None;
                        }
                        failed = Some(error);
                    }
                }
            }
            let mut done = done.into_iter();
            group.pending.retain(|_| !done.next().unwrap_or(false));
            if group.pending.is_empty() {
                return Attempt::Done(());
            }
            if failed.is_some() || !sent_on {
                break;
            }
        }
        self.topology.request_refresh();
        Attempt::Retry(failed.unwrap_or_else(|| StickyError::new("the servers redirect each other in a circle")))
    }

    /// Sends some of the pending commands to a node, in one pipeline.
    async fn send(
        &self,
        lane: Lane,
        number: usize,
        node: &Node,
        positions: &[usize],
        group: &mut Group,
    ) -> Result<Vec<Next>, StickyError> {
        let mut pipeline = Pipeline::with_capacity(positions.len() + 1);
        // The place of each command's answer.
        let mut places = Vec::with_capacity(positions.len());
        let mut writes = false;
        for &position in positions {
            let pending = &group.pending[position];
            if let Some((_, true)) = pending.redirect {
                pipeline.cmd("ASKING");
            }
            places.push(pipeline.len());
            pipeline.add_command(pending.command.cmd(&self.scripts, number > 0, pending.whole));
            writes |= pending.command.writes();
        }
        let wait = self.wait.filter(|_| writes);
        if let Some((replicas, time)) = wait {
            let mut cmd = Cmd::new();
            cmd.arg("WAIT").arg(replicas).arg(time.as_millis().max(1) as u64);
            pipeline.add_command(cmd);
        }
        let mut answers = node.send(lane, &pipeline).await?;
        let too_few = match (wait, answers.last()) {
            (Some((wanted, time)), Some(&Value::Int(had))) if had < i64::from(wanted) => {
                Some(StickyError::new(format!(
                    "{}: {had} of {wanted} replicas had the write after {time:?}; it may be lost if the server fails",
                    node.address()
                )))
            }
            (Some(_), Some(Value::ServerError(error))) => {
                Some(StickyError::new(format!("{}: WAIT: {error}", node.address())))
            }
            _ => None,
        };
        let mut nexts = Vec::with_capacity(positions.len());
        for (&position, place) in positions.iter().zip(places) {
            let answer = std::mem::replace(&mut answers[place], Value::Nil);
            let pending = &mut group.pending[position];
            let next = self.judge(node, pending, answer);
            nexts.push(match (next, &too_few) {
                (Next::Done(Ok(reply)), Some(error)) if pending.command.writes() => {
                    // The next attempt will not find the removed pin.
                    if let (CommandKind::Release { .. }, Reply::Pin(Some(_))) = (&pending.command.kind, &reply) {
                        pending.earlier = Some(reply);
                    }
                    Next::Again(error.clone())
                }
                (next, _) => next,
            });
        }
        Ok(nexts)
    }

    /// Decides what to do with a command after its answer.
    fn judge(&self, node: &Node, pending: &mut Pending, answer: Value) -> Next {
        let error = match answer {
            Value::ServerError(error) => error,
            answer => {
                pending.redirect = None;
                return match pending.command.reply(answer) {
                    Reply::Unknown => Next::Done(Err(unknown_answer())),
                    Reply::Ended(value) => {
                        if let CommandKind::Write { ended, .. } = &mut pending.command.kind {
                            *ended = Some(value);
                        }
                        Next::Send
                    }
                    Reply::Pin(None) => Next::Done(Ok(pending.earlier.take().unwrap_or(Reply::Pin(None)))),
                    reply => Next::Done(Ok(reply)),
                };
            }
        };
        let said = |error: &redis::ServerError| {
            let details = error.details().unwrap_or_default();
            StickyError::new(format!("{}: {} {details}", node.address(), error.code()))
        };
        match error.kind() {
            Some(kind @ (ServerErrorKind::Moved | ServerErrorKind::Ask)) => {
                let asking = kind == ServerErrorKind::Ask;
                if !asking {
                    self.topology.request_refresh();
                }
                let reason = said(&error);
                let error = RedisError::from(error);
                let target = error.redirect_node().and_then(|(address, _)| split(address, &node.host));
                let Some((host, port)) = target else { return Next::Again(reason) };
                pending.redirect = Some((self.topology.node_at(host, port), asking));
                Next::Send
            }
            Some(ServerErrorKind::NoScript) if !pending.whole => {
                pending.whole = true;
                Next::Send
            }
            // A master that lost its slots or the majority, or is still starting.
            Some(
                ServerErrorKind::ClusterDown
                | ServerErrorKind::TryAgain
                | ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ReadOnly,
            ) => {
                pending.redirect = None;
                Next::Again(said(&error))
            }
            // Fewer replicas than `min-replicas-to-write` at the moment.
            _ if error.code() == "NOREPLICAS" => Next::Again(said(&error)),
            _ => Next::Done(Err(said(&error))),
        }
    }
}

/// The host and port of a redirection. Without a host it is that of the server that sent the redirection.
fn split<'a>(address: &'a str, said_by: &'a str) -> Option<(&'a str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((if host.is_empty() { said_by } else { host }, port.parse().ok()?))
}
