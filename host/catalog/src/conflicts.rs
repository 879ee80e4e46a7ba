//! Strategies that tie: for some message, two strategies of one scope of which neither is more specific.
//!
//! A strategy with channel and countries goes before one with countries alone, that one before a strategy with a channel
//! alone, and that one before a strategy with neither. So two strategies tie only if they set the same channel, or both
//! none, and have a country in common, or both set no countries.

use callsign_destination::Country;
use hashbrown::{HashMap, hash_map::Entry};

use super::{kind::Channel, unresolved::ScopeIds};

/// The messages that a strategy is for.
pub(super) struct Selector<'a> {
    pub(super) scope: ScopeIds<'a>,
    pub(super) channel: Option<Channel>,
    /// None is every country.
    pub(super) countries: Option<Vec<Country>>,
}

/// An earlier strategy that ties with a new one.
pub(super) struct Tie {
    /// The earlier one, by its place in the list.
    pub(super) first: u32,
    /// A country that both name; none when both are for every country.
    pub(super) country: Option<Country>,
    /// How many other countries both name.
    pub(super) more: usize,
}

/// Finds strategies that tie.
///
/// It keeps which strategy came first for each scope, channel and country. A strategy takes one look-up for each of its
/// countries, and no two strategies are compared with each other.
#[derive(Default)]
pub(super) struct TieFinder<'a> {
    scopes: HashMap<ScopeIds<'a>, usize>,
    first: HashMap<(usize, Option<Channel>, Option<Country>), u32>,
}

impl<'a> TieFinder<'a> {
    /// Adds a strategy; gives each earlier one that it ties with, once.
    pub(super) fn add(&mut self, strategy: u32, selector: Selector<'a>) -> Vec<Tie> {
        let next = self.scopes.len();
        let scope = *self.scopes.entry(selector.scope).or_insert(next);
        let mut ties = Vec::new();
        let mut add_country = |country| match self.first.entry((scope, selector.channel, country)) {
            // A country that one list names twice is no tie.
            Entry::Occupied(first) if *first.get() != strategy => ties.push((*first.get(), country)),
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => {
                free.insert(strategy);
            }
        };
        match selector.countries {
            None => add_country(None),
            Some(countries) => countries.into_iter().for_each(|country| add_country(Some(country))),
        }
        ties.sort_by_key(|(first, _)| *first);
        let groups = ties.chunk_by(|(one, _), (other, _)| one == other);
        groups.map(|group| Tie { first: group[0].0, country: group[0].1, more: group.len() - 1 }).collect()
    }
}

// === impl Tie ===

impl Tie {
    /// What is wrong with the later strategy; `earlier` says which one it ties with.
    pub(super) fn message(&self, earlier: &str) -> String {
        let countries = match (self.country, self.more) {
            (None, _) => "every country".to_owned(),
            (Some(country), 0) => country.as_str().to_owned(),
            (Some(country), 1) => format!("{} and 1 more country", country.as_str()),
            (Some(country), more) => format!("{} and {more} more countries", country.as_str()),
        };
        format!(
            "ties with {earlier} for {countries}: both have the same scope and channel; give them countries that do \
             not meet, or keep one of them"
        )
    }
}
