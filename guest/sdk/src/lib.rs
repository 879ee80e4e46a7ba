//! The SDK of Callsign policies.
//!
//! A policy is a WebAssembly component that decides from which sender a message goes out. Most policies are the standard one
//! with rules of their own: `callsign_standard::rules` has them, and `docs/policies.md` begins with them. A policy that
//! shares nothing with the standard one implements [`Policy`] and exports it with [`policy!`]. `callsign policy new` writes
//! a crate to start from, `callsign policy build` builds the component, and `callsign policy test` runs cases against it.
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
//!         use callsign_policy::{senders::Group, words::{reason, sender_type}};
//!         match call.senders(None).spread(Group::of(sender_type::ALL), call.request.recipient) {
//!             Some(sender) => Answer::spread(sender, None),
//!             None => Answer::Refused(Refusal::of(reason::NO_ELIGIBLE_SENDER)),
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
//! The types of the contract (`wit/policy.wit`) are re-exported under the names of its interfaces. Its open words, such as
//! the types of senders, are numbers: [`words`] has their names.
// Not `forbid`: the generated bindings need unsafe code, and so does `in_place`, which writes answers over requests. There is
// no other.
#![deny(unsafe_code)]

/// The generated bindings of the world `explaining-policy`.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/policy.wit",
        world: "explaining-policy",
        pub_export_macro: true,
        default_bindings_module: "callsign_policy::bindings",
        additional_derives: [PartialEq, Eq],
        generate_all,
    });
}

pub mod cache;
pub mod call;
pub mod country;
pub mod geography;
#[allow(unsafe_code)]
#[doc(hidden)]
pub mod in_place;
#[doc(hidden)]
pub mod instance;
pub mod policy;
pub mod pool;
pub mod reads;
pub mod spread;
pub mod testing;
pub mod words;

pub use bindings::callsign::policy::{
    attributes, log, messages, senders, settings, signals, sticky, strategies, times, types,
};
pub use bindings::export;
/// The allocator of std, in the version that first uses what is left of the memory that an instance starts with: the
/// first `memory.grow` of a fresh instance took half of its start. `callsign policy build` asks for 64 KiB of heap there.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

pub use bumpalo;
pub use call::Call;
pub use policy::{NoSettings, Policy, Settings, wording};

/// What a policy exports.
pub mod exports {
    pub use crate::bindings::exports::callsign::policy::{explain, policy};
}
