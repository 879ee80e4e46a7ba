//! Coverages: the countries that a sender reaches. Equal ones are shared.

use std::{
    hash::BuildHasher,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Catalog,
    json_path::Json,
    kind::Channel,
    persistent::{HashIndex, PVec},
};
use callsign_destination::Country;
use hashbrown::{DefaultHashBuilder, HashMap, HashSet};

/// The countries that a sender reaches, for each channel.
///
/// A million senders have few different coverages. So this is a reference to one that equal senders share: cheap to clone
/// and to keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Coverage(Arc<[Option<Countries>; 3]>);

/// A set of countries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Countries {
    /// `"*"`: every country.
    All,
    /// Only these: sorted by [`Country::bits`], each once. Equal lists of one catalog share one allocation. An empty list
    /// is no country.
    Only(Arc<[Country]>),
}

/// The `countries` of a coverage, as the file lists them.
pub(super) enum ListedCountries {
    All,
    Only(Vec<Country>),
}

/// The coverages and country lists of a catalog, each once, for its elements to share.
#[derive(Clone, Default)]
pub(super) struct Interned {
    hasher: DefaultHashBuilder,
    coverages: PVec<Coverage>,
    by_coverage: HashIndex,
    lists: PVec<Arc<[Country]>>,
    by_list: HashIndex,
    /// How many of both there were when they were last collected from the catalog.
    collected: usize,
}

/// How many coverages and lists may be kept that no element has any more.
const UNUSED: usize = 1_024;

/// The coverages that elements read so far have, for later ones to share.
#[derive(Default)]
pub(super) struct Coverages<'a> {
    /// By the text of the `coverage` value: an equal text is neither parsed nor looked up again.
    by_text: HashMap<&'a str, Coverage>,
    /// Locked only for a new text, so that threads rarely wait for each other.
    interned: Arc<Mutex<Interned>>,
}

// === impl Coverage ===

impl Coverage {
    /// Whether a message over `channel` to `country` is inside this coverage.
    #[inline]
    pub fn covers(&self, channel: Channel, country: Country) -> bool {
        self.countries(channel).is_some_and(|countries| countries.contains(country))
    }

    /// Its address in memory, which is the same for equal coverages of one catalog.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// The countries that are reached over `channel`; none if the coverage does not name the channel.
    #[inline]
    pub fn countries(&self, channel: Channel) -> Option<&Countries> {
        self.0[channel as usize].as_ref()
    }
}

// === impl Countries ===

impl Countries {
    /// Whether `country` is one of these.
    #[inline]
    pub fn contains(&self, country: Country) -> bool {
        match self {
            Countries::All => true,
            Countries::Only(list) => list.binary_search_by_key(&country.bits(), |listed| listed.bits()).is_ok(),
        }
    }
}

// === impl ListedCountries ===

impl ListedCountries {
    /// The countries of either.
    fn or(self, other: ListedCountries) -> ListedCountries {
        match (self, other) {
            (ListedCountries::Only(mut list), ListedCountries::Only(more)) => {
                list.extend(more);
                ListedCountries::Only(list)
            }
            _ => ListedCountries::All,
        }
    }
}

// === impl Interned ===

impl Interned {
    /// The coverages and lists of a catalog, for new elements to share.
    pub(super) fn of(catalog: &Catalog) -> Self {
        let known = &catalog.interned;
        if known.coverages.len() + known.lists.len() <= known.collected + UNUSED {
            return known.clone();
        }
        let mut interned = Interned::default();
        // Senders share coverages, so most are found by address, without comparing countries.
        let mut seen = HashSet::new();
        for sender in catalog.senders() {
            if seen.insert(sender.coverage.address()) {
                interned.coverage(sender.coverage.clone());
                for countries in sender.coverage.0.iter().flatten() {
                    if let Countries::Only(list) = countries {
                        interned.shared_list(list, Arc::clone);
                    }
                }
            }
        }
        for list in catalog.strategies().iter().filter_map(|strategy| strategy.countries.as_ref()) {
            interned.shared_list(list, Arc::clone);
        }
        interned.collected = interned.coverages.len() + interned.lists.len();
        interned
    }

    fn coverage(&mut self, coverage: Coverage) -> Coverage {
        let hash = self.hasher.hash_one(&coverage);
        let known = self.by_coverage.find(hash, |index| self.coverages[index as usize] == coverage);
        if let Some(index) = known {
            return self.coverages[index as usize].clone();
        }
        self.by_coverage.insert(hash, self.coverages.len() as u32);
        self.coverages.push(coverage.clone());
        coverage
    }

    fn shared_list<L: AsRef<[Country]>>(&mut self, list: L, share: impl FnOnce(L) -> Arc<[Country]>) -> Arc<[Country]> {
        let hash = self.hasher.hash_one(list.as_ref());
        let known = self.by_list.find(hash, |index| *self.lists[index as usize] == *list.as_ref());
        if let Some(index) = known {
            return Arc::clone(&self.lists[index as usize]);
        }
        let shared = share(list);
        self.by_list.insert(hash, self.lists.len() as u32);
        self.lists.push(Arc::clone(&shared));
        shared
    }

    /// The shared form of a list: sorted, each country once.
    fn list(&mut self, mut countries: Vec<Country>) -> Arc<[Country]> {
        countries.sort_unstable_by_key(|country| country.bits());
        countries.dedup();
        self.shared_list(countries, Into::into)
    }

    /// The coverage of these entries. A channel that is named twice covers the countries of both entries.
    fn merged(&mut self, entries: Vec<(Channel, ListedCountries)>) -> Coverage {
        let mut merged: [Option<ListedCountries>; 3] = [None, None, None];
        for (channel, countries) in entries {
            let countries_so_far = &mut merged[channel as usize];
            *countries_so_far = Some(match countries_so_far.take() {
                Some(earlier) => earlier.or(countries),
                None => countries,
            });
        }
        let coverage = Coverage(Arc::new(merged.map(|countries| {
            countries.map(|countries| match countries {
                ListedCountries::All => Countries::All,
                ListedCountries::Only(list) => Countries::Only(self.list(list)),
            })
        })));
        self.coverage(coverage)
    }
}

// === impl Coverages ===

impl<'a> Coverages<'a> {
    /// The coverages of a catalog, for new elements to share.
    pub(super) fn of(catalog: &Catalog) -> Self {
        Coverages { by_text: HashMap::new(), interned: Arc::new(Mutex::new(Interned::of(catalog))) }
    }

    /// The same shared coverages, for another thread.
    pub(super) fn for_thread<'b>(&self) -> Coverages<'b> {
        Coverages { by_text: HashMap::new(), interned: Arc::clone(&self.interned) }
    }

    /// The coverage of a `coverage` value with the same text as an earlier one.
    pub(super) fn with_text(&self, json: Json<'_>) -> Option<Coverage> {
        self.by_text.get(json.as_str()).cloned()
    }

    /// The coverage of a `coverage` value that has these entries.
    pub(super) fn add(&mut self, json: Json<'a>, entries: Vec<(Channel, ListedCountries)>) -> Coverage {
        let coverage = self.with(|interned| interned.merged(entries));
        self.by_text.insert(json.as_str(), coverage.clone());
        coverage
    }

    /// The shared form of a list: sorted, each country once.
    pub(super) fn list(&mut self, countries: Vec<Country>) -> Arc<[Country]> {
        self.with(|interned| interned.list(countries))
    }

    /// What is shared, after all of a catalog was read.
    pub(super) fn collected(&self) -> Interned {
        self.with(|interned| {
            interned.collected = interned.coverages.len() + interned.lists.len();
            interned.clone()
        })
    }

    /// What is shared, after some elements were read.
    pub(super) fn interned(&self) -> Interned {
        self.with(|interned| interned.clone())
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Interned) -> T) -> T {
        use_it(&mut self.interned.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
