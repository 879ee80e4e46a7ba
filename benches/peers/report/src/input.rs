//! What the benches wrote: a file for each, any of which may not be there.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::section::change::Change;
use crate::section::decision::DecisionRow;
use crate::section::engines::EngineRow;
use crate::section::instructions::InstructionsRow;
use crate::section::lines::LinesRow;
use crate::section::machine::Machine;
use crate::section::start::StartRow;
use crate::section::storm::StormRow;
use crate::section::threads::ThreadsRow;

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
    pub(crate) lines: Option<Vec<LinesRow>>,
    pub(crate) instructions: Option<Vec<InstructionsRow>>,
    /// What is known of targets that are missed, as Markdown.
    pub(crate) notes: Option<String>,
    /// The files that were not there.
    pub(crate) missing: Vec<&'static str>,
}

#[derive(Deserialize)]
struct Rows<T> {
    rows: Vec<T>,
}

impl Inputs {
    /// Reads what there is in a folder.
    ///
    /// # Errors
    /// A file that is there and is not what it should be.
    pub(crate) fn read(folder: &Path, notes: &Path) -> anyhow::Result<Self> {
        let mut folder = Folder { folder, missing: Vec::new() };
        let own = text(&folder.folder.join("notes.md"))?;
        Ok(Self {
            machine: folder.file("machine.json")?,
            decision: folder.rows("decision.json")?,
            policy: folder.rows("policy.json")?,
            peers: folder.rows("peers.json")?,
            change: folder.file("change.json")?,
            threads: folder.rows("threads.json")?,
            storm: folder.rows("storm.json")?,
            start: folder.rows("start.json")?,
            lines: folder.rows("lines.json")?,
            instructions: folder.rows("instructions.json")?,
            notes: if own.is_some() { own } else { text(notes)? },
            missing: folder.missing,
        })
    }
}

struct Folder<'a> {
    folder: &'a Path,
    missing: Vec<&'static str>,
}

impl Folder<'_> {
    fn file<T: DeserializeOwned>(&mut self, name: &'static str) -> anyhow::Result<Option<T>> {
        let path = self.folder.join(name);
        let Some(text) = text(&path)? else {
            self.missing.push(name);
            return Ok(None);
        };
        let read = serde_json::from_str(&text).with_context(|| format!("{} is not what it should be", path.display()));
        Ok(Some(read?))
    }

    fn rows<T: DeserializeOwned>(&mut self, name: &'static str) -> anyhow::Result<Option<Vec<T>>> {
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
