//! All gaps of a platform: those that follow from its strategies, and those that traffic found.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use callsign::{Catalog, Channel, Country};

use super::outcome::{Gap, Load, Scope, Scopes};
use crate::refused_traffic::{RefusedMessages, RefusedTraffic};

/// Which part of a platform is audited.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) application: Option<String>,
    pub(super) entity: Option<String>,
    pub(super) channel: Option<Channel>,
    pub(super) country: Option<Country>,
}

/// Application, entity, channel, country and message type, in this order. Without a country all are meant, and without a
/// type messages of every type.
pub(super) type Place<'a> = (&'a str, Option<&'a str>, u8, Option<Country>, Option<&'a str>);

/// A gap, and the messages that it refused.
pub(super) struct Found<'a> {
    pub(super) gap: Gap,
    /// Those of each message type by themselves.
    pub(super) seen: Vec<&'a RefusedMessages>,
}

impl Part {
    pub(super) fn has(&self, application: &str, entity: Option<&str>) -> bool {
        self.application.as_deref().is_none_or(|wanted| wanted == application)
            && self.entity.as_deref().is_none_or(|wanted| Some(wanted) == entity)
    }

    pub(super) fn has_kind(&self, channel: Channel, country: Option<Country>) -> bool {
        self.channel.is_none_or(|wanted| wanted == channel)
            && self.country.is_none_or(|wanted| country.is_none_or(|country| wanted == country))
    }
}

/// All gaps. Entries of refused traffic that are no gap any more are dropped.
pub(super) fn gaps<'a>(
    catalog: &'a Catalog,
    refused: &'a [RefusedMessages],
    traffic: &RefusedTraffic,
    part: &Part,
) -> BTreeMap<Place<'a>, Found<'a>> {
    let applications = match &part.application {
        None => 0..catalog.applications().slots().len() as u32,
        Some(id) => catalog.application(id).map_or(0..0, |(index, _)| index..index + 1),
    };
    let scopes = Scopes::new(catalog, applications);
    let mut found = BTreeMap::new();

    // The countries of refused messages, for strategies that list none.
    let mut named: HashMap<(&str, Option<&str>), BTreeSet<Country>> = HashMap::new();
    for refused in refused {
        named.entry((&refused.application, refused.entity.as_deref())).or_default().insert(refused.country);
    }
    for scope in scopes.all() {
        let (application, entity) = names(catalog, scope);
        if !part.has(application, entity) {
            continue;
        }
        for channel in Channel::ALL {
            if part.has_kind(channel, None)
                && let Some(gap) = scopes.gap_everywhere(scope, channel)
            {
                found.insert((application, entity, channel as u8, None, None), Found { gap, seen: Vec::new() });
            }
            let types = scopes.message_types(scope, channel);
            for country in countries(catalog, &scopes, scope, channel, named.get(&(application, entity))) {
                if !part.has_kind(channel, Some(country)) {
                    continue;
                }
                let place = |message_type| (application, entity, channel as u8, Some(country), message_type);
                let all = Load { channel, country, message_type: None };
                if let Some(gap) = scopes.gap(Some(scope), &all) {
                    found.insert(place(None), Found { gap, seen: Vec::new() });
                    continue;
                }
                // Of the types that senders of the scope are limited to, each needs one of them.
                for &message_type in &types {
                    let of_type = Load { message_type: Some(message_type), ..all };
                    if let Some(gap) = scopes.gap(Some(scope), &of_type) {
                        found.insert(place(Some(message_type)), Found { gap, seen: Vec::new() });
                    }
                }
            }
        }
    }

    for seen in refused {
        let (application, entity) = (&*seen.application, seen.entity.as_deref());
        if !part.has(application, entity) || !part.has_kind(seen.channel, Some(seen.country)) {
            continue;
        }
        let all = Load { channel: seen.channel, country: seen.country, message_type: None };
        let of_type = Load { message_type: seen.message_type.as_deref(), ..all };
        let scope = || scopes.named(application, entity);
        let place = |message_type| (application, entity, seen.channel as u8, Some(seen.country), message_type);
        // Where no message finds a sender, its type does not matter.
        let of_all = found.get(&place(None)).map(|found| found.gap).or_else(|| scopes.gap(scope(), &all));
        let (place, gap) = match of_all {
            Some(gap) => (place(None), Some(gap)),
            None => (place(of_type.message_type), scopes.gap(scope(), &of_type)),
        };
        match gap {
            Some(gap) => found.entry(place).or_insert(Found { gap, seen: Vec::new() }).seen.push(seen),
            None => traffic.forget(seen),
        }
    }
    found
}

/// The countries that count for a scope and a channel.
pub(super) fn countries(
    catalog: &Catalog,
    scopes: &Scopes<'_>,
    scope: Scope,
    channel: Channel,
    named: Option<&BTreeSet<Country>>,
) -> BTreeSet<Country> {
    let is_associated = scopes.is_associated(scope, channel) || scopes.has_only_strategies(scope);
    let mut countries = BTreeSet::new();
    for index in scopes.counting(scope, channel) {
        let strategy = &catalog.strategies()[index as usize];
        // A strategy of every channel is audited for the channels that the scope has senders for; an entity's that has none for
        // any channel, for all.
        if strategy.channel.is_none() && !is_associated {
            continue;
        }
        match strategy.countries.as_deref() {
            Some(listed) => countries.extend(listed),
            None => countries.extend(named.into_iter().flatten()),
        }
    }
    countries
}

pub(super) fn names(catalog: &Catalog, scope: Scope) -> (&str, Option<&str>) {
    let entity = scope.entity.and_then(|entity| entity.index());
    let entity = entity.map(|index| &*catalog.entities()[index as usize].id);
    (&catalog.applications()[scope.application as usize].id, entity)
}
