//! What is said of a scope, held against what the gateway does with a message of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use callsign::{
    AlphanumericCountries, Catalog, Channel, Country, Destination, Edit, Gateway, List, Message, MessageType, Numbering,
};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::super::audit::{self, Found, Part, Place};
use super::{Load, Reason, Scopes};
use crate::refused_traffic::RefusedTraffic;

const NUMBERS: [(&str, &str); 4] =
    [("US", "+14155550123"), ("CA", "+16045550123"), ("GB", "+442079460018"), ("FR", "+33628550123")];
const TYPES: [&str; 2] = ["TRANSACTIONAL", "OTP"];
const WORLDS: usize = 400;

fn country(code: &str) -> Country {
    Country::parse(code).expect("a country")
}

/// Numbers from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn is(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    fn countries(&mut self) -> Value {
        match self.is(25) {
            true => json!("*"),
            false => NUMBERS.iter().map(|(code, _)| *code).filter(|_| self.is(40)).collect(),
        }
    }

    fn platform(&mut self) -> Value {
        let mut platform = json!({ "applicationId": self.one(&["default", "shop"]) });
        if self.is(60) {
            platform["entityId"] = self.one(&["acme", "globex"]).into();
        }
        platform
    }

    /// A small platform. What would tie or stand twice is left out.
    fn catalog(&mut self) -> Catalog {
        let mut catalog = Catalog::from_json(
            r#"{"applications": [{"applicationId": "shop"}],
                "entities": [{"entityId": "acme"}, {"entityId": "globex"}, {"entityId": "initech"}]}"#,
        )
        .expect("a catalog");
        let channels = ["SMS", "MMS", "RCS"];
        let senders = ["S0", "S1", "S2", "S3", "S4"];
        let mut put = |list, element: &Value| {
            let element = to_raw_value(element).expect("JSON");
            if let Ok(edited) = catalog.edit(&[Edit::put(list, &element)]) {
                catalog = edited;
            }
        };
        for id in senders {
            let channels = channels.iter().filter(|_| self.is(60)).collect::<Vec<_>>();
            let coverage = channels.iter().map(|channel| {
                let registration = self.one(&["ACTIVE", "ACTIVE", "ACTIVE", "PENDING", "REJECTED", "EXPIRED"]);
                json!({ "channel": channel, "countries": self.countries(), "status": registration })
            });
            let coverage: Vec<Value> = coverage.collect();
            let status = if self.is(25) { "SUSPENDED" } else { "ACTIVE" };
            let types = if self.is(30) { json!([self.one(&TYPES)]) } else { json!(null) };
            put(
                List::Senders,
                &json!({
                    "senderId": id, "sender": format!("4040{}", &id[1..]), "senderType": "SHORT_CODE",
                    "coverage": coverage, "status": status, "messageTypes": types,
                }),
            );
        }
        for _ in 0..self.below(12) {
            let platform = self.platform();
            put(
                List::Associations,
                &json!({
                    "resourceType": self.one(&["NUMBER", "ALPHA"]), "channel": self.one(&channels),
                    "applicationId": platform["applicationId"], "entityId": platform["entityId"],
                    "resourceId": self.one(&senders),
                }),
            );
        }
        for id in 0..self.below(7) {
            let mut strategy = json!({ "sendingStrategyId": format!("T{id}"), "platform": self.platform() });
            if self.is(60) {
                strategy["channel"] = self.one(&channels).into();
            }
            if let Value::Array(countries) = self.countries()
                && !countries.is_empty()
            {
                strategy["destinationCountryCodes"] = countries.into();
            }
            if self.is(40) {
                strategy["senderIds"] = json!([self.one(&senders), self.one(&["S0", "S1"])]);
            }
            strategy["useStickySender"] = self.is(20).into();
            put(List::Strategies, &strategy);
        }
        for _ in 0..self.below(3) {
            let platform = self.platform();
            put(List::DefaultSenders, &json!({ "platform": platform, "senderId": self.one(&senders) }));
        }
        catalog
    }
}

/// The code that the gateway refuses with.
fn code(reason: Reason) -> &'static str {
    match reason {
        Reason::NoStrategy | Reason::ChannelNotAllowed | Reason::CountryNotAllowed => reason.as_str(),
        _ => "NO_ELIGIBLE_SENDER",
    }
}

fn refusal(gateway: &Gateway, place: &Place<'_>, number: &str) -> Option<String> {
    let (application, entity, channel, _, message_type) = *place;
    let mut message = Message::new(Channel::ALL[usize::from(channel)], number).application(application);
    message.entity = entity;
    message.message_type = message_type.map(|one| MessageType::parse(one).expect("a type"));
    gateway.resolve(&message).get().refusal().map(|refusal| refusal.code().to_owned())
}

#[test]
fn a_gap_is_what_the_gateway_refuses_and_nothing_else_is() {
    for (code, number) in NUMBERS {
        assert_eq!(Destination::parse(number).expect("a number").country.as_str(), code);
    }
    let gateway = Gateway::new(Catalog::from_json("{}").expect("a catalog")).expect("a gateway");
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..WORLDS {
        let catalog = Random(seed as u64).catalog().with_numbering(following_countries());
        gateway.replace_catalog(catalog.clone()).expect("a gateway takes it");
        let scopes = Scopes::new(&catalog, 0..catalog.applications().len() as u32);
        let traffic = RefusedTraffic::default();
        let listed = audit::gaps(&catalog, &[], &traffic, &Part::default());
        for application in ["default", "shop", "nobody's"] {
            for entity in [None, Some("acme"), Some("globex"), Some("initech"), Some("never named")] {
                for (channel, (letters, number)) in Channel::ALL.into_iter().flat_map(|c| NUMBERS.map(|n| (c, n))) {
                    let scope = scopes.named(application, entity);
                    let types = [None, Some("TRANSACTIONAL"), Some("OTP"), Some("PROMOTIONAL")];
                    let [of_all, ..] = types.map(|message_type| {
                        let place = (application, entity, channel as u8, Some(country(letters)), message_type);
                        let gap = scopes.gap(scope, &Load { channel, country: country(letters), message_type });
                        let refused = refusal(&gateway, &place, number);
                        let what = || format!("seed {seed}, {place:?}: {gap:?} in {}", json_of(&catalog));
                        assert_eq!(gap.map(|gap| code(gap.reason)), refused.as_deref(), "{}", what());
                        *told.entry(gap.map_or("-", |gap| gap.reason.as_str())).or_default() += 1;
                        gap
                    });

                    // Listed is what a strategy names by its country, and its channel or a sender that there is.
                    let is_named = of_all.and_then(|gap| gap.strategy).is_some_and(|index| {
                        let strategy = &catalog.strategies()[index as usize];
                        let is_associated = scope.is_some_and(|scope| {
                            scopes.is_associated(scope, channel) || scopes.has_only_strategies(scope)
                        });
                        strategy.countries.is_some() && (strategy.channel.is_some() || is_associated)
                    });
                    let is_audited = scope.is_some_and(|scope| scopes.all().any(|audited| audited == scope));
                    let place = (application, entity, channel as u8, Some(country(letters)), None);
                    let is_listed = listed.contains_key(&place);
                    assert_eq!(is_listed, is_named && is_audited, "{seed} {place:?} {}", json_of(&catalog));
                }
            }
        }
        for (place, Found { seen, .. }) in &listed {
            let (_, _, _, country, _) = place;
            // Without a country, all of them.
            let is_meant = |code: &&str| country.is_none_or(|country| country.as_str() == *code);
            let numbers: Vec<&str> =
                NUMBERS.iter().filter(|(code, _)| is_meant(code)).map(|(_, number)| *number).collect();
            assert!(!numbers.is_empty());
            for number in numbers {
                let refused = refusal(&gateway, place, number);
                assert_eq!(refused.as_deref(), Some("NO_ELIGIBLE_SENDER"), "seed {seed}, {place:?}");
            }
            assert!(seen.is_empty());
        }
    }
    // All of it was there to be told apart.
    assert_eq!(told.len(), 13, "{told:?}");
}

/// A numbering whose countries without alphanumeric senders are more than a warning.
fn following_countries() -> Arc<Numbering> {
    let countries = AlphanumericCountries::standard().with_csv(b"country,alphanumeric\n").expect("a table");
    Arc::new(Numbering::standard().with_alphanumeric(countries))
}

fn json_of(catalog: &Catalog) -> String {
    serde_json::to_string(&catalog.to_json()).expect("JSON")
}

#[test]
fn a_country_without_alphanumeric_senders_is_a_gap_for_names_over_sms_alone() {
    let name = json!({ "senderId": "S1", "sender": "ACME", "senderType": "ALPHANUMERIC",
        "coverage": [{ "channel": "SMS", "countries": "*" }, { "channel": "RCS", "countries": "*" }] });
    let association = |channel: &str| {
        json!({ "resourceType": "ALPHA", "channel": channel, "applicationId": "default", "entityId": null,
                "resourceId": "S1" })
    };
    let json = json!({
        "senders": [name], "associations": [association("SMS"), association("RCS")],
        "sendingStrategies": [{ "sendingStrategyId": "T", "platform": { "applicationId": "default" } }],
    });
    let catalog = Catalog::from_json(&json.to_string()).expect("a catalog").with_numbering(following_countries());
    let scopes = Scopes::new(&catalog, 0..1);
    let reason = |channel: Channel, code: &str| {
        let load = Load { channel, country: country(code), message_type: None };
        scopes.gap(scopes.named("default", None), &load).map(|gap| gap.reason)
    };
    assert_eq!(reason(Channel::Sms, "US"), Some(Reason::TypeNotTaken));
    assert_eq!((reason(Channel::Sms, "FR"), reason(Channel::Rcs, "US")), (None, None));
}

#[test]
fn the_reason_is_the_last_obstacle_on_the_way() {
    let platform = |status: &str, coverage: Value, listed: &[&str], associated: &str| {
        let json = json!({
            "senders": [
                { "senderId": "S1", "sender": "S1", "senderType": "ALPHANUMERIC", "coverage": coverage, "status": status },
                { "senderId": "S2", "sender": "S2", "senderType": "ALPHANUMERIC", "coverage": [], "status": "SUSPENDED" },
            ],
            "associations": [
                { "resourceType": "ALPHA", "channel": associated, "applicationId": "default", "entityId": null, "resourceId": "S1" },
                { "resourceType": "NUMBER", "channel": associated, "applicationId": "default", "entityId": null, "resourceId": "S1" },
                { "resourceType": "ALPHA", "channel": associated, "applicationId": "default", "entityId": null, "resourceId": "S2" },
            ],
            "sendingStrategies": [{
                "sendingStrategyId": "T", "platform": { "applicationId": "default" }, "channel": "SMS",
                "destinationCountryCode": "FR", "senderIds": listed,
            }],
            "defaultSenders": [{ "platform": { "applicationId": "default" }, "senderId": "S2" }],
        });
        let catalog = Catalog::from_json(&json.to_string()).expect("a catalog");
        let scopes = Scopes::new(&catalog, 0..catalog.applications().len() as u32);
        let gap = scopes.gap(
            scopes.named("default", None),
            &Load { channel: Channel::Sms, country: country("FR"), message_type: None },
        );
        if let Some(gap) = gap {
            assert_eq!((gap.strategy, gap.default), (Some(0), Some(1)));
            assert_eq!(gap.senders, if associated == "SMS" { 2 } else { 0 });
        }
        gap.map(|gap| gap.reason)
    };
    let reach = |channel: &str, country: &str| json!([{ "channel": channel, "countries": [country] }]);
    let both = ["S1", "S2"];
    assert_eq!(platform("ACTIVE", reach("SMS", "FR"), &both, "RCS"), Some(Reason::NoAssociation));
    assert_eq!(platform("SUSPENDED", reach("SMS", "FR"), &both, "SMS"), Some(Reason::AllSuspended));
    assert_eq!(platform("ACTIVE", reach("RCS", "FR"), &both, "SMS"), Some(Reason::ChannelNotCovered));
    assert_eq!(platform("ACTIVE", reach("SMS", "DE"), &both, "SMS"), Some(Reason::CountryNotCovered));
    assert_eq!(platform("ACTIVE", reach("SMS", "FR"), &["S2"], "SMS"), Some(Reason::NotListed));
    assert_eq!(platform("ACTIVE", reach("SMS", "FR"), &both, "SMS"), None);
}
