//! Callsign answers one question for a messaging platform: from which of its senders should this message go out?
//!
//! A [`Catalog`] says what there is: applications, entities, senders, associations, sending strategies, default senders.
//! A [`Gateway`] decides on it: [`Gateway::resolve`] for one message, [`Gateway::resolve_batch`] for many,
//! [`Gateway::explain`] to know why. The decision itself is a WebAssembly component, a [`Policy`], that runs in a
//! sandbox behind the contract `callsign:policy`; the standard one comes with this crate. Pins of the sticky sender are
//! kept in a [`StickyStore`].
#![forbid(unsafe_code)]

mod answer;
mod catalog;
mod decision;
mod explanation;
mod gateway;
mod message;
mod native;
mod policy;
mod revision;
mod scope;
mod sticky;
mod supply;

pub use callsign_destination::{AreaCode, Country, Destination, DestinationError, Number};
pub use catalog::{
    Application, Association, Catalog, CatalogError, Channel, Countries, Coverage, DefaultSender, Entity, Fault, Faults,
    MAX_CATALOG_BYTES, MAX_FAULTS, OtherAssociation, Sender, SenderType, Strategy,
};
pub use decision::{DecisionRef, Refusal, Step};
pub use explanation::Explanation;
pub use gateway::{Decision, Decisions, Gateway, GatewayError};
pub use message::Message;
pub use native::Native;
pub use policy::{Isolation, Limits, OwnRefusal, Policy, PolicyError};
pub use revision::{DEFAULT_APPLICATION, Revision, SameKey};
pub use sticky::{MemoryStore, Pin, PinKey, PinnedSender, SenderKey, StickyError, StickyStore};
