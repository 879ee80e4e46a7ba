//! Where a sender reaches, and how equal answers are shared.

use std::sync::Arc;

use callsign_destination::Country;
use hashbrown::{HashMap, HashSet};
use serde_json::value::RawValue;

use super::{Catalog, element, kind::Channel};

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

/// The coverages and country lists seen so far.
#[derive(Default)]
pub(super) struct Coverages<'a> {
    /// By the text of the `coverage` value: senders that are written alike are neither parsed nor stored again.
    by_text: HashMap<&'a str, Coverage>,
    /// Those that differ, whatever their texts are.
    coverages: HashSet<Coverage>,
    lists: HashSet<Arc<[Country]>>,
}

// === impl Coverage ===

impl Coverage {
    /// Whether a message over `channel` to `country` is inside this coverage.
    pub fn covers(&self, channel: Channel, country: Country) -> bool {
        self.countries(channel).is_some_and(|countries| countries.contains(country))
    }

    /// The countries that are reached over `channel`; none when the coverage does not name the channel.
    pub fn countries(&self, channel: Channel) -> Option<&Countries> {
        self.0[channel as usize].as_ref()
    }
}

// === impl Countries ===

impl Countries {
    /// Whether `country` is one of these.
    pub fn contains(&self, country: Country) -> bool {
        match self {
            Countries::All => true,
            Countries::Only(list) => list.binary_search_by_key(&country.bits(), |listed| listed.bits()).is_ok(),
        }
    }
}

// === impl Coverages ===

impl<'a> Coverages<'a> {
    /// The coverages and lists of a catalog, for what is added to it to share.
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut coverages = Coverages::default();
        // Many senders in a row have one coverage: most are settled by their address, without a look at the countries.
        let mut seen = HashSet::new();
        for sender in catalog.senders() {
            if seen.insert(Arc::as_ptr(&sender.coverage.0)) && coverages.coverages.insert(sender.coverage.clone()) {
                coverages.lists.extend(sender.coverage.0.iter().flatten().filter_map(|countries| match countries {
                    Countries::All => None,
                    Countries::Only(list) => Some(Arc::clone(list)),
                }));
            }
        }
        coverages.lists.extend(catalog.strategies().iter().filter_map(|strategy| strategy.countries.clone()));
        coverages
    }

    /// The coverage of a `coverage` value; nothing when it has a fault.
    pub(super) fn read(&mut self, raw: &'a RawValue) -> Option<Coverage> {
        if let Some(coverage) = self.by_text.get(raw.get()) {
            return Some(coverage.clone());
        }
        let entries = element::coverage(raw)?;
        let coverage = self.share(entries);
        self.by_text.insert(raw.get(), coverage.clone());
        Some(coverage)
    }

    /// A channel that is named twice covers what either entry says.
    fn share(&mut self, entries: Vec<(Channel, element::CountryField)>) -> Coverage {
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
        self.coverages.get_or_insert(coverage).clone()
    }

    /// The shared form of a list: sorted, each country once.
    pub(super) fn list(&mut self, mut countries: Vec<Country>) -> Arc<[Country]> {
        countries.sort_unstable_by_key(|country| country.bits());
        countries.dedup();
        if let Some(shared) = self.lists.get(countries.as_slice()) {
            return Arc::clone(shared);
        }
        let shared: Arc<[Country]> = countries.into();
        self.lists.insert(Arc::clone(&shared));
        shared
    }
}
