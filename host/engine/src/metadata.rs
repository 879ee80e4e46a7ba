//! The name and the version in a component's metadata.

use callsign_catalog::escape;
use wasmparser::{BinaryReaderError, ComponentName, Encoding, KnownCustom, Parser, Payload};

use crate::error::PolicyError;

/// The longest name and the longest version, in bytes. Both are part of every decision, so they must be short.
const MAX_BYTES: usize = 128;

/// What WebAssembly begins with.
const MAGIC: &[u8] = b"\0asm";

/// How many characters of a text file are repeated.
const QUOTED: usize = 40;

/// cargo leaves a core module under `target/wasm32-unknown-unknown`, and it is easily taken for the component.
const CORE_MODULE: &str = "it is a core module, as cargo builds it for wasm32-unknown-unknown. `callsign policy build` makes \
                           the component of a policy's crate; for another language, `wasm-tools component new`";

/// What a file is that does not begin as WebAssembly.
#[cold]
fn without_magic(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the file is empty".into();
    }
    if MAGIC.starts_with(bytes) {
        return format!("it is cut off after {} bytes", bytes.len());
    }
    let head = &bytes[..bytes.len().min(4 * QUOTED)];
    // A character may be cut at the end.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or(""),
        Err(_) => "",
    };
    let line = text.trim_start().lines().next().unwrap_or_default();
    if line.starts_with("(component") || line.starts_with("(module") {
        return "it is WebAssembly as text: `wasm-tools parse` makes the binary of it".into();
    }
    if line.is_empty() || line.chars().any(|c| c.is_control() && c != '\t') {
        return "it does not begin with the bytes of WebAssembly, `\\0asm`".into();
    }
    format!("it is a text file, which begins with {:?}", escape::line(line, QUOTED))
}

/// Why the parser stopped.
#[cold]
fn unreadable(error: &BinaryReaderError, bytes: &[u8]) -> String {
    if error.message().starts_with("unexpected end") {
        return format!("it is cut off after {} bytes: copy or build it again", bytes.len());
    }
    error.to_string()
}

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
        if !bytes.starts_with(MAGIC) {
            return Err(not_a_component(without_magic(bytes)));
        }
        let mut metadata = Self::default();
        // The sections of the modules and components inside are skipped.
        let mut depth = 0u32;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(|error| not_a_component(unreadable(&error, bytes)))? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(not_a_component(CORE_MODULE.into()));
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
