//! Dangling references: which edit is at fault, and what still refers to a removed element.
//!
//! This runs only if something dangles, so it need not be fast: everything is by id here.

use super::{
    Edit, EditError, EditErrorKind,
    plan::{Plan, ids_of},
};
use crate::{
    Catalog,
    ids::KnownIds,
    lookup::Target,
    model::OtherAssociation,
    rule::quoted,
    unresolved::{AssociationIds, ScopeIds},
};

/// An id that an element names.
pub(super) type Reference<'r> = (Target, &'r str);

/// An element that refers to others.
struct Referrer<'u> {
    /// The edit that put it.
    edit: Option<u32>,
    kind: ReferrerKind<'u>,
}

#[derive(Clone, Copy)]
enum ReferrerKind<'u> {
    Association,
    Strategy(&'u str),
    DefaultSender,
}

/// What is wrong with an edit.
enum Cause {
    /// It puts an element that refers to one that is not there.
    Unknown,
    /// It removes an element that something refers to.
    InUse(Target, u32),
}

/// How many strategies a message names one by one.
const NAMED_STRATEGIES: usize = 3;

impl<'e> Plan<'e> {
    /// The error of the first edit that leaves a reference dangling.
    pub(super) fn dangling(&self, catalog: &Catalog, edits: &[Edit<'_>], known: &KnownIds<'_>) -> EditError {
        let mut first: Option<(u32, Cause)> = None;
        self.for_each_referrer(catalog, |referrer, references| {
            for (target, id) in references.filter(|&reference| self.lacks(reference)) {
                // Of the edit that put the one element and the edit that removed the other, the later one is at fault.
                let removed = self.number(target, id).and_then(|key| Some((self.removed_by(target, key)?, key)));
                let (edit, cause) = match (removed, referrer.edit) {
                    (Some((removed, key)), put) if put.is_none_or(|put| put < removed) => {
                        (removed, Cause::InUse(target, key))
                    }
                    (_, Some(put)) => (put, Cause::Unknown),
                    (_, None) => continue,
                };
                if first.as_ref().is_none_or(|(earlier, _)| edit < *earlier) {
                    first = Some((edit, cause));
                }
            }
        });
        match first {
            Some((edit, Cause::InUse(target, key))) => {
                EditError::whole(edit, edits, EditErrorKind::InUse, self.in_use(catalog, target, key))
            }
            Some((edit, Cause::Unknown)) => EditError::unknown(edit, edits, known),
            // Not reached while `resolve` and this agree on what dangles.
            None => EditError::unknown(0, edits, known),
        }
    }

    /// Says what still refers to an element that was removed.
    fn in_use(&self, catalog: &Catalog, target: Target, key: u32) -> String {
        let (what, keys) = match target {
            Target::Application => ("application", &self.applications.keys),
            Target::Entity => ("entity", &self.entities.keys),
            Target::Sender => ("sender", &self.senders.keys),
        };
        let id = &*keys[key as usize];
        let (mut associations, mut strategies, mut named, mut defaults) = (0, 0, Vec::new(), 0);
        self.for_each_referrer(catalog, |referrer, mut references| {
            if Iterator::any(&mut references, |reference| reference == (target, id)) {
                match referrer.kind {
                    ReferrerKind::Association => associations += 1,
                    ReferrerKind::DefaultSender => defaults += 1,
                    ReferrerKind::Strategy(strategy) => {
                        strategies += 1;
                        if named.len() < NAMED_STRATEGIES {
                            named.push(quoted(strategy));
                        }
                    }
                }
            }
        });
        let mut users = Vec::new();
        match associations {
            0 => {}
            1 => users.push("1 association".to_owned()),
            more => users.push(format!("{more} associations")),
        }
        match (strategies, named.join(", ")) {
            (0, _) => {}
            (1, named) => users.push(format!("strategy {named}")),
            (2..=NAMED_STRATEGIES, named) => users.push(format!("strategies {named}")),
            (all, named) => users.push(format!("strategies {named} and {} more", all - NAMED_STRATEGIES)),
        }
        match defaults {
            0 => {}
            1 => users.push("1 default sender".to_owned()),
            more => users.push(format!("{more} default senders")),
        }
        format!("{what} {} is still used by {}; remove what uses it first", quoted(id), sentence(&users))
    }

    /// Visits all elements after the last edit that refer to others.
    fn for_each_referrer(
        &self,
        catalog: &Catalog,
        mut visit: impl FnMut(Referrer<'_>, &mut dyn Iterator<Item = Reference<'_>>),
    ) {
        let scope = |application: u32, entity: Option<u32>| {
            let application = (Target::Application, &*catalog.applications[application as usize].id);
            let entity = entity.map(|entity| (Target::Entity, &*catalog.entities[entity as usize].id));
            [application].into_iter().chain(entity)
        };
        let sender = |sender: u32| (Target::Sender, &*catalog.senders[sender as usize].id);

        let association = |edit| Referrer { edit, kind: ReferrerKind::Association };
        for kept in self.associations.kept(&catalog.associations) {
            visit(association(None), &mut scope(kept.application, kept.entity).chain([sender(kept.sender)]));
        }
        for other in self.other_associations.kept(&catalog.other_associations) {
            visit(association(None), &mut self.references(other));
        }
        for draft in [&self.associations, &self.other_associations] {
            for (_, put) in draft.present() {
                visit(association(Some(put.edit)), &mut of_association(&draft.keys[put.key as usize]));
            }
        }

        for strategy in self.strategies.kept(&catalog.strategies) {
            let referrer = Referrer { edit: None, kind: ReferrerKind::Strategy(&strategy.id) };
            let senders = strategy.senders.iter().flat_map(|senders| senders.iter());
            visit(
                referrer,
                &mut scope(strategy.application, strategy.entity).chain(senders.map(|&index| sender(index))),
            );
        }
        for (_, put) in self.strategies.present() {
            let strategy = &put.element;
            let referrer = Referrer { edit: Some(put.edit), kind: ReferrerKind::Strategy(&strategy.id) };
            let senders = strategy.senders.iter().flatten().map(|id| (Target::Sender, &**id));
            visit(referrer, &mut of_scope(&strategy.platform).chain(senders));
        }

        for default in self.default_senders.kept(&catalog.default_senders) {
            let referrer = Referrer { edit: None, kind: ReferrerKind::DefaultSender };
            visit(referrer, &mut scope(default.application, default.entity).chain([sender(default.sender)]));
        }
        for (_, put) in self.default_senders.present() {
            let referrer = Referrer { edit: Some(put.edit), kind: ReferrerKind::DefaultSender };
            let sender = (Target::Sender, &*put.element.sender);
            visit(referrer, &mut of_scope(&put.element.platform).chain([sender]));
        }
    }

    /// The references of an association that no strategy acts on.
    pub(super) fn references<'r>(&self, other: &'r OtherAssociation) -> impl Iterator<Item = Reference<'r>> + use<'r> {
        let sender = ids_of(other).is_some_and(|ids| ids.resource_type.is_sender());
        let entity = other.entity.as_deref().map(|entity| (Target::Entity, entity));
        let sender = sender.then_some((Target::Sender, &*other.resource));
        [(Target::Application, &*other.application)].into_iter().chain(entity).chain(sender)
    }

    /// Whether an id is missing after the last edit. An id that no edit names is there, since something refers to it.
    pub(super) fn lacks(&self, (target, id): Reference<'_>) -> bool {
        self.number(target, id).is_some_and(|key| match target {
            Target::Application => !self.applications.slots.is_there(key),
            Target::Entity => !self.entities.slots.is_there(key),
            Target::Sender => !self.senders.slots.is_there(key),
        })
    }

    fn number(&self, target: Target, id: &str) -> Option<u32> {
        match target {
            Target::Application => self.applications.number(id),
            Target::Entity => self.entities.number(id),
            Target::Sender => self.senders.number(id),
        }
    }

    fn removed_by(&self, target: Target, key: u32) -> Option<u32> {
        match target {
            Target::Application => self.applications.slots.removed_by(key),
            Target::Entity => self.entities.slots.removed_by(key),
            Target::Sender => self.senders.slots.removed_by(key),
        }
    }
}

/// Things as a sentence lists them.
fn sentence(things: &[String]) -> String {
    match things {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => things.concat(),
    }
}

fn of_scope<'r>(scope: &'r ScopeIds<'_>) -> impl Iterator<Item = Reference<'r>> {
    let entity = scope.entity.as_deref().map(|entity| (Target::Entity, entity));
    [(Target::Application, &*scope.application)].into_iter().chain(entity)
}

fn of_association<'r>(association: &'r AssociationIds<'_>) -> impl Iterator<Item = Reference<'r>> {
    let sender = association.resource_type.is_sender().then_some((Target::Sender, &*association.resource));
    of_scope(&association.scope).chain(sender)
}
