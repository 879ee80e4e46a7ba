//! The model of an element that has no fault of its own.
//!
//! Each function gives nothing where `walk` would find a fault, and only there: the two must agree on every rule, and
//! take the rules of values from one place. Elements that refer to others come in two steps: what they are by
//! themselves, and where the ids that they name are.

use std::{borrow::Cow, num::NonZeroU8, sync::Arc};

use serde_json::value::RawValue;

use super::{
    conflicts::Reach,
    coverage::Coverages,
    diagnose::{Link, Scope},
    element::{self, Choice, CountryCode, Object, Text},
    kind::{IDLE_DAYS, Status},
    model::{Application, DefaultSender, Entity, Sender, Strategy},
    rule,
};

/// The largest number that a priority may have.
const LAST_PRIORITY: u8 = 4;

/// The indexes of those elements that others refer to, by their ids.
pub(super) trait Indexes {
    fn application(&self, id: &str) -> Option<u32>;
    fn entity(&self, id: &str) -> Option<u32>;
    fn sender(&self, id: &str) -> Option<u32>;
}

/// What an association refers to, by index.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) application: u32,
    pub(super) entity: Option<u32>,
    /// None where the resource is not one of the catalog's senders.
    pub(super) sender: Option<u32>,
}

/// A strategy that is sound by itself, before what it refers to is looked up.
pub(super) struct WrittenStrategy<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) platform: Scope<'a>,
    pub(super) senders: Option<Vec<Text<'a>>>,
    /// All of it but the indexes.
    unplaced: Strategy,
}

/// A default sender that is sound by itself, before what it refers to is looked up.
pub(super) struct WrittenDefault<'a> {
    pub(super) platform: Scope<'a>,
    pub(super) sender: Cow<'a, str>,
}

pub(super) fn application<'a>(raw: &'a RawValue) -> Option<(Text<'a>, Application)> {
    let element: element::Application<'a> = element::read(raw)?;
    let id = id(element.application_id)?;
    let name = name(element.application_name)?;
    let application = Application { id: id.0.as_ref().into(), name };
    Some((id, application))
}

pub(super) fn entity<'a>(raw: &'a RawValue) -> Option<(Text<'a>, Entity)> {
    let element: element::Entity<'a> = element::read(raw)?;
    let id = id(element.entity_id)?;
    let name = name(element.entity_name)?;
    let entity = Entity { id: id.0.as_ref().into(), name };
    Some((id, entity))
}

pub(super) fn sender<'a>(raw: &'a RawValue, coverages: &mut Coverages<'a>) -> Option<(Text<'a>, Sender)> {
    let element: element::Sender<'a> = element::read(raw)?;
    let id = id(element.sender_id)?;
    let address = element.sender?.0;
    let Choice(kind) = element.sender_type?;
    let sender = Sender {
        id: id.0.as_ref().into(),
        number: rule::address(kind, &address).ok()?,
        address: address.into(),
        kind,
        coverage: coverages.read(element.coverage?)?,
        suspended: matches!(element.status, Some(Choice(Status::Suspended))),
    };
    Some((id, sender))
}

/// An association, before what it refers to is looked up.
pub(super) fn link<'a>(raw: &'a RawValue) -> Option<Link<'a>> {
    let element: element::Association<'a> = element::read(raw)?;
    let Choice(resource_type) = element.resource_type?;
    let Choice(channel) = element.channel?;
    let resource = match resource_type.is_sender() {
        // Known ids keep the rules of ids.
        true => element.resource_id?,
        false => id(element.resource_id)?,
    };
    Some(Link {
        resource_type,
        channel,
        scope: Scope { application: element.application_id?.0, entity: element.entity_id?.map(|Text(entity)| entity) },
        resource: resource.0,
    })
}

/// What an association refers to; nothing when the catalog lacks any of it.
pub(super) fn ends(link: &Link<'_>, known: &impl Indexes) -> Option<Ends> {
    let (application, entity) = scope(&link.scope, known)?;
    let sender = match link.resource_type.is_sender() {
        true => Some(known.sender(&link.resource)?),
        false => None,
    };
    Some(Ends { application, entity, sender })
}

pub(super) fn strategy<'a>(raw: &'a RawValue, coverages: &mut Coverages<'a>) -> Option<WrittenStrategy<'a>> {
    let element: element::Strategy<'a> = element::read(raw)?;
    let id = id(element.sending_strategy_id)?;
    let platform = platform(element.platform)?;
    let countries = match (element.destination_country_code, element.destination_country_codes) {
        (None, None) => None,
        (Some(CountryCode(country)), None) => Some(vec![country]),
        (None, Some(list)) if !list.is_empty() => Some(list.into_iter().map(|CountryCode(country)| country).collect()),
        _ => return None,
    };
    let unplaced = Strategy {
        id: id.0.as_ref().into(),
        application: 0,
        entity: None,
        channel: element.channel.map(|Choice(channel)| channel),
        countries: countries.map(|list| coverages.list(list)),
        sticky: element.use_sticky_sender.unwrap_or(false),
        sticky_idle_days: match element.sticky_idle_days {
            None => 0,
            Some(days) if IDLE_DAYS.contains(&days) => days,
            Some(_) => return None,
        },
        geolocated: element.use_geolocated_sender.unwrap_or(false),
        priorities: priorities(element.priorities.unwrap_or_default())?,
        senders: None,
    };
    let senders = element.sender_ids;
    if senders.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    Some(WrittenStrategy { id: id.0, platform, senders, unplaced })
}

pub(super) fn default_sender<'a>(raw: &'a RawValue) -> Option<WrittenDefault<'a>> {
    let element: element::DefaultSender<'a> = element::read(raw)?;
    Some(WrittenDefault { platform: platform(element.platform)?, sender: element.sender_id?.0 })
}

pub(super) fn id(text: Option<Text<'_>>) -> Option<Text<'_>> {
    text.filter(|Text(text)| rule::id(text).is_ok())
}

/// The outer option is whether the name is sound, the inner one whether there is one.
fn name(text: Option<Text<'_>>) -> Option<Option<Box<str>>> {
    match text {
        Some(Text(text)) if rule::name(&text).is_err() => None,
        text => Some(text.map(|Text(text)| text.into())),
    }
}

pub(super) fn platform<'a>(platform: Option<Object<element::Platform<'a>>>) -> Option<Scope<'a>> {
    let Object(platform) = platform?;
    Some(Scope { application: platform.application_id?.0, entity: platform.entity_id.map(|Text(entity)| entity) })
}

fn scope(scope: &Scope<'_>, known: &impl Indexes) -> Option<(u32, Option<u32>)> {
    let application = known.application(&scope.application)?;
    let entity = match &scope.entity {
        Some(entity) => Some(known.entity(entity)?),
        None => None,
    };
    Some((application, entity))
}

fn priorities(list: Vec<Object<element::Priority>>) -> Option<[Option<NonZeroU8>; 4]> {
    let mut priorities = [None; 4];
    for Object(element) in list {
        let Choice(kind) = element.sender_type?;
        let priority = NonZeroU8::new(element.priority?)?;
        if priority.get() > LAST_PRIORITY {
            return None;
        }
        let earlier = priorities[kind as usize].replace(priority);
        if earlier.is_some() {
            return None;
        }
    }
    Some(priorities)
}

fn senders(ids: &[Text<'_>], known: &impl Indexes) -> Option<Arc<[u32]>> {
    let indexes = ids.iter().map(|Text(id)| known.sender(id));
    let mut indexes = indexes.collect::<Option<Vec<u32>>>()?;
    indexes.sort_unstable();
    indexes.dedup();
    Some(indexes.into())
}

// === impl WrittenStrategy ===

impl<'a> WrittenStrategy<'a> {
    /// The strategy with its references as indexes; nothing when the catalog lacks any of them.
    pub(super) fn place(&self, known: &impl Indexes) -> Option<Strategy> {
        let (application, entity) = scope(&self.platform, known)?;
        let senders = match &self.senders {
            Some(ids) => Some(senders(ids, known)?),
            None => None,
        };
        Some(Strategy { application, entity, senders, ..self.unplaced.clone() })
    }

    /// The messages that it acts on.
    pub(super) fn reach(&self) -> Reach<'a> {
        let countries = self.unplaced.countries.as_ref().map(|list| list.to_vec());
        Reach { scope: self.platform.clone(), channel: self.unplaced.channel, countries }
    }
}

// === impl WrittenDefault ===

impl WrittenDefault<'_> {
    /// The default sender as indexes; nothing when the catalog lacks any of them.
    pub(super) fn place(&self, known: &impl Indexes) -> Option<DefaultSender> {
        let (application, entity) = scope(&self.platform, known)?;
        let sender = known.sender(&self.sender)?;
        Some(DefaultSender { application, entity, sender })
    }
}
