//! Every element of the file, checked by itself and against the others, and the catalog made of them.

use std::borrow::Cow;

use hashbrown::{HashMap, hash_map::Entry};
use serde_json::value::RawValue;

use super::{
    Catalog,
    build::{self, Ends},
    coverage::Coverages,
    element::Text,
    fault::{CatalogError, FaultLog},
    file::{self, List},
    ids::{DEFAULT_APPLICATION, Ids, Known},
    model::{Application, Association, OtherAssociation},
    node::{self, Path, Spot},
    rule::quoted,
    ties::{Claims, Tie},
    walk::{Link, Scope, Walker},
};

/// A catalog on its way.
///
/// The lists are taken in an order in which every id is known before it is referred to. An element that has a fault is
/// left out of the catalog, which shifts the indexes behind it; that does not matter, since it is then refused.
struct Check<'a> {
    log: FaultLog<'a>,
    known: Known<'a>,
    coverages: Coverages<'a>,
    catalog: Catalog,
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
    let mut check = Check {
        log: FaultLog::new(text),
        known: Known::default(),
        coverages: Coverages::default(),
        catalog: Catalog {
            applications: Vec::new(),
            entities: Vec::new(),
            senders: Vec::new(),
            associations: Vec::new(),
            other_associations: Vec::new(),
            strategies: Vec::new(),
            default_senders: Vec::new(),
        },
    };
    let lists = file::split(text, &mut check.log)?;
    check.applications(&lists.applications);
    check.entities(&lists.entities);
    check.senders(&lists.senders);
    check.associations(&lists.associations);
    check.strategies(&lists.strategies);
    check.default_senders(&lists.default_senders);
    match check.log.finish() {
        Some(faults) => Err(CatalogError::Faults(faults)),
        None => Ok(check.catalog),
    }
}

// === impl Check ===

impl<'a> Check<'a> {
    fn applications(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        self.catalog.applications.reserve(list.elements.len() + 1);
        for (index, raw) in list.iter() {
            let id = match build::application(raw) {
                Some((Text(id), application)) => {
                    self.catalog.applications.push(application);
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
            self.catalog.applications.insert(0, default);
        }
        self.known.applications = ids;
    }

    fn entities(&mut self, list: &List<'a>) {
        let mut ids = Ids::of(list);
        self.catalog.entities.reserve(list.elements.len());
        for (index, raw) in list.iter() {
            let id = match build::entity(raw) {
                Some((Text(id), entity)) => {
                    self.catalog.entities.push(entity);
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
        self.catalog.senders.reserve(list.elements.len());
        for (index, raw) in list.iter() {
            let id = match build::sender(raw, &mut self.coverages) {
                Some((Text(id), sender)) => {
                    self.catalog.senders.push(sender);
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
        self.catalog.associations.reserve(list.elements.len());
        for (index, raw) in list.iter() {
            let (link, ends) = match build::link(raw, &self.known) {
                Some((link, ends)) => {
                    self.catalog.push(&link, ends);
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
        self.catalog.strategies.reserve(list.elements.len());
        for (index, raw) in list.iter() {
            let (id, reach) = match build::strategy(raw, &self.known, &mut self.coverages) {
                Some((Text(id), strategy, reach)) => {
                    self.catalog.strategies.push(strategy);
                    (Some(id), Some(reach))
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
            let platform = match build::default_sender(raw, &self.known) {
                Some((platform, default_sender)) => {
                    self.catalog.default_senders.push(default_sender);
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
        match key.and_then(|key| Some((key, node::member(raw, key)?))) {
            Some((key, value)) => self.log.add(value, &Path::Key { of: &element, key }, message),
            None => self.log.add(raw, &element, message),
        }
    }
}

/// The path of an element.
fn place(list: &List<'_>, index: u32) -> String {
    format!("$.{}[{index}]", list.name)
}

fn tie_message(list: &List<'_>, id: Option<&str>, tie: &Tie) -> String {
    let id = id.map_or_else(String::new, |id| format!("{} ", quoted(id)));
    let place = place(list, tie.first);
    let countries = match (tie.country, tie.more) {
        (None, _) => "every country".to_owned(),
        (Some(country), 0) => country.as_str().to_owned(),
        (Some(country), 1) => format!("{} and 1 more country", country.as_str()),
        (Some(country), more) => format!("{} and {more} more countries", country.as_str()),
    };
    format!(
        "ties with {id}({place}) for {countries}: both have the same scope and channel; give them countries that do \
         not meet, or keep one of them"
    )
}

// === impl Catalog ===

impl Catalog {
    fn push(&mut self, link: &Link<'_>, ends: Ends) {
        let Ends { application, entity, sender } = ends;
        match (link.channel.resolved(), sender) {
            (Some(channel), Some(sender)) => {
                self.associations.push(Association { channel, application, entity, sender });
            }
            _ => self.other_associations.push(OtherAssociation {
                resource_type: link.resource_type.as_str(),
                channel: link.channel.as_str(),
                application: link.scope.application.as_ref().into(),
                entity: link.scope.entity.as_deref().map(Into::into),
                resource: link.resource.as_ref().into(),
            }),
        }
    }
}

// === impl Links ===

impl<'a> Links<'a> {
    /// Takes note of an association; gives the earlier element that says the same, if there is one.
    fn insert(&mut self, link: Link<'a>, ends: Option<Ends>, element: u32) -> Option<u32> {
        let first = match ends {
            Some(Ends { application, entity, sender: Some(sender) }) => {
                let kind = (link.resource_type as u32) << 8 | link.channel as u32;
                // No index is that high, within the size limit.
                let entity = entity.unwrap_or(u32::MAX);
                *self.of_senders.entry([kind, application, entity, sender]).or_insert(element)
            }
            _ => *self.other.entry(link).or_insert(element),
        };
        (first != element).then_some(first)
    }
}
