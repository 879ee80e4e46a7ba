//! Places by name: so many for each name, given in the order in which they are asked for. Names that nobody uses take no memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many places for each name.
pub(crate) struct NamedPlaces {
    each: usize,
    named: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl NamedPlaces {
    pub(crate) fn new(each: usize) -> Self {
        Self { each, named: Mutex::default() }
    }

    /// Waits for a place of this name. Always `Some`, since the places are never closed.
    pub(crate) async fn place(&self, name: &str) -> Option<OwnedSemaphorePermit> {
        self.of(name).acquire_owned().await.ok()
    }

    fn of(&self, name: &str) -> Arc<Semaphore> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = named.get(name).and_then(Weak::upgrade) {
            return places;
        }
        // Nobody holds or awaits a place of these.
        named.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(self.each));
        named.insert(name.to_owned(), Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn each_name_has_its_places() {
        let places = NamedPlaces::new(2);
        let place = |name: &str| places.place(name).now_or_never().flatten();
        let held = (place("a").unwrap(), place("a").unwrap());
        assert!(place("a").is_none() && place("b").is_some());
        drop(held);
        assert!(place("a").is_some());
    }

    #[test]
    fn a_name_that_nobody_uses_any_more_is_forgotten() {
        let places = NamedPlaces::new(1);
        for name in 0..100 {
            drop(places.place(&name.to_string()).now_or_never().flatten().unwrap());
        }
        assert_eq!(places.named.lock().unwrap().len(), 1);
    }
}
