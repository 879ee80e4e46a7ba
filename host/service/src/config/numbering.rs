//! What the operator knows of the world's numbers beyond the release.

use std::path::PathBuf;
use std::sync::Arc;

use callsign::{AlphanumericCountries, AreaCodes, Numbering, TableError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the operator knows of the world's numbers beyond this release. The files are read at the start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct NumberingConfig {
    /// A CSV file of area codes to add or correct, with the columns `npa`, `country`, `regions`, `overlays` and `time_zone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub area_codes: Option<PathBuf>,
    /// A CSV file of countries with the columns `country` and `alphanumeric`: `yes` where networks take alphanumeric senders,
    /// `no` where they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub alphanumeric: Option<PathBuf>,
}

impl NumberingConfig {
    /// Reads the files. An error names its file, and every fault in it with its line.
    pub(crate) fn load(&self) -> Result<Arc<Numbering>, String> {
        let mut numbering = Numbering::clone(Numbering::standard());
        let refused = |key: &str, path: &std::path::Path, error: TableError| {
            format!("numbering.{key}: the file {} is refused:\n{error}", path.display())
        };
        if let Some(path) = &self.area_codes {
            let own = AreaCodes::load(path).map_err(|error| refused("area_codes", path, error))?;
            numbering = numbering.with_area_codes(own);
        }
        if let Some(path) = &self.alphanumeric {
            let own = AlphanumericCountries::load(path).map_err(|error| refused("alphanumeric", path, error))?;
            numbering = numbering.with_alphanumeric(own);
        }
        Ok(Arc::new(numbering))
    }
}
