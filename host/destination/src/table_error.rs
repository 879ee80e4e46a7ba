//! Why a table that an operator gives is refused.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// The most faults of a file that are listed.
pub const MAX_TABLE_FAULTS: usize = 100;

/// Why a table that an operator gives is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is longer than such a file may be.
    #[error("the file has more than {most} bytes, which is more than its table can need")]
    TooLong {
        /// How many bytes it may have.
        most: u64,
    },
    /// It has faults: in the order of the file, at most [`MAX_TABLE_FAULTS`].
    #[error("{}", listed(.0))]
    Faults(Vec<TableFault>),
}

/// Something wrong in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableFault {
    /// The line, from 1, which is the header.
    pub line: u64,
    /// The column; none for a fault of the whole line.
    pub column: Option<&'static str>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for TableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "line {}, {column}: {}", self.line, self.message),
            None => write!(f, "line {}: {}", self.line, self.message),
        }
    }
}

fn listed(faults: &[TableFault]) -> String {
    Vec::from_iter(faults.iter().map(ToString::to_string)).join("\n")
}
