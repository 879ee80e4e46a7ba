//! Reads the edits and applies them: what is where after the last one.

use std::borrow::Cow;

use super::{
    Change, Edit, EditError, EditErrorKind, List,
    slots::{Draft, Slots},
};
use crate::{
    Catalog,
    coverage::{Coverages, Interned},
    fault::FaultLog,
    ids::{DEFAULT_APPLICATION, KnownIds},
    json_path::{Json, Path, ValueAt},
    kind::{AnyChannel, ResourceType, Word},
    model::{Application, Entity, OtherAssociation, Sender},
    reader::Reader,
    schema::Read,
    unresolved::{AssociationIds, ScopeIds, UnresolvedDefaultSender, UnresolvedStrategy},
};

/// A list whose elements have ids.
pub(super) type DraftById<'e, T> = Draft<Cow<'e, str>, T>;

/// All lists while they are edited.
pub(super) struct Plan<'e> {
    pub(super) applications: DraftById<'e, Application>,
    pub(super) entities: DraftById<'e, Entity>,
    pub(super) senders: DraftById<'e, Sender>,
    /// The associations that strategies act on.
    pub(super) associations: Draft<AssociationIds<'e>, ()>,
    /// All other associations.
    pub(super) other_associations: Draft<AssociationIds<'e>, ()>,
    pub(super) strategies: DraftById<'e, UnresolvedStrategy<'e>>,
    pub(super) default_senders: Draft<ScopeIds<'e>, UnresolvedDefaultSender<'e>>,
    /// What the elements share, including those that were put.
    pub(super) interned: Interned,
}

/// An edit in numbers: the list, the key of the element in it, and what is put there.
struct Step {
    part: Part,
    key: u32,
    /// None if the element is removed.
    put: Option<u32>,
}

/// A list of the model, which has two of associations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Applications,
    Entities,
    Senders,
    Associations,
    OtherAssociations,
    Strategies,
    DefaultSenders,
}

impl<'e> Plan<'e> {
    /// Reads the edits and applies them.
    pub(super) fn new(catalog: &'e Catalog, edits: &'e [Edit<'_>]) -> Result<Self, EditError> {
        let mut plan = Plan {
            applications: Draft::of(&catalog.applications),
            entities: Draft::of(&catalog.entities),
            senders: Draft::of(&catalog.senders),
            associations: Draft::of(&catalog.associations),
            other_associations: Draft::of(&catalog.other_associations),
            strategies: Draft::of(&catalog.strategies),
            default_senders: Draft::of(&catalog.default_senders),
            interned: catalog.interned.clone(),
        };
        let (steps, failed) = plan.read(catalog, edits);
        plan.locate(catalog);
        // Edits before one that could not be read may be wrong themselves, and are reported first.
        plan.apply(&steps, edits)?;
        match failed {
            Some(error) => Err(error),
            None => Ok(plan),
        }
    }

    /// Reads the edits up to the first that is wrong by itself, and gives the error of that one.
    fn read(&mut self, catalog: &'e Catalog, edits: &'e [Edit<'_>]) -> (Vec<Step>, Option<EditError>) {
        // Senders and strategies share their countries with those that are there.
        let countries = |edit: &Edit<'_>| edit.change == Change::Put && edit.list.has_countries();
        let mut coverages = match edits.iter().any(countries) {
            true => Coverages::of(catalog),
            false => Coverages::default(),
        };
        let mut steps = Vec::with_capacity(edits.len());
        for (index, edit) in (0..).zip(edits) {
            let step = match edit.change {
                Change::Put => self.read_put(index, edit, &mut coverages),
                Change::Remove => self.read_removal(edit),
            };
            let Some(step) = step else {
                return (steps, Some(EditError::unsound(index, edits, catalog)));
            };
            if step.part == Part::Applications
                && step.put.is_none()
                && self.applications.keys[step.key as usize] == DEFAULT_APPLICATION
            {
                let message = format!("application {DEFAULT_APPLICATION:?} always exists; leave it");
                return (steps, Some(EditError::whole(index, edits, EditErrorKind::Permanent, message)));
            }
            steps.push(step);
        }
        if edits.iter().any(countries) {
            self.interned = coverages.interned();
        }
        (steps, None)
    }

    /// An element to put, and the ids that it refers to; nothing if it has a fault of its own.
    fn read_put(&mut self, index: u32, edit: &'e Edit<'_>, coverages: &mut Coverages<'e>) -> Option<Step> {
        // References are looked up after the last edit.
        let known = KnownIds::unchecked();
        let (part, (key, put)) = match edit.list {
            List::Applications => {
                let (id, application) = read_alone(edit, |reader, at| complete(reader.application(at)))?;
                (Part::Applications, self.applications.add_put(id, index, application))
            }
            List::Entities => {
                let (id, entity) = read_alone(edit, |reader, at| complete(reader.entity(at)))?;
                (Part::Entities, self.entities.add_put(id, index, entity))
            }
            List::Senders => {
                let (id, sender) = read_alone(edit, |reader, at| complete(reader.sender(at, coverages)))?;
                (Part::Senders, self.senders.add_put(id, index, sender))
            }
            List::Associations => {
                let association = read_alone(edit, |reader, at| reader.association(at, &known))?;
                self.add_references(&association);
                match association.is_acted_on() {
                    true => (Part::Associations, self.associations.add_put(association, index, ())),
                    false => (Part::OtherAssociations, self.other_associations.add_put(association, index, ())),
                }
            }
            List::Strategies => {
                let (id, strategy) = read_alone(edit, |reader, at| complete(reader.strategy(at, &known, coverages).0))?;
                self.add_scope(&strategy.platform);
                for sender in strategy.senders.iter().flatten() {
                    self.senders.add_key(sender.clone());
                }
                (Part::Strategies, self.strategies.add_put(id, index, strategy))
            }
            List::DefaultSenders => {
                let (platform, default) = read_alone(edit, |reader, at| complete(reader.default_sender(at, &known)))?;
                self.add_scope(&platform);
                self.senders.add_key(default.sender.clone());
                (Part::DefaultSenders, self.default_senders.add_put(platform, index, default))
            }
        };
        Some(Step { part, key, put: Some(put) })
    }

    /// What an edit removes; nothing if that cannot be read.
    fn read_removal(&mut self, edit: &'e Edit<'_>) -> Option<Step> {
        let id = || read_alone(edit, |reader, at| reader.id_of(edit.list, at));
        let (part, key) = match edit.list {
            List::Applications => (Part::Applications, self.applications.add_key(id()?)),
            List::Entities => (Part::Entities, self.entities.add_key(id()?)),
            List::Senders => (Part::Senders, self.senders.add_key(id()?)),
            List::Associations => {
                let association = read_alone(edit, |reader, at| reader.association(at, &KnownIds::unchecked()))?;
                self.add_references(&association);
                match association.is_acted_on() {
                    true => (Part::Associations, self.associations.add_key(association)),
                    false => (Part::OtherAssociations, self.other_associations.add_key(association)),
                }
            }
            List::Strategies => (Part::Strategies, self.strategies.add_key(id()?)),
            List::DefaultSenders => {
                let platform = read_alone(edit, |reader, at| reader.platform_of(at))?;
                self.add_scope(&platform);
                (Part::DefaultSenders, self.default_senders.add_key(platform))
            }
        };
        Some(Step { part, key, put: None })
    }

    fn add_scope(&mut self, scope: &ScopeIds<'e>) {
        self.applications.add_key(scope.application.clone());
        if let Some(entity) = &scope.entity {
            self.entities.add_key(entity.clone());
        }
    }

    fn add_references(&mut self, association: &AssociationIds<'e>) {
        self.add_scope(&association.scope);
        if association.resource_type.is_sender() {
            self.senders.add_key(association.resource.clone());
        }
    }

    /// Finds in the catalog the elements that the edits name.
    fn locate(&mut self, catalog: &'e Catalog) {
        self.applications.locate(|id| Some(catalog.application(id)?.0));
        self.entities.locate(|id| Some(catalog.entity(id)?.0));
        self.senders.locate(|id| Some(catalog.sender(id)?.0));
        self.strategies.locate(|id| Some(catalog.strategy(id)?.0));
        self.other_associations.locate(|association| catalog.other_slot(&association.not_acted_on()));
        // These are found by the indexes that their ids have in this catalog. What names an id that it lacks is not there.
        let codes = self.associations.keys.iter().map(|association| self.code(association));
        let slots = codes.map(|code| catalog.association_slot(code?)).collect();
        self.associations.locate_at(slots);
        let scopes = self.default_senders.keys.iter().map(|scope| self.scope(scope));
        let slots = scopes.map(|scope| catalog.default_slot(scope?)).collect();
        self.default_senders.locate_at(slots);
    }

    /// A scope by the indexes that it has before all edits.
    fn scope(&self, scope: &ScopeIds<'e>) -> Option<(u32, Option<u32>)> {
        let application = position_before(&self.applications, &scope.application)?;
        let entity = match &scope.entity {
            Some(entity) => Some(position_before(&self.entities, entity)?),
            None => None,
        };
        Some((application, entity))
    }

    fn code(&self, association: &AssociationIds<'e>) -> Option<[u32; 4]> {
        let (application, entity) = self.scope(&association.scope)?;
        Some(association.code(application, entity, position_before(&self.senders, &association.resource)?))
    }

    fn apply(&mut self, steps: &[Step], edits: &[Edit<'_>]) -> Result<(), EditError> {
        for (index, &Step { part, key, put }) in (0..).zip(steps) {
            let slots = self.slots(part);
            match put {
                // An association that is there already is equal to the one that is put.
                Some(_) if matches!(part, Part::Associations | Part::OtherAssociations) && slots.is_there(key) => {}
                Some(put) => slots.put(key, put),
                None if slots.remove(key, index) => {}
                None => return Err(EditError::not_found(index, edits)),
            }
        }
        Ok(())
    }

    fn slots(&mut self, part: Part) -> &mut Slots {
        match part {
            Part::Applications => &mut self.applications.slots,
            Part::Entities => &mut self.entities.slots,
            Part::Senders => &mut self.senders.slots,
            Part::Associations => &mut self.associations.slots,
            Part::OtherAssociations => &mut self.other_associations.slots,
            Part::Strategies => &mut self.strategies.slots,
            Part::DefaultSenders => &mut self.default_senders.slots,
        }
    }
}

/// The position of the element with an id before all edits.
fn position_before<T>(list: &DraftById<'_, T>, id: &str) -> Option<u32> {
    list.slots.position_before(list.number(id)?)
}

/// An association of the catalog with its ids.
pub(crate) fn ids_of(other: &OtherAssociation) -> Option<AssociationIds<'_>> {
    Some(AssociationIds {
        resource_type: ResourceType::from_word(other.resource_type)?,
        channel: AnyChannel::from_word(other.channel)?,
        scope: ScopeIds {
            application: Cow::Borrowed(&other.application),
            entity: other.entity.as_deref().map(Cow::Borrowed),
        },
        resource: Cow::Borrowed(&other.resource),
    })
}

/// Reads the element of an edit by itself; nothing if it has a fault.
fn read_alone<'e, T>(
    edit: &'e Edit<'_>,
    read: impl FnOnce(&mut Reader<'_, 'e>, &ValueAt<'e, '_>) -> Option<T>,
) -> Option<T> {
    let json = Json::from(&*edit.element);
    let mut log = FaultLog::new(json.as_str());
    let element = read(&mut Reader::new(&mut log), &ValueAt { json, path: Path::Root });
    element.filter(|_| log.is_empty())
}

fn complete<K, E>(read: Read<K, E>) -> Option<(K, E)> {
    read.key.zip(read.element)
}

// === impl List ===

impl List {
    fn has_countries(self) -> bool {
        matches!(self, List::Senders | List::Strategies)
    }
}
