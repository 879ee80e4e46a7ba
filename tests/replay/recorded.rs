//! A log in a folder of its own, and where a test finds what it names.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use callsign::log::{DecisionLog, LogKey, LogOptions, PolicyContext, Recorder};
use callsign::{
    Catalog, Channel, Channels, CompiledCache, Gateway, Limits, MemoryStore, Message, MessageAttributes, MessageType,
    Policy, standard_component,
};
use callsign_replay::{Gone, Instead, PassOptions, PassProgress, ReplayReport, Sources, WhatIf, WhatIfReport, replay};
use callsign_tests::decision_log::TemporaryLog;
use callsign_tests::platform::patient;
use callsign_tests::reference;
use sha2::{Digest, Sha256};

/// A log, and the catalogs and modules that its gateways had.
pub struct Recorded {
    written: TemporaryLog,
    pub recorder: Arc<Recorder>,
    pub sources: Known,
    pub options: PassOptions,
}

/// Catalogs and modules by their names.
#[derive(Default)]
pub struct Known {
    pub catalogs: HashMap<String, Catalog>,
    pub modules: HashMap<[u8; 32], Vec<u8>>,
}

impl Sources for Known {
    fn catalog(&self, name: &str) -> Result<Catalog, Gone> {
        self.catalogs.get(name).cloned().ok_or_else(|| Gone::new(format!("no catalog {name}")))
    }

    fn policy(&self, policy: &PolicyContext) -> Result<Policy, Gone> {
        let bytes = self.modules.get(&policy.module).ok_or_else(|| Gone::new(format!("no module {}", policy.label)))?;
        load(bytes, &policy.settings)
    }
}

fn load(bytes: &[u8], settings: &str) -> Result<Policy, Gone> {
    let loaded = if bytes == standard_component() {
        CompiledCache::of_user().standard()
    } else {
        CompiledCache::off().policy(bytes, Limits::default())
    };
    loaded.and_then(|policy| policy.with_settings(settings)).map_err(|error| Gone::new(error.to_string()))
}

impl Recorded {
    /// A log whose recipients are sealed.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut LogOptions)) -> Self {
        let written = TemporaryLog::with(|options| {
            // More than any test decides before the writer comes to it.
            options.ring_bytes = 64 << 20;
            change(options);
        });
        let mut sources = Known::default();
        sources.add_module(standard_component());
        Self { recorder: Arc::clone(&written.recorder), written, sources, options: PassOptions::default() }
    }

    /// A catalog under a name, which a replay finds again.
    pub fn catalog(&mut self, name: &str, catalog: Catalog) -> Catalog {
        self.sources.catalogs.insert(name.to_owned(), catalog.clone());
        catalog.named(name)
    }

    /// A gateway on a catalog, whose decisions are recorded.
    pub fn gateway(&mut self, name: &str, catalog: Catalog, policy: Arc<Policy>) -> Gateway {
        let gateway = Gateway::with(self.catalog(name, catalog), policy, Arc::new(MemoryStore::new())).unwrap();
        gateway.record_to(Arc::clone(&self.recorder));
        gateway
    }

    /// The log so far.
    pub fn log(&self) -> DecisionLog {
        self.recorder.flush().unwrap();
        assert_eq!(self.recorder.counters().dropped, 0);
        DecisionLog::open(self.folder()).unwrap()
    }

    pub fn folder(&self) -> &Path {
        self.written.folder()
    }

    pub fn key(&self) -> Option<LogKey> {
        LogKey::of_log(self.folder()).unwrap()
    }

    /// Decides all of it again.
    pub fn replay(&self) -> ReplayReport {
        let key = self.key();
        replay(&self.log(), &self.sources, key.as_ref(), &standard(), &self.options, &PassProgress::new())
    }

    /// Decides all of it on something else.
    pub fn what_if(&self, instead: &Instead) -> WhatIfReport {
        let key = self.key();
        let what_if = WhatIf::new(instead, &self.sources, key.as_ref(), &standard());
        what_if.run(&self.log(), &self.options, &PassProgress::new())
    }
}

impl Known {
    pub fn add_module(&mut self, bytes: &[u8]) {
        self.modules.insert(Sha256::digest(bytes).into(), bytes.to_vec());
    }
}

/// The standard policy.
pub fn standard() -> Arc<Policy> {
    static STANDARD: OnceLock<Arc<Policy>> = OnceLock::new();
    Arc::clone(STANDARD.get_or_init(|| Arc::new(patient(CompiledCache::of_user().standard().unwrap()))))
}

/// A component as a policy.
pub fn policy(bytes: &[u8]) -> Policy {
    patient(CompiledCache::off().policy(bytes, Limits::default()).unwrap())
}

/// A message of the model, as a gateway reads it.
pub fn message<'a>(message: &'a reference::Message, attributes: &'a [(&'a str, &'a str)]) -> Message<'a> {
    let channel = |name: &str| Channel::parse(name).unwrap();
    let mut out = Message::new(channel(&message.channel), &message.to);
    if !message.channels.is_empty() {
        let channels: Vec<Channel> = message.channels.iter().map(|name| channel(name)).collect();
        out = out.channels(Channels::new(&channels).unwrap());
    }
    out.id = message.message_id.as_deref();
    out.application = message.application_id.as_deref();
    out.entity = message.entity_id.as_deref();
    out.from = message.from.as_deref();
    out.message_type = message.message_type.as_deref().map(|word| MessageType::parse(word).unwrap());
    out.sent_at = message.sent_at.and_then(|seconds| u64::try_from(seconds).ok());
    out.attributes = MessageAttributes::new(attributes).unwrap();
    out
}

/// The attributes of a message of the model.
pub fn attributes(message: &reference::Message) -> Vec<(&str, &str)> {
    message.attributes.iter().map(|(name, value)| (&**name, &**value)).collect()
}

/// Tells a board what was reported of senders, in place of all before.
pub fn tell(board: &callsign::SignalBoard, health: &reference::Health) {
    let mut signals = callsign::Signals::builder();
    for report in &health.reports {
        let channel = report.channel.as_deref().and_then(Channel::parse);
        let country = report.country.as_deref().and_then(callsign::Country::parse);
        let health = match report.healthy {
            true => callsign::Health::Healthy,
            false => callsign::Health::Unhealthy { since: 1 },
        };
        signals.health(&report.sender_id, channel, country, health);
    }
    board.set(signals);
}
