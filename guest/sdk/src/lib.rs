//! The SDK of Callsign policies.
//!
//! A policy is a WebAssembly component that decides from which sender a message goes out. Its author implements
//! [`Policy`] and exports it with [`policy!`]. `callsign policy new` writes a crate to start from, `callsign policy
//! build` builds the component, and `callsign policy test` runs cases against it.
//!
//! ```
//! use callsign_policy::types::{Answer, Refusal};
//! use callsign_policy::{Call, NoSettings, Policy, reads::Reads};
//!
//! /// Spreads recipients over all senders of the scope, whatever its strategies say.
//! pub struct Plain;
//!
//! impl Policy for Plain {
//!     type Settings = NoSettings;
//!
//!     fn new(_: NoSettings) -> Result<Self, String> {
//!         Ok(Self)
//!     }
//!
//!     fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
//!         use callsign_policy::senders::{Group, SenderTypes};
//!         match call.senders(None).spread(Group::of(SenderTypes::all()), call.request.recipient) {
//!             Some(sender) => Answer::spread(sender, None),
//!             None => Answer::Refused(Refusal::NoEligibleSender),
//!         }
//!     }
//! }
//!
//! callsign_policy::policy!(Plain);
//! ```
//!
//! - [`Call`] is the request, with methods for all that a policy can read: senders, pin, strategies, message.
//! - [`Settings`] is any type that derives `Deserialize` (feature `json`). Settings are checked before the
//!   policy serves.
//! - [`cache::Cache`] keeps what does not depend on the recipient; [`pool::Pool`] is a pool with the same indexes as
//!   the host's; [`mod@spread`] spreads recipients over senders; [`geography`] knows area codes.
//! - [`testing`] has plain data for native tests.
//!
//! A panic reaches the host with its message and its place in the source. Memory for one request comes from
//! [`Call::scratch`], an arena that is emptied between requests. All other memory comes from the allocator of std: a
//! global allocator that is emptied between calls needs `unsafe`, and would empty the caches of the policy too.
//!
//! The types of the contract (`wit/policy.wit`, `wit/times.wit`) are re-exported under the names of its interfaces.
// Not `forbid`: the generated bindings need unsafe code. There is no other.
#![deny(unsafe_code)]

/// The generated bindings of the world `explaining-policy`.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/policy.wit",
        world: "explaining-policy",
        pub_export_macro: true,
        default_bindings_module: "callsign_policy::bindings",
        additional_derives: [PartialEq, Eq],
        generate_all,
    });
}

/// What version 1.1.0 adds to the contract. A component imports it only if it uses it; otherwise it is of 1.0.0.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod later {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package callsign:sdk; world later { import callsign:policy/times@1.1.0; }",
        world: "callsign:sdk/later",
        generate_all,
    });
}

pub mod cache;
pub mod call;
pub mod country;
pub mod geography;
#[doc(hidden)]
pub mod instance;
pub mod policy;
pub mod pool;
pub mod reads;
pub mod spread;
pub mod testing;

pub use bindings::callsign::policy::{log, messages, senders, settings, sticky, strategies, types};
pub use bindings::export;
pub use bumpalo;
pub use call::Call;
pub use later::callsign::policy1_1_0::times;
pub use policy::{NoSettings, Policy, Settings, wording};

/// What a policy exports.
pub mod exports {
    pub use crate::bindings::exports::callsign::policy::{explain, policy};
}
