//! The index after a small change: only the scopes that the change concerns are made again.

use std::collections::BTreeSet;
use std::sync::Arc;

use callsign_catalog::{Catalog, Channel, persistent::spread};

use super::{Revision, SenderKeyCollision, catalog_diff::CatalogDiff, new_scope, next_number, scope_hashes};
use crate::scope::{Member, Scope, ScopeParts, bit};

impl Revision {
    /// Indexes a catalog that differs little from the one of the revision before.
    pub(super) fn update(before: &Self, catalog: Catalog, mut diff: CatalogDiff) -> Result<Self, SenderKeyCollision> {
        let senders = match before.catalog.senders().is_same(catalog.senders()) {
            true => Arc::clone(&before.senders),
            false => Arc::new(before.senders.after(before.catalog.senders(), catalog.senders(), &diff.senders)?),
        };
        let mut revision = Self {
            number: next_number(),
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
        revision.update_scopes(before, &mut diff);
        Ok(revision)
    }

    fn update_scopes(&mut self, before: &Self, diff: &mut CatalogDiff) {
        for application in std::mem::take(&mut diff.removed_applications) {
            self.remove_application(before, application);
        }
        // The application level first: entities inherit its strategies and its default.
        let applications = diff.scopes.keys().filter(|(_, entity)| entity.is_none());
        let applications: Vec<u32> = applications.map(|&(application, _)| application).collect();
        for application in applications {
            let changed_members = diff.scopes.remove(&(application, None)).unwrap_or_default();
            self.update_scope(before, (application, None), changed_members, diff);
            if diff.inherited.contains(&application) {
                self.update_other_entities(application, diff);
            }
        }
        for &application in &diff.inherited {
            for handle in self.entities_of.iter(spread(application), |_| true) {
                let entity = self.scopes[handle as usize].entity;
                diff.scopes.entry((application, entity)).or_default();
            }
        }
        // An entity has one scope in each application.
        for &entity in &diff.entities {
            for (application, listed) in self.catalog.applications().indexed() {
                let (_, entity_id) = self.names(application, Some(entity));
                if self.find_scope(&listed.id, entity_id).is_some() {
                    diff.scopes.entry((application, Some(entity))).or_default();
                }
            }
        }
        for (index, changed_members) in std::mem::take(&mut diff.scopes) {
            self.update_scope(before, index, changed_members, diff);
        }
    }

    /// Updates a scope that has names: adds it, replaces it, or removes it if nothing is left of it.
    fn update_scope(
        &mut self,
        before: &Self,
        index: (u32, Option<u32>),
        mut changed_members: Vec<u32>,
        diff: &CatalogDiff,
    ) {
        let (application, entity) = index;
        changed_members.sort_unstable();
        changed_members.dedup();
        let Some(names) = self.names_if_listed(index).or_else(|| before.names_if_listed(index)) else { return };
        // Each scope is updated once, so what has a handle had it before.
        let (hash, handle) = (self.hash_of_names(names), before.find_scope(names.0, names.1));
        let parts = self.parts_of(index, handle, &changed_members);
        if entity.is_some() && parts.are_empty() {
            if let Some(handle) = handle {
                self.names.remove(hash, handle);
                self.entities_of.remove(spread(application), handle);
                self.give_up(handle);
            }
            return;
        }
        let new_handle = self.set_scope(index, parts, handle, &changed_members, diff);
        if handle.is_none() {
            self.names.insert(hash, new_handle);
            if entity.is_some() {
                self.entities_of.insert(spread(application), new_handle, |_| true);
            }
        }
    }

    /// Removes the scopes that an application has by itself. Those of its entities have nothing any more, so the change concerns
    /// them too.
    fn remove_application(&mut self, before: &Self, application: u32) {
        let Some((id, _)) = before.names_if_listed((application, None)) else { return };
        if let Some(handle) = before.find_scope(id, None) {
            self.names.remove(self.hash_of_names((id, None)), handle);
            self.give_up(handle);
        }
        if let Some(handle) = before.other_entities.get(application as usize).copied() {
            self.give_up(handle);
            self.other_entities.set(application as usize, 0);
        }
    }

    /// Leaves a handle without a scope.
    fn give_up(&mut self, handle: u32) {
        let unknown_application = Arc::clone(&self.scopes[0]);
        self.scopes.set(handle as usize, unknown_application);
    }

    /// The names of an application, or of an entity of it, if the catalog has them.
    fn names_if_listed(&self, (application, entity): (u32, Option<u32>)) -> Option<(&str, Option<&str>)> {
        let application = &*self.catalog.applications().at(application)?.id;
        match entity {
            None => Some((application, None)),
            Some(entity) => Some((application, Some(&*self.catalog.entities().at(entity)?.id))),
        }
    }

    /// Updates the scope of the entities of an application that have nothing of their own.
    fn update_other_entities(&mut self, application: u32, diff: &CatalogDiff) {
        let handle = self.other_entities.get(application as usize).copied();
        let parts = ScopeParts {
            application_strategies: self.catalog.strategies_of(application, None),
            application_default: self.catalog.default_of(application, None),
            ..ScopeParts::default()
        };
        let new_handle = self.set_scope((application, None), parts, handle, &[], diff);
        if handle.is_none() {
            // Of the slots up to this one, those without an application have no such scope.
            let missing = (application as usize).saturating_sub(self.other_entities.len());
            self.other_entities.extend(std::iter::repeat_n(0, missing));
            self.other_entities.push(new_handle);
        }
    }

    /// What a scope has of its own, and what it inherits, in the new catalog.
    fn parts_of(
        &self,
        (application, entity): (u32, Option<u32>),
        handle: Option<u32>,
        changed_members: &[u32],
    ) -> ScopeParts {
        let known = handle.map(|handle| &*self.scopes[handle as usize]);
        let members = known.iter().flat_map(|scope| scope.members.iter().copied());
        let unchanged =
            members.filter(|member| member.channels != 0 && changed_members.binary_search(&member.sender).is_err());
        let mut associated: Vec<Member> = unchanged.collect();
        associated.extend(changed_members.iter().filter_map(|&sender| {
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

    /// Sets the scope of a handle, or of a new one. The scope that is there stays if nothing of it changed.
    fn set_scope(
        &mut self,
        index: (u32, Option<u32>),
        parts: ScopeParts,
        handle: Option<u32>,
        changed_members: &[u32],
        diff: &CatalogDiff,
    ) -> u32 {
        let known = handle.map(|handle| &*self.scopes[handle as usize]);
        let hashes = match known {
            Some(known) => (known.name_hash, known.application_hash),
            None => scope_hashes(&self.catalog, index.0, index.1),
        };
        let scope = new_scope(&self.catalog, &self.senders, index, hashes, parts);
        let Some(handle) = handle else {
            self.scopes.push(Arc::new(scope));
            return self.scopes.len() as u32 - 1;
        };
        if !known.is_some_and(|known| known.is_like(&scope)) || depends_on(&scope, changed_members, diff) {
            self.scopes.set(handle as usize, Arc::new(scope));
        }
        handle
    }
}

/// Whether an element that changed is part of a scope.
fn depends_on(scope: &Scope, changed_members: &[u32], diff: &CatalogDiff) -> bool {
    let defaults = scope.defaults.iter().map(|&(_, handle)| scope.members[handle as usize].sender);
    let changed = |sender: &u32| diff.senders.binary_search(sender).is_ok();
    let members = changed_members.iter().copied().filter(|&sender| scope.handle_of(sender).is_some());
    let attributes_of =
        |index: &Option<u32>, changed: &BTreeSet<u32>| index.is_some_and(|index| changed.contains(&index));
    attributes_of(&scope.application, &diff.applications)
        || attributes_of(&scope.entity, &diff.entities)
        || members.chain(defaults).any(|sender| changed(&sender))
        || scope.strategies.iter().any(|strategy| diff.strategies.binary_search(strategy).is_ok())
}
