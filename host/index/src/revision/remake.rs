//! The scopes that a small change concerns, made anew; all else is what it was.

use std::sync::Arc;

use super::changes::Changes;
use super::{Revision, SenderKeyCollision, hashes, next, scope};
use crate::scope::{Member, Scope, ScopeParts, bit};
use callsign_catalog::persistent::spread;
use callsign_catalog::{Catalog, Channel};

impl Revision {
    /// The revision of a catalog that changed little.
    pub(super) fn remade(before: &Self, catalog: Catalog, mut changes: Changes) -> Result<Self, SenderKeyCollision> {
        let senders = match before.catalog.senders().is_same(catalog.senders()) {
            true => Arc::clone(&before.senders),
            false => Arc::new(before.senders.after(before.catalog.senders(), catalog.senders(), &changes.senders)?),
        };
        let mut revision = Self {
            number: next(),
            shares_with: before.number,
            origin: before.origin,
            catalog,
            hasher: before.hasher.clone(),
            scopes: before.scopes.clone(),
            names: before.names.clone(),
            other_entities: before.other_entities.clone(),
            entities_of: before.entities_of.clone(),
            senders,
        };
        revision.remake(&mut changes);
        Ok(revision)
    }

    fn remake(&mut self, changes: &mut Changes) {
        // The application level first: entities inherit its strategies and its default.
        let applications = changes.scopes.keys().filter(|(_, entity)| entity.is_none());
        let applications: Vec<u32> = applications.map(|&(application, _)| application).collect();
        for application in applications {
            let touched = changes.scopes.remove(&(application, None)).unwrap_or_default();
            self.remake_named((application, None), touched, changes);
            if changes.inherited.contains(&application) {
                self.remake_other_entities(application, changes);
            }
        }
        for &application in &changes.inherited {
            for place in self.entities_of.iter(spread(application), |_| true) {
                let entity = self.scopes[place as usize].entity;
                changes.scopes.entry((application, entity)).or_default();
            }
        }
        for (index, touched) in std::mem::take(&mut changes.scopes) {
            self.remake_named(index, touched, changes);
        }
    }

    /// A scope that is found by its names.
    fn remake_named(&mut self, index: (u32, Option<u32>), mut touched: Vec<u32>, changes: &Changes) {
        let (application, entity) = index;
        touched.sort_unstable();
        touched.dedup();
        let names = self.names(application, entity);
        let (hash, place) = (self.hash_of_names(names), self.find_scope(names.0, names.1));
        let parts = self.own_parts(index, place, &touched);
        if entity.is_some() && parts.are_empty() {
            if let Some(place) = place {
                self.names.remove(hash, place);
                self.entities_of.remove(spread(application), place);
                let nobody = Arc::clone(&self.scopes[0]);
                self.scopes.set(place as usize, nobody);
            }
            return;
        }
        let place_now = self.put(index, parts, place, &touched, changes);
        if place.is_none() {
            self.names.insert(hash, place_now);
            if entity.is_some() {
                self.entities_of.insert(spread(application), place_now, |_| true);
            }
        }
    }

    /// The scope of those entities of an application that have nothing of their own.
    fn remake_other_entities(&mut self, application: u32, changes: &Changes) {
        let place = self.other_entities.get(application as usize).copied();
        let parts = ScopeParts {
            application_strategies: self.catalog.strategies_of(application, None),
            application_default: self.catalog.default_of(application, None),
            ..ScopeParts::default()
        };
        let place_now = self.put((application, None), parts, place, &[], changes);
        if place.is_none() {
            // New applications come in their order.
            self.other_entities.push(place_now);
        }
    }

    /// What a scope has of its own, and inherits, now.
    fn own_parts(&self, (application, entity): (u32, Option<u32>), place: Option<u32>, touched: &[u32]) -> ScopeParts {
        let known = place.map(|place| &*self.scopes[place as usize]);
        let members = known.iter().flat_map(|scope| scope.members.iter().copied());
        let stay = members.filter(|member| member.channels != 0 && touched.binary_search(&member.sender).is_err());
        let mut associated: Vec<Member> = stay.collect();
        associated.extend(touched.iter().filter_map(|&sender| {
            let is_for = |channel: &Channel| self.catalog.is_associated(sender, *channel, application, entity);
            let channels = Channel::ALL.into_iter().filter(is_for).fold(0, |bits, channel| bits | bit(channel));
            let ability = self.senders.abilities[sender as usize];
            (channels != 0).then_some(Member { sender, ability, channels })
        }));
        let strategies = self.catalog.strategies_of(application, entity);
        let default = self.catalog.default_of(application, entity);
        let parts = ScopeParts { associated, ..ScopeParts::default() };
        match entity {
            None => ScopeParts { application_strategies: strategies, application_default: default, ..parts },
            Some(_) => {
                let mut parts = ScopeParts { entity_strategies: strategies, entity_default: default, ..parts };
                if !parts.are_empty() {
                    parts.inherit(&self.scopes[self.other_entities[application as usize] as usize]);
                }
                parts
            }
        }
    }

    /// Puts a scope in its place, or in a new one; what is there stays, where it is the same.
    fn put(
        &mut self,
        index: (u32, Option<u32>),
        parts: ScopeParts,
        place: Option<u32>,
        touched: &[u32],
        changes: &Changes,
    ) -> u32 {
        let known = place.map(|place| &*self.scopes[place as usize]);
        let hashes = match known {
            Some(known) => (known.name_hash, known.application_hash),
            None => hashes(self.names(index.0, index.1)),
        };
        let scope = scope(&self.catalog, &self.senders, index, hashes, parts);
        let Some(place) = place else {
            self.scopes.push(Arc::new(scope));
            return self.scopes.len() as u32 - 1;
        };
        if !known.is_some_and(|known| known.is_like(&scope)) || depends_on(&scope, touched, changes) {
            self.scopes.set(place as usize, Arc::new(scope));
        }
        place
    }
}

/// Whether an element that changed is one of a scope.
fn depends_on(scope: &Scope, touched: &[u32], changes: &Changes) -> bool {
    let defaults = scope.defaults.iter().map(|&(_, handle)| scope.members[handle as usize].sender);
    let changed = |sender: &u32| changes.senders.binary_search(sender).is_ok();
    let mut senders = touched.iter().copied().filter(|&sender| scope.handle_of(sender).is_some()).chain(defaults);
    senders.any(|sender| changed(&sender))
        || scope.strategies.iter().any(|strategy| changes.strategies.binary_search(strategy).is_ok())
}
