//! Elements by their ids.
//!
//! The one place that looks for an id in a catalog, so that an index can take the place of these scans.

use super::{Application, Catalog, Entity, Sender, Strategy};

impl Catalog {
    /// The application with this id, and its index into [`Catalog::applications`].
    pub fn application(&self, id: &str) -> Option<(u32, &Application)> {
        find(&self.applications, |application| &*application.id == id)
    }

    /// The entity with this id, and its index into [`Catalog::entities`].
    pub fn entity(&self, id: &str) -> Option<(u32, &Entity)> {
        find(&self.entities, |entity| &*entity.id == id)
    }

    /// The sender with this id, and its index into [`Catalog::senders`].
    pub fn sender(&self, id: &str) -> Option<(u32, &Sender)> {
        find(&self.senders, |sender| &*sender.id == id)
    }

    /// The strategy with this id, and its index into [`Catalog::strategies`].
    pub fn strategy(&self, id: &str) -> Option<(u32, &Strategy)> {
        find(&self.strategies, |strategy| &*strategy.id == id)
    }
}

fn find<T>(list: &[T], mut is_it: impl FnMut(&T) -> bool) -> Option<(u32, &T)> {
    (0..).zip(list).find(|(_, element)| is_it(element))
}
