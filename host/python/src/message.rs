//! A message that needs a sender.

use callsign::{Channel, Channels, MessageAttributes, MessageType, check_attribute, check_attributes, parse_time};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::binding::not_pickled;

/// What the choice of a sender needs to know of a message. It is checked once, here, and cannot be changed.
///
/// to: the recipient in E.164, with or without "+"; spaces, dashes, dots and brackets are ignored.
/// channel: "SMS", "MMS" or "RCS".
/// channels: channels in order of preference, in place of `channel`; the first that has a sender is taken.
/// application, entity: who sends; the application "default" where there is none.
/// from_: the sender that overrides every strategy, as recipients see it.
/// message_type: what the message is for, such as "TRANSACTIONAL".
/// sent_at: when it goes out: seconds since 1970-01-01 UTC, a datetime with a time zone, or a text of RFC 3339.
/// attributes: texts by name, for policies that read them.
/// id: of the message, for the decision log.
/// trace_id: of W3C Trace Context, 32 hexadecimal digits, for the decision log.
///
/// Raises ValueError where a value is not one of these. A `to` that is no number is no error: the decision refuses it.
#[pyclass(frozen, eq, hash, module = "callsign_gateway")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Message {
    to: Box<str>,
    channels: Vec<Channel>,
    /// Whether `channels` was given, and not `channel`.
    has_channels: bool,
    application: Option<Box<str>>,
    entity: Option<Box<str>>,
    from: Option<Box<str>>,
    message_type: Option<Box<str>>,
    sent_at: Option<u64>,
    attributes: Vec<(Box<str>, Box<str>)>,
    id: Option<Box<str>>,
    trace_id: Option<[u8; 16]>,
}

impl Message {
    /// Its attributes, for [`Message::get`].
    pub(crate) fn attributes(&self) -> Vec<(&str, &str)> {
        self.attributes.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    /// The message, with its [`Message::attributes`].
    pub(crate) fn get<'a>(&'a self, attributes: &'a [(&'a str, &'a str)]) -> callsign::Message<'a> {
        // What has rules was checked when the message was made, so nothing is left out here.
        let channel = self.channels.first().copied().unwrap_or(Channel::Sms);
        let mut message = callsign::Message::new(channel, &self.to);
        if self.has_channels {
            message.channels = Channels::new(&self.channels).ok();
        }
        message.application = self.application.as_deref();
        message.entity = self.entity.as_deref();
        message.from = self.from.as_deref();
        message.message_type = self.message_type.as_deref().and_then(|text| MessageType::parse(text).ok());
        message.sent_at = self.sent_at;
        if !attributes.is_empty() {
            message.attributes = MessageAttributes::new(attributes).unwrap_or_default();
        }
        message.id = self.id.as_deref();
        message.trace_id = self.trace_id;
        message
    }
}

#[pymethods]
impl Message {
    #[new]
    #[pyo3(signature = (
        to, *, channel = None, channels = None, application = None, entity = None, from_ = None, message_type = None,
        sent_at = None, attributes = None, id = None, trace_id = None
    ))]
    #[allow(clippy::too_many_arguments, reason = "they have names in Python")]
    fn new(
        to: &str,
        channel: Option<&str>,
        channels: Option<Vec<String>>,
        application: Option<String>,
        entity: Option<String>,
        from_: Option<String>,
        message_type: Option<String>,
        sent_at: Option<&Bound<'_, PyAny>>,
        attributes: Option<&Bound<'_, PyDict>>,
        id: Option<String>,
        trace_id: Option<&str>,
    ) -> PyResult<Self> {
        let has_channels = channels.is_some();
        let channels = match (channel, channels) {
            (Some(_), Some(_)) => {
                return Err(PyValueError::new_err("a message has `channel` or `channels`, not both"));
            }
            (None, Some(words)) => {
                let found =
                    words.iter().enumerate().map(|(place, word)| channel_of(&format!("channels[{place}]"), word));
                found.collect::<PyResult<Vec<_>>>()?
            }
            (channel, None) => vec![channel_of("channel", channel.unwrap_or("SMS"))?],
        };
        if has_channels {
            Channels::new(&channels).map_err(|error| PyValueError::new_err(format!("`channels`: {error}")))?;
        }
        if let Some(text) = &message_type {
            MessageType::parse(text).map_err(|error| PyValueError::new_err(format!("`message_type`: {error}")))?;
        }
        let mut pairs: Vec<(Box<str>, Box<str>)> = Vec::new();
        for (name, value) in attributes.into_iter().flatten() {
            let (name, value): (String, String) = (name.extract()?, value.extract()?);
            check_attribute(&name, &value)
                .map_err(|error| PyValueError::new_err(format!("`attributes.{name}`: {error}")))?;
            pairs.push((name.into(), value.into()));
        }
        check_attributes(pairs.iter().map(|(name, value)| (&**name, &**value)))
            .map_err(|error| PyValueError::new_err(format!("`attributes`: {error}")))?;
        Ok(Self {
            to: to.into(),
            channels,
            has_channels,
            application: application.map(Into::into),
            entity: entity.map(Into::into),
            from: from_.map(Into::into),
            message_type: message_type.map(Into::into),
            sent_at: sent_at.map(seconds).transpose()?,
            attributes: pairs,
            id: id.map(Into::into),
            trace_id: trace_id.map(trace).transpose()?,
        })
    }

    /// The recipient, as it was given.
    #[getter]
    fn to(&self) -> &str {
        &self.to
    }

    /// The channels, the preferred one first.
    #[getter]
    fn channels(&self) -> Vec<&'static str> {
        self.channels.iter().map(|channel| channel.as_str()).collect()
    }

    /// The application, if one was given.
    #[getter]
    fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// The entity, if one was given.
    #[getter]
    fn entity(&self) -> Option<&str> {
        self.entity.as_deref()
    }

    /// The sender that overrides every strategy, if one was given.
    #[getter(from_)]
    fn named_sender(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// The id, if one was given.
    #[getter]
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn __repr__(&self) -> String {
        let scope = self.application.as_deref().unwrap_or("default");
        match &self.entity {
            Some(entity) => format!("Message({:?}, application={scope:?}, entity={entity:?})", self.to),
            None => format!("Message({:?}, application={scope:?})", self.to),
        }
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Message"))
    }
}

/// The channel with a name.
pub(crate) fn channel_of(at: &str, word: &str) -> PyResult<Channel> {
    Channel::parse(word).ok_or_else(|| {
        PyValueError::new_err(format!("`{at}`: {word:?} is no channel; the channels are SMS, MMS and RCS"))
    })
}

/// A time as seconds since 1970-01-01 UTC.
pub(crate) fn seconds(time: &Bound<'_, PyAny>) -> PyResult<u64> {
    if time.is_instance_of::<PyString>() {
        let text: String = time.extract()?;
        return parse_time(&text).map_err(|error| PyValueError::new_err(error.to_string()));
    }
    if let Ok(seconds) = time.extract::<u64>() {
        return Ok(seconds);
    }
    if !time.hasattr("timestamp")? {
        return Err(PyTypeError::new_err(
            "a time is seconds since 1970-01-01 UTC (an int from 0), a datetime, or a text of RFC 3339",
        ));
    }
    if time.getattr("tzinfo")?.is_none() {
        return Err(PyValueError::new_err("the datetime has no time zone; give it one, such as datetime.timezone.utc"));
    }
    let seconds: f64 = time.call_method0("timestamp")?.extract()?;
    if !(0.0..253_402_300_800.0).contains(&seconds) {
        return Err(PyValueError::new_err("the time is before 1970 or after 9999"));
    }
    Ok(seconds as u64)
}

/// A trace id.
fn trace(text: &str) -> PyResult<[u8; 16]> {
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u128::from_str_radix(text, 16) {
        Ok(number) if digits => Ok(number.to_be_bytes()),
        _ => Err(PyValueError::new_err("`trace_id` is 32 hexadecimal digits")),
    }
}
