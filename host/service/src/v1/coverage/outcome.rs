//! Whether a message of a scope, over a channel and to a country, would find a sender: steps 3 and 4 of the resolution,
//! without a message and without a policy.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use callsign::{Catalog, Channel, Countries, Country, MessageTypes, Registration, Sender, SenderType, Strategy};

/// Why no sender can carry a message. Of several obstacles the last in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// Neither the entity nor its application has a strategy.
    NoStrategy,
    /// No strategy is for the channel.
    ChannelNotAllowed,
    /// No strategy of the channel is for the country.
    CountryNotAllowed,
    /// No sender is associated for the channel.
    NoAssociation,
    /// All associated senders are suspended.
    AllSuspended,
    /// No active sender covers the channel.
    ChannelNotCovered,
    /// None of them covers the country.
    CountryNotCovered,
    /// The registrations there of those that would are rejected.
    RegistrationRejected,
    /// They have expired.
    RegistrationExpired,
    /// They are pending.
    RegistrationPending,
    /// Networks of the country take no sender of the types of those that cover it.
    TypeNotTaken,
    /// Those that cover the country are for messages of other types.
    OtherMessageType,
    /// The strategy lists none of them.
    NotListed,
}

impl Reason {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NoStrategy => "NO_STRATEGY",
            Self::ChannelNotAllowed => "CHANNEL_NOT_ALLOWED",
            Self::CountryNotAllowed => "COUNTRY_NOT_ALLOWED",
            Self::NoAssociation => "NO_ASSOCIATION",
            Self::AllSuspended => "ALL_SUSPENDED",
            Self::ChannelNotCovered => "CHANNEL_NOT_COVERED",
            Self::CountryNotCovered => "COUNTRY_NOT_COVERED",
            Self::RegistrationRejected => "REGISTRATION_REJECTED",
            Self::RegistrationExpired => "REGISTRATION_EXPIRED",
            Self::RegistrationPending => "REGISTRATION_PENDING",
            Self::TypeNotTaken => "TYPE_NOT_TAKEN",
            Self::OtherMessageType => "OTHER_MESSAGE_TYPE",
            Self::NotListed => "NOT_LISTED",
        }
    }
}

/// Messages that would be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) reason: Reason,
    /// The strategy that they would be sent under, by its index.
    pub(super) strategy: Option<u32>,
    /// How many senders are associated for the channel.
    pub(super) senders: usize,
    /// The default sender that cannot carry them either, by its index: the entity's if it has one.
    pub(super) default: Option<u32>,
}

/// What becomes of messages of a scope, a channel and a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A sender of the scope carries them.
    Covered {
        /// The strategy that they are sent under, by its index.
        strategy: u32,
    },
    /// Only a default sender carries them.
    DefaultSender {
        /// The strategy.
        strategy: u32,
        /// The default sender, by its index.
        sender: u32,
    },
    /// Nobody does.
    Gap(Gap),
}

/// What a sender would have to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load<'a> {
    pub(super) channel: Channel,
    pub(super) country: Country,
    /// The type of the messages. Every sender carries those without one.
    pub(super) message_type: Option<&'a str>,
}

impl Load<'_> {
    /// What keeps a sender of a catalog from carrying it; `None` if nothing does.
    fn obstacle(&self, catalog: &Catalog, sender: &Sender) -> Option<Reason> {
        let names = catalog.numbering().alphanumeric();
        let is_taken = || sender.kind != SenderType::Alphanumeric || names.take(self.channel, self.country);
        if sender.suspended {
            return Some(Reason::AllSuspended);
        }
        if !sender.coverage.has_channel(self.channel) {
            return Some(Reason::ChannelNotCovered);
        }
        match sender.coverage.registration(self.channel, self.country) {
            None => Some(Reason::CountryNotCovered),
            Some(Registration::Rejected) => Some(Reason::RegistrationRejected),
            Some(Registration::Expired) => Some(Reason::RegistrationExpired),
            Some(Registration::Active) if !is_taken() => Some(Reason::TypeNotTaken),
            Some(Registration::Active) => {
                (!sender.message_types.allow(self.message_type)).then_some(Reason::OtherMessageType)
            }
            // What comes later is as far from carrying anything.
            Some(_) => Some(Reason::RegistrationPending),
        }
    }
}

/// A scope: the indexes of its application and entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Scope {
    pub(super) application: u32,
    pub(super) entity: Option<Entity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Entity {
    Known(u32),
    /// The catalog does not have it, so it has what its application has.
    Unknown,
}

impl Entity {
    pub(super) fn index(self) -> Option<u32> {
        match self {
            Self::Known(index) => Some(index),
            Self::Unknown => None,
        }
    }
}

impl Scope {
    pub(super) fn of(application: u32, entity: Option<u32>) -> Self {
        Self { application, entity: entity.map(Entity::Known) }
    }
}

/// What a scope has of its own.
#[derive(Debug, Default)]
struct Own {
    strategies: Vec<u32>,
    /// Senders by channel, each once.
    associated: [Vec<u32>; 3],
    default: Option<u32>,
}

/// Senders with the same answer for every country.
#[derive(Debug)]
struct Group {
    /// One of them.
    sender: u32,
    is_listed: bool,
}

/// The senders of a scope and a channel; for one strategy if it lists senders.
type PoolKey = (Scope, Channel, Option<u32>);

/// A catalog, by scope.
pub(super) struct Scopes<'a> {
    catalog: &'a Catalog,
    own: BTreeMap<Scope, Own>,
    nothing: Own,
    /// Pools have few groups, and are looked up for every country.
    pools: RefCell<HashMap<PoolKey, Rc<[Group]>>>,
}

impl<'a> Scopes<'a> {
    /// The scopes of some applications, by index. Takes time with what these have.
    pub(super) fn new(catalog: &'a Catalog, applications: Range<u32>) -> Self {
        let mut own: BTreeMap<Scope, Own> = BTreeMap::new();
        for application in applications {
            for association in catalog.associations_in(application) {
                let scope = Scope::of(application, association.entity);
                own.entry(scope).or_default().associated[association.channel as usize].push(association.sender);
            }
            for index in catalog.strategies_in(application) {
                let strategy = &catalog.strategies()[index as usize];
                own.entry(Scope::of(application, strategy.entity)).or_default().strategies.push(index);
            }
            for default in catalog.default_senders_in(application) {
                own.entry(Scope::of(application, default.entity)).or_default().default = Some(default.sender);
            }
        }
        // A sender may be associated as a number and as a name.
        for senders in own.values_mut().flat_map(|own| &mut own.associated) {
            senders.sort_unstable();
            senders.dedup();
        }
        Self { catalog, own, nothing: Own::default(), pools: RefCell::default() }
    }

    /// The scope with these ids; `None` if there is no such application.
    pub(super) fn named(&self, application: &str, entity: Option<&str>) -> Option<Scope> {
        let entity =
            entity.map(|entity| self.catalog.entity(entity).map_or(Entity::Unknown, |(index, _)| Entity::Known(index)));
        Some(Scope { application: self.catalog.application(application)?.0, entity })
    }

    /// The scopes that have strategies, or senders of an entity, in the order of the catalog.
    pub(super) fn all(&self) -> impl Iterator<Item = Scope> {
        let audited = self.own.iter().filter(|(scope, own)| {
            let is_associated = own.associated.iter().any(|senders| !senders.is_empty());
            !own.strategies.is_empty() || scope.entity.is_some() && is_associated
        });
        audited.map(|(scope, _)| *scope)
    }

    /// The strategies that count for a channel: those of the entity as soon as it has one for it, else the
    /// application's.
    pub(super) fn counting(&self, scope: Scope, channel: Channel) -> Vec<u32> {
        let for_channel = |own: &Own| -> Vec<u32> {
            let is_for = |&index: &u32| self.strategy(index).channel.is_none_or(|own| own == channel);
            own.strategies.iter().copied().filter(is_for).collect()
        };
        let own = for_channel(self.own(scope));
        if own.is_empty() && scope.entity.is_some() { for_channel(self.application(scope)) } else { own }
    }

    /// Whether any sender is associated for a channel.
    pub(super) fn is_associated(&self, scope: Scope, channel: Channel) -> bool {
        !self.own(scope).associated[channel as usize].is_empty()
    }

    /// The types that the senders of a scope for a channel are limited to, each once.
    pub(super) fn message_types(&self, scope: Scope, channel: Channel) -> BTreeSet<&'a str> {
        let senders = &self.own(scope).associated[channel as usize];
        let senders = senders.iter().map(|&index| &self.catalog.senders()[index as usize]);
        senders.flat_map(|sender| sender.message_types.iter()).collect()
    }

    /// Whether an entity has strategies of its own and no sender for any channel. An application is often like that: its
    /// entities have the senders.
    pub(super) fn has_only_strategies(&self, scope: Scope) -> bool {
        let own = self.own(scope);
        scope.entity.is_some() && !own.strategies.is_empty() && own.associated.iter().all(Vec::is_empty)
    }

    /// The gap that every message of an entity over a channel falls into, to whatever country: it has a strategy for all of
    /// them, and no sender.
    pub(super) fn gap_everywhere(&self, scope: Scope, channel: Channel) -> Option<Gap> {
        if !self.has_only_strategies(scope) {
            return None;
        }
        let own = self.own(scope);
        let mut every = self
            .counting(scope, channel)
            .into_iter()
            .filter(|&index| own.strategies.contains(&index) && self.strategy(index).countries.is_none());
        let strategy = every.next()?;
        let defaults = [own.default, self.application(scope).default];
        let carries = defaults.into_iter().flatten().any(|default| {
            let sender = &self.catalog.senders()[default as usize];
            !sender.suspended && sender.coverage.countries(channel, Registration::Active).is_some()
        });
        let default = defaults[0].or(defaults[1]);
        (!carries).then_some(Gap { reason: Reason::NoAssociation, strategy: Some(strategy), senders: 0, default })
    }

    /// The gap that a message would fall into; `None` if a sender would carry it. Without a scope the application is
    /// unknown.
    pub(super) fn gap(&self, scope: Option<Scope>, load: &Load<'_>) -> Option<Gap> {
        match self.outcome(scope, load) {
            Outcome::Gap(gap) => Some(gap),
            _ => None,
        }
    }

    /// What becomes of a message. Without a scope the application is unknown.
    pub(super) fn outcome(&self, scope: Option<Scope>, load: &Load<'_>) -> Outcome {
        let (channel, country) = (load.channel, load.country);
        let refused = |reason, senders| Outcome::Gap(Gap { reason, strategy: None, senders, default: None });
        let Some(scope) = scope else { return refused(Reason::NoStrategy, 0) };
        let own = self.own(scope);
        let senders = own.associated[channel as usize].len();
        let counting = self.counting(scope, channel);
        if counting.is_empty() {
            let has_none = own.strategies.is_empty() && self.application(scope).strategies.is_empty();
            return refused(if has_none { Reason::NoStrategy } else { Reason::ChannelNotAllowed }, senders);
        }
        let Some(strategy) = self.chosen(&counting, country) else {
            return refused(Reason::CountryNotAllowed, senders);
        };

        let mut reason = Reason::NoAssociation;
        for group in self.pool(scope, channel, strategy).iter() {
            let sender = &self.catalog.senders()[group.sender as usize];
            reason = reason.max(match load.obstacle(self.catalog, sender) {
                Some(obstacle) => obstacle,
                None if !group.is_listed => Reason::NotListed,
                None => return Outcome::Covered { strategy },
            });
        }
        let mut defaults = [own.default, self.application(scope).default].into_iter().flatten();
        let sender = |default: u32| &self.catalog.senders()[default as usize];
        let first = defaults.clone().next();
        match defaults.find(|&default| load.obstacle(self.catalog, sender(default)).is_none()) {
            Some(sender) => Outcome::DefaultSender { strategy, sender },
            None => Outcome::Gap(Gap { reason, strategy: Some(strategy), senders, default: first }),
        }
    }

    /// The countries that active registrations of a scope's senders for a channel name.
    pub(super) fn covered_countries(&self, scope: Scope, channel: Channel) -> BTreeSet<Country> {
        let mut seen = HashSet::new();
        let senders = self.own(scope).associated[channel as usize].iter();
        let senders = senders.map(|&index| &self.catalog.senders()[index as usize]);
        // Senders with equal coverages share one.
        let each = senders.filter(|sender| seen.insert(sender.coverage.address()));
        let covered = each.filter_map(|sender| sender.coverage.countries(channel, Registration::Active));
        let mut countries = BTreeSet::new();
        for covered in covered {
            if let Countries::Only(listed) = covered {
                countries.extend(listed.iter().copied());
            }
        }
        countries
    }

    /// Country and channel both set, then country set, then channel set, then neither.
    fn chosen(&self, counting: &[u32], country: Country) -> Option<u32> {
        let lists = |strategy: &Strategy| {
            let countries = strategy.countries.as_deref();
            countries.map(|countries| countries.binary_search_by_key(&country.bits(), |listed| listed.bits()).is_ok())
        };
        let allowed = counting.iter().copied().filter(|&index| lists(self.strategy(index)) != Some(false));
        allowed.max_by_key(|&index| {
            let strategy = self.strategy(index);
            (strategy.countries.is_some(), strategy.channel.is_some())
        })
    }

    fn pool(&self, scope: Scope, channel: Channel, strategy: u32) -> Rc<[Group]> {
        let listed = self.strategy(strategy).senders.as_deref();
        let key = (scope, channel, listed.map(|_| strategy));
        if let Some(pool) = self.pools.borrow().get(&key) {
            return Rc::clone(pool);
        }
        // Equal coverages of a catalog share one allocation, so comparing addresses tells most of them apart.
        let mut groups: HashMap<(usize, bool, bool, bool, &MessageTypes), u32> = HashMap::new();
        for &index in &self.own(scope).associated[channel as usize] {
            let sender = &self.catalog.senders()[index as usize];
            let is_listed = listed.is_none_or(|listed| listed.binary_search(&index).is_ok());
            let (coverage, is_name) = (sender.coverage.address(), sender.kind == SenderType::Alphanumeric);
            let alike = (coverage, is_name, sender.suspended, is_listed, &sender.message_types);
            groups.entry(alike).or_insert(index);
        }
        let groups = groups.into_iter().map(|((_, _, _, is_listed, _), sender)| Group { sender, is_listed });
        let pool: Rc<[Group]> = groups.collect();
        self.pools.borrow_mut().insert(key, Rc::clone(&pool));
        pool
    }

    fn strategy(&self, index: u32) -> &'a Strategy {
        &self.catalog.strategies()[index as usize]
    }

    fn own(&self, scope: Scope) -> &Own {
        self.own.get(&scope).unwrap_or(&self.nothing)
    }

    fn application(&self, scope: Scope) -> &Own {
        self.own(Scope { entity: None, ..scope })
    }
}

#[cfg(test)]
mod tests;
