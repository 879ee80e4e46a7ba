//! Which messages this node refused for want of a strategy or a sender: their scopes, channels and countries.

use std::cmp::Reverse;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use callsign::{AreaCodes, Channel, Country, DEFAULT_APPLICATION, Message, Refusal};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::change::now;

/// The most entries. Beyond it, an entry that was not seen for a while is dropped.
const MOST: usize = 100_000;

/// Shards with a lock each, so that threads seldom wait for each other.
const PARTS: usize = 16;

/// How many entries are compared to find an old one to drop.
const SAMPLE: u64 = 8;

/// Refused messages of one application, entity, channel, country and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedMessages {
    pub(crate) application: Box<str>,
    pub(crate) entity: Option<Box<str>>,
    pub(crate) channel: Channel,
    pub(crate) country: Country,
    pub(crate) message_type: Option<Box<str>>,
    /// The code of the last refusal.
    pub(crate) code: &'static str,
    pub(crate) count: u64,
    /// The last time, in milliseconds since 1970.
    pub(crate) last: u64,
}

/// What identifies an entry.
type Key<'a> = (&'a str, Option<&'a str>, Channel, Country, Option<&'a str>);

impl RefusedMessages {
    pub(crate) fn key(&self) -> Key<'_> {
        (&self.application, self.entity.as_deref(), self.channel, self.country, self.message_type.as_deref())
    }
}

/// All entries of this node since it started.
#[derive(Debug, Default)]
pub(crate) struct RefusedTraffic {
    hasher: DefaultHashBuilder,
    parts: [Mutex<Part>; PARTS],
}

#[derive(Debug, Default)]
struct Part {
    all: Vec<RefusedMessages>,
    /// Positions in `all`, by their keys.
    places: HashTable<u32>,
    /// How many entries each application has.
    of_application: HashMap<Box<str>, usize>,
    /// Where the next sample starts.
    turn: u64,
}

impl RefusedTraffic {
    /// Counts a refused message. Other refusals than those for want of a strategy or a sender are ignored. A message
    /// whose entry exists costs a hash and a lock that is rarely contended.
    pub(crate) fn add(&self, message: &Message<'_>, refusal: &Refusal, area_codes: &AreaCodes) {
        let parsed = || area_codes.parse(message.to).ok().map(|destination| destination.country);
        let (code, country) = match refusal {
            Refusal::NoEligibleSender { country, .. } => ("NO_ELIGIBLE_SENDER", Some(*country)),
            Refusal::CountryNotAllowed(country) => ("COUNTRY_NOT_ALLOWED", Some(*country)),
            Refusal::ChannelNotAllowed(_) => ("CHANNEL_NOT_ALLOWED", parsed()),
            Refusal::NoStrategy => ("NO_STRATEGY", parsed()),
            _ => return,
        };
        let Some(country) = country else { return };
        let application = message.application.unwrap_or(DEFAULT_APPLICATION);
        let message_type = message.message_type.map(|one| one.as_str());
        let key = (application, message.entity, message.channel, country, message_type);
        let hash = self.hasher.hash_one(key);
        self.part(hash).add(hash, key, code, &self.hasher);
    }

    /// All entries, or those of one application.
    pub(crate) fn all(&self, application: Option<&str>) -> Vec<RefusedMessages> {
        let mut all = Vec::new();
        for part in &self.parts {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            let wanted = part.all.iter();
            let wanted =
                wanted.filter(|refused| application.is_none_or(|application| *refused.application == *application));
            all.extend(wanted.cloned());
        }
        all
    }

    /// Drops an entry whose messages would not be refused any more.
    pub(crate) fn forget(&self, refused: &RefusedMessages) {
        let hash = self.hasher.hash_one(refused.key());
        self.part(hash).remove(hash, refused.key(), &self.hasher);
    }

    /// The applications of all entries, each once.
    pub(crate) fn applications(&self) -> Vec<Box<str>> {
        let mut all: Vec<Box<str>> = self.all(None).into_iter().map(|refused| refused.application).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Drops the entries of an application that was removed.
    pub(crate) fn forget_application(&self, application: &str) {
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            for place in (0..part.all.len()).rev() {
                if *part.all[place].application == *application {
                    part.remove_at(place, &self.hasher);
                }
            }
        }
    }

    fn part(&self, hash: u64) -> std::sync::MutexGuard<'_, Part> {
        // The table uses the bits at both ends of the hash.
        let part = (hash >> 32) as usize % PARTS;
        self.parts[part].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    fn add(&mut self, hash: u64, key: Key<'_>, code: &'static str, hasher: &DefaultHashBuilder) {
        let last = now();
        let found = self.places.find(hash, |&place| self.all[place as usize].key() == key);
        if let Some(&place) = found {
            let refused = &mut self.all[place as usize];
            (refused.code, refused.last) = (code, last);
            refused.count += 1;
            return;
        }
        if self.all.len() >= MOST / PARTS {
            self.make_room(hasher);
        }
        let (application, entity, channel, country, message_type) = key;
        let place = self.all.len() as u32;
        *self.of_application.entry(application.into()).or_default() += 1;
        self.all.push(RefusedMessages {
            application: application.into(),
            entity: entity.map(Into::into),
            channel,
            country,
            message_type: message_type.map(Into::into),
            code,
            count: 1,
            last,
        });
        let Self { all, places, .. } = self;
        places.insert_unique(hash, place, |&place| hasher.hash_one(all[place as usize].key()));
    }

    /// Drops the oldest of a few entries: first those of the application that has most, and of these first what was seen once.
    /// A tenant that names a new entity with every message drops its own.
    fn make_room(&mut self, hasher: &DefaultHashBuilder) {
        let length = self.all.len() as u64;
        let sample = (0..SAMPLE).map(|step| {
            let number = (self.turn + step).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            ((number >> 32) % length) as usize
        });
        let oldest = sample.min_by_key(|&place| {
            let RefusedMessages { application, count, last, .. } = &self.all[place];
            (Reverse(self.of_application.get(application)), *count > 1, *last)
        });
        self.turn += SAMPLE;
        if let Some(place) = oldest {
            self.remove_at(place, hasher);
        }
    }

    fn remove(&mut self, hash: u64, key: Key<'_>, hasher: &DefaultHashBuilder) {
        let found = self.places.find(hash, |&place| self.all[place as usize].key() == key).copied();
        if let Some(place) = found {
            self.remove_at(place as usize, hasher);
        }
    }

    fn remove_at(&mut self, place: usize, hasher: &DefaultHashBuilder) {
        let last = self.all.len() - 1;
        let hash = |refused: &RefusedMessages| hasher.hash_one(refused.key());
        if let Ok(found) = self.places.find_entry(hash(&self.all[place]), |&found| found as usize == place) {
            found.remove();
        }
        if let Some(moved) = self.places.find_mut(hash(&self.all[last]), |&found| found as usize == last) {
            *moved = place as u32;
        }
        let gone = self.all.swap_remove(place);
        if let Some(count) = self.of_application.get_mut(&gone.application) {
            *count -= 1;
            if *count == 0 {
                self.of_application.remove(&gone.application);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use callsign::MessageType;

    use super::*;

    fn refusal(country: &str) -> Refusal {
        Refusal::CountryNotAllowed(Country::parse(country).expect("a country"))
    }

    #[test]
    fn the_same_kind_of_message_is_counted_and_another_one_is_kept_apart() {
        let traffic = RefusedTraffic::default();
        let message = Message::new(Channel::Sms, "+33628550123").application("shop");
        for _ in 0..3 {
            traffic.add(&message, &refusal("FR"), AreaCodes::standard());
        }
        traffic.add(&message, &Refusal::NoStrategy, AreaCodes::standard());
        traffic.add(&message.entity("acme"), &refusal("FR"), AreaCodes::standard());
        traffic.add(&message, &Refusal::SenderNotRegistered, AreaCodes::standard());
        traffic.add(&message.message_type(MessageType::PROMOTIONAL), &refusal("FR"), AreaCodes::standard());
        traffic.add(&message.message_type(MessageType::PROMOTIONAL), &refusal("FR"), AreaCodes::standard());
        let mut all = traffic.all(Some("shop"));
        all.sort_by_key(|refused| refused.count);
        let entries: Vec<_> = all.iter().map(|refused| (refused.key(), refused.code, refused.count)).collect();
        let france = Country::parse("FR").expect("a country");
        assert_eq!(
            entries,
            [
                (("shop", Some("acme"), Channel::Sms, france, None), "COUNTRY_NOT_ALLOWED", 1),
                (("shop", None, Channel::Sms, france, Some("PROMOTIONAL")), "COUNTRY_NOT_ALLOWED", 2),
                (("shop", None, Channel::Sms, france, None), "NO_STRATEGY", 4),
            ]
        );
        traffic.forget(&all[0]);
        // In any order: each kind of message is in a part of its own.
        let mut left = traffic.all(None);
        left.sort_by_key(|refused| refused.count);
        assert_eq!(left, all[1..]);
        traffic.add(
            &Message::new(Channel::Sms, "+33628550123").application("bank"),
            &refusal("FR"),
            AreaCodes::standard(),
        );
        traffic.forget_application("shop");
        assert_eq!(traffic.all(None).iter().map(|refused| &*refused.application).collect::<Vec<_>>(), ["bank"]);
        traffic.forget_application("bank");
        assert_eq!(traffic.all(Some("default")), []);
    }

    #[test]
    fn there_is_a_limit_and_what_is_asked_for_often_stays() {
        let traffic = RefusedTraffic::default();
        let often = Message::new(Channel::Rcs, "+33628550123");
        traffic.add(&often, &refusal("FR"), AreaCodes::standard());
        for number in 0..2 * MOST {
            let entity = format!("entity {number}");
            traffic.add(
                &Message::new(Channel::Sms, "+33628550123").entity(&entity),
                &refusal("FR"),
                AreaCodes::standard(),
            );
            traffic.add(&often, &refusal("FR"), AreaCodes::standard());
        }
        let all = traffic.all(None);
        assert!(all.len() <= MOST && all.len() > MOST / 2, "{}", all.len());
        let kept = all.iter().find(|refused| refused.channel == Channel::Rcs).expect("it is kept");
        assert_eq!(kept.count, 1 + 2 * MOST as u64);
        // Every one is found where the index says.
        all.iter().for_each(|refused| traffic.forget(refused));
        assert_eq!(traffic.all(None), []);
    }

    #[test]
    fn an_application_with_ever_new_entities_drops_its_own_entries_and_not_those_of_others() {
        let traffic = RefusedTraffic::default();
        let message = Message::new(Channel::Sms, "+33628550123");
        for number in 0..500 {
            let entity = format!("entity {number}");
            traffic.add(&message.application("calm").entity(&entity), &refusal("FR"), AreaCodes::standard());
        }
        for number in 0..2 * MOST {
            let entity = format!("entity {number}");
            traffic.add(&message.application("flood").entity(&entity), &refusal("FR"), AreaCodes::standard());
        }
        assert_eq!(traffic.all(Some("calm")).len(), 500);
        assert!(traffic.all(None).len() <= MOST);
    }
}
