//! What a tenant has in the catalog store, counted from changes: a revision costs time with what it changes, and not
//! with what there is.

use callsign::{Catalog, Strategy};
use hashbrown::{HashMap, HashSet};
use serde_json::Value;
use serde_json::value::RawValue;

use super::budget::Budget;
use crate::change::{Change, Kind};
use crate::module::ModuleRecord;
use crate::state::State;

/// About how many bytes an element takes beside what its own fields say: its key, its ids and its place in the indexes.
const AN_ELEMENT: i64 = 256;

/// About how many bytes a sender or a country of a strategy takes.
const A_MEMBER: i64 = 32;

/// How much there is of each of [`Budget::STORED`], or how much more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts(pub(super) [i64; Budget::STORED.len()]);

impl Counts {
    fn add(&mut self, budget: Budget, amount: i64) {
        if let Some(at) = Budget::STORED.iter().position(|stored| *stored == budget) {
            self.0[at] += amount;
        }
    }

    fn add_element(&mut self, element: &Counted, times: i64) {
        self.add(element.budget, times);
        self.add(Budget::StoreBytes, times * element.bytes);
    }
}

/// An element that counts for a tenant.
struct Counted {
    application: String,
    budget: Budget,
    bytes: i64,
}

impl Counted {
    fn new(application: impl Into<String>, budget: Budget, bytes: i64) -> Option<Self> {
        Some(Self { application: application.into(), budget, bytes: AN_ELEMENT + bytes })
    }

    /// An element as it is there.
    fn there(kind: Kind, key: &str, catalog: &Catalog, state: &State) -> Option<Self> {
        match kind {
            Kind::Owner => Self::entity(key).filter(|_| has_entity(state, key)),
            Kind::Module => Self::module(state.modules.get(key)?),
            Kind::Binding => {
                let application = parts(key).into_iter().next()??;
                let record = state.bindings.get(&target(key)?)?;
                Self::new(application, Budget::Bindings, serde_json::to_string(record).unwrap_or_default().len() as i64)
            }
            _ => Self::in_catalog(kind, key, catalog),
        }
    }

    /// An element as a change puts it. `after` is the catalog with the change.
    fn put(change: &Change, after: &Catalog) -> Option<Self> {
        let body: &RawValue = change.body.as_deref()?;
        match change.kind {
            Kind::Owner => Self::entity(&change.key),
            Kind::Module => Self::module(&serde_json::from_str(body.get()).ok()?),
            Kind::Binding => {
                Self::new(parts(&change.key).into_iter().next()??, Budget::Bindings, body.get().len() as i64)
            }
            kind => Self::in_catalog(kind, &change.key, after),
        }
    }

    /// An entity, by the key of its maker's record: the application that made it, and its id.
    fn entity(key: &str) -> Option<Self> {
        Self::new(parts(key).into_iter().next()??, Budget::Entities, 0)
    }

    fn module(module: &ModuleRecord) -> Option<Self> {
        Self::new(module.application_id.as_deref()?, Budget::Modules, module.size as i64)
    }

    fn in_catalog(kind: Kind, key: &str, catalog: &Catalog) -> Option<Self> {
        match kind {
            Kind::Strategy => Self::strategy(catalog, catalog.strategy(key)?.1),
            Kind::Association => {
                let parts = parts(key);
                let [Some(resource_type), Some(channel), Some(application), entity, Some(resource)] = &parts[..] else {
                    return None;
                };
                let is_there =
                    catalog.has_association(resource_type, channel, application, entity.as_deref(), resource);
                if is_there { Self::new(application, Budget::Associations, 0) } else { None }
            }
            _ => None,
        }
    }

    fn strategy(catalog: &Catalog, strategy: &Strategy) -> Option<Self> {
        let members = strategy.senders.as_ref().map_or(0, |senders| senders.len())
            + strategy.countries.as_ref().map_or(0, |countries| countries.len());
        let application = catalog.applications().get(strategy.application as usize)?;
        Self::new(&*application.id, Budget::Strategies, A_MEMBER * members as i64)
    }
}

/// What changes make of the counts of each application.
pub(crate) fn changed<'c>(
    before: &Catalog,
    state: &State,
    after: &Catalog,
    changes: impl DoubleEndedIterator<Item = &'c Change>,
) -> HashMap<String, Counts> {
    let mut more: HashMap<String, Counts> = HashMap::new();
    let mut seen = HashSet::new();
    // The last change of an element is what it becomes.
    for change in changes.rev().filter(|change| seen.insert((change.kind, &*change.key))) {
        let (there, put) = (Counted::there(change.kind, &change.key, before, state), Counted::put(change, after));
        for (element, times) in [(there, -1), (put, 1)] {
            let Some(element) = element else { continue };
            more.entry_ref(&*element.application).or_default().add_element(&element, times);
        }
    }
    more
}

/// The counts of all applications, from everything there is.
pub(super) fn everything(catalog: &Catalog, state: &State) -> HashMap<String, Counts> {
    let mut all: HashMap<String, Counts> = HashMap::new();
    let entities = state.entities.all().filter_map(|record| Counted::new(record.maker()?, Budget::Entities, 0));
    let modules = state.modules.values().filter_map(|module| Counted::module(module));
    let bindings =
        state.bindings.keys().filter_map(|target| Counted::there(Kind::Binding, &target.key(), catalog, state));
    let strategies = catalog.strategies().iter().filter_map(|strategy| Counted::strategy(catalog, strategy));
    for element in entities.chain(modules).chain(bindings).chain(strategies) {
        all.entry_ref(&*element.application).or_default().add_element(&element, 1);
    }
    let mut associations: HashMap<&str, i64> = HashMap::new();
    for association in catalog.associations().iter() {
        *associations.entry(&catalog.applications()[association.application as usize].id).or_default() += 1;
    }
    for other in catalog.other_associations().iter() {
        *associations.entry(&other.application).or_default() += 1;
    }
    for (application, count) in associations {
        let element = Counted { application: String::new(), budget: Budget::Associations, bytes: AN_ELEMENT };
        all.entry_ref(application).or_default().add_element(&element, count);
    }
    all
}

/// Whether there is the record of an entity with a key.
fn has_entity(state: &State, key: &str) -> bool {
    match &parts(key)[..] {
        [maker, Some(id)] => state.entities.has(maker.as_deref(), id),
        _ => false,
    }
}

/// The parts of a key that has several.
fn parts(key: &str) -> Vec<Option<String>> {
    serde_json::from_str(key).unwrap_or_default()
}

/// The target of a binding, from its key.
fn target(key: &str) -> Option<crate::binding::Target> {
    let parts: Vec<Value> = serde_json::from_str(key).ok()?;
    let [application_id, entity_id] = <[Value; 2]>::try_from(parts).ok()?;
    let text = |value: Value| value.as_str().map(str::to_owned);
    Some(crate::binding::Target { application_id: text(application_id), entity_id: text(entity_id) })
}
