//! `sticky`: the pins of the recipients of a call.

use callsign_policy::sticky as sdk;
use wasmtime::Result;

use crate::bindings::contract::sticky;
use crate::call_message::LoadedPin;
use crate::instance::State;

impl State {
    /// The pin of a message, which is read from the store unless it is loaded. The policy has read it then.
    #[inline]
    fn read_pin(&mut self, message: u32) -> sticky::Pin {
        let (Some(revision), Some(store)) = (&self.revision, &self.sticky) else { return sticky::Pin::None };
        let Some(sent) = self.messages.get(message as usize) else { return sticky::Pin::None };
        let (scope, is_loaded) = (sent.scope, sent.pin.is_some());
        if !is_loaded {
            let key = revision.pin_key(scope, self.entities.get(message), sent.channel, sent.recipient);
            let value = key.map_or(Ok(None), |key| store.get(&key));
            self.set_pin(message, LoadedPin { value, read_by_policy: true });
        }
        let pin = self.pin(message).and_then(|pin| {
            pin.read_by_policy = true;
            // The policy sees no pin where the store failed; the check of the answer reports that.
            pin.value.as_ref().ok().copied().flatten()
        });
        let Some(revision) = &self.revision else { return sticky::Pin::None };
        match revision.pin_in_scope(scope, pin) {
            sdk::Pin::None => sticky::Pin::None,
            sdk::Pin::Held(handle) => sticky::Pin::Held(handle),
            sdk::Pin::Gone => sticky::Pin::Gone,
        }
    }
}

impl sticky::Host for State {
    fn pin_of(&mut self, message: u32) -> Result<sticky::Pin> {
        self.count_import()?;
        Ok(self.read_pin(message))
    }

    fn pins_of(&mut self) -> Result<Vec<sticky::Pin>> {
        self.count_import()?;
        let mut pins = Vec::with_capacity(self.messages.len());
        for message in 0..self.messages.len() as u32 {
            // A store may be slow, and each pin is a question to it unless it is loaded.
            self.check_time()?;
            pins.push(self.read_pin(message));
        }
        Ok(pins)
    }
}
