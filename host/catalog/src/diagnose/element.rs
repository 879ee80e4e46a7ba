//! What each element of the file must be.

use std::borrow::Cow;

use callsign_destination::Country;
use serde_json::value::RawValue;

use super::{Field, Object, Walker};
use crate::{
    build::Ends,
    conflicts::Reach,
    ids::{Ids, Known},
    json_path::{self, Path, Spot},
    kind::{AnyChannel, Channel, IDLE_DAYS, ResourceType, SenderType, Status},
    model::{Association, OtherAssociation},
    rule::{self, quoted},
};

/// An application, or an entity of it, by the ids that the file gives.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scope<'a> {
    pub(crate) application: Cow<'a, str>,
    pub(crate) entity: Option<Cow<'a, str>>,
}

/// What an association says; no two say the same.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Link<'a> {
    pub(crate) resource_type: ResourceType,
    pub(crate) channel: AnyChannel,
    pub(crate) scope: Scope<'a>,
    pub(crate) resource: Cow<'a, str>,
}

const ID: &str = "a string of 1 to 255 characters";
const PLATFORM: &str = "an object with \"applicationId\" and, for an entity of it, \"entityId\"";

pub(super) const APPLICATION_FIELDS: &[Field] =
    &[Field::required("applicationId", ID), Field::optional("applicationName")];

pub(super) const ENTITY_FIELDS: &[Field] = &[Field::required("entityId", ID), Field::optional("entityName")];

pub(super) const SENDER_FIELDS: &[Field] = &[
    Field::required("senderId", ID),
    Field::required("sender", "the number, the code or the name that messages come from"),
    Field::required("senderType", "ALPHANUMERIC, VIRTUAL_LONG_NUMBER, SHORT_CODE or TOLL_FREE_NUMBER"),
    Field::required("coverage", "a list of {\"channel\", \"countries\"}"),
    Field::optional("status"),
];

const COVERAGE_FIELDS: &[Field] = &[
    Field::required("channel", "SMS, MMS or RCS"),
    Field::required("countries", "\"*\" for every country, or a list of country codes"),
];

const ASSOCIATION_FIELDS: &[Field] = &[
    Field::required("resourceType", "NUMBER, ALPHA, DOMAIN, RCS_RESOURCE or APPLE_RESOURCE"),
    Field::required("channel", "SMS, MMS, EMAIL, WHATSAPP, RCS or APPLE"),
    Field::required("applicationId", "an id of \"applications\", or \"default\""),
    Field::nullable("entityId", "an id of \"entities\", or null for no entity"),
    Field::required("resourceId", "a senderId for NUMBER and ALPHA, the resource's own id for the others"),
];

pub(super) const STRATEGY_FIELDS: &[Field] = &[
    Field::required("sendingStrategyId", ID),
    Field::required("platform", PLATFORM),
    Field::optional("channel"),
    Field::optional("destinationCountryCode"),
    Field::optional("destinationCountryCodes"),
    Field::optional("useStickySender"),
    Field::optional("stickyIdleDays"),
    Field::optional("useGeolocatedSender"),
    Field::optional("priorities"),
    Field::optional("senderIds"),
];

const PLATFORM_FIELDS: &[Field] =
    &[Field::required("applicationId", "an id of \"applications\", or \"default\""), Field::optional("entityId")];

const PRIORITY_FIELDS: &[Field] = &[
    Field::required("senderType", "ALPHANUMERIC, VIRTUAL_LONG_NUMBER, SHORT_CODE or TOLL_FREE_NUMBER"),
    Field::required("priority", "a whole number from 1 (best) to 4"),
];

pub(super) const DEFAULT_SENDER_FIELDS: &[Field] =
    &[Field::required("platform", PLATFORM), Field::required("senderId", "an id of \"senders\"")];

/// The association of a sender as a few numbers, which are the same for no two that differ.
pub(crate) fn code(
    resource_type: ResourceType,
    channel: AnyChannel,
    application: u32,
    entity: Option<u32>,
    sender: u32,
) -> [u32; 4] {
    let kind = (resource_type as u32) << 8 | channel as u32;
    // No index is that high, within the size limit.
    [kind, application, entity.unwrap_or(u32::MAX), sender]
}

// === impl Link ===

impl Link<'_> {
    /// The association of a sender, as [`code`].
    pub(crate) fn code(&self, application: u32, entity: Option<u32>, sender: u32) -> [u32; 4] {
        code(self.resource_type, self.channel, application, entity, sender)
    }

    /// Whether strategies act on it.
    pub(crate) fn is_acted_on(&self) -> bool {
        self.resource_type.is_sender() && self.channel.resolved().is_some()
    }

    /// The association as strategies act on it, if they do.
    pub(crate) fn acted_on(&self, ends: Ends) -> Option<Association> {
        let Ends { application, entity, sender } = ends;
        let (channel, sender) = self.channel.resolved().zip(sender)?;
        Some(Association { resource_type: self.resource_type, channel, application, entity, sender })
    }

    /// The association as it is kept where no strategy acts on it.
    pub(crate) fn kept(&self) -> OtherAssociation {
        OtherAssociation {
            resource_type: self.resource_type.as_str(),
            channel: self.channel.as_str(),
            application: self.scope.application.as_ref().into(),
            entity: self.scope.entity.as_deref().map(Into::into),
            resource: self.resource.as_ref().into(),
        }
    }
}

// === impl Walker ===

impl<'a> Walker<'_, 'a> {
    /// Notes the faults of an application; gives its id.
    pub(crate) fn application(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object(spot, APPLICATION_FIELDS)?;
        self.ruled(object.get("applicationName"), rule::name);
        self.id(&object, "applicationId")
    }

    /// Notes the faults of an entity; gives its id.
    pub(crate) fn entity(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object(spot, ENTITY_FIELDS)?;
        self.ruled(object.get("entityName"), rule::name);
        self.id(&object, "entityId")
    }

    /// Notes the faults of a sender; gives its id.
    pub(crate) fn sender(&mut self, spot: &Spot<'a, '_>) -> Option<Cow<'a, str>> {
        let object = self.object(spot, SENDER_FIELDS)?;
        let kind: Option<SenderType> = self.choice(object.get("senderType"));
        let address = object.get("sender");
        let text = self.text(address);
        if let (Some(spot), Some(kind), Some(text)) = (address, kind, text)
            && let Err(message) = rule::address(kind, &text)
        {
            self.fault(&spot, || message);
        }
        self.each(object.get("coverage"), |walker, spot| walker.coverage(spot));
        self.choice::<Status>(object.get("status"));
        self.id(&object, "senderId")
    }

    /// The id that an object gives itself.
    pub(super) fn id(&mut self, object: &Object<'a, '_>, name: &str) -> Option<Cow<'a, str>> {
        let id = self.ruled(object.get(name), rule::id)?;
        object.is_clear(name).then_some(id)
    }

    fn coverage(&mut self, spot: &Spot<'a, '_>) {
        let Some(object) = self.object(spot, COVERAGE_FIELDS) else {
            return;
        };
        self.choice::<Channel>(object.get("channel"));
        let Some(countries) = object.get("countries") else {
            return;
        };
        if json_path::is_list(countries.raw) {
            self.each(Some(countries), |walker, spot| {
                walker.country(Some(*spot));
            });
        } else if !json_path::is_string(countries.raw) {
            self.wrong_type(&countries, "\"*\" or a list of country codes");
        } else if let Some(text) = self.text(Some(countries))
            && text != rule::EVERY_COUNTRY
        {
            self.fault(&countries, || {
                format!("{} is neither \"*\" nor a list; put country codes in a list", quoted(&text))
            });
        }
    }

    /// Notes the faults of an association; gives what it says, if all of it can be read.
    pub(crate) fn association(&mut self, spot: &Spot<'a, '_>, known: &Known<'a>) -> Option<Link<'a>> {
        let object = self.object(spot, ASSOCIATION_FIELDS)?;
        let resource_type: Option<ResourceType> = self.choice(object.get("resourceType"));
        let channel = self.choice(object.get("channel"));
        let application = self.application_reference(object.get("applicationId"), known);
        let entity_spot = object.get("entityId");
        let entity = self.entity_reference(entity_spot, known);
        let resource_spot = object.get("resourceId");
        let resource = if resource_type.is_some_and(ResourceType::is_sender) {
            self.sender_reference(resource_spot, &known.senders)
        } else {
            self.ruled(resource_spot, rule::id)
        };
        let entity_read = object.has("entityId") && entity.is_some() == entity_spot.is_some();
        let link = Link {
            resource_type: resource_type?,
            channel: channel?,
            scope: Scope { application: application?, entity },
            resource: resource?,
        };
        // Every field of it is required, so one that is unknown takes no other's place.
        let clear = ASSOCIATION_FIELDS.iter().all(|field| object.is_clear(field.name));
        (entity_read && clear).then_some(link)
    }

    /// Notes the faults of a strategy; gives its id and what it acts on, where that can be read.
    pub(crate) fn strategy(
        &mut self,
        spot: &Spot<'a, '_>,
        known: &Known<'a>,
    ) -> (Option<Cow<'a, str>>, Option<Reach<'a>>) {
        let Some(object) = self.object(spot, STRATEGY_FIELDS) else {
            return (None, None);
        };
        let id = self.id(&object, "sendingStrategyId");
        let scope = self.platform(object.get("platform"), known);
        let channel_spot = object.get("channel");
        let channel: Option<Channel> = self.choice(channel_spot);
        let (one, many) = (object.get("destinationCountryCode"), object.get("destinationCountryCodes"));
        if let (Some(_), Some(many)) = (one, many) {
            self.fault(&many, || "stands beside \"destinationCountryCode\"; keep one of the two".to_owned());
        }
        let one_country = self.country(one);
        let countries = self.countries(many);
        self.boolean(object.get("useStickySender"));
        self.idle_days(object.get("stickyIdleDays"));
        self.boolean(object.get("useGeolocatedSender"));
        self.priorities(object.get("priorities"));
        let senders = object.get("senderIds");
        self.not_empty(senders);
        self.each(senders, |walker, spot| {
            walker.sender_reference(Some(*spot), &known.senders);
        });
        let countries = match (one, many) {
            (None, None) => Some(None),
            (Some(_), None) => one_country.map(|country| Some(vec![country])),
            (None, Some(_)) => countries.map(Some),
            (Some(_), Some(_)) => None,
        };
        // A channel or a list that cannot be read is not one that is unset: what it ties with is not known.
        let channel_read = channel.is_some() == channel_spot.is_some();
        let reach = countries.zip(scope).map(|(countries, scope)| Reach { scope, channel, countries });
        let reach = reach.filter(|_| channel_read && object.is_all_clear());
        (id, reach)
    }

    /// Notes the faults of a default sender; gives whose default it is.
    pub(crate) fn default_sender(&mut self, spot: &Spot<'a, '_>, known: &Known<'a>) -> Option<Scope<'a>> {
        let object = self.object(spot, DEFAULT_SENDER_FIELDS)?;
        self.sender_reference(object.get("senderId"), &known.senders);
        let platform = self.platform(object.get("platform"), known)?;
        object.is_clear("platform").then_some(platform)
    }

    pub(super) fn platform(&mut self, spot: Option<Spot<'a, '_>>, known: &Known<'a>) -> Option<Scope<'a>> {
        let spot = spot?;
        let object = self.object(&spot, PLATFORM_FIELDS)?;
        let application = self.application_reference(object.get("applicationId"), known);
        let entity_spot = object.get("entityId");
        let entity = self.entity_reference(entity_spot, known);
        let entity_read = entity.is_some() == entity_spot.is_some();
        let scope = Scope { application: application?, entity };
        (entity_read && object.is_all_clear()).then_some(scope)
    }

    fn priorities(&mut self, spot: Option<Spot<'a, '_>>) {
        let mut named = [false; SenderType::ALL.len()];
        self.each(spot, |walker, spot| {
            let Some(object) = walker.object(spot, PRIORITY_FIELDS) else {
                return;
            };
            let kind_spot = object.get("senderType");
            let kind: Option<SenderType> = walker.choice(kind_spot);
            if let (Some(spot), Some(kind)) = (kind_spot, kind)
                && std::mem::replace(&mut named[kind as usize], true)
            {
                walker.fault(&spot, || format!("{kind} is named twice; a type has one priority"));
            }
            if let Some(priority) = object.get("priority")
                && !matches!(priority.raw.get(), "1" | "2" | "3" | "4")
            {
                walker.fault(&priority, || {
                    format!("must be a whole number from 1 (best) to 4, not {}", written(priority.raw))
                });
            }
        });
    }

    fn idle_days(&mut self, spot: Option<Spot<'a, '_>>) {
        if let Some(spot) = spot
            && !spot.raw.get().parse().is_ok_and(|days: u16| IDLE_DAYS.contains(&days))
        {
            self.fault(&spot, || {
                let (least, most) = (IDLE_DAYS.start(), IDLE_DAYS.end());
                format!("must be a whole number of days from {least} to {most}, not {}", written(spot.raw))
            });
        }
    }

    /// The countries of a list that is not empty; nothing when none of them can be read.
    fn countries(&mut self, spot: Option<Spot<'a, '_>>) -> Option<Vec<Country>> {
        self.not_empty(spot);
        let mut readable = Vec::new();
        self.each(spot, |walker, spot| readable.extend(walker.country(Some(*spot))));
        (!readable.is_empty()).then_some(readable)
    }

    fn country(&mut self, spot: Option<Spot<'a, '_>>) -> Option<Country> {
        let text = self.text(spot)?;
        match (rule::country(&text), spot) {
            (Err(message), Some(spot)) => {
                self.fault(&spot, || message);
                None
            }
            (country, _) => country.ok(),
        }
    }

    fn not_empty(&mut self, spot: Option<Spot<'a, '_>>) {
        if let Some(spot) = spot
            && json_path::is_list(spot.raw)
            && json_path::items(spot.raw).is_empty()
        {
            self.fault(&spot, || "is empty, and an empty list allows nothing: leave it out to allow all".to_owned());
        }
    }

    fn application_reference(&mut self, spot: Option<Spot<'a, '_>>, known: &Known<'a>) -> Option<Cow<'a, str>> {
        self.reference(spot, &known.applications, ("application", "applications"))
    }

    fn entity_reference(&mut self, spot: Option<Spot<'a, '_>>, known: &Known<'a>) -> Option<Cow<'a, str>> {
        self.reference(spot, &known.entities, ("entity", "entities"))
    }

    fn sender_reference(&mut self, spot: Option<Spot<'a, '_>>, senders: &Ids<'a>) -> Option<Cow<'a, str>> {
        self.reference(spot, senders, ("sender", "senders"))
    }

    /// Walks every element of a list.
    fn each(&mut self, list: Option<Spot<'a, '_>>, mut walk: impl FnMut(&mut Self, &Spot<'a, '_>)) {
        let Some(list) = list else {
            return;
        };
        for (index, raw) in self.items(&list).into_iter().flatten().enumerate() {
            walk(self, &Spot { raw, path: Path::Index { of: &list.path, index } });
        }
    }
}

/// What stands in place of a number: the number itself, or what it is instead.
fn written(raw: &RawValue) -> String {
    match json_path::is_number(raw) {
        true => raw.get().chars().take(24).collect(),
        false => json_path::type_name(raw).to_owned(),
    }
}
