//! A caller of the C library, as a program in C would be: structs of its own, and memory for the texts of decisions.

use std::os::raw::c_char;

use callsign_c::*;

/// A caller with a gateway and some messages.
pub(crate) struct Caller {
    gateway: GatewayHandle,
    messages: Vec<Message>,
    decisions: Vec<Decision>,
    texts: Vec<c_char>,
}

/// No error is told.
const NO_ERROR: ErrorHandle = ErrorHandle { id: 0 };

pub(crate) fn text(text: &str) -> Text {
    Text { data: text.as_ptr().cast(), length: text.len() }
}

/// A message, whose texts are borrowed.
pub(crate) fn message(message: &callsign::Message<'_>) -> Message {
    let or_none = |one: Option<&str>| one.map_or(Text::NONE, text);
    let mut made = Message {
        to: text(message.to),
        application_id: or_none(message.application),
        entity_id: or_none(message.entity),
        from: or_none(message.from),
        message_type: or_none(message.message_type.map(|one| one.as_str())),
        message_id: or_none(message.id),
        sent_at: message.sent_at.unwrap_or_default(),
        channel_count: 1,
        ..Message::EMPTY
    };
    // All of these tests and benches send SMS.
    made.channels[0] = ChannelNumber::Sms as u32;
    made
}

impl Caller {
    /// A caller with a gateway on a catalog, pins in memory, and messages that outlive it.
    pub(crate) fn new(catalog: &callsign::Catalog, messages: &[callsign::Message<'_>]) -> Self {
        let json = serde_json::to_string(&catalog.to_json()).unwrap();
        let (mut handle, mut gateway) = (CatalogHandle { id: 0 }, GatewayHandle { id: 0 });
        // SAFETY: the pointers are those of values that live until the calls return.
        unsafe {
            let opened =
                callsign_catalog_open_text(json.as_ptr().cast(), json.len(), Text::NONE, &raw mut handle, NO_ERROR);
            assert_eq!(opened, Status::Ok);
            let standard = PolicyHandle { id: 0 };
            let opened =
                callsign_gateway_open(CALLSIGN_ABI_VERSION, handle, standard, Text::NONE, &raw mut gateway, NO_ERROR);
            assert_eq!(opened, Status::Ok);
        }
        assert_eq!(callsign_catalog_close(handle, NO_ERROR), Status::Ok);
        Self {
            gateway,
            messages: messages.iter().map(message).collect(),
            decisions: vec![Decision::EMPTY; messages.len()],
            texts: vec![0; CALLSIGN_DECISION_TEXT * messages.len()],
        }
    }

    /// Decides one of the messages.
    #[inline]
    pub(crate) fn resolve(&mut self, index: usize) {
        let (message, decision) = (&raw const self.messages[index], &raw mut self.decisions[0]);
        let texts = self.texts.as_mut_ptr();
        // SAFETY: the pointers are those of values that live until the call returns.
        let status =
            unsafe { callsign_resolve(self.gateway, message, decision, texts, CALLSIGN_DECISION_TEXT, NO_ERROR) };
        assert_eq!(status, Status::Ok);
        assert_eq!(self.decisions[0].refusal, 0);
    }

    /// Decides some messages in one call.
    #[inline]
    pub(crate) fn resolve_batch(&mut self, first: usize, count: usize) {
        let messages = self.messages[first..first + count].as_ptr();
        let (decisions, texts, room) = (self.decisions.as_mut_ptr(), self.texts.as_mut_ptr(), self.texts.len());
        // SAFETY: the pointers are those of values that live until the call returns.
        let status = unsafe { callsign_resolve_batch(self.gateway, messages, decisions, count, texts, room, NO_ERROR) };
        assert_eq!(status, Status::Ok);
        assert_eq!(self.decisions[0].refusal, 0);
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        assert_eq!(callsign_gateway_close(self.gateway, NO_ERROR), Status::Ok);
    }
}
