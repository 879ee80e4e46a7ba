//! Where the catalog is kept.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use callsign_store_address::{AddressError, PostgresAddress, StoreAddress};

/// Where the catalog is kept: `postgres://...`, or the path of a SQLite file. Printed with `***` for its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogAddress {
    /// A SQLite file, for one node.
    Sqlite(PathBuf),
    /// A PostgreSQL database, for a fleet.
    Postgres(PostgresAddress),
}

impl FromStr for CatalogAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.parse()? {
            StoreAddress::Path(path) => Ok(Self::Sqlite(path)),
            StoreAddress::Postgres(address) => Ok(Self::Postgres(address)),
            _ => Err(AddressError::Kind { what: "a catalog", expected: "postgres://... or the path of a SQLite file" }),
        }
    }
}

impl CatalogAddress {
    /// Whether it has a password.
    pub(crate) fn has_secret(&self) -> bool {
        matches!(self, Self::Postgres(address) if address.password().is_some())
    }
}

impl fmt::Display for CatalogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}
