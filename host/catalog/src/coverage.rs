//! Coverages: the countries that a sender reaches, and how far its registration there has come. Equal ones are shared.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    Catalog,
    attributes::Attributes,
    json_path::Json,
    kind::{Channel, Registration},
    message_types::MessageTypes,
    persistent::{HashIndex, IndexHasher, PVec},
    shared::Shared,
};
use callsign_destination::Country;
use hashbrown::{HashMap, HashSet};

/// The countries that a sender reaches, for each channel, and how far its registration there has come.
///
/// A million senders have few different coverages. So this is a reference to one that equal senders share: cheap to clone
/// and to keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Coverage(Arc<[ChannelCoverage; 3]>);

/// For each [`Registration`], the countries that have it. No country has two: those that an entry names have not also what
/// `"*"` says, and of two entries alike the better counts.
type ChannelCoverage = [Option<Countries>; Registration::ALL.len()];

/// An entry of a coverage, as the file has it.
pub(super) struct CoverageEntry {
    pub(super) channel: Channel,
    pub(super) countries: ListedCountries,
    pub(super) registration: Registration,
}

/// A set of countries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Countries {
    /// `"*"`: every country, but those that another entry of the channel names.
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
    hasher: IndexHasher,
    coverages: PVec<Coverage>,
    by_coverage: HashIndex,
    lists: PVec<Arc<[Country]>>,
    by_list: HashIndex,
    /// How many of both there were when they were last collected from the catalog.
    collected: usize,
}

/// How many coverages and lists may be kept that no element has any more.
const UNUSED: usize = 1_024;

/// What elements read so far have, for later ones to share: coverages, and whatever else many senders have alike.
#[derive(Default)]
pub(super) struct Coverages<'a> {
    /// By the text of the `coverage` value: an equal text is neither parsed nor looked up again.
    by_text: HashMap<&'a str, Coverage>,
    pub(super) attributes: Shared<'a, Attributes>,
    pub(super) message_types: Shared<'a, MessageTypes>,
    /// Locked only for a new text, so that threads rarely wait for each other.
    interned: Arc<Mutex<Interned>>,
}

// === impl Coverage ===

impl Coverage {
    /// The coverage of entries as the file lists them, in any order. Several entries of a channel add up; an entry that names a
    /// country counts before one of [`Countries::All`], and of two alike the better registration.
    ///
    /// ```
    /// use callsign_catalog::{Channel, Countries, Coverage, Registration};
    /// # use callsign_destination::Country;
    ///
    /// # let (us, ca) = (Country::parse("US").unwrap(), Country::parse("CA").unwrap());
    /// let coverage = Coverage::new([
    ///     (Channel::Sms, Countries::All, Registration::Active),
    ///     (Channel::Sms, Countries::only([us]), Registration::Pending),
    /// ]);
    /// assert!(coverage.covers(Channel::Sms, ca) && !coverage.covers(Channel::Sms, us));
    /// ```
    pub fn new(entries: impl IntoIterator<Item = (Channel, Countries, Registration)>) -> Self {
        let entries = entries.into_iter().map(|(channel, countries, registration)| {
            let countries = match countries {
                Countries::All => ListedCountries::All,
                Countries::Only(list) => ListedCountries::Only(list.to_vec()),
            };
            CoverageEntry { channel, countries, registration }
        });
        Interned::default().merged(entries.collect())
    }

    /// Whether a message over `channel` to `country` is inside this coverage: an active entry has both.
    #[inline]
    pub fn covers(&self, channel: Channel, country: Country) -> bool {
        let [active, others @ ..] = &self.0[channel as usize];
        match active {
            None => false,
            // It names the country, or nothing that is active has it.
            Some(listed @ Countries::Only(_)) => listed.contains(country),
            // An entry that names the country counts before it.
            Some(Countries::All) => {
                others.iter().all(Option::is_none) || self.registration(channel, country) == Some(Registration::Active)
            }
        }
    }

    /// How far the registration for a channel and a country has come; none if no entry has them.
    #[inline]
    pub fn registration(&self, channel: Channel, country: Country) -> Option<Registration> {
        let mut everywhere = None;
        for (registration, countries) in self.entries(channel) {
            match countries {
                Countries::All => everywhere = Some(registration),
                Countries::Only(_) if countries.contains(country) => return Some(registration),
                Countries::Only(_) => {}
            }
        }
        everywhere
    }

    /// Its address in memory, which is the same for equal coverages of one catalog.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Whether any entry has `channel`, active or not.
    #[inline]
    pub fn has_channel(&self, channel: Channel) -> bool {
        self.entries(channel).next().is_some()
    }

    /// The countries over `channel` with a registration; none if no entry says so.
    #[inline]
    pub fn countries(&self, channel: Channel, registration: Registration) -> Option<&Countries> {
        self.0[channel as usize][registration as usize].as_ref()
    }

    /// What there is over `channel`: for each registration that any country has, these countries.
    #[inline]
    pub fn entries(&self, channel: Channel) -> impl Iterator<Item = (Registration, &Countries)> {
        let entries = Registration::ALL.into_iter().zip(&self.0[channel as usize]);
        entries.filter_map(|(registration, countries)| Some((registration, countries.as_ref()?)))
    }
}

// === impl Countries ===

impl Countries {
    /// These countries alone, in any order.
    pub fn only(countries: impl IntoIterator<Item = Country>) -> Self {
        Self::Only(Interned::default().list(countries.into_iter().collect()))
    }

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
                for countries in sender.coverage.0.iter().flatten().flatten() {
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
    fn merged(&mut self, entries: Vec<CoverageEntry>) -> Coverage {
        let channels = Channel::ALL.map(|channel| {
            let of_channel = entries.iter().filter(|entry| entry.channel == channel);
            self.channel(of_channel)
        });
        self.coverage(Coverage(Arc::new(channels)))
    }

    /// What the entries of one channel say: the best of those that name a country, else the best of those with `"*"`.
    fn channel<'e>(&mut self, entries: impl Iterator<Item = &'e CoverageEntry>) -> ChannelCoverage {
        let mut everywhere: Option<Registration> = None;
        let mut named: HashMap<Country, Registration> = HashMap::new();
        // An entry with an empty list is there, though it has no country.
        let mut registrations = [false; Registration::ALL.len()];
        for CoverageEntry { countries, registration, .. } in entries {
            registrations[*registration as usize] = true;
            match countries {
                ListedCountries::All => {
                    everywhere = Some(everywhere.map_or(*registration, |known| known.min(*registration)));
                }
                ListedCountries::Only(list) => {
                    for country in list {
                        let known = named.entry(*country).or_insert(*registration);
                        *known = (*known).min(*registration);
                    }
                }
            }
        }
        let is_empty = everywhere.is_none() && named.is_empty();
        let mut lists: [Vec<Country>; Registration::ALL.len()] = Default::default();
        for (country, registration) in named {
            lists[registration as usize].push(country);
        }
        let mut lists = lists.into_iter();
        Registration::ALL.map(|registration| {
            let list = lists.next().unwrap_or_default();
            if everywhere == Some(registration) {
                return Some(Countries::All);
            }
            let is_there = !list.is_empty() || (is_empty && registrations[registration as usize]);
            is_there.then(|| Countries::Only(self.list(list)))
        })
    }
}

// === impl Coverages ===

impl<'a> Coverages<'a> {
    /// The coverages of a catalog, for new elements to share.
    pub(super) fn of(catalog: &Catalog) -> Self {
        Coverages { interned: Arc::new(Mutex::new(Interned::of(catalog))), ..Coverages::default() }
    }

    /// The same shared coverages, for another thread.
    pub(super) fn for_thread<'b>(&self) -> Coverages<'b> {
        Coverages { interned: Arc::clone(&self.interned), ..Coverages::default() }
    }

    /// The coverage of a `coverage` value with the same text as an earlier one.
    pub(super) fn with_text(&self, json: Json<'_>) -> Option<Coverage> {
        self.by_text.get(json.as_str()).cloned()
    }

    /// The coverage of a `coverage` value that has these entries.
    pub(super) fn add(&mut self, json: Json<'a>, entries: Vec<CoverageEntry>) -> Coverage {
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
