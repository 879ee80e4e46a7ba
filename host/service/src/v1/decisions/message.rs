//! The body of a request for decisions.

use std::borrow::Cow;

use callsign::{Channel, Message};
use callsign_catalog::Id;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use utoipa::ToSchema;

use crate::fault::{Fault, Violation};
use crate::http::not_json;

/// The most characters of a text of a message.
const LONGEST: usize = 255;

/// What a message needs for the choice of its sender.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MessageBody<'a> {
    /// Returned with the decision.
    #[serde(borrow, default)]
    #[schema(max_length = 255)]
    message_id: Option<Cow<'a, str>>,
    /// `default` if left out; for a key of a tenant its own application.
    #[serde(borrow, default)]
    #[schema(min_length = 1, max_length = 255)]
    application_id: Option<Cow<'a, str>>,
    /// Created when a message names it for the first time.
    #[serde(borrow, default)]
    #[schema(min_length = 1, max_length = 255)]
    entity_id: Option<Cow<'a, str>>,
    /// `SMS`, `MMS` or `RCS`.
    #[serde(borrow)]
    channel: Cow<'a, str>,
    /// E.164, with or without the leading `+`.
    #[serde(borrow)]
    #[schema(max_length = 255)]
    to: Cow<'a, str>,
    /// The sender that overrides every strategy.
    #[serde(borrow, default)]
    #[schema(max_length = 255)]
    from: Option<Cow<'a, str>>,
    /// When it goes out, in seconds since 1970, for policies that ask; now if left out.
    #[serde(default)]
    sent_at: Option<u64>,
}

/// One message, with options.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Single<'a> {
    #[serde(borrow, default)]
    message_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    application_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    entity_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    channel: Cow<'a, str>,
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow, default)]
    from: Option<Cow<'a, str>>,
    #[serde(default)]
    sent_at: Option<u64>,
    /// Pins nobody and creates no entity.
    #[serde(default)]
    dry_run: Option<bool>,
    /// Adds the explanation of every step.
    #[serde(default)]
    explain: Option<bool>,
}

/// Several messages, with options.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Several<'a> {
    /// In the order of the decisions.
    #[serde(borrow)]
    #[schema(min_items = 1)]
    messages: Vec<MessageBody<'a>>,
    /// Pins nobody and creates no entity.
    #[serde(default)]
    dry_run: Option<bool>,
    /// Adds the explanation of every step.
    #[serde(default)]
    explain: Option<bool>,
}

/// The body of a request.
#[derive(ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes a body")]
pub(super) enum RequestBody<'a> {
    Single(Single<'a>),
    Several(Several<'a>),
}

/// The body of an answer.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, clippy::large_enum_variant, reason = "describes a body")]
pub(super) enum AnswerBody {
    Single(DecisionBody),
    Several(DecisionsBody),
}

/// Decisions, in the order of the messages.
#[derive(serde::Serialize, ToSchema)]
pub(super) struct DecisionsBody {
    decisions: Vec<DecisionBody>,
}

/// A sender, or a refusal.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DecisionBody {
    /// The id of the message.
    message_id: Option<String>,
    /// What the recipient sees.
    sender: Option<String>,
    sender_id: Option<String>,
    sender_type: Option<String>,
    /// The step that decided.
    step: Option<String>,
    strategy_id: Option<String>,
    /// Why the pin of the recipient was not read or not written, if it should have been.
    unpinned: Option<String>,
    /// The policy that decided, as `name@version`.
    policy: Option<String>,
    refusal: Option<RefusalBody>,
    /// The explanation of every step.
    #[schema(value_type = Option<Object>)]
    explanation: Option<Value>,
}

/// Why a message has no sender.
#[derive(serde::Serialize, ToSchema)]
pub(super) struct RefusalBody {
    /// For programs.
    code: String,
    /// For people.
    message: String,
}

/// A request for decisions.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) messages: Vec<MessageBody<'a>>,
    /// Whether the body was a single message.
    pub(super) is_single: bool,
    pub(super) dry_run: bool,
    pub(super) explain: bool,
}

impl<'a> Request<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// 400, with each property that is wrong.
    pub(super) fn read(bytes: &'a [u8], most: usize) -> Result<Self, Fault> {
        if let Ok(single) = serde_json::from_slice::<Single<'a>>(bytes)
            && is_object(bytes)
        {
            let Single { message_id, application_id, entity_id, channel, to, from, sent_at, dry_run, explain } = single;
            let message = MessageBody { message_id, application_id, entity_id, channel, to, from, sent_at };
            return Ok(Self {
                messages: vec![message],
                is_single: true,
                dry_run: dry_run.unwrap_or_default(),
                explain: explain.unwrap_or_default(),
            });
        }
        match serde_json::from_slice::<Several<'a>>(bytes) {
            Ok(Several { messages, dry_run, explain }) if is_object(bytes) => {
                if messages.is_empty() || messages.len() > most {
                    let text = format!("has {} messages; a request has 1 to {most}", messages.len());
                    return Err(Fault::property("messages", text));
                }
                Ok(Self {
                    messages,
                    is_single: false,
                    dry_run: dry_run.unwrap_or_default(),
                    explain: explain.unwrap_or_default(),
                })
            }
            _ => Err(why(bytes, most)),
        }
    }

    /// The messages, as the gateway takes them.
    ///
    /// # Errors
    /// 400: a property is invalid. 404: a message is of an application that the key does not see.
    pub(super) fn messages<'r>(&'r self, tenant: Option<&'r str>) -> Result<Vec<Message<'r>>, Fault> {
        let mut messages = Vec::with_capacity(self.messages.len());
        // A message goes out when it is decided, unless it says otherwise.
        let now = crate::change::now() / 1_000;
        for (index, body) in self.messages.iter().enumerate() {
            let place = |name: &str| if self.is_single { name.to_owned() } else { format!("messages[{index}].{name}") };
            let Some(channel) = Channel::parse(&body.channel) else {
                let text = format!("{} is not one of SMS, MMS, RCS", crate::http::quoted(&body.channel));
                return Err(Fault::property(place("channel"), text));
            };
            for (name, text, least) in [("messageId", &body.message_id, 0), ("from", &body.from, 1)] {
                if let Some(text) = text {
                    check(text, least).map_err(|violation| Fault::property(place(name), violation))?;
                }
            }
            for (name, text) in [("applicationId", &body.application_id), ("entityId", &body.entity_id)] {
                if let Some(text) = text {
                    Id::parse(text).map_err(|error| Fault::property(place(name), error.to_string()))?;
                }
            }
            check(&body.to, 0).map_err(|violation| Fault::property(place("to"), violation))?;
            let application = match (tenant, body.application_id.as_deref()) {
                (Some(tenant), None) => Some(tenant),
                (Some(tenant), Some(application)) if tenant != application => {
                    return Err(Fault::not_found(format!("the application {}", crate::http::quoted(application))));
                }
                (_, application) => application,
            };
            let mut message = Message::new(channel, &body.to);
            message.id = body.message_id.as_deref();
            message.application = application;
            message.entity = body.entity_id.as_deref();
            message.from = body.from.as_deref();
            message.sent_at = body.sent_at.or(Some(now));
            messages.push(message);
        }
        Ok(messages)
    }
}

/// Whether the body is an object: a derived type would also accept a list of the values of its fields.
fn is_object(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

fn check(text: &str, least: usize) -> Result<(), String> {
    // A text has at most as many characters as bytes, so most are accepted without counting.
    if text.len() > LONGEST && text.chars().count() > LONGEST {
        return Err(format!("has {} characters, and may have {LONGEST}", text.chars().count()));
    }
    if text.len() < least {
        return Err("is empty".into());
    }
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("has a control character".into());
    }
    Ok(())
}

/// What is wrong with a body, field by field. Slow, so only for bodies that could not be read.
#[cold]
fn why(bytes: &[u8], most: usize) -> Fault {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return not_json(&error),
    };
    let Value::Object(object) = value else {
        return Fault::property("", "the body must be a JSON object: a message, or {\"messages\": [...]}");
    };
    let mut violations = Vec::new();
    let wants = ["dryRun", "explain"];
    for name in wants {
        if let Some(value) = object.get(name).filter(|value| !value.is_boolean() && !value.is_null()) {
            violations.push(Violation::new(name, format!("must be true or false, not {}", kind_of(value))));
        }
    }
    match object.get("messages") {
        None => fields(&object, "", &wants, &mut violations),
        Some(Value::Array(list)) => {
            if list.is_empty() || list.len() > most {
                let text = format!("has {} messages; a request has 1 to {most}", list.len());
                violations.push(Violation::new("messages", text));
            }
            for (index, message) in list.iter().take(most).enumerate() {
                let place = format!("messages[{index}]");
                match message {
                    Value::Object(message) => fields(message, &format!("{place}."), &[], &mut violations),
                    other => {
                        violations.push(Violation::new(place, format!("must be an object, not {}", kind_of(other))))
                    }
                }
                if violations.len() >= 100 {
                    break;
                }
            }
            let unknown = object.keys().filter(|name| *name != "messages" && !wants.contains(&&***name));
            violations.extend(unknown.map(|name| Violation::new(name, "is not a property here")));
        }
        Some(other) => violations.push(Violation::new("messages", format!("must be a list, not {}", kind_of(other)))),
    }
    if violations.is_empty() {
        // A property is given twice, or this check misses what the parser found.
        let text = match serde_json::from_slice::<Several<'_>>(bytes).map(|_| IgnoredAny) {
            Err(error) if object.contains_key("messages") => error.to_string(),
            _ => serde_json::from_slice::<Single<'_>>(bytes).err().map_or_else(String::new, |error| error.to_string()),
        };
        violations.push(Violation::new("", format!("the body is not as it should be: {text}")));
    }
    Fault::invalid(violations)
}

fn fields(object: &serde_json::Map<String, Value>, prefix: &str, also: &[&str], violations: &mut Vec<Violation>) {
    let texts = ["messageId", "applicationId", "entityId", "channel", "to", "from"];
    for name in ["channel", "to"] {
        if object.get(name).is_none_or(Value::is_null) {
            violations.push(Violation::new(format!("{prefix}{name}"), "is required"));
        }
    }
    for (name, value) in object {
        let place = || format!("{prefix}{name}");
        if texts.contains(&&**name) {
            if !value.is_string() && !value.is_null() {
                violations.push(Violation::new(place(), format!("must be a string, not {}", kind_of(value))));
            }
        } else if name == "sentAt" {
            if value.as_u64().is_none() && !value.is_null() {
                violations.push(Violation::new(place(), "must be a whole number of seconds since 1970"));
            }
        } else if !also.contains(&&**name) {
            violations.push(Violation::new(place(), "is not a property here"));
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
