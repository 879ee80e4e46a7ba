//! Sending strategies as the file has them.

use std::{borrow::Cow, num::NonZeroU8};

use super::{PLATFORM, PLATFORM_SHAPE, Read, STRATEGY_ID, written};
use crate::{
    conflicts::Selector,
    coverage::Coverages,
    ids::{Ids, KnownIds},
    json_path::ValueAt,
    kind::{Channel, SenderType},
    model::Strategy,
    reader::{Field, FieldValue, Reader},
    rule,
    unresolved::UnresolvedStrategy,
};
use callsign_destination::Country;

pub(super) const STRATEGY: &[Field; 11] = &[
    Field::required_by_rule(STRATEGY_ID, rule::id_shape),
    Field::required(PLATFORM, PLATFORM_SHAPE),
    Field::optional("channel"),
    Field::optional(ONE_COUNTRY),
    Field::optional("destinationCountryCodes"),
    Field::optional("useStickySender"),
    Field::optional("stickyIdleDays"),
    Field::optional("useGeolocatedSender"),
    Field::optional("priorities"),
    Field::optional("senderIds"),
    Field::optional("skipUnhealthySenders"),
];

const ONE_COUNTRY: &str = "destinationCountryCode";

const PRIORITY: &[Field; 2] =
    &[Field::required_word::<SenderType>("senderType"), Field::required_by_rule("priority", rule::priority_shape)];

/// Strategies.
impl<'a> Reader<'_, 'a> {
    /// A strategy and its id, and the messages that it is for, even if it has faults, as long as they can be read.
    pub(crate) fn strategy(
        &mut self,
        at: &ValueAt<'a, '_>,
        known: &KnownIds<'a>,
        coverages: &mut Coverages<'a>,
    ) -> (Read<Cow<'a, str>, UnresolvedStrategy<'a>>, Option<Selector<'a>>) {
        let mut selector = None;
        let read = self.element(at, STRATEGY, |reader, object| {
            let [id, platform, channel, one, many, sticky, idle_days, geolocated, priorities, senders, skip_unhealthy] =
                object.fields();
            let key = reader.id(&id);
            let platform = reader.platform(&platform, known);
            let channel_at = channel.value();
            let channel: Option<Channel> = reader.word(channel_at);
            let countries = reader.strategy_countries(&one, &many);
            let sticky = reader.boolean(sticky.value());
            let sticky_idle_days = reader.idle_days(idle_days.value());
            let geolocated = reader.boolean(geolocated.value());
            let skip_unhealthy = reader.boolean(skip_unhealthy.value());
            let priorities = reader.priorities(priorities.value());
            let senders = reader.sender_references(senders.value(), &known.senders);
            let complete = key.as_ref().zip(platform.as_ref()).zip(countries.as_ref());
            let element = complete.map(|((id, platform), countries)| UnresolvedStrategy {
                id: id.clone(),
                platform: platform.clone(),
                senders,
                without_references: Strategy {
                    id: id.as_ref().into(),
                    application: 0,
                    entity: None,
                    channel,
                    countries: countries.as_ref().map(|countries| coverages.list(countries.clone())),
                    sticky,
                    sticky_idle_days,
                    geolocated,
                    skip_unhealthy,
                    priorities,
                    senders: None,
                },
            });
            // A channel or a list that cannot be read is not one that is absent: what it ties with is not known.
            let channel_read = channel.is_some() == channel_at.is_some();
            selector = countries.zip(platform).map(|(countries, scope)| Selector { scope, channel, countries });
            selector.take_if(|_| !channel_read || !object.is_all_clear());
            Read { key, element }
        });
        (read, selector)
    }

    /// The countries of a strategy, none for every country. Nothing if they cannot be read.
    fn strategy_countries(
        &mut self,
        one: &FieldValue<'a, '_>,
        many: &FieldValue<'a, '_>,
    ) -> Option<Option<Vec<Country>>> {
        let (one, many) = (one.value(), many.value());
        if let (Some(_), Some(many)) = (one, many) {
            self.fault(&many, || format!("stands beside \"{ONE_COUNTRY}\"; keep one of the two"));
        }
        let country = self.country(one);
        self.not_empty(many);
        let mut countries = Vec::new();
        self.each(many, |reader, at| countries.extend(reader.country(Some(*at))));
        match (one, many) {
            (None, None) => Some(None),
            (Some(_), None) => country.map(|country| Some(vec![country])),
            (None, Some(_)) => (!countries.is_empty()).then_some(Some(countries)),
            (Some(_), Some(_)) => None,
        }
    }

    /// After how many days without use a pin ends; 0 if the value is absent.
    fn idle_days(&mut self, at: Option<ValueAt<'a, '_>>) -> u16 {
        let Some(at) = at else {
            return 0;
        };
        let days = at.json.as_str().parse().ok().filter(|days| rule::IDLE_DAYS.contains(days));
        if days.is_none() {
            self.fault(&at, || format!("must be {}, not {}", rule::idle_days_shape(), written(at.json)));
        }
        days.unwrap_or_default()
    }

    /// The number of each sender type, by the number of the type.
    fn priorities(&mut self, at: Option<ValueAt<'a, '_>>) -> [Option<NonZeroU8>; SenderType::ALL.len()] {
        let mut priorities = [None; SenderType::ALL.len()];
        let mut named = [false; SenderType::ALL.len()];
        self.each(at, |reader, at| {
            let Some(object) = reader.object(at, PRIORITY) else {
                return;
            };
            let [kind, priority] = object.fields();
            let kind_at = kind.value();
            let kind: Option<SenderType> = reader.word(kind_at);
            if let (Some(at), Some(kind)) = (kind_at, kind)
                && std::mem::replace(&mut named[kind as usize], true)
            {
                reader.fault(&at, || format!("{kind} is named twice; a type has one priority"));
            }
            if let Some(at) = priority.value() {
                let number = at.json.as_str().parse().ok().filter(|number| rule::PRIORITIES.contains(number));
                if number.is_none() {
                    reader.fault(&at, || format!("must be {}, not {}", rule::priority_shape(), written(at.json)));
                }
                if let (Some(kind), Some(number)) = (kind, number) {
                    priorities[kind as usize] = NonZeroU8::new(number);
                }
            }
        });
        priorities
    }

    /// A list of sender ids that is not empty.
    fn sender_references(&mut self, at: Option<ValueAt<'a, '_>>, senders: &Ids<'a>) -> Option<Vec<Cow<'a, str>>> {
        self.not_empty(at);
        let mut ids = Vec::new();
        self.each(at, |reader, at| ids.extend(reader.sender_reference(Some(*at), senders)));
        at.map(|_| ids)
    }
}
