//! Whether a database lacks its write-ahead log. The newest changes of a running service are in `catalog.sqlite-wal`, so a
//! copy of `catalog.sqlite` alone is older than it looks, or even empty.
//!
//! A service marks its database as in use, in the header of the file, and takes the mark off when it ends in order. A file
//! with the mark and without a log is such a copy.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rusqlite::Connection;

use crate::store::StoreError;

/// `PRAGMA application_id` of a database that a service uses: `CSin`.
const IN_USE: i32 = 0x4353_696e;

/// What the header of a database says. <https://www.sqlite.org/fileformat.html#the_database_header>
struct Header {
    has_log: bool,
    pages: u32,
    mark: i32,
}

impl Header {
    /// Of a file that is no database, or is empty: none.
    fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(100).read_to_end(&mut bytes)?;
        if bytes.len() < 100 || !bytes.starts_with(b"SQLite format 3\0") {
            return Ok(None);
        }
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Ok(Some(Self { has_log: bytes[18] == 2, pages: number(28), mark: number(68).cast_signed() }))
    }
}

/// # Errors
/// The database was copied without its log.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let header = Header::read(path).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let Some(header) = header.filter(|header| header.has_log && !Path::new(&log).exists()) else { return Ok(()) };
    // A database of an earlier version has no mark; without its tables it is one that never ended in order.
    if header.mark != IN_USE && header.pages > 1 {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().display();
    Err(StoreError::Unavailable(format!(
        "it was in use and lacks its log {name}-wal, which has the newest changes: copy that file too, or restore a backup \
         of `callsign backup`. To use what is there all the same: sqlite3 {name} 'PRAGMA application_id = 0; PRAGMA \
         journal_mode = DELETE'"
    )))
}

/// Marks a database as in use.
pub(super) fn mark(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "application_id", IN_USE)?;
    into_file(connection)
}

/// Takes the mark off.
pub(super) fn unmark(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "application_id", 0)?;
    into_file(connection)
}

/// Writes the log into the file. If another process reads right now, what is left is written by a later one.
fn into_file(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// A person's command is often the last to close the database, which deletes the log: after a crash the mark would then be
/// there without it. A database whose journal is no log needs none. While a service uses it, this changes nothing.
pub(super) fn leave(connection: &Connection) {
    let alone = connection.busy_timeout(std::time::Duration::ZERO);
    let left = alone.and_then(|()| connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())));
    if let Err(error) = left {
        tracing::debug!("the catalog is in use by others: {error}");
    }
}
