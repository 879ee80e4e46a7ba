//! The numbering that a catalog is decided with.

use std::sync::Arc;

use callsign_destination::Numbering;

use super::Catalog;

impl Catalog {
    /// What is known of the world's numbers where this catalog is decided on: area codes, and countries without alphanumeric
    /// senders.
    ///
    /// It is not part of the file, and two catalogs that differ in it alone are equal: it is the operator's, for all catalogs.
    #[inline]
    pub fn numbering(&self) -> &Numbering {
        &self.numbering
    }

    /// This catalog with another numbering, such as one with the operator's own area codes. Catalogs that are made of it by
    /// [`Catalog::edit`] have it too.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use callsign_catalog::Catalog;
    /// use callsign_destination::{AreaCodes, Numbering};
    ///
    /// let own = AreaCodes::standard().with_csv(b"npa,country,regions,overlays\n988,US,NY,212\n")?;
    /// let numbering = Arc::new(Numbering::standard().with_area_codes(own));
    /// let catalog = Catalog::from_json(r#"{"applications": []}"#)?.with_numbering(numbering);
    /// assert_eq!(catalog.numbering().area_codes().overlays(988), [212]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_numbering(mut self, numbering: Arc<Numbering>) -> Catalog {
        self.numbering = numbering;
        self
    }

    /// Whether another catalog is decided with the same numbering.
    pub fn has_same_numbering(&self, other: &Catalog) -> bool {
        Arc::ptr_eq(&self.numbering, &other.numbering) || self.numbering == other.numbering
    }
}
