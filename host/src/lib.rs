//! Callsign answers one question for a messaging platform: from which of its senders should this message go out?
//!
//! A [`Catalog`] says what there is: applications, entities, senders, associations, sending strategies, default senders.
//! A [`Gateway`] decides on it: [`Gateway::resolve`] for one message, [`Gateway::resolve_batch`] for many,
//! [`Gateway::explain`] to know why. The decision itself is a WebAssembly component, a [`Policy`], that runs in a
//! sandbox behind the contract `callsign:policy`; the standard one comes with this crate. Pins of the sticky sender are
//! kept in a [`StickyStore`].
// Allowed in two places: where compiled code, once its seal is checked, is taken for code (`store/sealed.rs`), and where
// lists cross the boundary (`policy/exports.rs`).
#![deny(unsafe_code)]

mod answer;
mod ask;
mod bare;
mod batch;
mod binding;
mod catalog;
mod control;
mod decision;
mod event;
mod explanation;
mod follow;
mod gateway;
mod message;
mod native;
mod pin;
mod policy;
mod question;
mod revision;
mod route;
mod scope;
mod serving;
mod shared;
mod store;
mod supply;
mod tally;
mod threads;

pub use bare::{Bare, BareRequest, BareSender};
pub use binding::{Binding, Bound, Breaker, OnFailure, OnUnavailable, Probe};
pub use callsign_destination::{AreaCode, Country, Destination, DestinationError, Number};
pub use callsign_sticky as sticky;
pub use callsign_sticky::{
    EmbeddedStore, MemoryStore, Pin, PinKey, PinScope, PinnedSender, Recipient, SenderKey, StickyError, StickyStore,
};
pub use catalog::{
    Application, Association, Catalog, CatalogError, Channel, Countries, Coverage, DefaultSender, Edit, EditError,
    EditErrorKind, EditFault, Entity, Fault, Faults, List, MAX_CATALOG_BYTES, MAX_FAULTS, OtherAssociation,
    ResourceType, Sender, SenderType, Strategy,
};
pub use control::{Served, SwapError};
pub use decision::{DecisionRef, Refusal, Step};
pub use event::{Event, What};
pub use explanation::Explanation;
pub use follow::Refreshed;
pub use gateway::{Decision, Decisions, Gateway, GatewayError};
pub use message::Message;
pub use native::Native;
pub use policy::{Import, Inspection, Isolation, Limits, OwnRefusal, Policy, PolicyError};
pub use revision::{DEFAULT_APPLICATION, Revision, SameKey};
pub use route::{Comparison, Difference, Recall};
pub use shared::{Elements, Sparse};
pub use store::{Collected, CompiledCache, Module, ModuleDigest, ModuleStore, StoreError};

/// The example of the README, kept true by being compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ReadmeExample;

/// The component of [`Policy::standard`].
#[doc(hidden)]
pub fn standard_component() -> &'static [u8] {
    policy::STANDARD
}
