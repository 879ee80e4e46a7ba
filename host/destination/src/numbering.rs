//! What is known of the world's numbers and may change faster than a release.

use std::sync::{Arc, LazyLock};

use crate::alphanumeric::AlphanumericCountries;
use crate::area_codes::AreaCodes;

/// What is known of the world's numbers and may change faster than a release: the area codes of North America, and the countries
/// that take no alphanumeric sender. Cheap to clone: the tables are shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbering {
    area_codes: Arc<AreaCodes>,
    alphanumeric: Arc<AlphanumericCountries>,
}

impl Numbering {
    /// The tables of this release.
    pub fn standard() -> &'static Arc<Numbering> {
        static STANDARD: LazyLock<Arc<Numbering>> = LazyLock::new(|| {
            let area_codes = Arc::clone(AreaCodes::standard());
            Arc::new(Numbering { area_codes, alphanumeric: Arc::clone(AlphanumericCountries::standard()) })
        });
        &STANDARD
    }

    /// The same with other area codes.
    pub fn with_area_codes(&self, area_codes: AreaCodes) -> Self {
        Self { area_codes: Arc::new(area_codes), ..self.clone() }
    }

    /// The same with other countries that take no alphanumeric sender.
    pub fn with_alphanumeric(&self, alphanumeric: AlphanumericCountries) -> Self {
        Self { alphanumeric: Arc::new(alphanumeric), ..self.clone() }
    }

    /// The area codes of North America.
    #[inline]
    pub fn area_codes(&self) -> &AreaCodes {
        &self.area_codes
    }

    /// The countries that take no alphanumeric sender.
    #[inline]
    pub fn alphanumeric(&self) -> &AlphanumericCountries {
        &self.alphanumeric
    }
}
