//! The functions that a policy may import. Each call of one counts against the call's budget, and its result is
//! converted to the contract's types.

use std::sync::Arc;

use callsign_catalog::{Channel, escape};
use callsign_index::{PoolView, Revision};
use callsign_policy::senders as sdk;
use callsign_policy::sticky as sdk_sticky;
use callsign_policy::strategies as sdk_strategies;
use callsign_policy::types as sdk_types;
use wasmtime::Result;

use crate::bindings::contract::{log, messages, senders, settings, sticky, strategies, types};
use crate::failure::Failure;
use crate::instance::{LoadedPin, State};

/// The longest log line that is written, in bytes. Longer ones are cut.
const MAX_LINE: usize = 500;

impl State {
    /// Counts an import against the call's budget and returns the revision; `None` before the first call.
    #[inline]
    fn count_import(&mut self) -> Result<Option<&Revision>> {
        let Some(left) = self.imports_left.checked_sub(1) else {
            return Err(wasmtime::Error::new(Failure::Imports(self.imports)));
        };
        self.imports_left = left;
        self.check_time()?;
        Ok(self.revision.as_deref())
    }

    /// As [`State::count_import`], but `None` unless a message of the running call belongs to the scope: a policy
    /// cannot read any other scope.
    #[inline]
    fn read_scope(&mut self, scope: u32) -> Result<Option<&Revision>> {
        let in_call = self.messages.iter().any(|message| message.scope == scope);
        Ok(self.count_import()?.filter(|_| in_call))
    }

    /// A pool of such a scope. A pool that no message of the call needs is not cached: otherwise a policy could fill
    /// the host's memory with pools.
    fn read_pool(&mut self, pool: senders::Pool) -> Result<Option<Arc<PoolView>>> {
        let channel = pool.channel.into();
        let keep = self
            .messages
            .iter()
            .any(|message| (message.scope, message.channel, message.country) == (pool.scope, channel, pool.country));
        let Some(revision) = self.read_scope(pool.scope)? else { return Ok(None) };
        Ok(if keep { revision.pool(&pool.into()) } else { revision.pool_once(&pool.into()) })
    }
}

impl State {
    /// `times.sent-at`, new in version 1.1.0 of the contract.
    pub(super) fn sent_at(&mut self, message: u32) -> Result<Option<u64>> {
        self.count_import()?;
        Ok(self.messages.get(message as usize).and_then(|message| message.sent_at))
    }
}

impl types::Host for State {}

impl strategies::Host for State {
    fn strategies_of(&mut self, scope: u32, country: u16) -> Result<Vec<strategies::StrategyFacts>> {
        let facts = self.read_scope(scope)?.map(|revision| revision.strategies_of(scope, country));
        Ok(facts.unwrap_or_default().iter().map(Into::into).collect())
    }

    fn strategy_id(&mut self, scope: u32, strategy: u32) -> Result<Option<String>> {
        let Some(revision) = self.read_scope(scope)? else { return Ok(None) };
        let index = revision.scope(scope).and_then(|scope| scope.strategies.get(strategy as usize));
        Ok(index.map(|&index| revision.catalog().strategies()[index as usize].id.to_string()))
    }
}

impl senders::Host for State {
    fn candidates(&mut self, pool: senders::Pool) -> Result<Vec<senders::Candidate>> {
        let Some(view) = self.read_pool(pool)? else { return Ok(Vec::new()) };
        Ok(view.pool.candidates().iter().map(Into::into).collect())
    }

    fn count(&mut self, pool: senders::Pool, group: senders::Group) -> Result<u32> {
        let view = self.read_pool(pool)?;
        Ok(view.map_or(0, |view| view.pool.count(&group.into())))
    }

    fn at(&mut self, pool: senders::Pool, group: senders::Group, index: u32) -> Result<Option<senders::Candidate>> {
        let view = self.read_pool(pool)?;
        Ok(view.and_then(|view| view.pool.at(&group.into(), index)).as_ref().map(Into::into))
    }

    fn contains(&mut self, pool: senders::Pool, sender: u32) -> Result<bool> {
        let view = self.read_pool(pool)?;
        Ok(view.is_some_and(|view| view.pool.contains(sender)))
    }

    fn spread(&mut self, pool: senders::Pool, group: senders::Group, recipient: u64) -> Result<Option<u32>> {
        let view = self.read_pool(pool)?;
        Ok(view.and_then(|view| view.spread(&group.into(), recipient)))
    }

    fn default_senders(
        &mut self,
        scope: u32,
        channel: types::Channel,
        country: u16,
    ) -> Result<Vec<senders::DefaultSender>> {
        let defaults = self.read_scope(scope)?.map(|revision| revision.default_senders(scope, channel.into(), country));
        Ok(defaults.unwrap_or_default().iter().map(Into::into).collect())
    }

    fn all_considered(&mut self, pool: senders::Pool) -> Result<Vec<senders::Considered>> {
        let considered = self.read_scope(pool.scope)?.map(|revision| revision.all_considered(&pool.into()));
        Ok(considered.unwrap_or_default().iter().map(Into::into).collect())
    }

    fn describe(&mut self, scope: u32, sender: u32) -> Result<Option<senders::SenderText>> {
        let Some(revision) = self.read_scope(scope)? else { return Ok(None) };
        let member = revision.scope(scope).and_then(|scope| scope.members.get(sender as usize));
        Ok(member.map(|member| {
            let sender = &revision.catalog().senders()[member.sender as usize];
            senders::SenderText { id: sender.id.to_string(), address: sender.address.to_string() }
        }))
    }
}

impl sticky::Host for State {
    fn pin_of(&mut self, message: u32) -> Result<sticky::Pin> {
        self.count_import()?;
        let (Some(revision), Some(store)) = (&self.revision, &self.sticky) else { return Ok(sticky::Pin::None) };
        let Some(sent) = self.messages.get(message as usize) else { return Ok(sticky::Pin::None) };
        let (scope, is_loaded) = (sent.scope, sent.pin.is_some());
        if !is_loaded {
            let key = revision.pin_key(scope, self.entities.get(message), sent.channel, sent.recipient);
            let value = key.map_or(Ok(None), |key| store.get(&key));
            self.set_pin(message, LoadedPin { value, read_by_policy: true });
        }
        let pin = self.pin(message).and_then(|pin| {
            pin.read_by_policy = true;
            // The policy sees no pin where the store failed; the check of the answer reports that.
            pin.value.as_ref().ok().copied().flatten()
        });
        let Some(revision) = &self.revision else { return Ok(sticky::Pin::None) };
        Ok(match revision.pin_in_scope(scope, pin) {
            sdk_sticky::Pin::None => sticky::Pin::None,
            sdk_sticky::Pin::Held(handle) => sticky::Pin::Held(handle),
            sdk_sticky::Pin::Gone => sticky::Pin::Gone,
        })
    }
}

impl messages::Host for State {
    fn text(&mut self, message: u32, field: messages::Field) -> Result<Option<String>> {
        self.count_import()?;
        let texts = self.texts.get(message as usize);
        Ok(match field {
            messages::Field::MessageId => texts.and_then(|texts| texts.message_id.as_deref()).map(str::to_owned),
            messages::Field::ApplicationId => texts.and_then(|texts| texts.application.as_deref()).map(str::to_owned),
            messages::Field::EntityId => texts.and_then(|texts| texts.entity.as_deref()).map(str::to_owned),
            messages::Field::Recipient => {
                self.messages.get(message as usize).map(|message| message.recipient.to_string())
            }
        })
    }

    fn attribute(&mut self, _message: u32, _name: String) -> Result<Option<String>> {
        self.count_import()?;
        // Messages have no attributes yet.
        Ok(None)
    }
}

impl settings::Host for State {
    fn json(&mut self) -> Result<String> {
        self.count_import()?;
        Ok(self.settings.to_string())
    }
}

impl log::Host for State {
    fn write(&mut self, severity: log::Severity, mut line: String) -> Result<()> {
        self.count_import()?;
        let cut = (0..=MAX_LINE.min(line.len())).rev().find(|&at| line.is_char_boundary(at));
        line.truncate(cut.unwrap_or_default());
        if severity == log::Severity::Error {
            self.last_error = Some(line.clone());
        }
        if let Some(left) = self.log_lines_left.checked_sub(1) {
            self.log_lines_left = left;
            let level = match severity {
                log::Severity::Debug => ::log::Level::Debug,
                log::Severity::Info => ::log::Level::Info,
                log::Severity::Warning => ::log::Level::Warn,
                log::Severity::Error => ::log::Level::Error,
            };
            // A line that nobody asked for costs nothing of the budget.
            if ::log::log_enabled!(target: "callsign::policy", level)
                && self.log_budget.as_ref().is_none_or(|budget| budget.take())
            {
                ::log::log!(target: "callsign::policy", level, "{}: {}", self.label, escape::line(&line, MAX_LINE));
            }
        }
        Ok(())
    }
}

/// Conversions between enums that have the same cases.
macro_rules! same_cases {
    ($($from:path => $to:path { $($case:ident),+ $(,)? })+) => {
        $(impl From<$from> for $to {
            #[inline]
            fn from(value: $from) -> Self {
                match value {
                    $(<$from>::$case => Self::$case,)+
                }
            }
        })+
    };
}

same_cases! {
    Channel => types::Channel { Sms, Mms, Rcs }
    types::Channel => Channel { Sms, Mms, Rcs }
    types::Channel => sdk_types::Channel { Sms, Mms, Rcs }
    sdk_types::Level => types::Level { Application, Entity }
    sdk_types::ChannelLimit => types::ChannelLimit { Any, Sms, Mms, Rcs }
    sdk_types::SenderType => types::SenderType { Alphanumeric, VirtualLongNumber, ShortCode, TollFreeNumber }
    sdk_strategies::CountryMatch => strategies::CountryMatch { All, Listed, NotListed }
    senders::Near => sdk::Near { Anywhere, Same, Overlay, Region }
    sdk::Standing => senders::Standing {
        Candidate, OtherChannel, Suspended, ChannelNotCovered, CountryNotCovered, NotListed,
    }
}

impl From<senders::Pool> for sdk::Pool {
    fn from(pool: senders::Pool) -> Self {
        Self { scope: pool.scope, channel: pool.channel.into(), country: pool.country, strategy: pool.strategy }
    }
}

impl From<senders::Group> for sdk::Group {
    fn from(group: senders::Group) -> Self {
        let bits = group.types.as_array().first().copied().unwrap_or_default();
        Self {
            types: sdk::SenderTypes::from_bits_truncate(bits as u8),
            near: group.near.into(),
            area_code: group.area_code,
        }
    }
}

impl From<&sdk::Candidate> for senders::Candidate {
    fn from(candidate: &sdk::Candidate) -> Self {
        Self {
            key: candidate.key,
            sender: candidate.sender,
            area_code: candidate.area_code,
            sender_type: candidate.sender_type.into(),
        }
    }
}

impl From<&sdk::Considered> for senders::Considered {
    fn from(considered: &sdk::Considered) -> Self {
        Self {
            sender: considered.sender,
            sender_type: considered.sender_type.into(),
            area_code: considered.area_code,
            standing: considered.standing.into(),
        }
    }
}

impl From<&sdk::DefaultSender> for senders::DefaultSender {
    fn from(default: &sdk::DefaultSender) -> Self {
        Self { sender: default.sender, level: default.level.into(), usable: default.usable }
    }
}

impl From<&sdk_strategies::StrategyFacts> for strategies::StrategyFacts {
    fn from(facts: &sdk_strategies::StrategyFacts) -> Self {
        Self {
            strategy: facts.strategy,
            level: facts.level.into(),
            channel: facts.channel.into(),
            countries: facts.countries.into(),
            sticky: facts.sticky,
            geolocated: facts.geolocated,
            priorities: strategies::Priorities {
                alphanumeric: facts.priorities.alphanumeric,
                virtual_long_number: facts.priorities.virtual_long_number,
                short_code: facts.priorities.short_code,
                toll_free_number: facts.priorities.toll_free_number,
            },
        }
    }
}
