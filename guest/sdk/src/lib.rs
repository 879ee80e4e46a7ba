//! What a Callsign policy is written with.
//!
//! A policy is a WebAssembly component that answers from which sender a message goes out. Its author writes a [`Policy`]
//! and one line, [`policy!`]; `callsign policy new` writes a crate to start from, `callsign policy build` makes the
//! component, and `callsign policy test` runs cases against it.
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
//! - [`Call`] has the request and typed views of what may be read: the senders, the pin, the strategies, the message.
//! - [`Settings`] are a type that derives `Deserialize` (feature `json`), checked before the policy serves.
//! - [`kept::Kept`] keeps what does not depend on the recipient; [`pool::Pool`] is a pool indexed as the host's is;
//!   [`mod@spread`] spreads recipients over senders; [`geography`] knows area codes.
//! - [`testing`] has plain data to ask a policy about natively.
//!
//! A panic reaches the host with its message and place. For what lives no longer than a request there is
//! [`Call::scratch`], an arena that is emptied between them; everything else comes from std's allocator, because a global
//! one that forgets between calls could not be written without `unsafe`, and would forget what a policy keeps.
//!
//! The types of the contract, `wit/policy.wit`, are re-exported here under the names of its interfaces.
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

/// What came to the contract with 1.1.0. A component imports it only where it uses it, and is of the contract 1.0.0
/// otherwise.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod later {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package callsign:sdk; world later { import callsign:policy/times@1.1.0; }",
        world: "callsign:sdk/later",
        generate_all,
    });
}

pub mod call;
pub mod country;
pub mod geography;
#[doc(hidden)]
pub mod instance;
pub mod kept;
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
