//! A finished segment into a Parquet file.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callsign_private::PrivateFolder;

use super::contexts::{ContextsBuilder, marks_to_text};
use super::file::ParquetFile;
use super::writer::ParquetWriter;
use super::{CONTEXTS_KEY, HOLES_KEY, SEGMENT_KEY, SIGNALS_KEY, SUFFIX, VERSION_KEY, parquet_kind};
use crate::context::{CatalogContext, PolicyContext};
use crate::error::{Fault, FaultKind, LogError};
use crate::names::hex;
use crate::reader::{Part, SegmentReader};
use crate::record::Record;
use crate::segment::{FORMAT_VERSION, SegmentFile};
use crate::stored_block::Block;

/// What the name of a file ends with until it is whole.
const PART_SUFFIX: &str = ".parquet.part";

/// Makes a Parquet file of a segment that is finished, puts it in its place, and removes the segment. A segment with a fault stays as it
/// is, since what cannot be read would be lost. `None` if it was told to stop.
///
/// # Errors
/// The segment has a fault, or the disk is full or fails. The segment is unchanged then.
pub(crate) fn convert(
    folder: &PrivateFolder,
    segment: &SegmentFile,
    stop: &dyn Fn() -> bool,
) -> Result<Option<PathBuf>, LogError> {
    let name = |suffix: &str| format!("{}{suffix}", crate::segment::stem(segment.number));
    let (part, whole) = (folder.path().join(name(PART_SUFFIX)), folder.path().join(name(SUFFIX)));
    if fs::exists(&whole).map_err(LogError::io(&whole))? {
        // Made before a process was killed: the segment may go if it is of this one.
        let source = File::open(&segment.path).map_err(LogError::io(&segment.path))?;
        if ParquetFile::open(&whole)?.header() != SegmentReader::open(source, &segment.path)?.header() {
            return Err(Fault { path: whole, offset: 0, kind: FaultKind::Foreign }.into());
        }
    } else {
        remove(&part)?;
        let file = folder.create_new(&name(PART_SUFFIX))?;
        let written = write(segment, file, stop).and_then(|file| {
            let Some(file) = file else { return Ok(false) };
            // Its age is that of its records.
            let modified = fs::metadata(&segment.path).and_then(|metadata| metadata.modified());
            modified.and_then(|time| file.set_modified(time)).map_err(LogError::io(&part))?;
            file.sync_all().map_err(LogError::io(&part))?;
            fs::rename(&part, &whole).map_err(LogError::io(&part))?;
            folder.sync()?;
            Ok(true)
        });
        match written {
            Ok(true) => {}
            Ok(false) => return remove(&part).map(|()| None),
            Err(error) => {
                let _ = fs::remove_file(&part);
                return Err(error);
            }
        }
    }
    remove(&segment.path)?;
    Ok(Some(whole))
}

fn remove(path: &Path) -> Result<(), LogError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(LogError::io(path)(error)),
        _ => Ok(()),
    }
}

/// The records of a segment, whole, into a file.
fn write(segment: &SegmentFile, file: File, stop: &dyn Fn() -> bool) -> Result<Option<File>, LogError> {
    let path = &segment.path;
    let broken = |error| Fault { path: path.clone(), offset: 0, kind: parquet_kind(&error) };
    let source = File::open(path).map_err(LogError::io(path))?;
    let mut reader = SegmentReader::open(source, path)?;
    let header = *reader.header();
    let mut writer = ParquetWriter::new(file).map_err(broken)?;
    let (mut contexts, mut holes) = (ContextsBuilder::default(), Vec::new());
    let (mut row, mut bytes) = (0, Vec::new());
    for part in &mut reader {
        if stop() {
            return Ok(None);
        }
        match part? {
            Part::Hole(hole) => holes.push((row, hole.to_bytes())),
            Part::Block(block) => {
                for record in block.records(&mut bytes)?.iter() {
                    let (catalog, policy) = name_contexts(&mut contexts, row, &block, &record);
                    writer.push(&record, &catalog, policy.as_deref()).map_err(broken)?;
                    row += 1;
                }
            }
        }
    }
    let (contexts, signals) = contexts.finish().map_err(broken)?;
    let metadata = vec![
        (VERSION_KEY, FORMAT_VERSION.to_string()),
        (SEGMENT_KEY, hex(&header.to_bytes())),
        (CONTEXTS_KEY, contexts),
        (SIGNALS_KEY, signals),
        (HOLES_KEY, marks_to_text(&holes).map_err(broken)?),
    ];
    writer.finish(metadata).map(Some).map_err(|error| broken(error).into())
}

/// Puts what a record names into the contexts of the file at its first use.
fn name_contexts(
    contexts: &mut ContextsBuilder,
    row: u64,
    block: &Block,
    record: &Record<'_>,
) -> (Arc<CatalogContext>, Option<Arc<PolicyContext>>) {
    let catalog = contexts.catalog(record.catalog).unwrap_or_else(|| {
        // A context that the segment does not have is one without a name.
        let found = block.catalog(record.catalog).unwrap_or_else(|| Arc::new(CatalogContext { name: "".into() }));
        contexts.add_catalog(record.catalog, found.clone());
        found
    });
    let policy = record.policy.map(|id| {
        contexts.policy(id).unwrap_or_else(|| {
            let found = block.policy(id).unwrap_or_else(|| Arc::new(unknown_policy()));
            contexts.add_policy(id, found.clone());
            found
        })
    });
    if let Some(id) = record.signals
        && !contexts.has_signals(id)
        && let Some(found) = block.signals(id)
    {
        contexts.add_signals(row, id, found);
    }
    (catalog, policy)
}

/// A policy that the segment does not have.
fn unknown_policy() -> PolicyContext {
    PolicyContext { module: [0; 32], label: "".into(), settings_digest: [0; 32], settings: "".into() }
}
