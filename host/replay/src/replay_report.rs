//! What a replay found.

use std::fmt::{self, Display, Formatter};

use callsign::escape;
use callsign_log::Record;
use serde::Serialize;

use crate::change::{AnswerSaid, Change, Said};
use crate::deciding::{Again, Sink, recorded};
use crate::reason::{NotReplayed, Reason};
use crate::recipients::Sample;
use crate::report::{grouped, time_text};

/// How many differences are shown.
const SHOWN: usize = 20;

/// What a replay found. It serialises as JSON, and writes itself for people.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReplayReport {
    /// The records that were read and asked for.
    pub records: u64,
    /// Those that were decided again.
    pub replayed: u64,
    /// Those of them whose answer differs: another sender, strategy or step, or another refusal.
    pub different: u64,
    /// Those that were not decided again, by reason.
    pub not_replayed: NotReplayed,
    /// What was not there, with the reason: at most 20.
    pub missing: Vec<String>,
    /// The records that the log says it has dropped.
    pub dropped: u64,
    /// What is wrong with the log: at most 20 faults.
    pub faults: Vec<String>,
    /// Whether some of the log cannot be read, besides a tail that was cut.
    pub is_damaged: bool,
    /// Whether all of the log was read: it was neither cancelled nor out of time.
    pub is_complete: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Records whose answer differs: at most 20.
    pub differences: Vec<Difference>,
}

/// A record whose answer differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Difference {
    /// When it was decided, in microseconds since 1970-01-01 UTC.
    pub time: u64,
    /// `messageId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Box<str>>,
    /// The channel.
    pub channel: &'static str,
    /// The module that answered, as `name@version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Box<str>>,
    /// The catalog.
    pub catalog: Box<str>,
    /// The answer of the log.
    pub recorded: AnswerSaid,
    /// The answer of now.
    pub replayed: AnswerSaid,
}

/// What a thread has found of a replay.
#[derive(Debug)]
pub(crate) struct Differences {
    pub(crate) records: u64,
    pub(crate) replayed: u64,
    pub(crate) different: u64,
    pub(crate) not_replayed: NotReplayed,
    pub(crate) shown: Sample<Difference>,
}

impl Default for Differences {
    fn default() -> Self {
        Self {
            records: 0,
            replayed: 0,
            different: 0,
            not_replayed: NotReplayed::default(),
            shown: Sample::of_at_most(SHOWN),
        }
    }
}

impl Differences {
    pub(crate) fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.replayed += other.replayed;
        self.different += other.different;
        self.not_replayed.merge(&other.not_replayed);
        self.shown.merge(other.shown);
    }
}

impl Sink for Differences {
    fn replayed(&mut self, record: &Record<'_>, again: &Again<'_>) {
        let (before, after) = (recorded(record), again.said());
        if let Said::Refusal("POLICY_FAILED") = after {
            return self.not_replayed(record, Reason::PolicyFailedNow);
        }
        self.records += 1;
        self.replayed += 1;
        if Change::between(&before, &after).is_none() {
            return;
        }
        self.different += 1;
        // The earliest are shown: what comes later may be a consequence.
        self.shown.offer(record.time, || Difference {
            time: record.time,
            message_id: record.message_id.map(Into::into),
            channel: record.channel.as_str(),
            policy: again.named.policy.as_ref().map(|policy| policy.label.clone()),
            catalog: again.named.catalog.name.clone(),
            recorded: before.into(),
            replayed: after.into(),
        });
    }

    fn not_replayed(&mut self, record: &Record<'_>, reason: Reason) {
        let _ = record;
        self.records += 1;
        self.not_replayed.count(reason, 1);
    }
}

impl Display for ReplayReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rate = (self.records as f64 / self.seconds.max(1e-6)) as u64;
        writeln!(
            f,
            "records       {:>14}, in {:.1} s, {} a second",
            grouped(self.records),
            self.seconds,
            grouped(rate)
        )?;
        writeln!(f, "replayed      {:>14}", grouped(self.replayed))?;
        writeln!(f, "  the same    {:>14}", grouped(self.replayed - self.different))?;
        writeln!(f, "  different   {:>14}", grouped(self.different))?;
        if self.not_replayed.total() > 0 {
            writeln!(f, "not replayed  {:>14}", grouped(self.not_replayed.total()))?;
        }
        for (reason, records) in self.not_replayed.iter() {
            writeln!(f, "              {:>14}  {}", grouped(records), reason.words())?;
        }
        if self.dropped > 0 {
            writeln!(f, "dropped       {:>14}, which the log does not have", grouped(self.dropped))?;
        }
        for line in self.missing.iter().chain(&self.faults) {
            writeln!(f, "  note        {}", escape::line(line, 400))?;
        }
        if !self.is_complete {
            writeln!(f, "  note        only a part of the log was read")?;
        }
        for one in &self.differences {
            let (id, policy) = (one.message_id.as_deref().unwrap_or("-"), one.policy.as_deref().unwrap_or("no policy"));
            writeln!(f, "\n{} {id} {} by {policy} on {}", time_text(one.time), one.channel, one.catalog)?;
            writeln!(f, "  recorded    {}\n  replayed    {}", one.recorded, one.replayed)?;
        }
        let shown = self.differences.len() as u64;
        if self.different > shown {
            writeln!(f, "\n{} more are different", grouped(self.different - shown))?;
        }
        Ok(())
    }
}
