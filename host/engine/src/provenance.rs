//! How a component came to be, as its metadata says it: with which tools, and from which source.

use callsign_catalog::escape;
use wasmparser::{CustomSectionReader, KnownCustom, ProducersSectionReader};

/// The most tools that are told of one component.
const MAX_TOOLS: usize = 64;

/// The most characters of a name, a version, a revision or an address.
const MAX_TEXT: usize = 200;

/// How a component came to be. Whoever made it says so; a signature says who that was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provenance {
    /// The languages that its source is in, with their versions.
    pub languages: Vec<Tool>,
    /// The compilers, SDKs and other tools that made it, with their versions.
    pub tools: Vec<Tool>,
    /// The revision of its source, such as a commit of git.
    pub revision: Option<String>,
    /// The address of its source.
    pub source: Option<String>,
}

/// A tool, or a language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version; may be empty.
    pub version: String,
}

impl Provenance {
    /// Adds what a custom section says. `is_own` says whether it is of the component itself, not of a module inside.
    pub(crate) fn read(&mut self, section: &CustomSectionReader<'_>, is_own: bool) {
        match section.as_known() {
            KnownCustom::Producers(producers) => self.read_producers(producers),
            _ if is_own && section.name() == "revision" => self.revision = Some(text_of(section.data())),
            _ if is_own && section.name() == "source" => self.source = Some(text_of(section.data())),
            _ => {}
        }
    }

    /// What is not well-formed is left out: it is for people, and nothing depends on it.
    fn read_producers(&mut self, producers: ProducersSectionReader<'_>) {
        for field in producers.into_iter().filter_map(Result::ok) {
            let tools = match field.name {
                "language" => &mut self.languages,
                "processed-by" | "sdk" => &mut self.tools,
                _ => continue,
            };
            for value in field.values.into_iter().filter_map(Result::ok) {
                let tool =
                    Tool { name: escape::line(value.name, MAX_TEXT), version: escape::line(value.version, MAX_TEXT) };
                if tools.len() < MAX_TOOLS && !tools.contains(&tool) {
                    tools.push(tool);
                }
            }
        }
    }
}

fn text_of(bytes: &[u8]) -> String {
    escape::line(&String::from_utf8_lossy(&bytes[..bytes.len().min(4 * MAX_TEXT)]), MAX_TEXT)
}
