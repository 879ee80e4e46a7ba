//! Sending strategies: how applications choose senders, and the exceptions of entities.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    application::Application,
    channel::Channel,
    country::{Country, Region},
    entity::Entity,
    platform::Platform,
    random::{Purpose, Random},
    scope::PlatformElement,
    sender::{SenderId, SenderType},
};

/// A strategy, apart from its scope and id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strategy {
    pub(crate) channel: Option<Channel>,
    /// None for all countries.
    pub(crate) countries: Option<Vec<Country>>,
    sticky: bool,
    geolocated: bool,
    priorities: Option<Priorities>,
    senders: Option<Vec<SenderId>>,
}

/// The types that a strategy prefers, the best first, and its priorities with it.
type Priorities = &'static [SenderType];

/// 32 upper-case letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StrategyId([u8; 32]);

/// A strategy as the catalog has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StrategyElement {
    sending_strategy_id: StrategyId,
    platform: PlatformElement,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_country_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_country_codes: Option<Vec<&'static str>>,
    use_sticky_sender: bool,
    use_geolocated_sender: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    priorities: Option<Vec<PriorityElement>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_ids: Option<Vec<SenderId>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PriorityElement {
    sender_type: &'static str,
    priority: usize,
}

/// What an entity wants to be different from its application.
#[derive(Debug, Clone, Copy)]
enum Exception {
    /// Nothing goes to countries outside of its markets.
    MarketsOnly,
    /// Only some of its senders.
    ChosenSenders,
    /// Pictures from a number of the recipient's area, and text from the number that the recipient knows.
    StickyAndGeolocated,
    /// From short codes where it has them.
    ShortCodeFirst,
    /// A rule of its own for some of its markets.
    PerCountry,
}

const CODE_FIRST: Priorities =
    &[SenderType::ShortCode, SenderType::TollFree, SenderType::LongNumber, SenderType::Alphanumeric];
const NAME_FIRST: Priorities = &[SenderType::Alphanumeric, SenderType::LongNumber];
const NUMBER_FIRST: Priorities = &[SenderType::LongNumber, SenderType::TollFree];
const TOLL_FREE_FIRST: Priorities = &[SenderType::TollFree, SenderType::ShortCode];
const NORTH_AMERICA: [&str; 3] = ["US", "CA", "PR"];

/// The most senders that a strategy lists.
const MOST_SENDERS: usize = 20;

/// All strategies of a platform, those of applications first.
pub(crate) fn elements(platform: &Platform) -> impl Iterator<Item = StrategyElement> {
    let of_applications = Application::ALL.into_iter().flat_map(|application| {
        let random = Random::stream(platform.seed, Purpose::Strategies, application as u64);
        let platform = PlatformElement::new(application, None);
        with_ids(random, platform, of_application(application))
    });
    let entities = platform.entities.iter().enumerate();
    let of_entities = entities.flat_map(|(index, entity)| {
        let stream = (index + Application::ALL.len()) as u64;
        let mut random = Random::stream(platform.seed, Purpose::Strategies, stream);
        let strategies = of_entity(&mut random, platform, entity);
        let scope = PlatformElement::new(entity.main_application(), Some(index));
        with_ids(random, scope, strategies)
    });
    of_applications.chain(of_entities)
}

fn with_ids(
    mut random: Random,
    platform: PlatformElement,
    strategies: Vec<Strategy>,
) -> impl Iterator<Item = StrategyElement> {
    let element = move |strategy| StrategyElement::new(StrategyId::draw(&mut random), platform.clone(), strategy);
    strategies.into_iter().map(element)
}

/// The strategies of an application: one for the rest, or one for the rest of each channel, and some special ones.
fn of_application(application: Application) -> Vec<Strategy> {
    use Channel::{Mms, Sms};
    let general = Strategy::default();
    match application {
        Application::Default => vec![
            general.clone(),
            general.clone().to(NORTH_AMERICA).geolocated(),
            general.to(["IN"]).preferring(NAME_FIRST),
        ],
        Application::Shop => vec![
            general.clone().sticky(),
            general.clone().over(Mms).sticky().geolocated(),
            general.clone().to(NORTH_AMERICA).over(Sms).sticky().geolocated(),
            general.clone().within(Region::Europe).preferring(NAME_FIRST),
            general.to(["BR", "MX", "CO"]).preferring(CODE_FIRST),
        ],
        Application::Alerts => vec![
            general.clone().preferring(CODE_FIRST),
            general.clone().over(Channel::Rcs),
            general.clone().within(Region::Europe).preferring(NAME_FIRST),
            general.to(["IN"]).over(Sms).preferring(NAME_FIRST),
        ],
        // Agents answer SMS and MMS, and no other channel.
        Application::Care => vec![
            general.clone().over(Sms).sticky(),
            general.clone().over(Mms).sticky().geolocated(),
            general.clone().to(NORTH_AMERICA).over(Sms).preferring(NUMBER_FIRST).sticky().geolocated(),
            general.to(["IN"]).over(Sms).preferring(NAME_FIRST),
        ],
    }
}

/// The exceptions of an entity, for its main application; about a third has one.
fn of_entity(random: &mut Random, platform: &Platform, entity: &Entity) -> Vec<Strategy> {
    use Channel::{Mms, Sms};
    if !random.chance(333) {
        return Vec::new();
    }
    let general = Strategy::default();
    let markets = || entity.markets.iter().map(|market| market.country.code());
    match Exception::draw(random) {
        Exception::MarketsOnly => {
            let mut strategies = vec![general.clone().to(markets())];
            strategies[0].sticky = random.chance(500);
            if entity.home().has_mms() {
                strategies.push(general.over(Mms).to(markets()).geolocated());
            }
            strategies
        }
        Exception::ChosenSenders => {
            let senders = entity.senders().take(MOST_SENDERS);
            let chosen = senders.filter(|_| random.chance(600));
            let mut chosen: Vec<SenderId> = chosen.map(|place| platform.sender(place).id).collect();
            if chosen.is_empty() {
                chosen.extend(entity.senders().next().map(|place| platform.sender(place).id));
            }
            match chosen.is_empty() {
                true => vec![general.sticky()],
                false => vec![general.from(chosen).sticky()],
            }
        }
        Exception::StickyAndGeolocated => {
            vec![general.clone().over(Mms).sticky().geolocated(), general.over(Sms).sticky()]
        }
        Exception::ShortCodeFirst => vec![general.preferring(CODE_FIRST)],
        Exception::PerCountry => {
            let mut strategies = vec![general.clone()];
            for country in markets().take(2) {
                let rule = general.clone().to([country]);
                strategies.push(match random.below(4) {
                    0 => rule.preferring(NAME_FIRST),
                    1 => rule.preferring(TOLL_FREE_FIRST).sticky(),
                    2 => rule.sticky().geolocated(),
                    _ => rule.geolocated(),
                });
            }
            strategies
        }
    }
}

impl Exception {
    fn draw(random: &mut Random) -> Exception {
        let choices = [
            (Exception::MarketsOnly, 30),
            (Exception::ChosenSenders, 15),
            (Exception::StickyAndGeolocated, 20),
            (Exception::ShortCodeFirst, 15),
            (Exception::PerCountry, 20),
        ];
        random.weighted(&choices, |(_, weight)| *weight).0
    }
}

impl Strategy {
    fn over(mut self, channel: Channel) -> Strategy {
        self.channel = Some(channel);
        self
    }

    fn to<'a>(mut self, codes: impl IntoIterator<Item = &'a str>) -> Strategy {
        self.countries = Some(codes.into_iter().map(Country::named).collect());
        self
    }

    fn within(mut self, region: Region) -> Strategy {
        let countries = Country::all().filter(|country| country.region() == region);
        self.countries = Some(countries.collect());
        self
    }

    fn from(mut self, senders: Vec<SenderId>) -> Strategy {
        self.senders = Some(senders);
        self
    }

    fn preferring(mut self, types: Priorities) -> Strategy {
        self.priorities = Some(types);
        self
    }

    fn sticky(mut self) -> Strategy {
        self.sticky = true;
        self
    }

    fn geolocated(mut self) -> Strategy {
        self.geolocated = true;
        self
    }
}

impl StrategyElement {
    fn new(id: StrategyId, platform: PlatformElement, strategy: Strategy) -> StrategyElement {
        let codes = strategy
            .countries
            .map(|countries| -> Vec<&'static str> { countries.into_iter().map(Country::code).collect() });
        let (one, several) = match codes {
            Some(codes) if codes.len() == 1 => (Some(codes[0]), None),
            codes => (None, codes),
        };
        let priorities = strategy.priorities.map(|types| {
            let element =
                |(priority, kind): (usize, &SenderType)| PriorityElement { sender_type: kind.word(), priority };
            (1..).zip(types).map(element).collect()
        });
        StrategyElement {
            sending_strategy_id: id,
            platform,
            channel: strategy.channel.map(Channel::word),
            destination_country_code: one,
            destination_country_codes: several,
            use_sticky_sender: strategy.sticky,
            use_geolocated_sender: strategy.geolocated,
            priorities,
            sender_ids: strategy.senders,
        }
    }
}

impl StrategyId {
    fn draw(random: &mut Random) -> StrategyId {
        const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        StrategyId(std::array::from_fn(|_| *random.pick(LETTERS)))
    }
}

impl fmt::Display for StrategyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl Serialize for StrategyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
