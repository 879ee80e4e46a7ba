//! Faults: what is wrong with a catalog, and where.

use std::{fmt, io, path::PathBuf, str::Utf8Error};

use super::{
    MAX_CATALOG_BYTES,
    json_path::{Json, Path},
};

/// How many faults are reported one by one; the rest are counted. A file with more usually repeats the same fault.
pub const MAX_FAULTS: usize = 1_000;

/// Why a catalog was refused.
///
/// Only [`CatalogError::Read`] has a source, whose text its own message does not repeat.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The file could not be read.
    #[error("cannot read the catalog {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The text is longer than [`MAX_CATALOG_BYTES`].
    #[error("the catalog has {bytes} bytes or more; it may have {MAX_CATALOG_BYTES} at most")]
    TooLarge {
        /// The number of bytes, or a lower bound of it.
        bytes: u64,
    },
    /// The text is not JSON, or not even UTF-8.
    #[error("the catalog is not JSON: {message} at line {line}, column {column}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The character in the line, from 1.
        column: usize,
        /// The byte in the file, from 0. A byte order mark in front is not counted.
        offset: usize,
        /// What is wrong there.
        message: String,
    },
    /// The text is JSON, but not a valid catalog.
    #[error("{0}")]
    Faults(Faults),
}

/// One fault of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The JSON path of the value that is wrong, such as `$.senders[3].coverage[0].countries[1]`. For a field that is
    /// missing, the path of the object that should have it.
    pub path: String,
    /// The line where the value starts, from 1. For a field that is unknown or given twice, where its name starts.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The name of the field, if a field is missing.
    pub missing: Option<&'static str>,
    /// The JSON path of the earlier element, where two do not go together. The message has it too.
    pub earlier: Option<String>,
}

/// Every fault of a catalog, in the order of the file; never empty.
///
/// It is displayed as one line of summary and one line for each fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    listed: Vec<Fault>,
    omitted: usize,
}

/// The faults found so far.
pub(super) struct FaultLog<'a> {
    text: &'a str,
    found: Vec<Found>,
    omitted: usize,
}

struct Found {
    offset: usize,
    path: String,
    message: String,
    missing: Option<&'static str>,
    earlier: Option<String>,
}

/// Counts lines and characters forward through a text, so that many positions take one pass.
struct Position<'t> {
    text: &'t [u8],
    offset: usize,
    line: usize,
    column: usize,
}

/// Refuses a text that may have more elements than there are 32-bit indexes.
pub(super) fn check_size(bytes: u64) -> Result<(), CatalogError> {
    if bytes > MAX_CATALOG_BYTES {
        return Err(CatalogError::TooLarge { bytes });
    }
    Ok(())
}

// === impl CatalogError ===

impl CatalogError {
    pub(super) fn not_utf8(bytes: &[u8], error: Utf8Error) -> CatalogError {
        // A byte order mark is not counted, as for text that is UTF-8.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let offset = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
        let mut position = Position::start(bytes);
        position.advance(offset);
        let message = match error.error_len() {
            Some(_) => format!("byte {offset} is not UTF-8; save the file as UTF-8"),
            None => format!("byte {offset} starts a UTF-8 character that the file's end cuts off"),
        };
        CatalogError::Syntax { line: position.line, column: position.column, offset, message }
    }

    pub(super) fn not_json(text: &str, error: &serde_json::Error) -> CatalogError {
        // The parser counts columns in bytes, with 0 for the position before the line.
        let start = match error.line().checked_sub(2) {
            Some(newline) => text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').nth(newline),
            None => None,
        };
        let start = start.map_or(0, |(index, _)| index + 1);
        let mut offset = (start + error.column().saturating_sub(1)).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let mut position = Position::start(text.as_bytes());
        position.advance(offset);
        let mut message = error.to_string();
        if let Some(at) = message.rfind(" at line ") {
            message.truncate(at);
        }
        CatalogError::Syntax { line: position.line, column: position.column, offset, message }
    }
}

// === impl Fault ===

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { path, line, column, message, .. } = self;
        write!(f, "{line}:{column}: {path}: {message}")
    }
}

// === impl Faults ===

impl Faults {
    /// The faults that are reported one by one: the first [`MAX_FAULTS`] found.
    pub fn as_slice(&self) -> &[Fault] {
        &self.listed
    }

    /// Iterates over [`Faults::as_slice`].
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.listed.iter()
    }

    /// The number of faults that are not reported one by one.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// The number of all faults, reported or not.
    pub fn total(&self) -> usize {
        self.listed.len() + self.omitted
    }
}

impl<'f> IntoIterator for &'f Faults {
    type Item = &'f Fault;
    type IntoIter = std::slice::Iter<'f, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.listed.into_iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.total() {
            1 => write!(f, "the catalog has 1 fault:")?,
            total => write!(f, "the catalog has {total} faults:")?,
        }
        for fault in self {
            write!(f, "\n{fault}")?;
        }
        match self.omitted {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

// === impl FaultLog ===

impl<'a> FaultLog<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        FaultLog { text, found: Vec::new(), omitted: 0 }
    }

    /// Notes a fault of the value `at`, which is part of the text. The message is made only if the fault is listed.
    pub(super) fn add(&mut self, at: Json<'_>, path: &Path<'_>, message: impl FnOnce() -> String) {
        self.note(at, path, None, None, message);
    }

    /// Notes that the object `at` lacks a field.
    pub(super) fn add_missing(
        &mut self,
        at: Json<'_>,
        path: &Path<'_>,
        field: &'static str,
        message: impl FnOnce() -> String,
    ) {
        self.note(at, path, Some(field), None, message);
    }

    /// Notes that `at` does not go together with an earlier element, which the message names by its path.
    pub(super) fn add_pair(
        &mut self,
        at: Json<'_>,
        path: &Path<'_>,
        earlier: &str,
        message: impl FnOnce(&str) -> String,
    ) {
        self.note(at, path, None, Some(earlier), || message(earlier));
    }

    fn note(
        &mut self,
        at: Json<'_>,
        path: &Path<'_>,
        missing: Option<&'static str>,
        earlier: Option<&str>,
        message: impl FnOnce() -> String,
    ) {
        if self.found.len() == MAX_FAULTS {
            self.omitted += 1;
            return;
        }
        // Values borrow from the text, so the distance between the starts is the offset. A value from elsewhere would only
        // get a wrong position, hence saturating and capped.
        let start = self.text.as_ptr() as usize;
        let offset = (at.as_str().as_ptr() as usize).saturating_sub(start).min(self.text.len());
        self.found.push(Found {
            offset,
            path: path.to_string(),
            message: message(),
            missing,
            earlier: earlier.map(str::to_owned),
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many faults there are, listed or not.
    pub(super) fn total(&self) -> usize {
        self.found.len() + self.omitted
    }

    /// All faults in the order of the file, or nothing if there are none.
    pub(super) fn finish(mut self) -> Option<Faults> {
        if self.is_empty() {
            return None;
        }
        self.found.sort_by_key(|found| found.offset);
        let mut position = Position::start(self.text.as_bytes());
        let listed = self.found.into_iter().map(|found| {
            position.advance(found.offset);
            Fault {
                path: found.path,
                line: position.line,
                column: position.column,
                message: found.message,
                missing: found.missing,
                earlier: found.earlier,
            }
        });
        Some(Faults { listed: listed.collect(), omitted: self.omitted })
    }
}

// === impl Position ===

impl<'t> Position<'t> {
    fn start(text: &'t [u8]) -> Self {
        Position { text, offset: 0, line: 1, column: 1 }
    }

    /// Moves on to `offset`, which is not before the last one.
    fn advance(&mut self, offset: usize) {
        for &byte in &self.text[self.offset..offset] {
            if byte == b'\n' {
                self.line += 1;
                self.column = 1;
            } else if byte & 0b1100_0000 != 0b1000_0000 {
                // All bytes of a UTF-8 character but the first are 0b10......
                self.column += 1;
            }
        }
        self.offset = offset;
    }
}
