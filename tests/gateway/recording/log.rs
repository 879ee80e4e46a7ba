//! A log in a folder of its own, and what can be read from it.

use std::sync::Arc;

use callsign::log::{
    Answer, AttributesRead, DecisionLog, LogOptions, Part, PinRead, PinWrite, Promise, Recipient, Recipients, Recorder,
    SignalsContext, TimeRange,
};
use callsign::{Channel, DecisionRef};
use callsign_tests::decision_log::TemporaryLog;

pub(super) struct Log {
    log: TemporaryLog,
    pub(super) recorder: Arc<Recorder>,
}

/// A record that owns what it says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) time: u64,
    pub(super) took: u32,
    pub(super) id: String,
    pub(super) trace: Option<[u8; 16]>,
    pub(super) application: Option<String>,
    pub(super) entity: Option<String>,
    pub(super) channel: Channel,
    pub(super) is_fallback: bool,
    /// The number, or the text that is none.
    pub(super) to: String,
    pub(super) country: Option<&'static str>,
    pub(super) area_code: Option<u16>,
    pub(super) from: Option<String>,
    pub(super) message_type: Option<String>,
    pub(super) sent_at: Option<u64>,
    pub(super) attributes: Vec<(String, String)>,
    /// The name of the catalog.
    pub(super) catalog: String,
    /// The policy, and its settings.
    pub(super) policy: Option<(String, String)>,
    pub(super) told_unhealthy: bool,
    pub(super) signals: Option<SignalsContext>,
    pub(super) pin_read: PinRead,
    pub(super) pin_write: PinWrite,
    /// As [`answer_of`] says it.
    pub(super) answer: String,
}

impl Log {
    pub(super) fn new(promise: Promise) -> Self {
        Self::with(|options| options.promise = promise)
    }

    pub(super) fn with(change: impl FnOnce(&mut LogOptions)) -> Self {
        let log = TemporaryLog::with(|options| {
            options.recipients = Recipients::Plain;
            change(options);
        });
        Self { recorder: Arc::clone(&log.recorder), log }
    }

    /// All records so far, in the order of the log.
    pub(super) fn entries(&self) -> Vec<Entry> {
        // A log that was closed is on the disk.
        let _ = self.recorder.flush();
        self.on_disk()
    }

    /// The records that are on the disk, in the order of the log.
    pub(super) fn on_disk(&self) -> Vec<Entry> {
        let Ok(log) = DecisionLog::open(self.log.folder()) else { return Vec::new() };
        let (mut entries, mut bytes) = (Vec::new(), Vec::new());
        for part in log.read(TimeRange::ALL) {
            let Part::Block(block) = part.unwrap() else { panic!("records are missing") };
            for record in block.records(&mut bytes).unwrap().iter() {
                let AttributesRead::All(attributes) = record.attributes else { panic!("some attributes are missing") };
                let text = |text: Option<&str>| text.map(str::to_owned);
                entries.push(Entry {
                    time: record.time,
                    took: record.took,
                    id: record.message_id.unwrap_or_default().into(),
                    trace: record.trace_id,
                    application: text(record.application),
                    entity: text(record.entity),
                    channel: record.channel,
                    is_fallback: record.is_fallback,
                    to: match record.recipient {
                        Recipient::Number(number) => number.to_string(),
                        Recipient::Text(text) => text.into(),
                        Recipient::Sealed(_) => panic!("the log is plain"),
                    },
                    country: record.country.map(|country| country.as_str()),
                    area_code: record.area_code.map(|code| code.get()),
                    from: text(record.from),
                    message_type: text(record.message_type),
                    sent_at: record.sent_at,
                    attributes: attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
                    catalog: block.catalog(record.catalog).unwrap().name.to_string(),
                    policy: record.policy.map(|id| {
                        let policy = block.policy(id).unwrap();
                        (policy.label.to_string(), policy.settings.to_string())
                    }),
                    told_unhealthy: record.told_unhealthy,
                    signals: record.signals.map(|id| SignalsContext::clone(&block.signals(id).unwrap())),
                    pin_read: record.pin_read,
                    pin_write: record.pin_write,
                    answer: match record.answer {
                        Answer::Decided { sender, strategy, step } => {
                            format!("{sender} {step} {}", strategy.unwrap_or("-"))
                        }
                        Answer::Refused { code } => code.into(),
                    },
                });
            }
        }
        entries
    }

    /// The only record of the log.
    pub(super) fn only(&self) -> Entry {
        let mut entries = self.entries();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }
}

/// `senderId STEP strategyId`, with `-` for no strategy, or the code of the refusal.
pub(super) fn answer_of(decision: DecisionRef<'_>) -> String {
    match (decision.sender(), decision.step(), decision.refusal()) {
        (Some(sender), Some(step), None) => {
            format!("{} {step} {}", sender.id, decision.strategy().map_or("-", |strategy| &*strategy.id))
        }
        (None, None, Some(refusal)) => refusal.code().into(),
        _ => panic!("neither decided nor refused: {decision:?}"),
    }
}
