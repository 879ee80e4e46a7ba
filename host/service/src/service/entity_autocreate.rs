//! Creates entities that messages name and their makers do not have. The id becomes the name.
//!
//! The queue has a part for each maker, and each round takes as much of every part: nobody fills it for others. A batch
//! that is refused is tried maker by maker and then one by one, so that what cannot be created hurts nobody else. It is
//! told in the log and not queued again. Rounds are some time apart, so that many messages make few revisions.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::sync::Notify;

use super::Service;
use super::plan::{Author, Plan, View};
use crate::change::{Change, Kind};
use crate::entity;
use crate::fault::Fault;

/// The most entities of one application in the queue. Beyond it, an entity is created when a later message names it.
const MOST: usize = 1_000;

/// The same for the platform, whose keys often send for everybody.
const MOST_OF_PLATFORM: usize = 10_000;

/// The most entities of one revision.
const AT_ONCE: usize = 1_000;

/// How many entities of one maker may be refused in a round before the rest of its entities are dropped.
const MOST_REFUSED: usize = 8;

/// How long a request waits for its entities.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long to wait after a round. Each is a revision, which all nodes apply: forty a second are enough, however many
/// messages name new entities.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(25);

/// How long to wait after a failure of the store, and how long nothing is queued for a maker whose entities were refused.
const PAUSE: Duration = Duration::from_secs(1);

/// An application, or the platform.
type Maker = Option<String>;

/// The queue of entities to create.
#[derive(Debug, Default)]
pub(crate) struct EntityAutocreate {
    queue: Mutex<Queue>,
    more: Notify,
    /// Notified after every round.
    done: Notify,
    rounds: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: HashMap<Maker, HashSet<String>>,
    /// The makers in `waiting`, the next one first.
    turns: VecDeque<Maker>,
    /// Until when nothing is queued for a maker.
    refused: HashMap<Maker, Instant>,
}

/// Entities to create, by maker.
type Batch = Vec<(Maker, Vec<String>)>;

impl Queue {
    /// Whether the entity waits now.
    fn add(&mut self, maker: &Maker, entity: String) -> bool {
        if !self.waiting.contains_key(maker) {
            self.waiting.insert(maker.clone(), HashSet::new());
            self.turns.push_back(maker.clone());
        }
        let most = if maker.is_some() { MOST } else { MOST_OF_PLATFORM };
        let waiting = self.waiting.entry(maker.clone()).or_default();
        waiting.contains(&entity) || waiting.len() < most && waiting.insert(entity)
    }

    fn is_refused(&mut self, maker: &Maker) -> bool {
        let now = Instant::now();
        self.refused.retain(|_, until| *until > now);
        self.refused.contains_key(maker)
    }

    /// The entities of the next round: as many of each maker.
    fn take(&mut self) -> Batch {
        let share = (AT_ONCE / self.turns.len().max(1)).max(1);
        let mut batch = Vec::new();
        for _ in 0..self.turns.len().min(AT_ONCE) {
            let Some(maker) = self.turns.pop_front() else { break };
            let waiting = self.waiting.remove(&maker).unwrap_or_default();
            let mut waiting = waiting.into_iter();
            batch.push((maker.clone(), waiting.by_ref().take(share).collect()));
            let rest: HashSet<String> = waiting.collect();
            if !rest.is_empty() {
                self.waiting.insert(maker.clone(), rest);
                self.turns.push_back(maker);
            }
        }
        batch
    }
}

impl EntityAutocreate {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, maker: &Maker, entities: Vec<String>) {
        let mut queue = self.queue();
        for entity in entities {
            // Without a place it is created when a later message names it.
            let _ = queue.add(maker, entity);
        }
    }
}

impl Service {
    /// Queues entities of a maker, and waits a moment until they are created. The decision does not depend on it: an entity
    /// that cannot be created now is created later.
    pub(crate) async fn autocreate_entities(&self, maker: Option<&str>, named: Vec<String>) {
        let autocreate = &self.entity_autocreate;
        let before = autocreate.rounds.load(Ordering::Acquire);
        let done = autocreate.done.notified();
        tokio::pin!(done);
        done.as_mut().enable();
        let maker = maker.map(str::to_owned);
        let mut is_waiting = false;
        {
            let mut queue = autocreate.queue();
            if !queue.is_refused(&maker) {
                for entity in named {
                    is_waiting |= queue.add(&maker, entity);
                }
            }
        }
        if !is_waiting {
            return;
        }
        autocreate.more.notify_one();
        if self.is_changeable() && autocreate.rounds.load(Ordering::Acquire) == before {
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
            while !*self.ending.borrow() {
                let batch = self.entity_autocreate.queue().take();
                if batch.is_empty() {
                    break;
                }
                let is_away = self.create_all(batch).await.is_err();
                self.entity_autocreate.rounds.fetch_add(1, Ordering::AcqRel);
                self.entity_autocreate.done.notify_waiters();
                tokio::time::sleep(if is_away { PAUSE } else { BETWEEN_ROUNDS }).await;
            }
        }
    }

    /// Creates a batch, as much of it as can be.
    ///
    /// # Errors
    /// The store does not answer. What was not tried is queued again.
    async fn create_all(self: &Arc<Self>, batch: Batch) -> Result<(), StoreIsAway> {
        let mut is_away = false;
        match self.create(batch.clone()).await {
            Ok(()) => return Ok(()),
            Err(fault) if is_of_store(&fault) => is_away = true,
            Err(_) => {}
        }
        for (maker, entities) in batch {
            if is_away || self.create_of(&maker, entities.clone()).await.is_err() {
                is_away = true;
                self.entity_autocreate.put_back(&maker, entities);
            }
        }
        if is_away { Err(StoreIsAway) } else { Ok(()) }
    }

    /// Creates entities of one maker: together, or else one by one.
    async fn create_of(self: &Arc<Self>, maker: &Maker, entities: Vec<String>) -> Result<(), StoreIsAway> {
        let mut why = match self.create(vec![(maker.clone(), entities.clone())]).await {
            Ok(()) => return Ok(()),
            Err(fault) if is_of_store(&fault) => return Err(StoreIsAway),
            Err(fault) => fault.text,
        };
        let (mut refused, mut left) = (Vec::new(), entities.into_iter());
        for entity in left.by_ref() {
            match self.create(vec![(maker.clone(), vec![entity.clone()])]).await {
                Ok(()) => {}
                Err(fault) if is_of_store(&fault) => return Err(StoreIsAway),
                Err(fault) => {
                    why = fault.text;
                    refused.push(entity);
                }
            }
            if refused.len() == MOST_REFUSED {
                break;
            }
        }
        let (count, first) = (refused.len() + left.len(), refused.first());
        if let Some(first) = first {
            let of = maker.as_ref().map_or_else(|| "the platform".to_owned(), |id| format!("the application {id:?}"));
            tracing::warn!(
                "{count} entities that messages of {of} named first are not created, such as {first:?}: {why}; they are \
                 tried again when a later message names them"
            );
            self.entity_autocreate.queue().refused.insert(maker.clone(), Instant::now() + PAUSE);
        }
        Ok(())
    }

    async fn create(self: &Arc<Self>, batch: Batch) -> Result<(), Fault> {
        let author = Author::messages("entities that messages named first");
        let service = Arc::clone(self);
        let room = move |maker: &str| service.tenants.of(maker).room_for_entities();
        self.change(author, move |view| Ok(plan(view, &batch, &room))).await
    }
}

/// The catalog store does not answer, or others change too much: the same can succeed later.
struct StoreIsAway;

fn is_of_store(fault: &Fault) -> bool {
    fault.is_store_unavailable || fault.status == StatusCode::SERVICE_UNAVAILABLE
}

/// The changes that make a batch. `room` says how many entities an application may still have; what goes beyond is left out.
fn plan(view: &View, batch: &Batch, room: &impl Fn(&str) -> usize) -> Plan<()> {
    let (mut changes, mut new) = (Vec::new(), HashSet::new());
    for (maker, entities) in batch {
        // The application may have been removed since.
        if maker.as_ref().is_some_and(|id| view.catalog().application(id).is_none()) {
            continue;
        }
        let most = maker.as_deref().map_or(usize::MAX, room);
        let unknown = entities.iter().filter(|entity| !view.state.entities.has(maker.as_deref(), entity));
        for entity in unknown.take(most) {
            let put = entity::put(view.catalog(), maker.as_deref(), entity, Some(entity));
            // Several makers may name it first.
            let mut is_known = |change: &Change| change.kind == Kind::Entity && !new.insert(entity.as_str());
            changes.extend(put.into_iter().filter(|change| !is_known(change)));
        }
    }
    Plan::new(changes, ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> impl Iterator<Item = String> {
        (0..count).map(|number| format!("e{number}"))
    }

    #[test]
    fn one_maker_cannot_fill_the_queue_for_others() {
        let mut queue = Queue::default();
        let (flood, victim) = (Some("flood".to_owned()), Some("victim".to_owned()));
        assert_eq!(names(5 * MOST).filter(|entity| queue.add(&flood, entity.clone())).count(), MOST);
        assert!(names(3).all(|entity| queue.add(&victim, entity)));
        let batch = queue.take();
        let of = |maker: &Maker| batch.iter().find(|(other, _)| other == maker).map(|(_, entities)| entities.len());
        assert_eq!((of(&flood), of(&victim)), (Some(AT_ONCE / 2), Some(3)));
        let rest = queue.take();
        assert_eq!(rest.len(), 1);
        assert_eq!((&rest[0].0, rest[0].1.len()), (&flood, MOST - AT_ONCE / 2));
        assert!(queue.take().is_empty() && queue.waiting.is_empty());
    }

    #[test]
    fn everyone_has_a_turn_when_there_are_more_makers_than_a_round_has_places() {
        let mut queue = Queue::default();
        for number in 0..AT_ONCE + 1 {
            let maker = Some(format!("a{number}"));
            assert!(names(2).all(|entity| queue.add(&maker, entity)));
        }
        let (first, second) = (queue.take(), queue.take());
        assert_eq!((first.len(), second.len()), (AT_ONCE, AT_ONCE));
        assert_eq!(
            second[0].0,
            Some(format!("a{AT_ONCE}")),
            "who had no turn in the first round comes first in the second"
        );
    }
}
