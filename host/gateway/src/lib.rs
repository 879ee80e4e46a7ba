//! Callsign answers one question for a messaging platform: from which of its senders should this message go out?
//!
//! A [`Catalog`] says what there is: applications, entities, senders, associations, sending strategies, default senders.
//! A [`Gateway`] decides on it: [`Gateway::resolve`] for one message, [`Gateway::resolve_batch`] for many,
//! [`Gateway::explain`] to know why. The decision itself is a WebAssembly component, a [`Policy`], that runs in a
//! sandbox behind the contract `callsign:policy`; the standard one comes with this crate. Pins of the sticky sender are
//! kept in a [`StickyStore`].
//!
//! Where to look: `resolve` is the way of a message, step by step; `bindings` is what is bound to whom and how it changes;
//! `explain` says why; `lanes` says where policies run and for how long; a [`Revision`] and the policies of the moment are one `snapshot`, which a decision reads once. What
//! there is below has crates of its own: `callsign-catalog`, `callsign-index`, `callsign-engine`, `callsign-sticky`,
//! `callsign-log`,
//! `callsign-destination`.

#![forbid(unsafe_code)]

#[cfg(feature = "bench")]
pub mod bench;
mod bindings;
mod decision;
mod edit;
mod event;
mod explain;
mod gateway;
mod lanes;
mod message;
mod recording;
mod refusal;
mod resolve;
mod snapshot;
mod step;
mod time;

pub use bindings::{
    AutoRollback, Binding, BindingTarget, Breaker, Comparison, Difference, HeldBinding, OnFailure, OnUnavailable,
    Probe, Refreshed, Served, SwapError,
};
pub use callsign_catalog::{
    Application, Association, AssociationById, AttributeError, Attributes, Catalog, CatalogError, Channel, Countries,
    Coverage, DefaultSender, Edit, EditError, EditErrorKind, EditFault, Entity, Fault, Faults, Id, IdError, List,
    MAX_ATTRIBUTE_NAME, MAX_ATTRIBUTE_VALUE, MAX_ATTRIBUTES, MAX_CATALOG_BYTES, MAX_FAULTS, MAX_MESSAGE_TYPES,
    MessageType, MessageTypeError, MessageTypes, OtherAssociation, PVec, Registration, ResourceType, Sender,
    SenderType, SlotVec, Strategy, StrategyById, check_attribute, check_attributes, check_message_type, escape, input,
};
pub use callsign_destination::{
    AlphanumericCountries, AreaCode, AreaCodes, Country, Destination, DestinationError, Number, Numbering, TableError,
    TableFault, TextError, Zone, area_codes,
};
pub use callsign_engine::{
    Collected, CompiledCache, Compiler, Import, Inspection, Isolation, Limits, LogBudget, MemoryBudget, Module,
    ModuleDigest, ModuleStore, OwnRefusal, Policy, PolicyError, Provenance, RequestTime, StoreError, Tool,
    compile_child_main,
};
pub use callsign_index::{
    CurrentSignals, DEFAULT_APPLICATION, Health, HealthReport, NumbersOfSenders, Revision, SenderKeyCollision,
    SignalBoard, SignalSource, Signals, SignalsBuilder,
};
pub use callsign_log as log;
pub use callsign_sticky as sticky;
pub use callsign_sticky::{
    EmbeddedStore, MemoryStore, Pin, PinKey, PinScope, PinnedSender, Recipient, SenderKey, StickyError, StickyStore,
};
pub use decision::{Decision, DecisionRef, Decisions, OwnedDecision, OwnedRefusal, OwnedSender};
pub use edit::ChangeError;
pub use event::{Event, EventKind};
pub use explain::Explanation;
pub use gateway::{Gateway, GatewayError};
pub use lanes::{LaneOptions, Usage};
pub use message::{Channels, ChannelsError, Message, MessageAttributes};
pub use refusal::{NotCapable, Refusal};
pub use resolve::replay::{Asked, Replayed, Replayer};
pub use step::Step;
pub use time::{TimeError, parse_time};

/// The example of the README, kept true by being compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[doc(hidden)]
pub use callsign_engine::standard_component;
