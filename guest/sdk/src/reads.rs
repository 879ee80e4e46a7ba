//! What a policy can read, as a trait: the imports of the contract inside the sandbox, and plain data in native tests
//! and benches.

use crate::messages::Field;
use crate::senders::{Candidate, Considered, DefaultSender, Group, Pool, SenderText};
use crate::sticky::Pin;
use crate::strategies::StrategyFacts;
use crate::types::{Channel, Country, Message, Scope, Sender, Strategy};

/// What a policy can read. Each method is the import of the same name in `wit/policy.wit`.
///
/// A policy that wraps another one can change what that one reads, see [`OverrideReads`].
pub trait Reads {
    /// `strategies.strategies-of`.
    fn strategies_of(&self, scope: Scope, country: Country) -> Vec<StrategyFacts>;
    /// `senders.candidates`.
    fn candidates(&self, pool: Pool) -> Vec<Candidate>;
    /// `senders.count`.
    fn count(&self, pool: Pool, group: Group) -> u32;
    /// `senders.contains`.
    fn contains(&self, pool: Pool, sender: Sender) -> bool;
    /// `senders.spread`.
    fn spread(&self, pool: Pool, group: Group, recipient: u64) -> Option<Sender>;
    /// `senders.default-senders`.
    fn default_senders(&self, scope: Scope, channel: Channel, country: Country) -> Vec<DefaultSender>;
    /// `senders.all-considered`.
    fn all_considered(&self, pool: Pool) -> Vec<Considered>;
    /// `sticky.pin-of`.
    fn pin_of(&self, message: Message) -> Pin;

    /// `senders.describe`.
    fn describe(&self, _scope: Scope, _sender: Sender) -> Option<SenderText> {
        None
    }
    /// `strategies.strategy-id`.
    fn strategy_id(&self, _scope: Scope, _strategy: Strategy) -> Option<String> {
        None
    }
    /// `messages.text`.
    fn text(&self, _message: Message, _field: Field) -> Option<String> {
        None
    }
    /// `messages.attribute`.
    fn attribute(&self, _message: Message, _name: &str) -> Option<String> {
        None
    }
    /// `times.sent-at` of the contract 1.1.0.
    fn sent_at(&self, _message: Message) -> Option<u64> {
        None
    }

    /// The largest pool that is best read whole at the first decision; of a larger one single questions are asked
    /// first. Default 64: a question costs the host as much as reading 64 senders.
    fn read_at_once(&self) -> u32 {
        64
    }
}

/// The imports of the component.
#[derive(Debug, Clone, Copy, Default)]
pub struct Imports;

impl Reads for Imports {
    fn strategies_of(&self, scope: Scope, country: Country) -> Vec<StrategyFacts> {
        crate::strategies::strategies_of(scope, country)
    }
    fn candidates(&self, pool: Pool) -> Vec<Candidate> {
        crate::senders::candidates(pool)
    }
    fn count(&self, pool: Pool, group: Group) -> u32 {
        crate::senders::count(pool, group)
    }
    fn contains(&self, pool: Pool, sender: Sender) -> bool {
        crate::senders::contains(pool, sender)
    }
    fn spread(&self, pool: Pool, group: Group, recipient: u64) -> Option<Sender> {
        crate::senders::spread(pool, group, recipient)
    }
    fn default_senders(&self, scope: Scope, channel: Channel, country: Country) -> Vec<DefaultSender> {
        crate::senders::default_senders(scope, channel, country)
    }
    fn all_considered(&self, pool: Pool) -> Vec<Considered> {
        crate::senders::all_considered(pool)
    }
    fn pin_of(&self, message: Message) -> Pin {
        crate::sticky::pin_of(message)
    }
    fn describe(&self, scope: Scope, sender: Sender) -> Option<SenderText> {
        crate::senders::describe(scope, sender)
    }
    fn strategy_id(&self, scope: Scope, strategy: Strategy) -> Option<String> {
        crate::strategies::strategy_id(scope, strategy)
    }
    fn text(&self, message: Message, field: Field) -> Option<String> {
        crate::messages::text(message, field)
    }
    fn attribute(&self, message: Message, name: &str) -> Option<String> {
        crate::messages::attribute(message, name)
    }
    fn sent_at(&self, message: Message) -> Option<u64> {
        crate::times::sent_at(message)
    }
}

/// Declares [`OverrideReads`], whose methods pass on to the inner reads by default.
macro_rules! override_reads {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)+) => {
        /// Reads that pass on to others whatever is not overridden: how a policy changes what another one reads.
        ///
        /// ```
        /// use callsign_policy::reads::{Reads, OverrideReads};
        /// use callsign_policy::strategies::StrategyFacts;
        /// use callsign_policy::types::{Country, Scope};
        ///
        /// /// Nothing is sticky.
        /// struct Loose<'a, R>(&'a R);
        ///
        /// impl<R: Reads> OverrideReads for Loose<'_, R> {
        ///     type Inner = R;
        ///
        ///     fn inner(&self) -> &R {
        ///         self.0
        ///     }
        ///
        ///     fn strategies_of(&self, scope: Scope, country: Country) -> Vec<StrategyFacts> {
        ///         let mut strategies = self.0.strategies_of(scope, country);
        ///         strategies.iter_mut().for_each(|strategy| strategy.sticky = false);
        ///         strategies
        ///     }
        /// }
        /// ```
        pub trait OverrideReads {
            /// The type of the inner reads.
            type Inner: Reads;

            /// The inner reads.
            fn inner(&self) -> &Self::Inner;

            $(
                #[doc = concat!("[`Reads::", stringify!($name), "`]; by default that of the inner reads.")]
                #[inline]
                fn $name(&self $(, $argument: $type)*) -> $result {
                    self.inner().$name($($argument),*)
                }
            )+
        }

        impl<T: OverrideReads> Reads for T {
            $(
                #[inline]
                fn $name(&self $(, $argument: $type)*) -> $result {
                    OverrideReads::$name(self $(, $argument)*)
                }
            )+
        }
    };
}

override_reads! {
    fn strategies_of(scope: Scope, country: Country) -> Vec<StrategyFacts>;
    fn candidates(pool: Pool) -> Vec<Candidate>;
    fn count(pool: Pool, group: Group) -> u32;
    fn contains(pool: Pool, sender: Sender) -> bool;
    fn spread(pool: Pool, group: Group, recipient: u64) -> Option<Sender>;
    fn default_senders(scope: Scope, channel: Channel, country: Country) -> Vec<DefaultSender>;
    fn all_considered(pool: Pool) -> Vec<Considered>;
    fn pin_of(message: Message) -> Pin;
    fn describe(scope: Scope, sender: Sender) -> Option<SenderText>;
    fn strategy_id(scope: Scope, strategy: Strategy) -> Option<String>;
    fn text(message: Message, field: Field) -> Option<String>;
    fn attribute(message: Message, name: &str) -> Option<String>;
    fn sent_at(message: Message) -> Option<u64>;
    fn read_at_once() -> u32;
}
