//! The key of a pin, as a request names it.

use callsign::sticky::PinRecord;
use callsign::{Channel, DEFAULT_APPLICATION, Number, PinKey, PinScope, Recipient};

use crate::fault::Fault;
use crate::http::{Caller, Parameters, id, quoted};
use crate::service::View;

/// The key of a pin.
pub(super) struct Key {
    application: String,
    entity: Option<String>,
    /// Which application with the id it is.
    generation: u32,
    channel: Channel,
    pub(super) recipient: Recipient,
}

impl Key {
    /// # Errors
    /// 400: a parameter is missing or invalid; 404: the key does not see the application.
    pub(super) fn of(view: &View, caller: &Caller, parameters: &Parameters) -> Result<Self, Fault> {
        let (channel, to) = (parameters.required("channel")?, parameters.required("to")?);
        Self::new(view, caller, parameters.text("applicationId"), parameters.text("entityId"), channel, to)
    }

    /// # Errors
    /// As [`Key::of`].
    pub(super) fn new(
        view: &View,
        caller: &Caller,
        application: Option<&str>,
        entity: Option<&str>,
        channel: &str,
        to: &str,
    ) -> Result<Self, Fault> {
        let application = application.or(caller.tenant()).unwrap_or(DEFAULT_APPLICATION);
        let entity = entity.map(|text| id("entityId", text)).transpose()?;
        id("applicationId", application)?;
        caller.must_see(Some(application), format!("the application {}", quoted(application)))?;
        let known = Channel::parse(channel);
        let channel = known
            .ok_or_else(|| Fault::property("channel", format!("{} is not one of SMS, MMS, RCS", quoted(channel))))?;
        Ok(Self {
            application: application.to_owned(),
            entity,
            generation: view.state.generation(view.catalog(), application),
            channel,
            recipient: recipient("to", to)?,
        })
    }

    pub(super) fn pin(&self) -> PinKey<'_> {
        let scope = PinScope::of_generation(&self.application, self.entity.as_deref(), self.generation);
        PinKey::new(scope, self.channel, self.recipient)
    }

    /// # Errors
    /// 404: the application or the entity does not exist, or not for the key.
    pub(super) fn must_exist(&self, view: &View, caller: &Caller) -> Result<(), Fault> {
        Ok(view.sight(caller).scope(&self.application, self.entity.as_deref()).map(drop)?)
    }

    pub(super) fn is_of(&self, record: &PinRecord) -> bool {
        (record.scope, record.channel) == (self.pin().scope.hash(), self.channel)
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
