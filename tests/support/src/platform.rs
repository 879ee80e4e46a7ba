//! Small catalogs, and what they decide.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use callsign::{Catalog, Channel, Gateway, MemoryStore, Message, MessageType, Policy};
use serde_json::{Value, json};

/// A catalog under construction. Every sender is a US long number of its own unless a test says otherwise.
#[derive(Debug, Clone)]
pub struct Platform(Value);

impl Default for Platform {
    fn default() -> Self {
        Self::new()
    }
}

impl Platform {
    /// Applications `default`, `shop` and `care`, entities `acme` and `zeta`, and nothing else.
    pub fn new() -> Self {
        Self(json!({
            "applications": [{"applicationId": "shop"}, {"applicationId": "care"}],
            "entities": [{"entityId": "acme"}, {"entityId": "zeta"}],
            "senders": [], "associations": [], "sendingStrategies": [], "defaultSenders": [],
        }))
    }

    fn push(mut self, list: &str, element: Value) -> Self {
        self.0[list].as_array_mut().expect("a list of the catalog").push(element);
        self
    }

    /// A sender as the file has it.
    pub fn sender_as(self, sender: Value) -> Self {
        self.push("senders", sender)
    }

    /// A long number that covers SMS and MMS everywhere.
    pub fn long(self, id: &str, number: &str) -> Self {
        self.typed(id, number, "VIRTUAL_LONG_NUMBER")
    }

    /// A sender of a type that covers SMS and MMS everywhere.
    pub fn typed(self, id: &str, address: &str, kind: &str) -> Self {
        self.sender_as(json!({
            "senderId": id, "sender": address, "senderType": kind,
            "coverage": [{"channel": "SMS", "countries": "*"}, {"channel": "MMS", "countries": "*"}],
        }))
    }

    /// Associates a sender with a scope, `shop` or `shop/acme`, for a channel: an RCS agent as `RCS_RESOURCE`.
    pub fn associate_for(self, channel: &str, scope: &str, id: &str) -> Self {
        let (application, entity) = split(scope);
        let mut senders = self.0["senders"].as_array().into_iter().flatten();
        let is_agent = senders.any(|sender| sender["senderId"] == id && sender["senderType"] == "RCS_AGENT");
        let resource_type = if is_agent { "RCS_RESOURCE" } else { "NUMBER" };
        self.push(
            "associations",
            json!({"resourceType": resource_type, "channel": channel, "applicationId": application, "entityId": entity,
                   "resourceId": id}),
        )
    }

    /// Sets the weight of a sender.
    pub fn weighted(mut self, id: &str, weight: u32) -> Self {
        for sender in self.0["senders"].as_array_mut().into_iter().flatten() {
            if sender["senderId"] == id {
                sender["weight"] = weight.into();
            }
        }
        self
    }

    /// Associates senders with a scope for SMS.
    pub fn associate(self, scope: &str, ids: &[&str]) -> Self {
        ids.iter().fold(self, |platform, id| platform.associate_for("SMS", scope, id))
    }

    /// A strategy of a scope, with options as the file has them.
    pub fn strategy(self, id: &str, scope: &str, options: Value) -> Self {
        let (application, entity) = split(scope);
        let mut strategy = json!({"sendingStrategyId": id, "platform": {"applicationId": application}});
        if let Some(entity) = entity {
            strategy["platform"]["entityId"] = entity.into();
        }
        for (name, value) in options.as_object().into_iter().flatten() {
            strategy[name] = value.clone();
        }
        self.push("sendingStrategies", strategy)
    }

    /// The default sender of a scope.
    pub fn default_sender(self, scope: &str, id: &str) -> Self {
        let (application, entity) = split(scope);
        let mut platform = json!({"applicationId": application});
        if let Some(entity) = entity {
            platform["entityId"] = entity.into();
        }
        self.push("defaultSenders", json!({"platform": platform, "senderId": id}))
    }

    /// Sets the status of a sender.
    pub fn suspended(mut self, id: &str) -> Self {
        for sender in self.0["senders"].as_array_mut().into_iter().flatten() {
            if sender["senderId"] == id {
                sender["status"] = "SUSPENDED".into();
            }
        }
        self
    }

    /// The catalog file.
    pub fn file(&self) -> String {
        self.0.to_string()
    }

    pub fn catalog(&self) -> Catalog {
        Catalog::from_json(&self.file()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn gateway(&self) -> Gateway {
        static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
        let policy = POLICY.get_or_init(|| Arc::new(patient(Policy::standard().expect("the standard policy"))));
        self.gateway_with(Arc::clone(policy))
    }

    /// A gateway with another policy than the standard one.
    pub fn gateway_with(&self, policy: Arc<Policy>) -> Gateway {
        Gateway::with(self.catalog(), policy, Arc::new(MemoryStore::new())).expect("a gateway")
    }

    /// Decides one message: `S1 POOL`, or the code of the refusal.
    pub fn decide(&self, message: &Message<'_>) -> String {
        decide(&self.gateway(), message)
    }
}

/// A policy whose decisions are looked at, not its time: on a machine with too much to do a call takes long.
pub fn patient(policy: Policy) -> Policy {
    let mut limits = policy.limits().clone();
    limits.deadline = Duration::from_secs(60);
    policy.with_limits(limits)
}

/// Decides one message: `S1 POOL`, or the code of the refusal.
pub fn decide(gateway: &Gateway, message: &Message<'_>) -> String {
    let decision = gateway.resolve(message);
    let decision = decision.get();
    match (decision.sender(), decision.step(), decision.refusal()) {
        (Some(sender), Some(step), None) => format!("{} {step}", sender.id),
        (None, None, Some(refusal)) => refusal.code().to_owned(),
        _ => panic!("neither decided nor refused: {decision:?}"),
    }
}

/// The strategy that a message is sent under.
pub fn strategy_of(gateway: &Gateway, message: &Message<'_>) -> Option<String> {
    gateway.resolve(message).get().strategy().map(|strategy| strategy.id.to_string())
}

fn split(scope: &str) -> (&str, Option<&str>) {
    match scope.split_once('/') {
        Some((application, entity)) => (application, Some(entity)),
        None => (scope, None),
    }
}

/// An SMS of a scope.
pub fn sms<'a>(scope: &'a str, to: &'a str) -> Message<'a> {
    message(Channel::Sms, scope, to)
}

/// A message of a scope.
pub fn message<'a>(channel: Channel, scope: &'a str, to: &'a str) -> Message<'a> {
    let (application, entity) = split(scope);
    let message = Message::new(channel, to).application(application);
    match entity {
        Some(entity) => message.entity(entity),
        None => message,
    }
}

/// The same message, of a type.
pub fn of_type<'a>(mut message: Message<'a>, message_type: &'a str) -> Message<'a> {
    message.message_type = Some(MessageType::parse(message_type).expect("a message type"));
    message
}
