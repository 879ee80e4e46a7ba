//! The edits, read and applied: what is where after the last one.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{
    Change, Edit, EditError, EditErrorKind, List,
    slots::{Draft, Slots},
};
use crate::{
    Catalog,
    build::{self, WrittenDefault, WrittenStrategy},
    coverage::{Coverages, Interned},
    diagnose::{Link, Scope, Walker},
    element::{self, Text},
    fault::FaultLog,
    ids::DEFAULT_APPLICATION,
    json_path::{Path, Spot},
    kind::{AnyChannel, ResourceType, Word},
    model::{Application, Entity, OtherAssociation, Sender},
};

/// A list whose elements have ids.
pub(super) type Named<'e, T> = Draft<Cow<'e, str>, T>;

/// All lists while they are edited.
pub(super) struct Plan<'e> {
    pub(super) applications: Named<'e, Application>,
    pub(super) entities: Named<'e, Entity>,
    pub(super) senders: Named<'e, Sender>,
    /// The associations that strategies act on.
    pub(super) links: Draft<Link<'e>, ()>,
    /// All other associations.
    pub(super) others: Draft<Link<'e>, ()>,
    pub(super) strategies: Named<'e, WrittenStrategy<'e>>,
    pub(super) defaults: Draft<Scope<'e>, WrittenDefault<'e>>,
    /// What the elements share, those that were put too.
    pub(super) interned: Interned,
}

/// An edit as it is applied: to which list, to what, and what is put there.
struct Step {
    part: Part,
    key: u32,
    /// Nothing where it is removed.
    put: Option<u32>,
}

/// A list of the model: the file's associations are two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Applications,
    Entities,
    Senders,
    Links,
    Others,
    Strategies,
    Defaults,
}

impl<'e> Plan<'e> {
    /// Reads the edits and applies them.
    pub(super) fn new(catalog: &'e Catalog, edits: &'e [Edit<'_>]) -> Result<Self, EditError> {
        let mut plan = Plan {
            applications: Draft::of(catalog.applications.len()),
            entities: Draft::of(catalog.entities.len()),
            senders: Draft::of(catalog.senders.len()),
            links: Draft::of(catalog.associations.slots().len()),
            others: Draft::of(catalog.other_associations.slots().len()),
            strategies: Draft::of(catalog.strategies.len()),
            defaults: Draft::of(catalog.default_senders.slots().len()),
            interned: catalog.interned.clone(),
        };
        let (steps, failed) = plan.read(catalog, edits);
        plan.locate(catalog);
        // Those before one that could not be read may be wrong themselves, and come first.
        plan.apply(&steps, edits)?;
        match failed {
            Some(error) => Err(error),
            None => Ok(plan),
        }
    }

    /// The edits up to the first that is wrong by itself, and what is wrong with that.
    fn read(&mut self, catalog: &'e Catalog, edits: &'e [Edit<'_>]) -> (Vec<Step>, Option<EditError>) {
        // Only these two lists have countries, which are shared with what is there.
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

    /// An element to put, and the ids that it refers to; nothing when it has a fault of its own.
    fn read_put(&mut self, index: u32, edit: &'e Edit<'_>, coverages: &mut Coverages<'e>) -> Option<Step> {
        let raw: &'e RawValue = &edit.element;
        let (part, (key, put)) = match edit.list {
            List::Applications => {
                let (Text(id), application) = build::application(raw)?;
                (Part::Applications, self.applications.bring(id, index, application))
            }
            List::Entities => {
                let (Text(id), entity) = build::entity(raw)?;
                (Part::Entities, self.entities.bring(id, index, entity))
            }
            List::Senders => {
                let (Text(id), sender) = build::sender(raw, coverages)?;
                (Part::Senders, self.senders.bring(id, index, sender))
            }
            List::Associations => {
                let link = build::link(raw)?;
                self.name_ends(&link);
                match link.is_acted_on() {
                    true => (Part::Links, self.links.bring(link, index, ())),
                    false => (Part::Others, self.others.bring(link, index, ())),
                }
            }
            List::Strategies => {
                let strategy = build::strategy(raw, coverages)?;
                self.name_scope(&strategy.platform);
                for Text(sender) in strategy.senders.iter().flatten() {
                    self.senders.name(sender.clone());
                }
                (Part::Strategies, self.strategies.bring(strategy.id.clone(), index, strategy))
            }
            List::DefaultSenders => {
                let default = build::default_sender(raw)?;
                self.name_scope(&default.platform);
                self.senders.name(default.sender.clone());
                (Part::Defaults, self.defaults.bring(default.platform.clone(), index, default))
            }
        };
        Some(Step { part, key, put: Some(put) })
    }

    /// What an edit removes; nothing when that cannot be told.
    fn read_removal(&mut self, edit: &'e Edit<'_>) -> Option<Step> {
        let raw: &'e RawValue = &edit.element;
        let (part, key) = match edit.list {
            List::Applications => {
                let id = element::read(raw).and_then(|read: element::Application<'_>| build::id(read.application_id));
                let id = named(id, raw, |walker, spot| walker.named_application(spot))?;
                (Part::Applications, self.applications.name(id))
            }
            List::Entities => {
                let id = element::read(raw).and_then(|read: element::Entity<'_>| build::id(read.entity_id));
                let id = named(id, raw, |walker, spot| walker.named_entity(spot))?;
                (Part::Entities, self.entities.name(id))
            }
            List::Senders => {
                let id = element::read(raw).and_then(|read: element::Sender<'_>| build::id(read.sender_id));
                let id = named(id, raw, |walker, spot| walker.named_sender(spot))?;
                (Part::Senders, self.senders.name(id))
            }
            List::Associations => {
                let link = build::link(raw)?;
                self.name_ends(&link);
                match link.is_acted_on() {
                    true => (Part::Links, self.links.name(link)),
                    false => (Part::Others, self.others.name(link)),
                }
            }
            List::Strategies => {
                let id = element::read(raw).and_then(|read: element::Strategy<'_>| build::id(read.sending_strategy_id));
                let id = named(id, raw, |walker, spot| walker.named_strategy(spot))?;
                (Part::Strategies, self.strategies.name(id))
            }
            List::DefaultSenders => {
                let read = element::read(raw);
                let platform = read.and_then(|read: element::DefaultSender<'_>| build::platform(read.platform));
                let platform = match platform {
                    Some(platform) => platform,
                    None => walk(raw, |walker, spot| walker.named_default_sender(spot))?,
                };
                self.name_scope(&platform);
                (Part::Defaults, self.defaults.name(platform))
            }
        };
        Some(Step { part, key, put: None })
    }

    fn name_scope(&mut self, scope: &Scope<'e>) {
        self.applications.name(scope.application.clone());
        if let Some(entity) = &scope.entity {
            self.entities.name(entity.clone());
        }
    }

    fn name_ends(&mut self, link: &Link<'e>) {
        self.name_scope(&link.scope);
        if link.resource_type.is_sender() {
            self.senders.name(link.resource.clone());
        }
    }

    /// Finds in the catalog what the edits name.
    fn locate(&mut self, catalog: &'e Catalog) {
        self.applications.locate(|id| Some(catalog.application(id)?.0));
        self.entities.locate(|id| Some(catalog.entity(id)?.0));
        self.senders.locate(|id| Some(catalog.sender(id)?.0));
        self.strategies.locate(|id| Some(catalog.strategy(id)?.0));
        self.others.locate(|link| catalog.other_slot(&link.kept()));
        // The others by the indexes that they have in this catalog. What lacks one of them there is not there either.
        let codes = self.links.keys.iter().map(|link| self.code(link));
        let slots = codes.map(|code| catalog.association_slot(code?)).collect();
        self.links.locate_at(slots);
        let scopes = self.defaults.keys.iter().map(|scope| self.scope(scope));
        let slots = scopes.map(|scope| catalog.default_slot(scope?)).collect();
        self.defaults.locate_at(slots);
    }

    /// A scope as the indexes that it has before all edits.
    fn scope(&self, scope: &Scope<'e>) -> Option<(u32, Option<u32>)> {
        let application = base(&self.applications, &scope.application)?;
        let entity = match &scope.entity {
            Some(entity) => Some(base(&self.entities, entity)?),
            None => None,
        };
        Some((application, entity))
    }

    fn code(&self, link: &Link<'e>) -> Option<[u32; 4]> {
        let (application, entity) = self.scope(&link.scope)?;
        Some(link.code(application, entity, base(&self.senders, &link.resource)?))
    }

    fn apply(&mut self, steps: &[Step], edits: &[Edit<'_>]) -> Result<(), EditError> {
        for (index, &Step { part, key, put }) in (0..).zip(steps) {
            let slots = self.slots(part);
            match put {
                // All that an association says is what tells it apart.
                Some(_) if matches!(part, Part::Links | Part::Others) && slots.is_there(key) => {}
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
            Part::Links => &mut self.links.slots,
            Part::Others => &mut self.others.slots,
            Part::Strategies => &mut self.strategies.slots,
            Part::Defaults => &mut self.defaults.slots,
        }
    }
}

/// Where the element with an id is before all edits.
fn base<T>(list: &Named<'_, T>, id: &str) -> Option<u32> {
    list.slots.base_of(list.number(id)?)
}

/// An association of the catalog as it was read.
pub(super) fn link_of(other: &OtherAssociation) -> Option<Link<'_>> {
    Some(Link {
        resource_type: ResourceType::from_word(other.resource_type)?,
        channel: AnyChannel::from_word(other.channel)?,
        scope: Scope {
            application: Cow::Borrowed(&other.application),
            entity: other.entity.as_deref().map(Cow::Borrowed),
        },
        resource: Cow::Borrowed(&other.resource),
    })
}

/// The id that an element gives itself, read the fast way or else this one, which takes any value beside it.
fn named<'e>(
    id: Option<Text<'e>>,
    raw: &'e RawValue,
    way: impl FnOnce(&mut Walker<'_, 'e>, &Spot<'e, '_>) -> Option<Cow<'e, str>>,
) -> Option<Cow<'e, str>> {
    match id {
        Some(Text(id)) => Some(id),
        None => walk(raw, way),
    }
}

/// What a walker reads of an element in which it finds no fault.
fn walk<'e, T>(raw: &'e RawValue, way: impl FnOnce(&mut Walker<'_, 'e>, &Spot<'e, '_>) -> Option<T>) -> Option<T> {
    let mut log = FaultLog::new(raw.get());
    let read = way(&mut Walker::new(&mut log), &Spot { raw, path: Path::Root });
    read.filter(|_| log.is_empty())
}

// === impl List ===

impl List {
    fn has_countries(self) -> bool {
        matches!(self, List::Senders | List::Strategies)
    }
}
