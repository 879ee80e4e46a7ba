//! Rules of a policy's own, which the standard policy follows besides the specification.
//!
//! A policy states what it wants; the standard policy keeps the pools right whatever their size, whether it has a copy of
//! its own or asks the host, and for every recipient.
//!
//! | hook | what it does | may depend on |
//! | --- | --- | --- |
//! | [`select`](Rules::select) | leaves senders out, or prefers some | the scope and [`Key`](Rules::Key); it is asked once and kept |
//! | [`key`](Rules::key) | what of a message `select` depends on | the message |
//! | [`refuse_before`](Rules::refuse_before), [`refuse_after`](Rules::refuse_after) | refuses | the message, the decision |
//! | [`choose`](Rules::choose) | chooses among the senders left | the message, the senders left, signals |
//!
//! ```
//! use callsign_policy::words::sender_type::TOLL_FREE_NUMBER;
//! use callsign_standard::rules::{MessageView, OwnRefusal, Refused, Rules, ScopeView, Selection};
//! use callsign_standard::StandardWith;
//!
//! /// Numbers of area code 900 cost their owners money; recipients whose number is even get toll-free senders.
//! struct Careful;
//!
//! const PREMIUM: OwnRefusal = OwnRefusal::new(1, "PREMIUM", "numbers of area code 900 get no messages");
//!
//! impl Rules for Careful {
//!     type Settings = callsign_policy::NoSettings;
//!     type Key = bool;
//!     const REFUSALS: &'static [OwnRefusal] = &[PREMIUM];
//!
//!     fn new(_: Self::Settings) -> Result<Self, String> {
//!         Ok(Self)
//!     }
//!     fn refuse_before(&self, message: &MessageView<'_>) -> Option<Refused> {
//!         (message.area_code() == 900).then_some(PREMIUM.refused())
//!     }
//!     fn key(&self, message: &MessageView<'_>) -> bool {
//!         message.number().ends_with(['0', '2', '4', '6', '8'])
//!     }
//!     fn select<'a>(&'a self, even: &'a bool, _: &ScopeView<'_>, senders: &mut Selection<'a>) {
//!         if *even {
//!             senders.prefer("even recipients get toll-free numbers", |sender| sender.is_a(TOLL_FREE_NUMBER));
//!         }
//!     }
//! }
//!
//! callsign_policy::policy!(StandardWith<Careful>);
//! ```
//!
//! What `select` says is kept, so it cannot read a message:
//!
//! ```compile_fail,E0599
//! # use callsign_standard::rules::{Rules, ScopeView, Selection};
//! # struct Wrong;
//! # impl Rules for Wrong {
//! #     type Settings = callsign_policy::NoSettings;
//! #     type Key = ();
//! #     fn new(_: Self::Settings) -> Result<Self, String> { Ok(Self) }
//! fn select<'a>(&'a self, _: &'a (), scope: &ScopeView<'_>, senders: &mut Selection<'a>) {
//!     let even = scope.recipient() % 2 == 0; // there is no recipient here
//!     senders.only("odd recipients get nothing", move |_| even);
//! }
//! # }
//! ```
//!
//! nor can it keep what the message is asked about elsewhere, since rules have no state that changes:
//!
//! ```compile_fail,E0277
//! # use callsign_standard::rules::{MessageView, Rules};
//! struct Counting(std::cell::Cell<u64>);
//!
//! impl Rules for Counting {
//! #     type Settings = callsign_policy::NoSettings;
//! #     type Key = ();
//! #     fn new(_: Self::Settings) -> Result<Self, String> { Ok(Self(Default::default())) }
//!     fn key(&self, _: &MessageView<'_>) {
//!         self.0.set(self.0.get() + 1);
//!     }
//! }
//! ```
//!
//! nor what it reads of a sender that is left, which may be a signal:
//!
//! ```compile_fail,E0624
//! # use callsign_standard::rules::{Name, Rules, ScopeView, Selection};
//! # struct Wrong;
//! # static LOAD: Name = Name::new("load");
//! # impl Rules for Wrong {
//! #     type Settings = callsign_policy::NoSettings;
//! #     type Key = ();
//! #     fn new(_: Self::Settings) -> Result<Self, String> { Ok(Self) }
//! fn select<'a>(&'a self, _: &'a (), scope: &ScopeView<'_>, senders: &mut Selection<'a>) {
//!     senders.only("busy", |sender| sender.signal(&LOAD) < Some(0.9)); // signals change without a revision
//! }
//! # }
//! ```

mod columns;
mod left;
mod message_view;
mod name;
mod refusal;
mod scope_view;
mod selection;

pub use columns::SenderFacts;
pub(crate) use columns::{Columns, DefaultFacts};
pub use left::{Choice, Contender, Left};
pub use message_view::MessageView;
pub use name::Name;
pub use refusal::{OwnRefusal, Refused};
pub use scope_view::ScopeView;
pub use selection::Selection;

use core::hash::Hash;

use callsign_policy::exports::policy::Wording;
use callsign_policy::types::Decision;
use callsign_policy::{NoSettings, Settings};

/// Rules of a policy's own. Each hook does nothing by default.
///
/// They are `Sync`, so that they have no `Cell`: rules that remember messages would answer one message in several ways.
pub trait Rules: Sized + Sync + 'static {
    /// The settings: [`NoSettings`], or with the feature `json` of the SDK any type that derives `Deserialize`.
    type Settings: Settings;

    /// What of a message [`select`](Self::select) depends on: `()` for nothing, or for instance the key of a campaign.
    /// What is selected is kept for each key, so it should have few values; with many, each of them takes as long as a
    /// first message. Memory stays bounded however many there are.
    type Key: Clone + Eq + Hash + Default + 'static;

    /// Whether there are no rules at all: then the component has none of the imports that only rules use.
    #[doc(hidden)]
    const NONE: bool = false;

    /// The policy's own refusals, which explain themselves in words.
    const REFUSALS: &'static [OwnRefusal] = &[];

    /// Creates the rules from their settings. The host also calls this to check settings before the policy is used.
    ///
    /// # Errors
    /// Say what is wrong with the settings, and what would be right.
    fn new(settings: Self::Settings) -> Result<Self, String>;

    /// Refuses a message before anything else is looked at.
    fn refuse_before(&self, message: &MessageView<'_>) -> Option<Refused> {
        let _ = message;
        None
    }

    /// What of a message [`select`](Self::select) depends on.
    fn key(&self, message: &MessageView<'_>) -> Self::Key {
        let _ = message;
        Self::Key::default()
    }

    /// Says which senders may carry messages of a scope with this key, and which of them come first. It is asked once for
    /// a scope, channel, country, message type and key, and again when the scope's revision or the health of its senders
    /// changes.
    fn select<'a>(&'a self, key: &'a Self::Key, scope: &ScopeView<'_>, senders: &mut Selection<'a>) {
        let _ = (key, scope, senders);
    }

    /// Chooses among the senders that are left after step 7, in place of the spread. None leaves it to the spread.
    fn choose(&self, message: &MessageView<'_>, left: &Left<'_>) -> Option<Choice> {
        let _ = (message, left);
        None
    }

    /// Refuses a message that has a sender.
    fn refuse_after(&self, message: &MessageView<'_>, decision: &Decision) -> Option<Refused> {
        let _ = (message, decision);
        None
    }

    /// Puts a refusal in words: by default those of [`REFUSALS`](Self::REFUSALS).
    fn refusal_text(code: u32, detail: u64) -> Wording {
        let _ = detail;
        OwnRefusal::wording_of(Self::REFUSALS, code)
    }
}

/// No rules: the standard policy as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRules;

impl Rules for NoRules {
    type Settings = NoSettings;
    type Key = ();
    const NONE: bool = true;

    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self)
    }
}
