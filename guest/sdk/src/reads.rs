//! What a policy can read, as a trait: the imports of the contract inside the sandbox, and plain data in native tests
//! and benches.

use core::cell::{Cell, OnceCell};

use crate::messages::Field;
use crate::senders::{Candidate, Considered, DefaultSender, Group, Near, Pool, SenderText};
use crate::signals::UnhealthySender;
use crate::sticky::Pin;
use crate::strategies::StrategyFacts;
use crate::times::{LocalTime, Zone};
use crate::types::{AreaCode, Country, Key, Level, Message, Scope, Sender, Strategy, Texts};

/// Declares [`Reads`], and [`OverrideReads`], whose methods pass on to the inner reads by default.
macro_rules! reads {
    ($($interface:literal $name:ident($($argument:ident: $type:ty),*) -> $result:ty $(, else $default:expr)?;)+) => {
        /// What a policy can read. Each method is the import of the same name in `wit/policy.wit`. Methods with a default
        /// answer as a host that has nothing to tell.
        ///
        /// A policy that wraps another one can change what that one reads, see [`OverrideReads`]. Filters and
        /// preferences are safer as rules of `callsign_standard`, which keep every form of the pool right.
        pub trait Reads {
            $(
                reads!(@method $interface $name($($argument: $type),*) -> $result $(, else $default)?);
            )+
        }

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
    (@method $interface:literal $name:ident($($argument:ident: $type:ty),*) -> $result:ty) => {
        #[doc = concat!("`", $interface, "` of the contract.")]
        fn $name(&self $(, $argument: $type)*) -> $result;
    };
    (@method $interface:literal $name:ident($($argument:ident: $type:ty),*) -> $result:ty, else $default:expr) => {
        #[doc = concat!("`", $interface, "` of the contract.")]
        fn $name(&self $(, $argument: $type)*) -> $result {
            $(let _ = $argument;)*
            $default
        }
    };
}

reads! {
    "strategies.strategies-of" strategies_of(scope: Scope, country: Country) -> Vec<StrategyFacts>;
    "strategies.strategy-id" strategy_id(scope: Scope, strategy: Strategy) -> Option<String>, else None;

    "senders.candidates" candidates(pool: Pool) -> Vec<Candidate>;
    "senders.copy-up-to" copy_up_to() -> u32, else 64;
    "senders.count" count(pool: Pool, group: Group) -> u32;
    "senders.at" at(pool: Pool, group: Group, index: u32) -> Option<Candidate>, else None;
    "senders.contains" contains(pool: Pool, sender: Sender) -> bool;
    "senders.candidate-of" candidate_of(pool: Pool, sender: Sender) -> Option<Candidate>;
    "senders.spread" spread(pool: Pool, group: Group, recipient: u64) -> Option<Sender>;
    "senders.spread-of" spread_of(message: Message, pool: Pool, group: Group) -> Option<Sender>;
    "senders.itself" itself(message: Message) -> Vec<Sender>;
    "senders.near-codes" near_codes(near: Near, area_code: AreaCode) -> Vec<AreaCode>;
    "senders.default-senders" default_senders(pool: Pool) -> Vec<DefaultSender>;
    "senders.all-considered" all_considered(pool: Pool) -> Vec<Considered>;
    "senders.describe" describe(scope: Scope, sender: Sender) -> Option<SenderText>, else None;
    "senders.addresses" addresses(pool: Pool) -> Texts, else no_texts();
    "senders.ids" ids(pool: Pool) -> Texts, else no_texts();

    "attributes.key-of" key_of(text: &str) -> Key, else 0;
    "attributes.message-text" message_text(message: Message, name: Key) -> Option<String>, else None;
    "attributes.message-number" message_number(message: Message, name: Key) -> Option<f64>, else None;
    "attributes.message-key" message_key(message: Message, name: Key) -> Key, else 0;
    "attributes.scope-text" scope_text(scope: Scope, level: Level, name: Key) -> Option<String>, else None;
    "attributes.scope-number" scope_number(scope: Scope, level: Level, name: Key) -> Option<f64>, else None;
    "attributes.scope-key" scope_key(scope: Scope, level: Level, name: Key) -> Key, else 0;
    "attributes.sender-text" sender_text(scope: Scope, sender: Sender, name: Key) -> Option<String>, else None;
    "attributes.sender-number" sender_number(scope: Scope, sender: Sender, name: Key) -> Option<f64>, else None;
    "attributes.sender-key" sender_key(scope: Scope, sender: Sender, name: Key) -> Key, else 0;
    "attributes.sender-texts" sender_texts(pool: Pool, name: Key) -> Texts, else no_texts();
    "attributes.sender-numbers" sender_numbers(pool: Pool, name: Key) -> Vec<f64>, else Vec::new();
    "attributes.sender-keys" sender_keys(pool: Pool, name: Key) -> Vec<Key>, else Vec::new();

    "signals.health-of" health_of(pool: Pool) -> u64, else 0;
    "signals.unhealthy" unhealthy(pool: Pool) -> Vec<UnhealthySender>, else Vec::new();
    "signals.number" signal(scope: Scope, sender: Sender, name: Key) -> Option<f64>, else None;
    "signals.numbers" signal_numbers(pool: Pool, name: Key) -> Vec<f64>, else Vec::new();

    "sticky.pin-of" pin_of(message: Message) -> Pin;
    "sticky.pins-of" pins_of() -> Vec<Pin>, else Vec::new();

    "messages.text" text(message: Message, field: Field) -> Option<String>, else None;

    "times.sent-at" sent_at(message: Message) -> Option<u64>, else None;
    "times.zones-of" zones_of(message: Message) -> Vec<LocalTime>, else Vec::new();
    "times.zone-name" zone_name(zone: Zone) -> Option<String>, else None;
}

/// No texts, for a pool without senders.
fn no_texts() -> Texts {
    Texts { text: String::new(), ends: Vec::new() }
}

/// The imports of the component.
///
/// In a batch the pins are read together: the first message that asks for its pin gets it by `pin-of`, and if a second
/// one asks, `pins-of` reads those of all. An import for each message would be half of a sticky decision. And the health of
/// the pool that was asked about last is known: signals stand still for the length of a call.
#[derive(Debug, Default)]
pub struct Imports {
    /// Whether the call is a batch, and whether a message of it has asked already.
    batch: Cell<Batch>,
    pins: OnceCell<Vec<Pin>>,
    health: Cell<Option<(Pool, u64)>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// A call for one message.
    #[default]
    No,
    /// No message asked for its pin yet.
    Unasked,
    /// One did.
    Asked,
}

impl Imports {
    /// The imports for a call with so many messages, whose handles count from 0.
    #[inline]
    pub fn for_messages(count: usize) -> Self {
        Self { batch: Cell::new(if count > 1 { Batch::Unasked } else { Batch::No }), ..Self::default() }
    }

    #[cold]
    fn pin_in_batch(&self, message: Message) -> Option<Pin> {
        if self.batch.replace(Batch::Asked) == Batch::Unasked {
            return None;
        }
        self.pins.get_or_init(crate::sticky::pins_of).get(message as usize).copied()
    }
}

impl Reads for Imports {
    fn strategies_of(&self, scope: Scope, country: Country) -> Vec<StrategyFacts> {
        crate::strategies::strategies_of(scope, country)
    }
    fn strategy_id(&self, scope: Scope, strategy: Strategy) -> Option<String> {
        crate::strategies::strategy_id(scope, strategy)
    }
    fn candidates(&self, pool: Pool) -> Vec<Candidate> {
        crate::senders::candidates(pool)
    }
    fn copy_up_to(&self) -> u32 {
        crate::senders::copy_up_to()
    }
    fn count(&self, pool: Pool, group: Group) -> u32 {
        crate::senders::count(pool, group)
    }
    fn at(&self, pool: Pool, group: Group, index: u32) -> Option<Candidate> {
        crate::senders::at(pool, group, index)
    }
    fn contains(&self, pool: Pool, sender: Sender) -> bool {
        crate::senders::contains(pool, sender)
    }
    fn candidate_of(&self, pool: Pool, sender: Sender) -> Option<Candidate> {
        crate::senders::candidate_of(pool, sender)
    }
    fn spread(&self, pool: Pool, group: Group, recipient: u64) -> Option<Sender> {
        crate::senders::spread(pool, group, recipient)
    }
    fn spread_of(&self, message: Message, pool: Pool, group: Group) -> Option<Sender> {
        crate::senders::spread_of(message, pool, group)
    }
    fn itself(&self, message: Message) -> Vec<Sender> {
        crate::senders::itself(message)
    }
    fn near_codes(&self, near: Near, area_code: AreaCode) -> Vec<AreaCode> {
        crate::senders::near_codes(near, area_code)
    }
    fn default_senders(&self, pool: Pool) -> Vec<DefaultSender> {
        crate::senders::default_senders(pool)
    }
    fn all_considered(&self, pool: Pool) -> Vec<Considered> {
        crate::senders::all_considered(pool)
    }
    fn describe(&self, scope: Scope, sender: Sender) -> Option<SenderText> {
        crate::senders::describe(scope, sender)
    }
    fn addresses(&self, pool: Pool) -> Texts {
        crate::senders::addresses(pool)
    }
    fn ids(&self, pool: Pool) -> Texts {
        crate::senders::ids(pool)
    }
    fn key_of(&self, text: &str) -> Key {
        crate::attributes::key_of(text)
    }
    fn message_text(&self, message: Message, name: Key) -> Option<String> {
        crate::attributes::message_text(message, name)
    }
    fn message_number(&self, message: Message, name: Key) -> Option<f64> {
        crate::attributes::message_number(message, name)
    }
    fn message_key(&self, message: Message, name: Key) -> Key {
        crate::attributes::message_key(message, name)
    }
    fn scope_text(&self, scope: Scope, level: Level, name: Key) -> Option<String> {
        crate::attributes::scope_text(scope, level, name)
    }
    fn scope_number(&self, scope: Scope, level: Level, name: Key) -> Option<f64> {
        crate::attributes::scope_number(scope, level, name)
    }
    fn scope_key(&self, scope: Scope, level: Level, name: Key) -> Key {
        crate::attributes::scope_key(scope, level, name)
    }
    fn sender_text(&self, scope: Scope, sender: Sender, name: Key) -> Option<String> {
        crate::attributes::sender_text(scope, sender, name)
    }
    fn sender_number(&self, scope: Scope, sender: Sender, name: Key) -> Option<f64> {
        crate::attributes::sender_number(scope, sender, name)
    }
    fn sender_key(&self, scope: Scope, sender: Sender, name: Key) -> Key {
        crate::attributes::sender_key(scope, sender, name)
    }
    fn sender_texts(&self, pool: Pool, name: Key) -> Texts {
        crate::attributes::sender_texts(pool, name)
    }
    fn sender_numbers(&self, pool: Pool, name: Key) -> Vec<f64> {
        crate::attributes::sender_numbers(pool, name)
    }
    fn sender_keys(&self, pool: Pool, name: Key) -> Vec<Key> {
        crate::attributes::sender_keys(pool, name)
    }
    fn health_of(&self, pool: Pool) -> u64 {
        match self.health.get() {
            Some((known, health)) if known == pool => health,
            _ => {
                let health = crate::signals::health_of(pool);
                self.health.set(Some((pool, health)));
                health
            }
        }
    }
    fn unhealthy(&self, pool: Pool) -> Vec<UnhealthySender> {
        crate::signals::unhealthy(pool)
    }
    fn signal(&self, scope: Scope, sender: Sender, name: Key) -> Option<f64> {
        crate::signals::number(scope, sender, name)
    }
    fn signal_numbers(&self, pool: Pool, name: Key) -> Vec<f64> {
        crate::signals::numbers(pool, name)
    }
    #[inline]
    fn pin_of(&self, message: Message) -> Pin {
        if self.batch.get() != Batch::No
            && let Some(pin) = self.pin_in_batch(message)
        {
            return pin;
        }
        crate::sticky::pin_of(message)
    }
    fn pins_of(&self) -> Vec<Pin> {
        crate::sticky::pins_of()
    }
    fn text(&self, message: Message, field: Field) -> Option<String> {
        crate::messages::text(message, field)
    }
    fn sent_at(&self, message: Message) -> Option<u64> {
        crate::times::sent_at(message)
    }
    fn zones_of(&self, message: Message) -> Vec<LocalTime> {
        crate::times::zones_of(message)
    }
    fn zone_name(&self, zone: Zone) -> Option<String> {
        crate::times::zone_name(zone)
    }
}
