//! The decision log: what was decided, and all that the decision read, so that it can be found, replayed and compared.
//!
//! A [`Record`] is one decision. What many decisions share is declared once and named by a number: the catalog
//! ([`CatalogContext`]), the policy with its settings ([`PolicyContext`]) and the signals ([`SignalsContext`]).
#![forbid(unsafe_code)]

mod context;
mod record;

pub use context::{
    CatalogContext, CatalogId, HealthReport, NumberOfSender, PolicyContext, PolicyId, SignalsContext, SignalsId,
};
pub use record::{Answer, AttributesRead, PinRead, PinWrite, Recipient, Record};
