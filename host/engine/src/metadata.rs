//! The name and the version in a component's metadata.

use callsign_catalog::escape;
use wasmparser::{ComponentName, Encoding, KnownCustom, Parser, Payload};

use crate::error::PolicyError;

/// The longest name and the longest version, in bytes. Both are part of every decision, so they must be short.
const MAX_BYTES: usize = 128;

/// The name and the version of a component, from its custom sections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// From the section `component-name`.
    pub(crate) name: Option<String>,
    /// From the section `version`.
    pub(crate) version: Option<String>,
}

impl Metadata {
    /// Reads the metadata of a component's bytes.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, PolicyError> {
        let not_a_component = |reason: String| PolicyError::NotAComponent { reason };
        if !bytes.starts_with(b"\0asm") {
            return Err(not_a_component("it does not begin with the bytes of WebAssembly, `\\0asm`".into()));
        }
        let mut metadata = Self::default();
        // The sections of the modules and components inside are skipped.
        let mut depth = 0u32;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(|error| not_a_component(error.to_string()))? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(not_a_component(
                        "it is a core module; make a component of it with `wasm-tools component new`".into(),
                    ));
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) if depth == 0 => match section.as_known() {
                    KnownCustom::ComponentName(names) => {
                        let names = names.into_iter().filter_map(Result::ok);
                        metadata.name = names
                            .filter_map(|name| match name {
                                ComponentName::Component { name, .. } => Some(name.to_owned()),
                                _ => None,
                            })
                            .next();
                    }
                    _ if section.name() == "version" => {
                        metadata.version = Some(String::from_utf8_lossy(section.data()).into_owned());
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        for (what, text) in [("name", &metadata.name), ("version", &metadata.version)] {
            if let Some(text) = text
                && (text.is_empty()
                    || text.len() > MAX_BYTES
                    || text.chars().any(|c| escape::is_escaped(c) || c == '@'))
            {
                return Err(PolicyError::Metadata { what, text: text.chars().take(MAX_BYTES).collect() });
            }
        }
        Ok(metadata)
    }
}
