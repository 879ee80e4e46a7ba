//! Entities: the client companies of the platform.

use std::ops::Range;

use serde::Serialize;

use crate::{
    application::Application,
    area_code::State,
    channel::Channels,
    country::Country,
    random::{Purpose, Random},
};

/// A client company.
#[derive(Debug)]
pub(crate) struct Entity {
    /// The first is what it mainly sends for.
    pub(crate) applications: Vec<Application>,
    /// Where its own people and most of its customers are; none for a company that works in the whole country.
    pub(crate) state: Option<State>,
    /// The countries that it sends to, its home first.
    pub(crate) markets: Vec<Market>,
    /// Its own senders.
    pub(crate) own: Range<u32>,
    /// The senders of shared pools that it may use.
    pub(crate) borrowed: Vec<u32>,
}

/// A country that an entity sends to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Market {
    pub(crate) country: Country,
    /// The channels for which the entity has a sender that reaches the country.
    pub(crate) channels: Channels,
}

/// An entity as the catalog has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntityElement {
    entity_id: String,
    entity_name: String,
}

#[rustfmt::skip]
const BRANDS: [&str; 64] = [
    "acme", "northwind", "bluebird", "harbor", "maple", "summit", "lumen", "orchid", "falcon", "cedar", "vista",
    "quartz", "ember", "willow", "atlas", "beacon", "copper", "delta", "evergreen", "fjord", "granite", "horizon",
    "indigo", "juniper", "keystone", "lantern", "meadow", "nimbus", "opal", "prairie", "quill", "redwood", "saffron",
    "tundra", "umber", "valley", "wander", "xenon", "yonder", "zephyr", "aurora", "birch", "coral", "dune", "echo",
    "fern", "glacier", "hazel", "iris", "jade", "kite", "lotus", "mosaic", "nova", "oasis", "pebble", "raven",
    "sierra", "topaz", "unity", "velvet", "wren", "amber", "sparrow",
];

const SECTORS: [&str; 32] = [
    "parcels", "market", "bank", "dental", "pharmacy", "airlines", "energy", "insure", "fitness", "foods", "motors",
    "clinic", "hotels", "telecom", "travel", "books", "optics", "bikes", "water", "realty", "school", "theater",
    "garden", "vets", "rentals", "couriers", "payroll", "tickets", "shoes", "grocery", "taxi", "labs",
];

/// The homes of the largest entities: without them, one draw would decide where most messages go.
const LARGEST_HOMES: [&str; 12] = ["US", "US", "GB", "IN", "US", "DE", "BR", "US", "FR", "CA", "US", "IN"];

impl Entity {
    /// An entity, without its senders. Those with a low index are the large ones.
    pub(crate) fn draw(seed: u64, index: usize, entities: usize) -> Entity {
        let random = &mut Random::stream(seed, Purpose::Entities, index as u64);
        let home = match LARGEST_HOMES.get(index) {
            Some(code) => Country::named(code),
            None => Country::draw(random),
        };
        let large = index < entities.div_ceil(12);
        let state = (!large).then(|| State::draw(random, home)).flatten();
        Entity {
            applications: applications(random, index),
            state,
            markets: markets(random, home, large),
            own: 0..0,
            borrowed: Vec::new(),
        }
    }

    pub(crate) fn main_application(&self) -> Application {
        self.applications[0]
    }

    pub(crate) fn home(&self) -> Country {
        self.markets[0].country
    }

    /// A country that it sends to: mostly its home.
    pub(crate) fn draw_market(&self, random: &mut Random) -> Market {
        match random.chance(700) {
            true => self.markets[0],
            false => *random.pick(&self.markets),
        }
    }

    /// The channels for which it has a sender that reaches the country, which may be none of its markets.
    pub(crate) fn channels(&self, country: Country) -> Channels {
        let market = self.markets.iter().find(|market| market.country == country);
        market.map(|market| market.channels).unwrap_or_default()
    }

    /// All senders that it may use: its own, then those that it borrows.
    pub(crate) fn senders(&self) -> impl Iterator<Item = u32> {
        self.own.clone().chain(self.borrowed.iter().copied())
    }

    /// One of the senders that it may use.
    pub(crate) fn draw_sender(&self, random: &mut Random) -> Option<u32> {
        let own = self.own.len();
        let place = random.index(own + self.borrowed.len());
        match place.checked_sub(own) {
            None => Some(self.own.start + place as u32),
            Some(place) => self.borrowed.get(place).copied(),
        }
    }

    /// What its name is made of: a brand, a sector, and a number from 2 where brand and sector are taken.
    fn words(index: usize) -> (&'static str, &'static str, usize) {
        let (cycle, within) = (index / (BRANDS.len() * SECTORS.len()), index % (BRANDS.len() * SECTORS.len()));
        let (round, brand) = (within / BRANDS.len(), within % BRANDS.len());
        (BRANDS[brand], SECTORS[(round + brand * 7) % SECTORS.len()], cycle + 1)
    }

    /// The `entityId` of the entity with this index, such as `acme-dental`.
    pub(crate) fn id(index: usize) -> String {
        match Entity::words(index) {
            (brand, sector, 1) => format!("{brand}-{sector}"),
            (brand, sector, number) => format!("{brand}-{sector}-{number}"),
        }
    }

    /// What the entity with this index would like to be called as a sender, such as `AcmeDental`.
    pub(crate) fn sender_name(index: usize) -> String {
        let (brand, sector, _) = Entity::words(index);
        capitalized(brand) + &capitalized(sector)
    }

    pub(crate) fn element(index: usize) -> EntityElement {
        let (brand, sector, number) = Entity::words(index);
        let mut entity_name = format!("{} {}", capitalized(brand), capitalized(sector));
        if number > 1 {
            entity_name += &format!(" {number}");
        }
        EntityElement { entity_id: Entity::id(index), entity_name }
    }
}

fn applications(random: &mut Random, index: usize) -> Vec<Application> {
    // The largest take turns, for the reason that their homes are fixed.
    let main = match index < LARGEST_HOMES.len() {
        true => Application::ALL[(index + 1) % Application::ALL.len()],
        false => *random.weighted(&Application::ALL, |application| application.weight()),
    };
    let mut applications = vec![main];
    if random.chance(250) {
        let second = *random.pick(&Application::ALL);
        if second != main {
            applications.push(second);
        }
    }
    applications
}

/// The home and, for some, neighbours of it and countries far away; more for the large.
fn markets(random: &mut Random, home: Country, large: bool) -> Vec<Market> {
    let mut countries = vec![home];
    let more = match large {
        true => 2 + random.below(9),
        false => random.below(6).saturating_sub(2),
    };
    for _ in 0..more {
        let near = random.chance(750);
        let country = Country::draw_where(random, |country| !near || country.region() == home.region());
        if !countries.contains(&country) {
            countries.push(country);
        }
    }
    let market = |country| Market { country, channels: Channels::default() };
    countries.into_iter().map(market).collect()
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique() {
        let ids: HashSet<String> = (0..10_000).map(Entity::id).collect();
        assert_eq!(ids.len(), 10_000);
        assert!((0..500).any(|index| Entity::id(index) == "acme-dental"));
        assert_eq!(Entity::sender_name(0), "AcmeParcels");
    }

    #[test]
    fn some_work_in_one_country_and_some_in_many() {
        let entities: Vec<Entity> = (0..500).map(|index| Entity::draw(1, index, 500)).collect();
        let single = entities.iter().filter(|entity| entity.markets.len() == 1).count();
        let many = entities.iter().filter(|entity| entity.markets.len() > 4).count();
        assert!(single > 100 && many > 10, "{single} {many}");
        assert!(entities.iter().any(|entity| entity.applications.len() == 2));
    }
}
