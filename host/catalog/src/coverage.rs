//! Where a sender reaches, and how equal answers are shared.

use std::{
    hash::BuildHasher,
    sync::{Arc, Mutex, PoisonError},
};

use callsign_destination::Country;
use hashbrown::{DefaultHashBuilder, HashMap, HashSet};
use serde_json::value::RawValue;

use super::{Catalog, element, kind::Channel};
use crate::persistent::{HashIndex, PVec};

/// The countries that a sender reaches, for each channel.
///
/// A million senders have few different coverages, so this is a reference that equal ones share: cheap to clone and
/// to keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Coverage(Arc<[Option<Countries>; 3]>);

/// A set of countries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Countries {
    /// `"*"`: every country.
    All,
    /// These alone: sorted by [`Country::bits`], each once. Equal lists of one catalog are one allocation. An empty
    /// list is no country.
    Only(Arc<[Country]>),
}

/// The coverages and country lists of a catalog, each once, for its elements to share.
#[derive(Clone, Default)]
pub(super) struct Interned {
    hasher: DefaultHashBuilder,
    coverages: PVec<Coverage>,
    by_coverage: HashIndex,
    lists: PVec<Arc<[Country]>>,
    by_list: HashIndex,
    /// How many of both the catalog had when they were last collected from it.
    collected: usize,
}

/// How many coverages and lists that nothing has any more may be kept.
const UNUSED: usize = 1_024;

/// Reads coverages into what is shared.
#[derive(Default)]
pub(super) struct Coverages<'a> {
    /// By the text of the `coverage` value: senders that are written alike are neither parsed nor looked up again.
    by_text: HashMap<&'a str, Coverage>,
    /// Asked only for texts that are new, so that several who read at once do not wait for each other.
    interned: Arc<Mutex<Interned>>,
}

// === impl Coverage ===

impl Coverage {
    /// Whether a message over `channel` to `country` is inside this coverage.
    #[inline]
    pub fn covers(&self, channel: Channel, country: Country) -> bool {
        self.countries(channel).is_some_and(|countries| countries.contains(country))
    }

    /// Where it is in memory: one place for all that are equal, within a catalog.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// The countries that are reached over `channel`; none when the coverage does not name the channel.
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

// === impl Interned ===

impl Interned {
    /// What a catalog shares, for what is added to it.
    pub(super) fn of(catalog: &Catalog) -> Self {
        let known = &catalog.interned;
        if known.coverages.len() + known.lists.len() <= known.collected + UNUSED {
            return known.clone();
        }
        let mut interned = Interned::default();
        // Many senders have one coverage: most are settled by their address, without a look at the countries.
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
        let place = self.by_coverage.find(hash, |place| self.coverages[place as usize] == coverage);
        if let Some(place) = place {
            return self.coverages[place as usize].clone();
        }
        self.by_coverage.insert(hash, self.coverages.len() as u32);
        self.coverages.push(coverage.clone());
        coverage
    }

    fn shared_list<L: AsRef<[Country]>>(&mut self, list: L, share: impl FnOnce(L) -> Arc<[Country]>) -> Arc<[Country]> {
        let hash = self.hasher.hash_one(list.as_ref());
        let place = self.by_list.find(hash, |place| *self.lists[place as usize] == *list.as_ref());
        if let Some(place) = place {
            return Arc::clone(&self.lists[place as usize]);
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

    /// A channel that is named twice covers what either entry says.
    fn merged(&mut self, entries: Vec<(Channel, element::CountryField)>) -> Coverage {
        let mut merged: [Option<element::CountryField>; 3] = [None, None, None];
        for (channel, countries) in entries {
            let slot = &mut merged[channel as usize];
            *slot = Some(match slot.take() {
                Some(earlier) => earlier.or(countries),
                None => countries,
            });
        }
        let coverage = Coverage(Arc::new(merged.map(|countries| {
            countries.map(|countries| match countries {
                element::CountryField::All => Countries::All,
                element::CountryField::Only(list) => Countries::Only(self.list(list)),
            })
        })));
        self.coverage(coverage)
    }
}

// === impl Coverages ===

impl<'a> Coverages<'a> {
    /// Those of a catalog, for what is added to it to share.
    pub(super) fn of(catalog: &Catalog) -> Self {
        Coverages { by_text: HashMap::new(), interned: Arc::new(Mutex::new(Interned::of(catalog))) }
    }

    /// A reader into the same, for another thread.
    pub(super) fn beside<'b>(&self) -> Coverages<'b> {
        Coverages { by_text: HashMap::new(), interned: Arc::clone(&self.interned) }
    }

    /// The coverage of a `coverage` value; nothing when it has a fault.
    pub(super) fn read(&mut self, raw: &'a RawValue) -> Option<Coverage> {
        if let Some(coverage) = self.by_text.get(raw.get()) {
            return Some(coverage.clone());
        }
        let entries = element::coverage(raw)?;
        let coverage = self.with(|interned| interned.merged(entries));
        self.by_text.insert(raw.get(), coverage.clone());
        Some(coverage)
    }

    /// The shared form of a list: sorted, each country once.
    pub(super) fn list(&mut self, countries: Vec<Country>) -> Arc<[Country]> {
        self.with(|interned| interned.list(countries))
    }

    /// What is shared after all of a catalog was read.
    pub(super) fn collected(&self) -> Interned {
        self.with(|interned| {
            interned.collected = interned.coverages.len() + interned.lists.len();
            interned.clone()
        })
    }

    /// What is shared after some elements were read.
    pub(super) fn interned(&self) -> Interned {
        self.with(|interned| interned.clone())
    }

    fn with<T>(&self, ask: impl FnOnce(&mut Interned) -> T) -> T {
        ask(&mut self.interned.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
