//! Random catalogs and random edits of them, for the tests of this crate and of those that index a catalog.

use serde_json::{Map, Value, json, value::to_raw_value};

use crate::{Catalog, Edit, List};

/// A catalog with something in each list.
pub(crate) const SOUND: &str = include_str!("tests/sound.json");

pub const APPLICATIONS: [&str; 4] = ["default", "shop", "alerts", "a3"];
pub const ENTITIES: [&str; 4] = ["acme", "café", "e2", "e3"];
pub const SENDERS: [&str; 7] = ["us-1", "us-2", "code", "name", "s4", "s5", "s6"];
pub const STRATEGIES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
const COUNTRIES: [&str; 4] = ["US", "CA", "DE", "FR"];

/// A small generator of numbers that are the same on every run (xorshift).
pub struct Numbers(u64);

/// One edit as the model has it.
#[derive(Debug)]
pub struct Change {
    pub(crate) list: List,
    pub(crate) put: bool,
    pub(crate) element: Value,
}

impl Numbers {
    pub fn of(seed: u64) -> Self {
        Numbers((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn some(&mut self, list: &[&'static str]) -> Vec<&'static str> {
        let count = 1 + self.below(3);
        (0..count).map(|_| self.one_of(list)).collect()
    }

    /// An id that is most often there.
    fn reference(&mut self, ids: &[&'static str]) -> &'static str {
        if self.one_in(60) { "nowhere" } else { self.one_of(ids) }
    }

    fn entity(&mut self) -> Option<&'static str> {
        if self.one_in(2) { None } else { Some(self.reference(&ENTITIES)) }
    }

    fn element(&mut self, list: List) -> Value {
        match list {
            List::Applications => json!({
                "applicationId": self.one_of(&APPLICATIONS), "applicationName": self.name(), "attributes": self.attributes(),
            }),
            List::Entities => json!({
                "entityId": self.one_of(&ENTITIES), "entityName": self.name(), "attributes": self.attributes(),
            }),
            List::Senders => self.sender(),
            List::Associations => json!({
                "resourceType": self.one_of(&["NUMBER", "NUMBER", "ALPHA", "RCS_RESOURCE", "DOMAIN"]),
                "channel": self.one_of(&["SMS", "SMS", "RCS", "WHATSAPP"]),
                "applicationId": self.reference(&APPLICATIONS),
                "entityId": self.entity(),
                "resourceId": self.reference(&SENDERS),
            }),
            List::Strategies => self.strategy(),
            List::DefaultSenders => json!({"platform": self.platform(), "senderId": self.reference(&SENDERS)}),
        }
    }

    fn name(&mut self) -> Option<&'static str> {
        self.one_of(&[None, Some("one"), Some("two")])
    }

    fn sender(&mut self) -> Value {
        let (kind, address) = self.one_of(&[
            ("SHORT_CODE", "12345"),
            ("VIRTUAL_LONG_NUMBER", "+14155550123"),
            ("ALPHANUMERIC", "Acme"),
            ("TOLL_FREE_NUMBER", "18005550199"),
            ("RCS_AGENT", "acme_support"),
        ]);
        let channel = if kind == "RCS_AGENT" { "RCS" } else { self.one_of(&["SMS", "MMS", "RCS"]) };
        let countries = match self.below(4) {
            0 => json!("*"),
            1 => json!([]),
            _ => json!(self.some(&COUNTRIES)),
        };
        json!({
            "senderId": self.one_of(&SENDERS), "sender": address, "senderType": kind,
            "coverage": [
                {"channel": channel, "countries": countries, "status": self.registration()},
                {"channel": channel, "countries": self.some(&COUNTRIES), "status": self.registration()},
            ],
            "status": self.one_of(&["ACTIVE", "SUSPENDED"]),
            "messageTypes": self.one_of(&[None, Some(["OTP"]), Some(["PROMOTIONAL"])]),
            "weight": self.one_of(&[None, Some(1), Some(1_000)]),
            "attributes": self.attributes(),
        })
    }

    fn registration(&mut self) -> Option<&'static str> {
        self.one_of(&[None, Some("ACTIVE"), Some("PENDING"), Some("REJECTED"), Some("EXPIRED")])
    }

    fn attributes(&mut self) -> Value {
        self.one_of(
            &[json!(null), json!({}), json!({"campaign": "C1"}), json!({"campaign": "C2", "brand": "é"})].each_ref(),
        )
        .clone()
    }

    fn platform(&mut self) -> Value {
        json!({"applicationId": self.reference(&APPLICATIONS), "entityId": self.entity()})
    }

    fn strategy(&mut self) -> Value {
        let mut strategy = Map::new();
        strategy.insert("sendingStrategyId".into(), json!(self.one_of(&STRATEGIES)));
        // Mostly one platform, so that strategies meet.
        let platform = if self.one_in(3) { self.platform() } else { json!({"applicationId": "shop"}) };
        strategy.insert("platform".into(), platform);
        strategy.insert("channel".into(), json!(self.one_of(&[None, Some("SMS"), Some("RCS")])));
        if self.one_in(2) {
            strategy.insert("destinationCountryCodes".into(), json!(self.some(&COUNTRIES)));
        }
        if self.one_in(2) {
            strategy.insert("senderIds".into(), json!(self.some(&SENDERS)));
        }
        if self.one_in(3) {
            strategy.insert("priorities".into(), json!([{"senderType": "SHORT_CODE", "priority": 1 + self.below(4)}]));
            strategy.insert("useStickySender".into(), json!(true));
            strategy.insert("stickyIdleDays".into(), json!(7));
            strategy.insert("skipUnhealthySenders".into(), json!(self.one_in(2)));
        }
        Value::Object(strategy)
    }

    /// An edit, most often of something that is there, and sometimes of something that is no element at all.
    pub fn change(&mut self, file: &Value) -> Change {
        let list = self.one_of(&List::ALL);
        let put = !self.one_in(3);
        let mut element = match file[list.as_str()].as_array() {
            Some(elements) if !put && !elements.is_empty() && !self.one_in(40) => {
                elements[self.below(elements.len())].clone()
            }
            _ => self.element(list),
        };
        if self.one_in(80)
            && let Some(fields) = element.as_object_mut()
            && let Some(field) = fields.keys().nth(self.below(fields.len())).cloned()
        {
            fields.insert(
                field,
                self.one_of(&[json!(7), json!(""), json!([]), json!(null), json!(["s4"])].each_ref()).clone(),
            );
        }
        Change { list, put, element }
    }
}

impl Change {
    pub fn edit(&self) -> Edit<'static> {
        let element = to_raw_value(&self.element).expect("JSON");
        if self.put { Edit::put_owned(self.list, element) } else { Edit::remove_owned(self.list, element) }
    }
}

/// Nothing, a file, or that file with everything that elements may refer to.
pub fn start(numbers: &mut Numbers) -> Catalog {
    let catalog = Catalog::from_json(if numbers.one_in(4) { "{}" } else { SOUND }).expect("sound");
    if numbers.one_in(3) {
        return catalog;
    }
    let applications = APPLICATIONS.map(|id| (List::Applications, json!({"applicationId": id})));
    let entities = ENTITIES.map(|id| (List::Entities, json!({"entityId": id})));
    let senders = SENDERS.map(|id| {
        (List::Senders, json!({"senderId": id, "sender": "12345", "senderType": "SHORT_CODE", "coverage": []}))
    });
    let elements = applications.into_iter().chain(entities).chain(senders);
    let edits: Vec<Edit<'_>> =
        elements.map(|(list, element)| Edit::put_owned(list, to_raw_value(&element).expect("JSON"))).collect();
    catalog.edit(&edits).expect("sound")
}

pub fn file(catalog: &Catalog) -> Value {
    serde_json::to_value(catalog.to_json()).expect("JSON")
}
