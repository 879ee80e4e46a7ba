//! Every element of the file, checked by itself and against the others, and the catalog made of them.

use std::borrow::Cow;

use hashbrown::{HashMap, hash_map::Entry};
use serde_json::value::RawValue;

use super::{
    Catalog,
    build::{self, Ends},
    conflicts::{Claims, Tie},
    coverage::{Coverages, Interned},
    diagnose::{Link, Scope, Walker},
    element::Text,
    fast_load,
    fault::{CatalogError, FaultLog},
    file::{self, List},
    ids::{DEFAULT_APPLICATION, Ids, Known},
    json_path::{self, Path, Spot},
    model::{Application, Association, DefaultSender, Entity, OtherAssociation, Sender, Strategy},
    rule::quoted,
};

/// A catalog on its way.
///
/// The lists are taken in an order in which every id is known before it is referred to. An element that has a fault is
/// left out of the catalog, which shifts the indexes behind it; that does not matter, since it is then refused.
struct Check<'a> {
    log: FaultLog<'a>,
    known: Known<'a>,
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

/// The associations seen so far, each with its element.
#[derive(Default)]
struct Links<'a> {
    /// Those of senders, which can be a million, in few bytes: resource type and channel, application, entity, sender.
    of_senders: HashMap<[u32; 4], u32>,
    /// Those of other resources, and those that refer to something the catalog lacks.
    other: HashMap<Link<'a>, u32>,
}

/// Reads the lists of a text and checks them.
pub(super) fn catalog(text: &str) -> Result<Catalog, CatalogError> {
    let mut log = FaultLog::new(text);
    let lists = file::split(text, &mut log)?;
    match log.is_empty().then(|| fast_load::catalog(&lists)).flatten() {
        Some(catalog) => Ok(catalog),
        None => one_by_one(&lists, log),
    }
}

/// Takes the elements one by one, and notes all that is wrong with them.
fn one_by_one<'a>(lists: &file::Lists<'a>, log: FaultLog<'a>) -> Result<Catalog, CatalogError> {
    let mut check = Check { log, known: Known::default(), coverages: Coverages::default(), lists: Lists::default() };
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

/// The catalog of a text that was not taken the fast way, for a comparison.
#[cfg(test)]
pub(super) fn without_haste(text: &str) -> Result<Catalog, CatalogError> {
    let mut log = FaultLog::new(text);
    let lists = file::split(text, &mut log)?;
    one_by_one(&lists, log)
}

// === impl Check ===

impl<'a> Check<'a> {
    fn applications(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        self.lists.applications.reserve(list.elements.len() + 1);
        for (index, raw) in list.iter() {
            let id = match build::application(raw) {
                Some((Text(id), application)) => {
                    self.lists.applications.push(application);
                    Some(id)
                }
                None => self.walk(list, index, raw, |walker, spot, _| walker.application(spot)),
            };
            self.identify(&mut ids, list, index, "applicationId", id);
        }
        if ids.get(DEFAULT_APPLICATION).is_none() {
            ids.shift();
            ids.insert(Cow::Borrowed(DEFAULT_APPLICATION), 0);
            let default = Application { id: DEFAULT_APPLICATION.into(), name: None };
            self.lists.applications.insert(0, default);
        }
        self.known.applications = ids;
    }

    fn entities(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        self.lists.entities.reserve(list.elements.len());
        for (index, raw) in list.iter() {
            let id = match build::entity(raw) {
                Some((Text(id), entity)) => {
                    self.lists.entities.push(entity);
                    Some(id)
                }
                None => self.walk(list, index, raw, |walker, spot, _| walker.entity(spot)),
            };
            self.identify(&mut ids, list, index, "entityId", id);
        }
        self.known.entities = ids;
    }

    fn senders(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        self.lists.senders.reserve(list.elements.len());
        for (index, raw) in list.iter() {
            let id = match build::sender(raw, &mut self.coverages) {
                Some((Text(id), sender)) => {
                    self.lists.senders.push(sender);
                    Some(id)
                }
                None => self.walk(list, index, raw, |walker, spot, _| walker.sender(spot)),
            };
            self.identify(&mut ids, list, index, "senderId", id);
        }
        self.known.senders = ids;
    }

    fn associations(&mut self, list: &List<'a>) {
        let mut links = Links::default();
        links.of_senders.reserve(list.elements.len());
        self.lists.associations.reserve(list.elements.len());
        for (index, raw) in list.iter() {
            let read = build::link(raw);
            let read = read.and_then(|link| build::ends(&link, &self.known).map(|ends| (link, ends)));
            let (link, ends) = match read {
                Some((link, ends)) => {
                    self.lists.push(&link, ends);
                    (link, Some(ends))
                }
                None => {
                    let walked = self.walk(list, index, raw, |walker, spot, known| walker.association(spot, known));
                    let Some(link) = walked else {
                        continue;
                    };
                    let ends = build::ends(&link, &self.known);
                    (link, ends)
                }
            };
            if let Some(first) = links.insert(link, ends, index) {
                self.fault(list, index, None, || format!("says the same as {}; keep one of them", place(list, first)));
            }
        }
    }

    fn strategies(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        let mut claims = Claims::default();
        // By element, for the messages of later ones that tie with it.
        let mut names: Vec<Option<Cow<'a, str>>> = Vec::with_capacity(list.elements.len());
        self.lists.strategies.reserve(list.elements.len());
        for (index, raw) in list.iter() {
            let read = build::strategy(raw, &mut self.coverages);
            let read = read.and_then(|written| written.place(&self.known).map(|strategy| (written, strategy)));
            let (id, reach) = match read {
                Some((written, strategy)) => {
                    self.lists.strategies.push(strategy);
                    let reach = written.reach();
                    (Some(written.id), Some(reach))
                }
                None => self.walk(list, index, raw, |walker, spot, known| walker.strategy(spot, known)),
            };
            names.push(id.clone());
            self.identify(&mut ids, list, index, "sendingStrategyId", id);
            for tie in reach.map_or_else(Vec::new, |reach| claims.add(index, reach)) {
                let id = names[tie.first as usize].as_deref();
                self.fault(list, index, None, || tie_message(list, id, &tie));
            }
        }
    }

    fn default_senders(&mut self, list: &List<'a>) {
        let mut first: HashMap<Scope<'a>, u32> = HashMap::new();
        for (index, raw) in list.iter() {
            let read = build::default_sender(raw);
            let read = read.and_then(|written| written.place(&self.known).map(|default| (written.platform, default)));
            let platform = match read {
                Some((platform, default_sender)) => {
                    self.lists.default_senders.push(default_sender);
                    Some(platform)
                }
                None => self.walk(list, index, raw, |walker, spot, known| walker.default_sender(spot, known)),
            };
            match platform.map(|platform| first.entry(platform)) {
                Some(Entry::Occupied(first)) => {
                    self.fault(list, index, Some("platform"), || {
                        let first = place(list, *first.get());
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

    /// Has the faults of an element noted that `build` gave nothing for; gives what could be read of it.
    fn walk<T>(
        &mut self,
        list: &List<'a>,
        index: u32,
        raw: &'a RawValue,
        walk: impl FnOnce(&mut Walker<'_, 'a>, &Spot<'a, '_>, &Known<'a>) -> T,
    ) -> T {
        let path = Path::Key { of: &Path::Root, key: list.name };
        let spot = Spot { raw, path: Path::Index { of: &path, index: index as usize } };
        let mut walker = Walker::new(&mut self.log);
        let read = walk(&mut walker, &spot, &self.known);
        if self.log.is_empty() {
            // Should the two ways ever disagree, an element must not be lost in silence.
            self.log.add(raw, &spot.path, || "is not a sound element of this list".to_owned());
        }
        read
    }

    /// Takes note of an element's id, which no other may have.
    fn identify(&mut self, ids: &mut Ids<'a>, list: &List<'a>, index: u32, key: &str, id: Option<Cow<'a, str>>) {
        let Some(id) = id else {
            ids.unreadable();
            return;
        };
        if let Some((id, first)) = ids.insert(id, index) {
            self.fault(list, index, Some(key), || {
                format!("{} is the id of {} already; ids are unique", quoted(&id), place(list, first))
            });
        }
    }

    /// Notes a fault between elements at the later one, or at one of its fields.
    fn fault(&mut self, list: &List<'a>, index: u32, key: Option<&str>, message: impl FnOnce() -> String) {
        let raw = list.elements[index as usize];
        let list = Path::Key { of: &Path::Root, key: list.name };
        let element = Path::Index { of: &list, index: index as usize };
        match key.and_then(|key| Some((key, json_path::member(raw, key)?))) {
            Some((key, value)) => self.log.add(value, &Path::Key { of: &element, key }, message),
            None => self.log.add(raw, &element, message),
        }
    }
}

/// The path of an element.
fn place(list: &List<'_>, index: u32) -> String {
    format!("$.{}[{index}]", list.name)
}

/// Says which strategy a new one ties with: one with an id that can be read, one at a place of the file, or both.
fn tie_message(list: &List<'_>, id: Option<&str>, tie: &Tie) -> String {
    let place = place(list, tie.first);
    match id {
        Some(id) => tie.message(&format!("{} ({place})", quoted(id))),
        None => tie.message(&format!("({place})")),
    }
}

// === impl Lists ===

impl Lists {
    fn push(&mut self, link: &Link<'_>, ends: Ends) {
        match link.acted_on(ends) {
            Some(association) => self.associations.push(association),
            None => self.other_associations.push(link.kept()),
        }
    }
}

/// The catalog of these lists.
fn catalog_of(lists: Lists, interned: Interned) -> Catalog {
    let nothing = Catalog::nothing();
    let catalog = Catalog {
        applications: lists.applications.into(),
        entities: lists.entities.into(),
        senders: lists.senders.into(),
        associations: lists.associations.into(),
        other_associations: lists.other_associations.into(),
        strategies: lists.strategies.into(),
        default_senders: lists.default_senders.into(),
        interned,
        ..nothing.clone()
    };
    catalog.looked_up(&nothing)
}

// === impl Links ===

impl<'a> Links<'a> {
    /// Takes note of an association; gives the earlier element that says the same, if there is one.
    fn insert(&mut self, link: Link<'a>, ends: Option<Ends>, element: u32) -> Option<u32> {
        let first = match ends {
            Some(Ends { application, entity, sender: Some(sender) }) => {
                *self.of_senders.entry(link.code(application, entity, sender)).or_insert(element)
            }
            _ => *self.other.entry(link).or_insert(element),
        };
        (first != element).then_some(first)
    }
}
