//! Creates entities that messages name and the catalog does not have. The id becomes the name.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;

use super::Service;
use super::commit::{Author, Plan, View};
use crate::change::{Change, Kind};

/// The most entities in the queue. Beyond it, an entity is created when a later message names it.
const MOST: usize = 10_000;

/// The most entities of one revision.
const AT_ONCE: usize = 1_000;

/// How long a request waits for its entities.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// The queue of entities to create.
#[derive(Debug, Default)]
pub(crate) struct EntityAutocreate {
    /// The application of the message, by entity.
    waiting: Mutex<HashMap<String, String>>,
    more: Notify,
    /// Notified after every round.
    done: Notify,
    rounds: AtomicU64,
}

impl EntityAutocreate {
    /// Adds an entity to the queue.
    fn add(&self, entity: &str, application: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST && !waiting.contains_key(entity) {
            waiting.insert(entity.to_owned(), application.to_owned());
        }
    }

    fn take(&self) -> Vec<(String, String)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let some: Vec<String> = waiting.keys().take(AT_ONCE).cloned().collect();
        some.into_iter().filter_map(|entity| waiting.remove_entry(&entity)).collect()
    }

    fn is_empty(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Service {
    /// Queues entities, each with its application, and waits a moment until they are created. The decision does not
    /// depend on it: an entity that cannot be created now is created later.
    pub(crate) async fn autocreate_entities(&self, named: impl IntoIterator<Item = (String, String)>) {
        let before = self.entity_autocreate.rounds.load(Ordering::Acquire);
        let done = self.entity_autocreate.done.notified();
        tokio::pin!(done);
        done.as_mut().enable();
        named.into_iter().for_each(|(entity, application)| self.entity_autocreate.add(&entity, &application));
        self.entity_autocreate.more.notify_one();
        if self.is_changeable() && self.entity_autocreate.rounds.load(Ordering::Acquire) == before {
            let _ = tokio::time::timeout(PATIENCE, done).await;
        }
    }

    /// Creates queued entities until the service shuts down.
    pub(crate) async fn run_entity_autocreate(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.entity_autocreate.more.notified() => {}
                () = self.ended() => return,
            }
            while !self.entity_autocreate.is_empty() && !*self.ending.borrow() {
                let named = self.entity_autocreate.take();
                let again = named.clone();
                let author = Author::itself("entities that messages named first");
                let created = self.change(author, move |view| Ok(plan(view, &named))).await;
                self.entity_autocreate.rounds.fetch_add(1, Ordering::AcqRel);
                self.entity_autocreate.done.notify_waiters();
                if let Err(fault) = created {
                    tracing::debug!("entities that messages named were not created: {}", fault.text);
                    again.iter().for_each(|(entity, application)| self.entity_autocreate.add(entity, application));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

fn plan(view: &View, named: &[(String, String)]) -> Plan<()> {
    let mut changes = Vec::new();
    for (entity, application) in named.iter().filter(|(entity, _)| !view.state.entities.contains(&**entity)) {
        changes.push(Change::put(Kind::Entity, entity, &json!({ "entityId": entity, "entityName": entity })));
        changes.push(Change::put(Kind::Owner, entity, application));
    }
    Plan::new(changes, ())
}
