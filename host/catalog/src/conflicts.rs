//! Strategies that tie: two of one scope of which neither is more specific, for some message.
//!
//! A strategy with both channel and countries goes before one with countries alone, that before one with a channel
//! alone, and that before one with neither. So two tie only when they set the same channel or both none, and their
//! countries meet or both set none.

use callsign_destination::Country;
use hashbrown::{HashMap, hash_map::Entry};

use super::{diagnose::Scope, kind::Channel};

/// The messages that a strategy acts on.
pub(super) struct Reach<'a> {
    pub(super) scope: Scope<'a>,
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

/// Which strategy came first for each scope, channel and country: one entry for each country of the file's lists, so
/// that finding ties takes a look-up for each and never compares strategies with each other.
#[derive(Default)]
pub(super) struct Claims<'a> {
    scopes: HashMap<Scope<'a>, usize>,
    first: HashMap<(usize, Option<Channel>, Option<Country>), u32>,
}

impl<'a> Claims<'a> {
    /// Takes note of a strategy; gives each earlier one that it ties with, once.
    pub(super) fn add(&mut self, strategy: u32, reach: Reach<'a>) -> Vec<Tie> {
        let next = self.scopes.len();
        let scope = *self.scopes.entry(reach.scope).or_insert(next);
        let mut met = Vec::new();
        let mut claim = |country| match self.first.entry((scope, reach.channel, country)) {
            // A country that one list names twice is no tie.
            Entry::Occupied(first) if *first.get() != strategy => met.push((*first.get(), country)),
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => {
                free.insert(strategy);
            }
        };
        match reach.countries {
            None => claim(None),
            Some(countries) => countries.into_iter().for_each(|country| claim(Some(country))),
        }
        met.sort_by_key(|(first, _)| *first);
        let groups = met.chunk_by(|(one, _), (other, _)| one == other);
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
