//! What rules can see of a scope.

use callsign_policy::reads::Reads;
use callsign_policy::types::{Channel, Country, Key, Level, Request};
use callsign_policy::words::{field, level};

use super::Name;

/// What depends on the scope, the channel and the country alone: what is worked out from it holds for every message
/// until the scope's revision changes.
#[derive(Clone, Copy)]
pub struct ScopeView<'a> {
    request: &'a Request,
    reads: &'a dyn Reads,
}

impl core::fmt::Debug for ScopeView<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ScopeView").field("scope", &self.request.scope).finish_non_exhaustive()
    }
}

impl<'a> ScopeView<'a> {
    pub(crate) fn new(request: &'a Request, reads: &'a dyn Reads) -> Self {
        Self { request, reads }
    }

    /// `applicationId`; `default` for a message that names none.
    pub fn application_id(&self) -> String {
        // The texts of a message that are those of its scope. A message that names no application is of this one.
        let id = self.reads.text(self.request.message, field::APPLICATION_ID);
        id.unwrap_or_else(|| "default".to_owned())
    }

    /// `entityId`; none for the application's own scope.
    pub fn entity_id(&self) -> Option<String> {
        self.reads.text(self.request.message, field::ENTITY_ID)
    }

    /// The channel: [`callsign_policy::words::channel`].
    pub fn channel(&self) -> Channel {
        self.request.channel
    }

    /// The destination country.
    pub fn country(&self) -> Country {
        self.request.country
    }

    /// An attribute of the entity, or else of the application.
    pub fn attribute(&self, name: &Name) -> Option<String> {
        self.attribute_of(level::ENTITY, name).or_else(|| self.attribute_of(level::APPLICATION, name))
    }

    /// An attribute of the entity or of the application: [`callsign_policy::words::level`].
    pub fn attribute_of(&self, level: Level, name: &Name) -> Option<String> {
        self.reads.scope_text(self.request.scope, level, name.key(self.reads))
    }

    /// An attribute of the entity or of the application as a number.
    pub fn number_of(&self, level: Level, name: &Name) -> Option<f64> {
        self.reads.scope_number(self.request.scope, level, name.key(self.reads))
    }

    /// The key of an attribute of the entity or of the application; 0 if there is none. It is equal to the key of
    /// an attribute of a sender or message if their texts are.
    pub fn attribute_key_of(&self, level: Level, name: &Name) -> Key {
        self.reads.scope_key(self.request.scope, level, name.key(self.reads))
    }
}
