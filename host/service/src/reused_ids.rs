//! Since when applications are there whose id another application had before. What was recorded of the id before is not theirs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use callsign::Catalog;
use hashbrown::HashMap;
use serde::Deserialize;

use crate::change::{Change, Kind, now};
use crate::store::{Element, Store, StoreError};

/// The applications whose id another one had, with the time since when they are there in milliseconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct ReusedIds(Mutex<HashMap<Box<str>, u64>>);

impl ReusedIds {
    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when an application is there; 0 if nobody had its id before.
    pub(crate) fn since(&self, application: &str) -> u64 {
        self.lock().get(application).copied().unwrap_or(0)
    }

    /// Takes the platform that was loaded. A revision that is not in the log any more is as old as the oldest that is, at least.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn load(&self, store: &Store, elements: &[Element]) -> Result<(), StoreError> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            generation: u32,
        }
        let mut known = HashMap::new();
        for element in elements.iter().filter(|element| element.kind == Kind::Application) {
            let body: Option<Body> = serde_json::from_str(&element.body).ok();
            if body.is_some_and(|body| body.generation > 0) {
                let made = store.actions(element.made_by().saturating_sub(1), 1).await?;
                known.insert((&*element.key).into(), made.first().map_or_else(now, |entry| entry.at));
            }
        }
        *self.lock() = known;
        Ok(())
    }

    /// Takes what changed.
    pub(crate) fn note(&self, before: &Catalog, after: &Catalog, changes: &[Change]) {
        for change in changes.iter().filter(|change| change.kind == Kind::Application) {
            let generation = |catalog: &Catalog| catalog.application(&change.key).map(|(_, found)| found.generation);
            match (generation(before), generation(after)) {
                (before, Some(after)) if after > 0 && before != Some(after) => {
                    self.lock().insert((&*change.key).into(), now());
                }
                (_, None) => {
                    self.lock().remove(&*change.key);
                }
                _ => {}
            }
        }
    }
}
