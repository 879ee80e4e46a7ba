//! The catalog as the model reads it: plain lists in the order of the file.

use serde_json::Value;

/// The lists of a catalog that decisions depend on. Which applications and entities it lists does not matter to the
/// model: one that is not listed simply has nothing.
pub(super) struct Catalog {
    pub senders: Vec<Sender>,
    pub associations: Vec<Association>,
    pub strategies: Vec<Strategy>,
    pub defaults: Vec<DefaultSender>,
}

pub(super) struct Sender {
    pub sender_id: String,
    pub text: String,
    pub sender_type: String,
    pub active: bool,
    coverage: Vec<Coverage>,
}

struct Coverage {
    channel: String,
    /// `None`: all countries.
    countries: Option<Vec<String>>,
}

pub(super) struct Association {
    pub resource_type: String,
    pub channel: String,
    pub application_id: String,
    pub entity_id: Option<String>,
    pub resource_id: String,
}

#[derive(Debug)]
pub(super) struct Strategy {
    pub strategy_id: String,
    pub application_id: String,
    pub entity_id: Option<String>,
    pub use_sticky_sender: bool,
    pub use_geolocated_sender: bool,
    channel: Option<String>,
    countries: Option<Vec<String>>,
    /// Sender type and its priority; none named means that all types are equal.
    priorities: Vec<(String, u64)>,
    sender_ids: Option<Vec<String>>,
}

pub(super) struct DefaultSender {
    pub application_id: String,
    pub entity_id: Option<String>,
    pub sender_id: String,
}

// === impl Catalog ===

impl Catalog {
    pub(super) fn read(catalog: &Value) -> Self {
        Self {
            senders: list(catalog, "senders").iter().map(Sender::read).collect(),
            associations: list(catalog, "associations").iter().map(Association::read).collect(),
            strategies: list(catalog, "sendingStrategies").iter().map(Strategy::read).collect(),
            defaults: list(catalog, "defaultSenders").iter().map(DefaultSender::read).collect(),
        }
    }
}

// === impl Sender ===

impl Sender {
    fn read(json: &Value) -> Self {
        Self {
            sender_id: text(json, "senderId"),
            text: text(json, "sender"),
            sender_type: text(json, "senderType"),
            active: optional_text(json, "status").is_none_or(|status| status == "ACTIVE"),
            coverage: list(json, "coverage").iter().map(Coverage::read).collect(),
        }
    }

    pub(super) fn covers(&self, channel: &str, country: &str) -> bool {
        self.coverage
            .iter()
            .filter(|coverage| coverage.channel == channel)
            .any(|coverage| allows(coverage.countries.as_deref(), country))
    }

    /// Whether `from` means this sender: an alphanumeric one by exactly its text, a number by its digits.
    pub(super) fn is_called(&self, from: &str) -> bool {
        if self.sender_type == "ALPHANUMERIC" {
            return self.text == from;
        }
        digits(from).is_some_and(|from| digits(&self.text) == Some(from))
    }

    /// The NPA of a long number of calling code 1. No other type has one, whatever its digits look like.
    pub(super) fn area_code(&self) -> Option<u16> {
        if self.sender_type != "VIRTUAL_LONG_NUMBER" {
            return None;
        }
        let digits = digits(&self.text)?;
        digits.strip_prefix('1')?.get(..3)?.parse().ok()
    }
}

/// The digits of a number, or `None` where there is more in the text than digits, separators and a leading `+`.
fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let number = text.strip_prefix('+').unwrap_or(text);
    let is_separator = |c: char| " -.()[]".contains(c);
    if !number.chars().all(|c| c.is_ascii_digit() || is_separator(c)) {
        return None;
    }
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

// === impl Coverage ===

impl Coverage {
    fn read(json: &Value) -> Self {
        Self {
            channel: text(json, "channel"),
            countries: match &json["countries"] {
                Value::String(all) if all == "*" => None,
                _ => Some(texts(json, "countries")),
            },
        }
    }
}

// === impl Association ===

impl Association {
    fn read(json: &Value) -> Self {
        Self {
            resource_type: text(json, "resourceType"),
            channel: text(json, "channel"),
            application_id: text(json, "applicationId"),
            entity_id: optional_text(json, "entityId"),
            resource_id: text(json, "resourceId"),
        }
    }

    /// The format is shared with resources of other kinds, which say nothing about senders of messages.
    pub(super) fn concerns_senders(&self) -> bool {
        ["NUMBER", "ALPHA"].contains(&self.resource_type.as_str())
            && ["SMS", "MMS", "RCS"].contains(&self.channel.as_str())
    }
}

// === impl Strategy ===

impl Strategy {
    fn read(json: &Value) -> Self {
        let platform = &json["platform"];
        let countries = if json["destinationCountryCodes"].is_null() {
            optional_text(json, "destinationCountryCode").map(|country| vec![country])
        } else {
            Some(texts(json, "destinationCountryCodes"))
        };
        Self {
            strategy_id: text(json, "sendingStrategyId"),
            application_id: text(platform, "applicationId"),
            entity_id: optional_text(platform, "entityId"),
            use_sticky_sender: flag(json, "useStickySender"),
            use_geolocated_sender: flag(json, "useGeolocatedSender"),
            channel: optional_text(json, "channel"),
            countries,
            priorities: list(json, "priorities")
                .iter()
                .map(|priority| {
                    let number = priority["priority"]
                        .as_u64()
                        .unwrap_or_else(|| panic!("a priority without a number: {priority}"));
                    (text(priority, "senderType"), number)
                })
                .collect(),
            sender_ids: (!json["senderIds"].is_null()).then(|| texts(json, "senderIds")),
        }
    }

    pub(super) fn allows_channel(&self, channel: &str) -> bool {
        self.channel.as_deref().is_none_or(|own| own == channel)
    }

    pub(super) fn allows_country(&self, country: &str) -> bool {
        allows(self.countries.as_deref(), country)
    }

    pub(super) fn lists_sender(&self, sender_id: &str) -> bool {
        allows(self.sender_ids.as_deref(), sender_id)
    }

    /// How specific it is, the lowest being the most: country and channel, country, channel, neither.
    pub(super) fn rank(&self) -> u8 {
        match (self.countries.is_some(), self.channel.is_some()) {
            (true, true) => 1,
            (true, false) => 2,
            (false, true) => 3,
            (false, false) => 4,
        }
    }

    /// The number of the type in the list of priorities. All that it does not name share one place after the last.
    pub(super) fn priority_of(&self, sender_type: &str) -> u64 {
        self.priorities.iter().find(|(named, _)| named == sender_type).map_or(u64::MAX, |(_, number)| *number)
    }
}

// === impl DefaultSender ===

impl DefaultSender {
    fn read(json: &Value) -> Self {
        let platform = &json["platform"];
        Self {
            application_id: text(platform, "applicationId"),
            entity_id: optional_text(platform, "entityId"),
            sender_id: text(json, "senderId"),
        }
    }
}

// === reading JSON ===

/// Whether a list that means all when it is not there contains the value.
fn allows(list: Option<&[String]>, value: &str) -> bool {
    list.is_none_or(|list| list.iter().any(|listed| listed == value))
}

fn list<'v>(json: &'v Value, name: &str) -> &'v [Value] {
    match &json[name] {
        Value::Null => &[],
        Value::Array(values) => values,
        other => panic!("{name} is not a list: {other}"),
    }
}

fn texts(json: &Value, name: &str) -> Vec<String> {
    list(json, name)
        .iter()
        .map(|value| match value {
            Value::String(text) => text.clone(),
            other => panic!("{name} holds something that is not a text: {other}"),
        })
        .collect()
}

fn optional_text(json: &Value, name: &str) -> Option<String> {
    match &json[name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => panic!("{name} is not a text: {other}"),
    }
}

fn text(json: &Value, name: &str) -> String {
    optional_text(json, name).unwrap_or_else(|| panic!("{name} is missing in {json}"))
}

fn flag(json: &Value, name: &str) -> bool {
    match &json[name] {
        Value::Null => false,
        Value::Bool(value) => *value,
        other => panic!("{name} is neither true nor false: {other}"),
    }
}
