//! Shared pools: the senders of an application that no entity owns.

use std::ops::Range;

use crate::{
    application::Application,
    channel::{Channel, Channels},
    country::Country,
    random::{Purpose, Random},
    sender::{Order, Product, Registry, Sender},
};

/// The shared senders, those of one application and country side by side.
#[derive(Debug)]
pub(crate) struct Pools {
    pools: Vec<Pool>,
}

/// The shared senders of an application that were rented in one country.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    pub(crate) application: Application,
    pub(crate) senders: Range<u32>,
    /// The channels for which the pool has a sender that reaches its country.
    pub(crate) channels: Channels,
}

/// The beginning of shared names.
const NAMES: [&str; 12] = [
    "Notify", "InfoSMS", "Verify", "Orders", "Delivery", "Alert", "Support", "MyCode", "Service", "Update", "Reminder",
    "Contact",
];

impl Pools {
    /// Orders the senders of all pools.
    pub(crate) fn order(seed: u64, count: usize, registry: &mut Registry, senders: &mut Vec<Sender>) -> Pools {
        let random = &mut Random::stream(seed, Purpose::SharedSenders, 0);
        let sizes = Pools::sizes(random, count);
        let mut pools = Vec::with_capacity(sizes.len());
        for (place, size) in sizes.into_iter().enumerate() {
            let (application, country) = Pools::of_place(place);
            let start = senders.len() as u32;
            for index in 0..size {
                let order = Order {
                    country,
                    state: None,
                    name: NAMES[random.index(NAMES.len())],
                    product: Pools::product(application, country, index),
                };
                senders.push(registry.issue(random, &order));
            }
            let range = start..senders.len() as u32;
            let ordered = &senders[start as usize..];
            pools.push(Pool { application, senders: range, channels: reached(ordered.iter(), country) });
        }
        Pools { pools }
    }

    /// How many senders each pool gets: first one each, for as many as there are, then by weight.
    fn sizes(random: &mut Random, count: usize) -> Vec<usize> {
        let pools = Application::ALL.len() * Country::COUNT;
        let mut sizes: Vec<usize> = (0..pools).map(|place| usize::from(place < count)).collect();
        for _ in pools..count {
            let application = random.weighted_index(Application::ALL.iter().map(|one| one.weight()));
            let country = Country::draw(random);
            sizes[country.place() * Application::ALL.len() + application] += 1;
        }
        sizes
    }

    /// Pools stand by country, then by application.
    fn of_place(place: usize) -> (Application, Country) {
        let country = Country::all().nth(place / Application::ALL.len());
        let application = Application::ALL[place % Application::ALL.len()];
        (application, country.unwrap_or(Country::named("US")))
    }

    /// What the first senders of some pools are: those that are the applications' default senders.
    fn product(application: Application, country: Country, index: usize) -> Option<Product> {
        match (application, country.code(), index) {
            (Application::Alerts, "US", 0) => Some(Product::TollFree),
            (_, "GB", 0) => Some(Product::InternationalNumber),
            _ => None,
        }
    }

    pub(crate) fn get(&self, application: Application, country: Country) -> &Pool {
        &self.pools[country.place() * Application::ALL.len() + application as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pool> {
        self.pools.iter()
    }

    /// The sender that an application falls back to, if its pool has one.
    pub(crate) fn default_sender(&self, application: Application) -> Option<u32> {
        let country = match application {
            Application::Alerts => "US",
            _ => "GB",
        };
        let pool = self.get(application, Country::named(country));
        pool.senders.clone().next()
    }
}

/// The channels for which one of the senders reaches the country.
pub(crate) fn reached<'a>(senders: impl Iterator<Item = &'a Sender> + Clone, country: Country) -> Channels {
    let is_reached = |channel: &Channel| senders.clone().any(|sender| sender.carries(*channel, country));
    let channels = Channel::ALL.into_iter().filter(is_reached);
    channels.fold(Channels::default(), Channels::with)
}
