//! The name, imports and exports of a component, read without compiling it.

use wasmparser::{Parser, Payload};

use crate::core_lane::CoreShape;
use crate::error::PolicyError;
use crate::metadata::Metadata;
use crate::provenance::Provenance;

/// The name, imports and exports of a component, which need not be a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The name in its metadata.
    pub name: Option<String>,
    /// The version in its metadata.
    pub version: Option<String>,
    /// Its imports.
    pub imports: Vec<Import>,
    /// The names of its exports.
    pub exports: Vec<String>,
    /// Whether it is one program, linked to the contract as the usual tool does: the host then calls the program itself,
    /// which takes half the instructions.
    pub is_plain: bool,
    /// How it came to be, as its metadata says it.
    pub provenance: Provenance,
}

/// An import of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Import {
    /// The interface, such as `callsign:policy/senders@1.0.0`.
    pub name: String,
    /// The functions of the interface that the component's core modules import.
    pub functions: Vec<String>,
}

impl Inspection {
    /// Reads the name of a component alone.
    ///
    /// # Errors
    /// As [`Inspection::of`].
    pub fn name_of(bytes: &[u8]) -> Result<Option<String>, PolicyError> {
        Ok(Metadata::read(bytes)?.name)
    }

    /// Reads the bytes of a component.
    ///
    /// # Errors
    /// The bytes are not a component, or its name or version is not valid.
    pub fn of(bytes: &[u8]) -> Result<Self, PolicyError> {
        let Metadata { name, version, .. } = Metadata::read(bytes)?;
        let is_plain = CoreShape::of(bytes).is_some();
        let mut inspection = Self { name, version, is_plain, ..Self::default() };
        let not_a_component =
            |error: wasmparser::BinaryReaderError| PolicyError::NotAComponent { reason: error.to_string() };
        let mut depth = 0u32;
        let mut functions = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(not_a_component)? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) => inspection.provenance.read(&section, depth == 0),
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(not_a_component)?;
                        functions.push((import.module.to_owned(), import.name.to_owned()));
                    }
                }
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let name = import.map_err(not_a_component)?.name.name.to_owned();
                        inspection.imports.push(Import { name, functions: Vec::new() });
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        inspection.exports.push(export.map_err(not_a_component)?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        for import in &mut inspection.imports {
            let own = functions.iter().filter(|(interface, _)| *interface == import.name);
            import.functions = own.map(|(_, function)| function.clone()).collect();
            import.functions.sort_unstable();
            import.functions.dedup();
        }
        Ok(inspection)
    }
}
