//! Edits of the catalog that a gateway decides on, for callers that have read it and must not undo what others did since.

use std::sync::Arc;

use callsign_catalog::{Edit, EditError};
use callsign_index::{Revision, SenderKeyCollision};

use crate::gateway::Gateway;

/// Why a catalog was not changed. The one before goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Another catalog was served since the caller read it.
    #[error(
        "the change was made of revision {of}, and revision {served} is served by now; read that one and make the change again"
    )]
    Overtaken {
        /// The number of the revision that the change was made of.
        of: u64,
        /// The number of the revision that is served.
        served: u64,
    },
    /// An edit cannot be made.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The catalog cannot be indexed.
    #[error(transparent)]
    Catalog(#[from] SenderKeyCollision),
}

/// Changing the catalog under traffic, if nobody else has changed it.
impl Gateway {
    /// Changes elements of the catalog: all of them, in order, or none, and only if the revision that is served is still the one
    /// with the number `revision`. Returns the revision that serves from now on. Calls under way finish on the one that they
    /// began with.
    ///
    /// Of several callers that edit one revision, one succeeds. Each of the others reads the newer revision and makes its edit
    /// again:
    ///
    /// ```
    /// use callsign::{Catalog, ChangeError, Edit, Gateway, Sender};
    ///
    /// # let gateway = Gateway::new(Catalog::from_json(r#"{"senders": [{"senderId": "S1", "sender": "12345",
    /// #     "senderType": "SHORT_CODE", "coverage": []}]}"#)?)?;
    /// let suspended = loop {
    ///     let revision = gateway.revision();
    ///     let (_, sender) = revision.catalog().sender("S1").ok_or("there is no sender S1")?;
    ///     let edit = Edit::put_sender(Sender { suspended: true, ..sender.clone() });
    ///     match gateway.edit(revision.number(), &[edit]) {
    ///         Err(ChangeError::Overtaken { .. }) => continue,
    ///         done => break done?,
    ///     }
    /// };
    /// assert!(suspended.catalog().senders()[0].suspended);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ChangeError`]: another revision serves; an edit cannot be made; the catalog cannot be indexed.
    pub fn edit(&self, revision: u64, edits: &[Edit<'_>]) -> Result<Arc<Revision>, ChangeError> {
        let served = self.revision();
        if served.number() != revision {
            return Err(ChangeError::Overtaken { of: revision, served: served.number() });
        }
        let next = Revision::after(&served, served.catalog().edit(edits)?)?;
        self.serve_next(next)
    }

    /// Decides on a revision of [`Gateway::next_revision`] from now on, if no other was served since it was made.
    /// [`Gateway::replace_revision`] serves it in any case.
    ///
    /// # Errors
    /// [`ChangeError::Overtaken`].
    pub fn serve_next(&self, next: Revision) -> Result<Arc<Revision>, ChangeError> {
        let of = next.shares_with();
        self.control.serve_next(next).map_err(|served| ChangeError::Overtaken { of, served })
    }
}
