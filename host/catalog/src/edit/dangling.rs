//! References that dangle: whose fault it is, and what still refers to what was removed.
//!
//! Only looked at once something dangles, so everything is by id here, whether an edit put it or not.

use super::{
    Edit, EditError, EditErrorKind,
    plan::{Plan, link_of},
};
use crate::{
    Catalog,
    diagnose::{Link, Scope},
    ids::Known,
    model::OtherAssociation,
    rule::quoted,
};

/// A list that others refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Application,
    Entity,
    Sender,
}

/// An id that an element names.
pub(super) type Reference<'r> = (Target, &'r str);

/// An element that refers to others.
struct User<'u> {
    /// The edit that put it.
    edit: Option<u32>,
    what: What<'u>,
}

#[derive(Clone, Copy)]
enum What<'u> {
    Association,
    Strategy(&'u str),
    DefaultSender,
}

/// What is wrong with an edit.
enum Why {
    /// It puts an element that refers to what is not there.
    Unknown,
    /// It removes what something refers to.
    InUse(Target, u32),
}

/// How many strategies are named one by one.
const NAMED_STRATEGIES: usize = 3;

impl<'e> Plan<'e> {
    /// The error of the first edit that leaves a reference dangling.
    pub(super) fn dangling(&self, catalog: &Catalog, edits: &[Edit<'_>], known: &Known<'_>) -> EditError {
        let mut first: Option<(u32, Why)> = None;
        self.each_user(catalog, |user, references| {
            for (target, id) in references.filter(|&reference| self.lacks(reference)) {
                // Of the edit that put the one and the edit that removed the other, it is the later one's fault.
                let removed = self.number(target, id).and_then(|key| Some((self.removed_by(target, key)?, key)));
                let (edit, why) = match (removed, user.edit) {
                    (Some((removed, key)), put) if put.is_none_or(|put| put < removed) => {
                        (removed, Why::InUse(target, key))
                    }
                    (_, Some(put)) => (put, Why::Unknown),
                    (_, None) => continue,
                };
                if first.as_ref().is_none_or(|(earlier, _)| edit < *earlier) {
                    first = Some((edit, why));
                }
            }
        });
        match first {
            Some((edit, Why::InUse(target, key))) => {
                EditError::whole(edit, edits, EditErrorKind::InUse, self.in_use(catalog, target, key))
            }
            Some((edit, Why::Unknown)) => EditError::unknown(edit, edits, known),
            // Not reached while `relate` and this agree on what dangles.
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
        self.each_user(catalog, |user, mut references| {
            if Iterator::any(&mut references, |reference| reference == (target, id)) {
                match user.what {
                    What::Association => associations += 1,
                    What::DefaultSender => defaults += 1,
                    What::Strategy(strategy) => {
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

    /// Goes through all elements after the last edit that refer to others.
    fn each_user(&self, catalog: &Catalog, mut see: impl FnMut(User<'_>, &mut dyn Iterator<Item = Reference<'_>>)) {
        let scope = |application: u32, entity: Option<u32>| {
            let application = (Target::Application, &*catalog.applications[application as usize].id);
            let entity = entity.map(|entity| (Target::Entity, &*catalog.entities[entity as usize].id));
            [application].into_iter().chain(entity)
        };
        let sender = |sender: u32| (Target::Sender, &*catalog.senders[sender as usize].id);

        let association = |edit| User { edit, what: What::Association };
        for link in self.links.kept_slots(&catalog.associations) {
            see(association(None), &mut scope(link.application, link.entity).chain([sender(link.sender)]));
        }
        for other in self.others.kept_slots(&catalog.other_associations) {
            see(association(None), &mut self.references(other));
        }
        for draft in [&self.links, &self.others] {
            for (_, put) in draft.present() {
                see(association(Some(put.edit)), &mut of_link(&draft.keys[put.key as usize]));
            }
        }

        for strategy in self.strategies.kept(&catalog.strategies) {
            let user = User { edit: None, what: What::Strategy(&strategy.id) };
            let senders = strategy.senders.iter().flat_map(|senders| senders.iter());
            see(user, &mut scope(strategy.application, strategy.entity).chain(senders.map(|&index| sender(index))));
        }
        for (_, put) in self.strategies.present() {
            let strategy = &put.element;
            let user = User { edit: Some(put.edit), what: What::Strategy(&strategy.id) };
            let senders = strategy.senders.iter().flatten().map(|id| (Target::Sender, &*id.0));
            see(user, &mut of_scope(&strategy.platform).chain(senders));
        }

        for default in self.defaults.kept_slots(&catalog.default_senders) {
            let user = User { edit: None, what: What::DefaultSender };
            see(user, &mut scope(default.application, default.entity).chain([sender(default.sender)]));
        }
        for (_, put) in self.defaults.present() {
            let user = User { edit: Some(put.edit), what: What::DefaultSender };
            let sender = (Target::Sender, &*put.element.sender);
            see(user, &mut of_scope(&put.element.platform).chain([sender]));
        }
    }

    /// What an association of the catalog names that no strategy acts on.
    pub(super) fn references<'r>(&self, other: &'r OtherAssociation) -> impl Iterator<Item = Reference<'r>> + use<'r> {
        let sender = link_of(other).is_some_and(|link| link.resource_type.is_sender());
        let entity = other.entity.as_deref().map(|entity| (Target::Entity, entity));
        let sender = sender.then_some((Target::Sender, &*other.resource));
        [(Target::Application, &*other.application)].into_iter().chain(entity).chain(sender)
    }

    /// Whether an id is not there after the last edit. What no edit names is there, since something refers to it.
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

fn of_scope<'r>(scope: &'r Scope<'_>) -> impl Iterator<Item = Reference<'r>> {
    let entity = scope.entity.as_deref().map(|entity| (Target::Entity, entity));
    [(Target::Application, &*scope.application)].into_iter().chain(entity)
}

fn of_link<'r>(link: &'r Link<'_>) -> impl Iterator<Item = Reference<'r>> {
    let sender = link.resource_type.is_sender().then_some((Target::Sender, &*link.resource));
    of_scope(&link.scope).chain(sender)
}
