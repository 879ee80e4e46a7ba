//! Tells the fleet what really serves on this node, in the store that all nodes share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use crate::binding::{PolicySpec, Target};
use crate::change::{new_id, now};
use crate::store::StoreError;
use crate::store::nodes::NodeReport;

/// How often a node looks whether it serves something else. The others are told of it at once.
const LOOK: Duration = Duration::from_secs(2);

/// How often a node tells that it is there.
const BEAT: Duration = Duration::from_secs(10);

/// A node that was not heard of for so long, in milliseconds, has perhaps gone: three beats.
pub(crate) const AWAY: u64 = 30_000;

/// This process among the nodes of its fleet.
#[derive(Debug)]
pub(crate) struct Node {
    /// As long as the process lasts.
    pub(crate) id: String,
    /// In milliseconds since 1970.
    began: u64,
    /// How many nodes there are, this one included; 0 while that is not known.
    fleet: AtomicUsize,
}

impl Node {
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self { id: new_id()?, began: now(), fleet: AtomicUsize::new(0) })
    }

    /// How many nodes the fleet has that are not away, this one included. `None` while this node has not told that it is there, and
    /// where modules come from no registry, since nothing else asks.
    pub(super) fn fleet(&self) -> Option<u32> {
        let nodes = self.fleet.load(Ordering::Relaxed);
        u32::try_from(nodes).ok().filter(|nodes| *nodes > 0)
    }
}

/// What a node has in use for one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Serving {
    /// `name@version`.
    pub(crate) policy: String,
    /// The digest of its module, or `standard`.
    pub(crate) module: String,
    /// The shadow, as `name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shadow: Option<String>,
    /// The canary, as `name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) canary: Option<String>,
    /// Whether it is what is stored. If not, the node tries again by itself.
    pub(crate) is_as_stored: bool,
    /// Why it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Serving {
    /// A policy by itself, as it is stored.
    pub(super) fn of(spec: &PolicySpec) -> Self {
        Self {
            policy: spec.policy.clone(),
            module: spec.module.clone(),
            shadow: None,
            canary: None,
            is_as_stored: true,
            reason: None,
        }
    }
}

impl Service {
    /// Tells what serves here until the service ends. `name` is for people: where this node is.
    pub(crate) async fn tell_fleet(self: Arc<Self>, name: String) {
        let mut told = Told::default();
        loop {
            if let Err(error) = self.tell(&name, &mut told).await {
                tracing::debug!("the fleet cannot be told what serves here: {error}");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.ended() => break,
            }
        }
        if let Err(error) = self.store.forget_node(&self.node.id).await {
            tracing::debug!("the fleet cannot be told that this node ends: {error}");
        }
    }

    async fn tell(&self, name: &str, told: &mut Told) -> Result<(), StoreError> {
        let serving = self.serving(&told.serving);
        let revision = self.state().revision;
        let changed = changed(&told.serving, &serving);
        let is_due = told.at.is_none_or(|at| at.elapsed() >= BEAT);
        if changed.is_empty() && told.revision == revision && !is_due {
            return Ok(());
        }
        let report = NodeReport {
            node: self.node.id.clone(),
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION"),
            revision,
            began: self.node.began,
            serving: changed,
            is_first: told.at.is_none(),
        };
        // After a failure, and where this node was forgotten, everything is told again.
        let before = std::mem::take(told);
        if self.stored("tell_node", self.store.tell_node(report)).await? {
            *told = Told { at: Some(Instant::now()), revision, serving };
        } else if before.at.is_some() {
            tracing::debug!("the fleet had forgotten this node");
        }
        if self.config.registry.is_used() {
            let nodes = self.store.nodes("").await?;
            let there = nodes.iter().filter(|node| node.age < AWAY).count();
            self.node.fleet.store(there.max(1), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// What the fleet was told last.
#[derive(Default)]
struct Told {
    /// `None` if it was told nothing yet.
    at: Option<Instant>,
    revision: u64,
    serving: BTreeMap<Target, Serving>,
}

/// What is served differently than before, by the key of its target.
fn changed(before: &BTreeMap<Target, Serving>, after: &BTreeMap<Target, Serving>) -> Vec<(String, Option<String>)> {
    let gone = before.keys().filter(|target| !after.contains_key(target)).map(|target| (target.key(), None));
    let other = after.iter().filter(|(target, serving)| before.get(target) != Some(serving));
    gone.chain(other.map(|(target, serving)| (target.key(), serde_json::to_string(serving).ok()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_and_nothing_else() {
        let target = |id: &str| Target { application_id: Some(id.to_owned()), entity_id: None };
        let serving = |policy: &str| Serving {
            policy: policy.to_owned(),
            module: "standard".to_owned(),
            shadow: None,
            canary: None,
            is_as_stored: true,
            reason: None,
        };
        let before = BTreeMap::from([(target("a"), serving("p@1.0.0")), (target("b"), serving("p@1.0.0"))]);
        let after = BTreeMap::from([(target("b"), serving("p@2.0.0")), (target("c"), serving("p@1.0.0"))]);
        let told: Vec<_> = changed(&before, &after).into_iter().map(|(key, body)| (key, body.is_some())).collect();
        assert_eq!(told, [(target("a").key(), false), (target("b").key(), true), (target("c").key(), true)]);
        assert!(changed(&after, &after).is_empty());
    }
}
