//! How a component came to be, in reports.

use std::fmt::Write;

use callsign::{Provenance, Tool};
use serde::Serialize;

/// With which tools a component was made, and from which source: what its metadata says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProvenanceReport<'a> {
    languages: Vec<ToolReport<'a>>,
    tools: Vec<ToolReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
}

#[derive(Serialize)]
struct ToolReport<'a> {
    name: &'a str,
    version: &'a str,
}

impl<'a> ProvenanceReport<'a> {
    pub(crate) fn of(provenance: &'a Provenance) -> Self {
        let tools = |tools: &'a [Tool]| {
            tools.iter().map(|tool| ToolReport { name: &tool.name, version: &tool.version }).collect()
        };
        Self {
            languages: tools(&provenance.languages),
            tools: tools(&provenance.tools),
            revision: provenance.revision.as_deref(),
            source: provenance.source.as_deref(),
        }
    }

    /// The report for people: a line for each thing that is known.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let lines = [("language", &self.languages), ("made with", &self.tools)];
        for (label, tools) in lines.into_iter().flat_map(|(label, tools)| tools.iter().map(move |tool| (label, tool))) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", format!("{label:<9}  {} {}", tools.name, tools.version).trim_end());
        }
        for (label, value) in [("revision", self.revision), ("source", self.source)] {
            if let Some(value) = value {
                let _ = writeln!(text, "{label:<9}  {value}");
            }
        }
        text
    }
}
