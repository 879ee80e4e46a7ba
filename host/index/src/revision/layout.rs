//! The whole catalog, indexed at once.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap};

use super::before::Before;
use super::senders::SenderIndex;
use super::{Revision, SenderKeyCollision, hashes, names, next, scope};
use crate::scope::{Ability, Member, Scope, ScopeParts, bit};
use callsign_catalog::Catalog;
use callsign_catalog::parallel::both;
use callsign_catalog::persistent::{HashIndex, MultiIndex, spread};

/// The scopes of a catalog as they are put in their places.
struct Layout<'a> {
    catalog: &'a Catalog,
    senders: &'a SenderIndex,
    hasher: &'a DefaultHashBuilder,
    before: Option<Before<'a>>,
    scopes: Vec<Arc<Scope>>,
    /// Hashes with places.
    names: Vec<(u64, u32)>,
    entities_of: Vec<(u64, u32)>,
    other_entities: Vec<u32>,
}

impl Revision {
    /// Indexes all of a catalog; keeps what nothing changed of from the revision before it.
    pub(super) fn laid_out(catalog: Catalog, before: Option<&Self>) -> Result<Self, SenderKeyCollision> {
        let number = next();
        let elements = catalog.senders().len() + catalog.associations().len();
        let (parts, senders) = both(
            elements,
            || parts(&catalog),
            || match before {
                Some(before) if before.catalog.senders().is_same(catalog.senders()) => Ok(Arc::clone(&before.senders)),
                before => SenderIndex::new(catalog.senders(), before.map(|before| &*before.senders)).map(Arc::new),
            },
        );
        let senders = senders?;
        let shares_with = before.map_or(0, |before| before.number);
        let before = before.filter(|before| before.has_room());
        let hasher = before.map_or_else(DefaultHashBuilder::default, |before| before.hasher.clone());
        let nobody = match before {
            Some(before) => Arc::clone(&before.scopes[0]),
            None => Arc::new(Scope::new(next(), (0, 0), (None, None), ScopeParts::default(), &senders.abilities)),
        };
        let mut layout = Layout {
            catalog: &catalog,
            senders: &senders,
            hasher: &hasher,
            before: before.map(|before| Before::new(before, &catalog)),
            scopes: vec![nobody; before.map_or(1, |before| before.scopes.len())],
            names: Vec::new(),
            entities_of: Vec::new(),
            other_entities: Vec::new(),
        };
        layout.lay_out(parts);
        let Layout { scopes, names, entities_of, other_entities, .. } = layout;
        let places = scopes.len();
        Ok(Self {
            number,
            shares_with,
            origin: before.map_or(number, |before| before.origin),
            scopes: scopes.into(),
            names: HashIndex::of(names),
            other_entities: other_entities.into(),
            entities_of: MultiIndex::of(places, entities_of, |_, _| true),
            catalog,
            hasher,
            senders,
        })
    }
}

impl Layout<'_> {
    fn lay_out(&mut self, mut parts: HashMap<(u32, Option<u32>), ScopeParts>) {
        // The application level first: entities inherit its strategies and its default.
        for application in 0..self.catalog.applications().len() as u32 {
            let own = parts.remove(&(application, None)).unwrap_or_default();
            let inherited = ScopeParts {
                application_strategies: own.application_strategies.clone(),
                application_default: own.application_default,
                ..ScopeParts::default()
            };
            let (id, _) = names(self.catalog, application, None);
            let places = self.before.as_ref().and_then(|before| before.revision.places_of(id));
            self.add_named((application, None), own, places.map(|(own, _)| own));
            let other = self.add((application, None), inherited, places.map(|(_, other)| other));
            self.other_entities.push(other);
        }
        let mut entities: Vec<_> = parts.into_iter().collect();
        entities.sort_unstable_by_key(|&(names, _)| names);
        for ((application, entity), mut own) in entities {
            let inherited = &self.scopes[self.other_entities[application as usize] as usize];
            own.inherit(inherited);
            let place = self.before.as_ref().and_then(|before| {
                let (application, entity) = names(self.catalog, application, entity);
                before.revision.find_scope(application, entity)
            });
            let place = self.add_named((application, entity), own, place);
            self.entities_of.push((spread(application), place));
        }
    }

    /// As [`Layout::add`], of a scope that is found by its names.
    fn add_named(&mut self, index: (u32, Option<u32>), parts: ScopeParts, place: Option<u32>) -> u32 {
        let place = self.add(index, parts, place);
        self.names.push((self.hasher.hash_one(names(self.catalog, index.0, index.1)), place));
        place
    }

    /// Puts a scope in the place that it had, or in a new one; the very scope that was there, where nothing of it changed.
    fn add(&mut self, (application, entity): (u32, Option<u32>), mut parts: ScopeParts, place: Option<u32>) -> u32 {
        for member in &mut parts.associated {
            member.ability = self.senders.abilities[member.sender as usize];
        }
        let hashes = hashes(names(self.catalog, application, entity));
        let scope = scope(self.catalog, self.senders, (application, entity), hashes, parts);
        let Some(place) = place else {
            self.scopes.push(Arc::new(scope));
            return self.scopes.len() as u32 - 1;
        };
        let known = self.before.as_ref().and_then(|before| before.same(place, &scope));
        self.scopes[place as usize] = known.unwrap_or_else(|| Arc::new(scope));
        place
    }
}

/// What each scope has of its own, before it is known what its senders can do.
fn parts(catalog: &Catalog) -> HashMap<(u32, Option<u32>), ScopeParts> {
    let mut parts: HashMap<(u32, Option<u32>), ScopeParts> = HashMap::new();
    for association in catalog.associations() {
        let scope = parts.entry((association.application, association.entity)).or_default();
        let (sender, channels) = (association.sender, bit(association.channel));
        scope.associated.push(Member { sender, ability: Ability::default(), channels });
    }
    for (index, strategy) in (0..).zip(catalog.strategies()) {
        let scope = parts.entry((strategy.application, strategy.entity)).or_default();
        match strategy.entity {
            Some(_) => scope.entity_strategies.push(index),
            None => scope.application_strategies.push(index),
        }
    }
    for default in catalog.default_senders() {
        let scope = parts.entry((default.application, default.entity)).or_default();
        match default.entity {
            Some(_) => scope.entity_default = Some(default.sender),
            None => scope.application_default = Some(default.sender),
        }
    }
    parts
}

impl Revision {
    /// The places of an application's own scope and of that of its other entities.
    fn places_of(&self, application: &str) -> Option<(u32, u32)> {
        let own = self.find_scope(application, None)?;
        let index = self.scopes[own as usize].application?;
        Some((own, self.other_entities[index as usize]))
    }
}
