//! The whole platform: entities, shared pools, and who may use what.

use crate::{
    channel::Channel,
    entity::Entity,
    pool::{self, Pools},
    random::{Purpose, Random},
    sender::{Order, Registry, Sender},
};

/// How large a platform is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) entities: usize,
    pub(crate) senders: usize,
    pub(crate) messages: u64,
}

/// A platform. What it holds in memory grows with its entities and senders, never with its messages.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) seed: u64,
    pub(crate) size: Size,
    pub(crate) entities: Vec<Entity>,
    pub(crate) senders: Vec<Sender>,
    pub(crate) pools: Pools,
    /// The senders that are suspended.
    pub(crate) suspended: Vec<u32>,
}

/// Of ten senders, those in shared pools.
const SHARED_OF_TEN: usize = 3;

impl Platform {
    pub(crate) fn new(seed: u64, size: Size) -> Platform {
        let mut entities: Vec<Entity> =
            (0..size.entities).map(|index| Entity::draw(seed, index, size.entities)).collect();
        let mut registry = Registry::new(size.senders);
        let mut senders = Vec::with_capacity(size.senders);
        let shared = size.senders * SHARED_OF_TEN / 10;
        let pools = Pools::order(seed, shared, &mut registry, &mut senders);
        let counts = own_counts(seed, size.entities, size.senders - shared);
        for (index, entity) in entities.iter_mut().enumerate() {
            let random = &mut Random::stream(seed, Purpose::OwnSenders, index as u64);
            let name = Entity::sender_name(index);
            let start = senders.len() as u32;
            for _ in 0..counts[index] {
                let country = entity.draw_market(random).country;
                let order = Order {
                    country,
                    state: entity.state.filter(|_| country == entity.home()),
                    name: &name,
                    product: None,
                };
                senders.push(registry.issue(random, &order));
            }
            entity.own = start..senders.len() as u32;
            let random = &mut Random::stream(seed, Purpose::Borrowing, index as u64);
            borrow(random, entity, &pools, &senders);
        }
        let suspended = (0_u32..).zip(&senders).filter(|(_, sender)| !sender.active).map(|(place, _)| place).collect();
        Platform { seed, size, entities, senders, pools, suspended }
    }

    pub(crate) fn sender(&self, place: u32) -> &Sender {
        &self.senders[place as usize]
    }
}

/// How many senders each entity owns: most of them belong to the large.
fn own_counts(seed: u64, entities: usize, senders: usize) -> Vec<u32> {
    let random = &mut Random::stream(seed, Purpose::Allocation, 0);
    let mut counts = vec![0; entities];
    for _ in 0..senders {
        counts[random.skewed(entities)] += 1;
    }
    counts
}

/// Lets an entity use shared senders for the markets that its own do not reach, and notes what it can do in each.
fn borrow(random: &mut Random, entity: &mut Entity, pools: &Pools, senders: &[Sender]) {
    let application = entity.main_application();
    let own = &senders[entity.own.start as usize..entity.own.end as usize];
    for market in &mut entity.markets {
        market.channels = pool::reached(own.iter(), market.country);
        if market.channels.contains(Channel::Sms) {
            continue;
        }
        let shared = pools.get(application, market.country).senders.clone();
        let most = if market.country.is_north_american() { 8 } else { 3 };
        let wanted = (1 + random.index(most)).min(shared.len());
        let first = random.index(shared.len());
        let start = entity.borrowed.len();
        for offset in 0..wanted {
            let place = (first + offset) % shared.len();
            entity.borrowed.push(shared.start + place as u32);
        }
        let borrowed = entity.borrowed[start..].iter().map(|place| &senders[*place as usize]);
        market.channels = pool::reached(own.iter().chain(borrowed), market.country);
    }
}
