//! Reads a file element by element: checks each by itself and against the others, and makes the catalog of them.

use std::borrow::Cow;

use super::{
    Catalog,
    conflicts::{Tie, TieFinder},
    coverage::{Coverages, Interned},
    fast_load,
    fault::{CatalogError, FaultLog},
    file::{self, List},
    ids::{DEFAULT_APPLICATION, Ids, KnownIds},
    json_path::{Json, Path, ValueAt},
    model::{Application, Association, DefaultSender, Entity, OtherAssociation, Sender, Strategy},
    reader::Reader,
    rule::quoted,
    schema::{self, Read},
    unresolved::{AssociationIds, References, ScopeIds},
};
use hashbrown::{HashMap, hash_map::Entry};

/// A catalog that is being read.
///
/// The lists are read in an order in which every id is known before it is referred to. An element that has a fault is left
/// out of the lists, so the indexes behind it are wrong. That does not matter, since the catalog is then refused.
struct Check<'a> {
    log: FaultLog<'a>,
    known: KnownIds<'a>,
    coverages: Coverages<'a>,
    lists: Lists,
}

/// The lists of the catalog as they grow.
#[derive(Default)]
struct Lists {
    applications: Vec<Application>,
    entities: Vec<Entity>,
    senders: Vec<Sender>,
    associations: Vec<Association>,
    other_associations: Vec<OtherAssociation>,
    strategies: Vec<Strategy>,
    default_senders: Vec<DefaultSender>,
}

/// The associations read so far, each with its element.
#[derive(Default)]
struct SeenAssociations<'a> {
    /// Those of senders, which can be a million, in few bytes: as their codes.
    of_senders: HashMap<[u32; 4], u32>,
    /// Those of other resources, and those that refer to something the catalog lacks.
    other: HashMap<AssociationIds<'a>, u32>,
}

/// Reads the lists of a text and checks them.
pub(super) fn catalog(text: &str) -> Result<Catalog, CatalogError> {
    let mut log = FaultLog::new(text);
    let lists = file::split(text, &mut log)?;
    match log.is_empty().then(|| fast_load::catalog(text, &lists)).flatten() {
        Some(catalog) => Ok(catalog),
        None => one_by_one(&lists, log),
    }
}

/// Reads the elements one by one and notes all their faults.
fn one_by_one<'a>(lists: &file::Lists<'a>, log: FaultLog<'a>) -> Result<Catalog, CatalogError> {
    let mut check = Check { log, known: KnownIds::default(), coverages: Coverages::default(), lists: Lists::default() };
    check.applications(&lists.applications);
    check.entities(&lists.entities);
    check.senders(&lists.senders);
    check.associations(&lists.associations);
    check.strategies(&lists.strategies);
    check.default_senders(&lists.default_senders);
    match check.log.finish() {
        Some(faults) => Err(CatalogError::Faults(faults)),
        None => Ok(catalog_of(check.lists, check.coverages.collected())),
    }
}

/// Reads a text as [`catalog`] does, but never in parallel, for a comparison.
#[cfg(test)]
pub(super) fn catalog_one_by_one(text: &str) -> Result<Catalog, CatalogError> {
    let mut log = FaultLog::new(text);
    let lists = file::split(text, &mut log)?;
    one_by_one(&lists, log)
}

// === impl Check ===

impl<'a> Check<'a> {
    fn applications(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        self.lists.applications.reserve(list.elements.len() + 1);
        for (index, json) in list.iter() {
            let Read { key, element } = self.read(list, index, json, |reader, at, _, _| reader.application(at));
            self.lists.applications.extend(element);
            self.identify(&mut ids, list, index, schema::APPLICATION_ID, key);
        }
        if ids.get(DEFAULT_APPLICATION).is_none() {
            ids.shift();
            ids.insert(Cow::Borrowed(DEFAULT_APPLICATION), 0);
            let default = Application::default_one();
            self.lists.applications.insert(0, default);
        }
        self.known.applications = ids;
    }

    fn entities(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        self.lists.entities.reserve(list.elements.len());
        for (index, json) in list.iter() {
            let Read { key, element } = self.read(list, index, json, |reader, at, _, _| reader.entity(at));
            self.lists.entities.extend(element);
            self.identify(&mut ids, list, index, schema::ENTITY_ID, key);
        }
        self.known.entities = ids;
    }

    fn senders(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        self.lists.senders.reserve(list.elements.len());
        for (index, json) in list.iter() {
            let read = self.read(list, index, json, |reader, at, _, coverages| reader.sender(at, coverages));
            self.lists.senders.extend(read.element);
            self.identify(&mut ids, list, index, schema::SENDER_ID, read.key);
        }
        self.known.senders = ids;
    }

    fn associations(&mut self, list: &List<'a>) {
        let mut seen = SeenAssociations::default();
        seen.of_senders.reserve(list.elements.len());
        self.lists.associations.reserve(list.elements.len());
        for (index, json) in list.iter() {
            let read = self.read(list, index, json, |reader, at, known, _| reader.association(at, known));
            let Some(association) = read else {
                continue;
            };
            let references = association.resolve(&self.known);
            if let Some(references) = references {
                self.lists.push(&association, references);
            }
            if let Some(first) = seen.insert(association, references, index) {
                self.fault(list, index, None, first, |first| format!("says the same as {first}; keep one of them"));
            }
        }
    }

    fn strategies(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        let mut ties = TieFinder::default();
        // The id of each element, for the messages of later ones that tie with it.
        let mut names: Vec<Option<Cow<'a, str>>> = Vec::with_capacity(list.elements.len());
        self.lists.strategies.reserve(list.elements.len());
        for (index, json) in list.iter() {
            let (Read { key, element }, mut selector) =
                self.read(list, index, json, |reader, at, known, coverages| reader.strategy(at, known, coverages));
            if let Some(element) = element
                && let Some(strategy) = element.resolve(&self.known)
            {
                self.lists.strategies.push(strategy);
                selector = Some(element.selector());
            }
            names.push(key.clone());
            self.identify(&mut ids, list, index, schema::STRATEGY_ID, key);
            for tie in selector.map_or_else(Vec::new, |selector| ties.add(index, selector)) {
                let id = names[tie.first as usize].as_deref();
                self.fault(list, index, None, tie.first, |first| tie_message(first, id, &tie));
            }
        }
    }

    fn default_senders(&mut self, list: &List<'a>) {
        let mut first: HashMap<ScopeIds<'a>, u32> = HashMap::new();
        for (index, json) in list.iter() {
            let Read { key, element } =
                self.read(list, index, json, |reader, at, known, _| reader.default_sender(at, known));
            self.lists.default_senders.extend(element.and_then(|element| element.resolve(&self.known)));
            match key.map(|platform| first.entry(platform)) {
                Some(Entry::Occupied(first)) => {
                    self.fault(list, index, Some(schema::PLATFORM), *first.get(), |first| {
                        format!("has its default sender in {first} already; keep one of them")
                    });
                }
                Some(Entry::Vacant(free)) => {
                    free.insert(index);
                }
                None => {}
            }
        }
    }

    /// Reads an element and notes its faults.
    fn read<T>(
        &mut self,
        list: &List<'a>,
        index: u32,
        json: Json<'a>,
        read: impl FnOnce(&mut Reader<'_, 'a>, &ValueAt<'a, '_>, &KnownIds<'a>, &mut Coverages<'a>) -> T,
    ) -> T {
        let path = Path::Key { of: &Path::Root, key: list.name };
        let at = ValueAt { json, path: Path::Index { of: &path, index: index as usize } };
        read(&mut Reader::new(&mut self.log), &at, &self.known, &mut self.coverages)
    }

    /// Adds an element's id, which no other may have.
    fn identify(&mut self, ids: &mut Ids<'a>, list: &List<'a>, index: u32, key: &str, id: Option<Cow<'a, str>>) {
        let Some(id) = id else {
            ids.add_unreadable();
            return;
        };
        if let Some((id, first)) = ids.insert(id, index) {
            self.fault(list, index, Some(key), first, |first| {
                format!("{} is the id of {first} already; ids are unique", quoted(&id))
            });
        }
    }

    /// Notes a fault between two elements at the later one, or at one of its fields. `message` gets the earlier one's path.
    fn fault(
        &mut self,
        list: &List<'a>,
        index: u32,
        key: Option<&str>,
        earlier: u32,
        message: impl FnOnce(&str) -> String,
    ) {
        let earlier = format!("$.{}[{earlier}]", list.name);
        let json = list.elements[index as usize];
        let list = Path::Key { of: &Path::Root, key: list.name };
        let element = Path::Index { of: &list, index: index as usize };
        match key.and_then(|key| Some((key, json.member(key)?))) {
            Some((key, value)) => self.log.add_pair(value, &Path::Key { of: &element, key }, &earlier, message),
            None => self.log.add_pair(json, &element, &earlier, message),
        }
    }
}

/// Says which strategy a new one ties with: by its path, and by its id if that can be read.
fn tie_message(path: &str, id: Option<&str>, tie: &Tie) -> String {
    match id {
        Some(id) => tie.message(&format!("{} ({path})", quoted(id))),
        None => tie.message(&format!("({path})")),
    }
}

// === impl Lists ===

impl Lists {
    fn push(&mut self, association: &AssociationIds<'_>, references: References) {
        match association.acted_on(references) {
            Some(association) => self.associations.push(association),
            None => self.other_associations.push(association.not_acted_on()),
        }
    }
}

/// The catalog of these lists.
fn catalog_of(lists: Lists, interned: Interned) -> Catalog {
    let empty = Catalog::empty();
    let catalog = Catalog {
        applications: lists.applications.into(),
        entities: lists.entities.into(),
        senders: lists.senders.into(),
        associations: lists.associations.into(),
        other_associations: lists.other_associations.into(),
        strategies: lists.strategies.into(),
        default_senders: lists.default_senders.into(),
        interned,
        ..empty.clone()
    };
    catalog.indexed(&empty, false)
}

// === impl SeenAssociations ===

impl<'a> SeenAssociations<'a> {
    /// Adds an association; gives the earlier element that says the same, if there is one.
    fn insert(&mut self, association: AssociationIds<'a>, references: Option<References>, element: u32) -> Option<u32> {
        let first = match references {
            Some(References { application, entity, sender: Some(sender) }) => {
                *self.of_senders.entry(association.code(application, entity, sender)).or_insert(element)
            }
            _ => *self.other.entry(association).or_insert(element),
        };
        (first != element).then_some(first)
    }
}
