//! Random edits against a model that knows nothing of indexes: it changes the lists of a file as JSON, and reads it.

use serde_json::{Map, Value, json, value::to_raw_value};

use super::SOUND;
use crate::catalog::{Catalog, CatalogError, Edit, EditErrorKind, List, check};

/// Catalogs that grow from a random start, each with several calls of several edits.
const WORLDS: u64 = 400;
const CALLS: usize = 25;

pub(crate) const APPLICATIONS: [&str; 4] = ["default", "shop", "alerts", "a3"];
pub(crate) const ENTITIES: [&str; 4] = ["acme", "café", "e2", "e3"];
pub(crate) const SENDERS: [&str; 7] = ["us-1", "us-2", "code", "name", "s4", "s5", "s6"];
pub(crate) const STRATEGIES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
const COUNTRIES: [&str; 4] = ["US", "CA", "DE", "FR"];

/// A small generator of numbers that are the same on every run (xorshift).
pub(crate) struct Numbers(u64);

/// One edit as the model has it.
#[derive(Debug)]
pub(crate) struct Change {
    list: List,
    put: bool,
    element: Value,
}

impl Numbers {
    pub(crate) fn of(seed: u64) -> Self {
        Numbers((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
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
            List::Applications => json!({"applicationId": self.one_of(&APPLICATIONS), "applicationName": self.name()}),
            List::Entities => json!({"entityId": self.one_of(&ENTITIES), "entityName": self.name()}),
            List::Senders => self.sender(),
            List::Associations => json!({
                "resourceType": self.one_of(&["NUMBER", "NUMBER", "ALPHA", "DOMAIN"]),
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
        ]);
        let countries = match self.below(4) {
            0 => json!("*"),
            1 => json!([]),
            _ => json!(self.some(&COUNTRIES)),
        };
        json!({
            "senderId": self.one_of(&SENDERS), "sender": address, "senderType": kind,
            "coverage": [{"channel": self.one_of(&["SMS", "MMS", "RCS"]), "countries": countries}],
            "status": self.one_of(&["ACTIVE", "SUSPENDED"]),
        })
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
        }
        Value::Object(strategy)
    }

    /// An edit, most often of something that is there, and sometimes of something that is no element at all.
    pub(crate) fn change(&mut self, file: &Value) -> Change {
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
    pub(crate) fn edit(&self) -> Edit<'static> {
        let element = to_raw_value(&self.element).expect("JSON");
        if self.put { Edit::put_owned(self.list, element) } else { Edit::remove_owned(self.list, element) }
    }
}

/// The values that tell an element apart; nothing where it lacks one.
fn identity(list: List, element: &Value) -> Option<Value> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(|text| json!(text));
    let optional =
        |value: &Value| if value.is_null() { Some(json!(null)) } else { value.as_str().map(|text| json!(text)) };
    match list {
        List::Applications => text(&element["applicationId"]),
        List::Entities => text(&element["entityId"]),
        List::Senders => text(&element["senderId"]),
        List::Strategies => text(&element["sendingStrategyId"]),
        List::Associations => {
            element.get("entityId")?;
            Some(json!([
                element["resourceType"].as_str()?,
                element["channel"].as_str()?,
                element["applicationId"].as_str()?,
                optional(&element["entityId"])?,
                element["resourceId"].as_str()?,
            ]))
        }
        List::DefaultSenders => {
            let platform = &element["platform"];
            Some(json!([platform["applicationId"].as_str()?, optional(&platform["entityId"])?]))
        }
    }
}

/// Whether an element has no fault by itself: the only one of a file, it lacks no more than what it refers to.
fn is_sound(list: List, element: &Value) -> bool {
    let text = json!({ list.as_str(): [element] }).to_string();
    match Catalog::from_json(&text) {
        Ok(_) => true,
        Err(CatalogError::Faults(faults)) => faults.iter().all(|fault| fault.message.contains(" is not in \"")),
        Err(other) => panic!("{other}"),
    }
}

/// The file after the changes; nothing where one of them cannot be.
fn model(file: &Value, changes: &[Change]) -> Option<Catalog> {
    let mut file = file.clone();
    for Change { list, put, element } in changes {
        if *put && !is_sound(*list, element) {
            return None;
        }
        let identity = identity(*list, element)?;
        let elements = file[list.as_str()].as_array_mut()?;
        let found = elements.iter().position(|other| self::identity(*list, other).as_ref() == Some(&identity));
        match (found, put) {
            (Some(found), true) => elements[found] = element.clone(),
            (None, true) => elements.push(element.clone()),
            (Some(_), false) if *list == List::Applications && identity == "default" => return None,
            (Some(found), false) => drop(elements.remove(found)),
            (None, false) => return None,
        }
    }
    Catalog::from_json(&file.to_string()).ok()
}

/// Nothing, a file, or that file with everything that elements may refer to.
pub(crate) fn start(numbers: &mut Numbers) -> Catalog {
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

pub(crate) fn file(catalog: &Catalog) -> Value {
    serde_json::to_value(catalog.to_json()).expect("JSON")
}

#[test]
fn edits_are_what_reading_the_changed_file_gives() {
    let (mut accepted, mut refused) = (0, [0; 5]);
    for seed in 0..WORLDS {
        let mut numbers = Numbers::of(seed);
        let mut catalog = start(&mut numbers);
        for call in 0..CALLS {
            let file = file(&catalog);
            let text = file.to_string();
            assert_eq!(Catalog::from_json(&text).expect("sound"), catalog, "seed {seed}, call {call}");
            assert_eq!(check::without_haste(&text).expect("sound"), catalog, "seed {seed}, call {call}");
            let count = numbers.below(6);
            let changes: Vec<Change> = (0..count).map(|_| numbers.change(&file)).collect();
            let edits: Vec<Edit<'_>> = changes.iter().map(Change::edit).collect();
            match (catalog.edit(&edits), model(&file, &changes)) {
                (Ok(edited), Some(expected)) => {
                    assert_eq!(edited, expected, "seed {seed}, call {call}: {changes:?} of {file}");
                    edited.assert_found();
                    catalog = edited;
                    accepted += 1;
                }
                (Err(error), None) => {
                    assert_eq!(error.list, changes[error.edit].list);
                    assert!(!error.faults.is_empty(), "seed {seed}, call {call}: {error:?}");
                    assert!(!error.to_string().contains("not a sound element"), "seed {seed}, call {call}: {error}");
                    refused[match error.kind {
                        EditErrorKind::Unsound => 0,
                        EditErrorKind::UnknownReference => 1,
                        EditErrorKind::Ties { .. } => 2,
                        EditErrorKind::NotFound => 3,
                        EditErrorKind::InUse | EditErrorKind::Permanent => 4,
                    }] += 1;
                }
                (edited, expected) => panic!(
                    "seed {seed}, call {call}: {:?} where the model has {:?}\n{changes:?}\nof {file}",
                    edited.err().map(|error| error.to_string()),
                    expected.map(|_| "a catalog"),
                ),
            }
        }
    }
    let enough = accepted >= 1_500 && refused.iter().all(|&refused| refused >= 100);
    assert!(enough, "the edits were too uniform: {accepted} accepted, refused {refused:?}");
}
