//! The files of a log: their names, and what each begins with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{FaultKind, LogError};
use crate::options::{Promise, Recipients};

/// The version of the format that this crate writes, and the newest that it reads.
pub const FORMAT_VERSION: u16 = 1;

/// What every segment begins with.
const MAGIC: [u8; 12] = *b"CALLSIGNLOG\n";

/// The bytes of a segment before its first frame.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 64;

const PREFIX: &str = "decisions-";
const SUFFIX: &str = ".log";

/// What a segment begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// How its recipients are written down.
    pub recipients: Recipients,
    /// What its writer promised.
    pub promise: Promise,
    /// Its number in the log, from 1.
    pub number: u64,
    /// When it was begun, in microseconds since 1970-01-01 UTC.
    pub created: u64,
    /// The key that recipients are sealed with ([`LogKey::id`](crate::LogKey::id)); zeros without one.
    pub key_id: [u8; 16],
}

impl SegmentHeader {
    pub(crate) fn to_bytes(self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &MAGIC);
        put(12, &FORMAT_VERSION.to_le_bytes());
        put(14, &[u8::from(self.recipients == Recipients::Sealed), u8::from(self.promise == Promise::Keep)]);
        put(16, &self.number.to_le_bytes());
        put(24, &self.created.to_le_bytes());
        put(32, &self.key_id);
        let checksum = crc32fast::hash(&bytes[..SEGMENT_HEADER_BYTES - 4]);
        bytes[SEGMENT_HEADER_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// What is wrong comes with the place of it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, (u64, FaultKind)> {
        let Some(bytes) = bytes.first_chunk::<SEGMENT_HEADER_BYTES>() else {
            let is_begun = bytes.len() >= MAGIC.len() && bytes.starts_with(&MAGIC) || MAGIC.starts_with(bytes);
            // Its writer was killed before it had written the header.
            return Err((0, if is_begun { FaultKind::Cut { bytes: bytes.len() as u64 } } else { FaultKind::Foreign }));
        };
        if !bytes.starts_with(&MAGIC) {
            return Err((0, FaultKind::Foreign));
        }
        let version = u16::from_le_bytes([bytes[12], bytes[13]]);
        // The checksum of a later version may be elsewhere.
        if version > FORMAT_VERSION {
            return Err((12, FaultKind::Newer { found: version, known: FORMAT_VERSION }));
        }
        let u64_at =
            |at: usize| bytes[at..at + 8].iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        let (content, checksum) = bytes.split_at(SEGMENT_HEADER_BYTES - 4);
        if checksum != crc32fast::hash(content).to_le_bytes() || version == 0 {
            return Err((0, FaultKind::Header));
        }
        let mut key_id = [0; 16];
        key_id.copy_from_slice(&bytes[32..48]);
        Ok(Self {
            recipients: if bytes[14] == 0 { Recipients::Plain } else { Recipients::Sealed },
            promise: if bytes[15] == 0 { Promise::Drop } else { Promise::Keep },
            number: u64_at(16),
            created: u64_at(24),
            key_id,
        })
    }
}

/// The name of the segment with this number: `decisions-0000000042.log`.
pub(crate) fn file_name(number: u64) -> String {
    format!("{}{SUFFIX}", stem(number))
}

/// What the names of all files of a segment begin with: `decisions-0000000042`.
pub(crate) fn stem(number: u64) -> String {
    format!("{PREFIX}{number:010}")
}

/// The number of the segment that a file belongs to: the segment itself, or what was made of it, such as `decisions-0000000042.parquet`.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let (digits, _) = name.strip_prefix(PREFIX)?.split_once('.')?;
    if digits.len() < 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) { None } else { digits.parse().ok() }
}

/// A segment that is in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFile {
    /// Its number, from 1.
    pub number: u64,
    /// Its file.
    pub path: PathBuf,
}

impl SegmentFile {
    /// Whether it is a Parquet file.
    pub fn is_parquet(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "parquet")
    }

    /// The Parquet file that is made of it.
    pub(crate) fn parquet(&self) -> PathBuf {
        self.path.with_extension("parquet")
    }
}

/// The segments in a folder that are still as they were written, oldest first. They are not looked into.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn list(folder: &Path) -> Result<Vec<SegmentFile>, LogError> {
    list_ending(folder, SUFFIX)
}

/// The segments in a folder, oldest first: each as its Parquet file if there is one. They are not looked into.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn list_readable(folder: &Path) -> Result<Vec<SegmentFile>, LogError> {
    // A segment goes after its Parquet file has come, so that this order misses none.
    let mut found = list_ending(folder, SUFFIX)?;
    let parquet = list_ending(folder, crate::parquet_file::SUFFIX)?;
    found.retain(|segment| parquet.binary_search_by_key(&segment.number, |file| file.number).is_err());
    found.extend(parquet);
    found.sort_unstable_by_key(|segment| segment.number);
    Ok(found)
}

fn list_ending(folder: &Path, ending: &str) -> Result<Vec<SegmentFile>, LogError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(LogError::io(folder))? {
        let entry = entry.map_err(LogError::io(folder))?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.ends_with(ending)) else { continue };
        if let Some(number) = number_of(name) {
            found.push(SegmentFile { number, path: entry.path() });
        }
    }
    found.sort_unstable_by_key(|segment| segment.number);
    Ok(found)
}

/// All files of a folder that belong to a segment with their sizes, ordered by number.
pub(crate) fn list_all(folder: &Path) -> io::Result<Vec<(u64, PathBuf, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(number) = entry.file_name().to_str().and_then(number_of) {
            // It may be gone by now.
            let Ok(metadata) = entry.metadata() else { continue };
            found.push((number, entry.path(), metadata.len()));
        }
    }
    found.sort_unstable();
    Ok(found)
}
