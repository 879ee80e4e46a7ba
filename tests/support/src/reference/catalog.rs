//! The catalog as the model reads it: plain lists in the order of the file.

use serde_json::Value;

use super::numbers::{self, Recipient};

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
    /// Its share of the spread: 1 where the file names none.
    pub weight: u64,
    /// `None`: all types.
    message_types: Option<Vec<String>>,
    coverage: Vec<Coverage>,
}

/// An entry of a sender's coverage.
struct Coverage {
    channel: String,
    /// `None`: all countries.
    countries: Option<Vec<String>>,
    /// Whether the registration there is through.
    active: bool,
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
    pub skip_unhealthy_senders: bool,
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
            weight: match &json["weight"] {
                Value::Null => 1,
                weight => weight.as_u64().unwrap_or_else(|| panic!("a weight that is no number: {weight}")),
            },
            message_types: (!json["messageTypes"].is_null()).then(|| texts(json, "messageTypes")),
            coverage: list(json, "coverage").iter().map(Coverage::read).collect(),
        }
    }

    /// Entries that name the country count before those with `"*"`: what these say of it means nothing then.
    pub(super) fn covers(&self, channel: &str, country: &str) -> bool {
        let of_channel = || self.coverage.iter().filter(|entry| entry.channel == channel);
        let names =
            |entry: &&Coverage| entry.countries.as_ref().is_some_and(|all| all.iter().any(|one| one == country));
        if of_channel().any(|entry| names(&entry)) {
            return of_channel().filter(names).any(|entry| entry.active);
        }
        of_channel().filter(|entry| entry.countries.is_none()).any(|entry| entry.active)
    }

    /// A message without a type is carried by every sender.
    pub(super) fn may_carry(&self, message_type: Option<&str>) -> bool {
        message_type.is_none_or(|wanted| allows(self.message_types.as_deref(), wanted))
    }

    /// Whether `from` means this sender: a name by exactly its text, a number by its digits.
    pub(super) fn is_called(&self, from: &str) -> bool {
        if !self.is_number() {
            return self.text == from;
        }
        numbers::digits(from).is_some_and(|from| numbers::digits(&self.text) == Some(from))
    }

    /// Whether a message to this recipient would come from the recipient itself.
    pub(super) fn is_recipient(&self, recipient: &str) -> bool {
        self.is_number() && numbers::digits(&self.text).is_some_and(|own| Recipient::key_of(&own) == recipient)
    }

    fn is_number(&self) -> bool {
        !["ALPHANUMERIC", "RCS_AGENT"].contains(&self.sender_type.as_str())
    }

    /// The NPA of a long number of calling code 1. No other type has one, whatever its digits look like.
    pub(super) fn area_code(&self) -> Option<u16> {
        if self.sender_type != "VIRTUAL_LONG_NUMBER" {
            return None;
        }
        let digits = numbers::digits(&self.text)?;
        digits.strip_prefix('1')?.get(..3)?.parse().ok()
    }
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
            active: optional_text(json, "status").is_none_or(|status| status == "ACTIVE"),
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
        match self.resource_type.as_str() {
            "NUMBER" | "ALPHA" => ["SMS", "MMS", "RCS"].contains(&self.channel.as_str()),
            "RCS_RESOURCE" => self.channel == "RCS",
            _ => false,
        }
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
            skip_unhealthy_senders: flag(json, "skipUnhealthySenders"),
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
