//! The key of a pin, as a request names it.

use callsign::sticky::PinRecord;
use callsign::{Channel, DEFAULT_APPLICATION, Number, PinKey, PinScope, Recipient};

use crate::fault::Fault;
use crate::http::{Caller, Parameters, quoted};

/// The most characters of an id.
const LONGEST_ID: usize = 255;

/// The key of a pin.
pub(super) struct Key {
    application: String,
    entity: Option<String>,
    channel: Channel,
    pub(super) recipient: Recipient,
}

impl Key {
    /// # Errors
    /// 400: a parameter is missing or invalid; 404: the key does not see the application.
    pub(super) fn of(caller: &Caller, parameters: &Parameters) -> Result<Self, Fault> {
        let (channel, to) = (parameters.required("channel")?, parameters.required("to")?);
        Self::new(caller, parameters.text("applicationId"), parameters.text("entityId"), channel, to)
    }

    /// # Errors
    /// As [`Key::of`].
    pub(super) fn new(
        caller: &Caller,
        application: Option<&str>,
        entity: Option<&str>,
        channel: &str,
        to: &str,
    ) -> Result<Self, Fault> {
        let application = application.or(caller.tenant()).unwrap_or(DEFAULT_APPLICATION);
        for (name, id) in [("applicationId", Some(application)), ("entityId", entity)] {
            let is_sound =
                |id: &str| (1..=LONGEST_ID).contains(&id.chars().count()) && !id.chars().any(char::is_control);
            if !id.is_none_or(is_sound) {
                return Err(Fault::property(name, "is not 1 to 255 characters, none a control"));
            }
        }
        caller.must_see(Some(application), format!("the application {}", quoted(application)))?;
        let known = Channel::parse(channel);
        let channel = known
            .ok_or_else(|| Fault::property("channel", format!("{} is not one of SMS, MMS, RCS", quoted(channel))))?;
        Ok(Self {
            application: application.to_owned(),
            entity: entity.map(str::to_owned),
            channel,
            recipient: recipient("to", to)?,
        })
    }

    pub(super) fn pin(&self) -> PinKey<'_> {
        PinKey::new(PinScope::new(&self.application, self.entity.as_deref()), self.channel, self.recipient)
    }

    pub(super) fn is_of(&self, record: &PinRecord) -> bool {
        (&*record.application, record.entity.as_deref(), record.channel)
            == (&*self.application, self.entity.as_deref(), self.channel)
    }
}

/// A recipient: a number, or the hash that a store has instead.
///
/// # Errors
/// 400: it is neither.
pub(super) fn recipient(property: &str, text: &str) -> Result<Recipient, Fault> {
    if let Ok(hash) = text.parse() {
        return Ok(Recipient::Hash(hash));
    }
    // A `+` that was not escaped in a query arrives as a space.
    let number = Number::parse(text.trim_start());
    number.map(Recipient::of).map_err(|error| Fault::property(property, format!("{}: {error}", quoted(text))))
}
