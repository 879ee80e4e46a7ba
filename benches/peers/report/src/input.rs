//! What the report is made of: criterion's estimates, and a file of each bench that has figures of another kind. Any of
//! them may not be there.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::estimates::Estimates;
use crate::section::change::{self, Change, ChangeFacts};
use crate::section::decision::{self, DecisionRow};
use crate::section::engines::{self, EngineName, EngineRow};
use crate::section::instructions::InstructionsRow;
use crate::section::languages::{self, LanguageFacts, LanguageRow};
use crate::section::lines::{self, LinesFacts, LinesRow};
use crate::section::machine::Machine;
use crate::section::start::{self, StartRow};
use crate::section::storm::StormRow;
use crate::section::threads::{self, ThreadsRow};

/// Everything that the report is made of.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) machine: Option<Machine>,
    pub(crate) decision: Option<Vec<DecisionRow>>,
    /// What the host measured of policies.
    pub(crate) policy: Option<Vec<EngineRow>>,
    /// The other engines.
    pub(crate) peers: Option<Vec<EngineRow>>,
    pub(crate) change: Option<Change>,
    pub(crate) threads: Option<Vec<ThreadsRow>>,
    pub(crate) storm: Option<Vec<StormRow>>,
    pub(crate) start: Option<Vec<StartRow>>,
    pub(crate) lines: Option<LinesRow>,
    pub(crate) instructions: Option<Vec<InstructionsRow>>,
    /// One policy in each language.
    pub(crate) languages: Option<Vec<LanguageRow>>,
    /// What is known of targets that are missed, as Markdown.
    pub(crate) notes: Option<String>,
    /// What was not measured.
    pub(crate) missing: Vec<&'static str>,
}

/// What the benches write beside criterion's estimates.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) machine: Option<Machine>,
    pub(crate) policies: Option<Vec<EngineName>>,
    pub(crate) peers: Option<Vec<EngineName>>,
    pub(crate) change: Option<ChangeFacts>,
    pub(crate) storm: Option<Vec<StormRow>>,
    pub(crate) lines: Option<LinesFacts>,
    pub(crate) instructions: Option<Vec<InstructionsRow>>,
    pub(crate) languages: Option<Vec<LanguageFacts>>,
}

#[derive(Deserialize)]
struct Rows<T> {
    rows: Vec<T>,
}

impl Inputs {
    /// Reads what there is in the folder of the facts and in criterion's.
    ///
    /// # Errors
    /// A file that is there and is not what it should be.
    pub(crate) fn read(folder: &Path, criterion: &Path, notes: &Path) -> anyhow::Result<Self> {
        let folder = Folder(folder);
        let facts = Facts {
            machine: folder.file("machine.json")?,
            policies: folder.rows("policies.json")?,
            peers: folder.rows("peers.json")?,
            change: folder.file("change.json")?,
            storm: folder.rows("storm.json")?,
            lines: folder.file("lines.json")?,
            instructions: folder.rows("instructions.json")?,
            languages: folder.rows("languages.json")?,
        };
        let own = text(&folder.0.join("notes.md"))?;
        let notes = if own.is_some() { own } else { text(notes)? };
        Ok(Self::new(&Estimates::read(criterion)?, facts, notes))
    }

    /// Puts the estimates and the facts together.
    pub(crate) fn new(estimates: &Estimates, facts: Facts, notes: Option<String>) -> Self {
        let Facts { machine, policies, peers, change, storm, lines, instructions, languages } = facts;
        let mut inputs = Self {
            machine,
            decision: some(decision::rows(estimates)),
            policy: some(engines::rows(estimates, "policy", &policies.unwrap_or_default())),
            peers: some(engines::rows(estimates, "peers", &peers.unwrap_or_default())),
            change: change.and_then(|facts| change::figures(estimates, facts)),
            threads: some(threads::rows(estimates)),
            storm,
            start: some(start::rows(estimates)),
            lines: lines.and_then(|facts| lines::row(estimates, facts)),
            instructions,
            languages: languages.map(|facts| languages::rows(estimates, facts)).and_then(some),
            notes,
            missing: Vec::new(),
        };
        inputs.missing = [
            ("machine", inputs.machine.is_none()),
            ("decision", inputs.decision.is_none()),
            ("policy", inputs.policy.is_none()),
            ("peers", inputs.peers.is_none()),
            ("change", inputs.change.is_none()),
            ("threads", inputs.threads.is_none()),
            ("storm", inputs.storm.is_none()),
            ("command/explain", inputs.start.is_none()),
            ("command/resolve", inputs.lines.is_none()),
            ("instructions", inputs.instructions.is_none()),
            ("languages", inputs.languages.is_none()),
        ]
        .into_iter()
        .filter_map(|(bench, missing)| missing.then_some(bench))
        .collect();
        inputs
    }
}

fn some<T>(rows: Vec<T>) -> Option<Vec<T>> {
    (!rows.is_empty()).then_some(rows)
}

struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn file<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let path = self.0.join(name);
        let Some(text) = text(&path)? else { return Ok(None) };
        let read = serde_json::from_str(&text).with_context(|| format!("{} is not what it should be", path.display()));
        Ok(Some(read?))
    }

    fn rows<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<Vec<T>>> {
        Ok(self.file::<Rows<T>>(name)?.map(|file| file.rows))
    }
}

/// The text of a file; none where it is not there.
fn text(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
