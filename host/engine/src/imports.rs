//! The functions that a policy may import. Each call of one counts against the call's budget, and its result is
//! converted to the contract's types.
//!
//! What they answer comes from the revision, the messages of the call, their pins and the signals, and from nothing else.

use std::sync::Arc;

use callsign_catalog::escape;
use callsign_destination::Zone;
use callsign_index::host_reads::channel_number;
use callsign_index::{NearCodes, PoolView, Revision, Scope, Signals};
use callsign_policy::senders as sdk;
use wasmtime::Result;

use crate::bindings::contract::{log, messages, senders, settings, strategies, times, types};
use crate::failure::Failure;
use crate::instance::State;

mod attributes;
mod convert;
mod pins;
mod signals;

/// The longest log line that is written, in bytes. Longer ones are cut.
const MAX_LINE: usize = 500;

/// The largest pool that a policy should copy before its first decision, in senders: asking a question costs the host as
/// much as copying so many.
const COPY_UP_TO: u32 = 64;

/// With fewer messages a call of a fresh instance asks, since it would copy the pool for itself alone: for 10 senders that takes 2 us, as
/// much as some 20 questions.
const FEW_MESSAGES: usize = 16;

/// A pool that a policy may read: its view, in the revision and the scope that it is of.
struct ReadPool<'a> {
    revision: &'a Revision,
    scope: &'a Scope,
    pool: sdk::Pool,
    view: Arc<PoolView>,
}

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

    /// As [`State::count_import`], with a scope; `None` unless a message of the running call belongs to it: a policy cannot
    /// read any other scope.
    #[inline]
    fn read_scope(&mut self, scope: u32) -> Result<Option<(&Revision, &Scope)>> {
        let in_call = self.messages.iter().any(|message| message.scope == scope);
        let revision = self.count_import()?.filter(|_| in_call);
        Ok(revision.and_then(|revision| Some((revision, revision.scope(scope)?))))
    }

    /// A pool of such a scope. A pool that no message of the call needs is not cached: otherwise a policy could fill
    /// the host's memory with pools.
    fn read_pool(&mut self, pool: &senders::Pool) -> Result<Option<ReadPool<'_>>> {
        let place = (pool.scope, pool.channel, pool.country, pool.message_type);
        let is_for = |message: &crate::CallMessage| {
            (message.scope, channel_number(message.channel), message.country, message.message_type) == place
        };
        let keep = self.messages.iter().any(is_for);
        if self.read_scope(pool.scope)?.is_none() {
            return Ok(None);
        }
        if pool.healthy {
            self.load_signals();
        }
        let (Some(revision), pool) = (self.revision.as_deref(), sdk::Pool::from(pool)) else { return Ok(None) };
        let signals = self.signals.as_deref();
        let view = if keep { revision.pool(&pool, signals) } else { revision.pool_once(&pool, signals) };
        Ok(view.and_then(|view| Some(ReadPool { revision, scope: revision.scope(pool.scope)?, pool, view })))
    }

    /// The signals that a call which has read some goes on to read.
    fn loaded_signals(&self) -> Option<&Signals> {
        self.signals.as_deref()
    }
}

impl ReadPool<'_> {
    fn codes(&self, group: &senders::Group) -> NearCodes<'_> {
        self.revision.near_codes(group.near, group.area_code)
    }
}

impl types::Host for State {}

impl strategies::Host for State {
    fn strategies_of(&mut self, scope: u32, country: u16) -> Result<Vec<strategies::StrategyFacts>> {
        let Some((revision, _)) = self.read_scope(scope)? else { return Ok(Vec::new()) };
        Ok(revision.strategies_of(scope, country).iter().map(Into::into).collect())
    }

    fn strategy_id(&mut self, scope: u32, strategy: u32) -> Result<Option<String>> {
        let Some((revision, scope)) = self.read_scope(scope)? else { return Ok(None) };
        let index = scope.strategies.get(strategy as usize);
        Ok(index.map(|&index| revision.catalog().strategies()[index as usize].id.to_string()))
    }
}

impl senders::Host for State {
    fn candidates(&mut self, pool: senders::Pool) -> Result<Vec<senders::Candidate>> {
        let Some(read) = self.read_pool(&pool)? else { return Ok(Vec::new()) };
        Ok(read.view.pool.candidates().iter().map(Into::into).collect())
    }

    fn copy_up_to(&mut self) -> Result<u32> {
        self.count_import()?;
        let is_used_once = self.is_fresh && self.messages.len() < FEW_MESSAGES;
        Ok(self.copy_up_to.unwrap_or(if is_used_once { 0 } else { COPY_UP_TO }))
    }

    fn count(&mut self, pool: senders::Pool, group: senders::Group) -> Result<u32> {
        let Some(read) = self.read_pool(&pool)? else { return Ok(0) };
        Ok(read.view.count(&group.into(), read.codes(&group)))
    }

    fn at(&mut self, pool: senders::Pool, group: senders::Group, index: u32) -> Result<Option<senders::Candidate>> {
        let Some(read) = self.read_pool(&pool)? else { return Ok(None) };
        Ok(read.view.at(&group.into(), read.codes(&group), index).as_ref().map(Into::into))
    }

    fn contains(&mut self, pool: senders::Pool, sender: u32) -> Result<bool> {
        Ok(self.read_pool(&pool)?.is_some_and(|read| read.view.pool.contains(sender)))
    }

    fn candidate_of(&mut self, pool: senders::Pool, sender: u32) -> Result<Option<senders::Candidate>> {
        let Some(read) = self.read_pool(&pool)? else { return Ok(None) };
        Ok(read.revision.candidate_of(&read.pool, &read.view, sender).as_ref().map(Into::into))
    }

    fn spread(&mut self, pool: senders::Pool, group: senders::Group, recipient: u64) -> Result<Option<u32>> {
        let Some(read) = self.read_pool(&pool)? else { return Ok(None) };
        Ok(read.view.spread(&group.into(), read.codes(&group), recipient))
    }

    fn spread_of(&mut self, message: u32, pool: senders::Pool, group: senders::Group) -> Result<Option<u32>> {
        let sent = self.messages.get(message as usize).copied();
        let (Some(read), Some(sent)) = (self.read_pool(&pool)?, sent) else { return Ok(None) };
        // A handle means a sender of the pool's scope only. In another one nobody is the message's own number.
        let itself =
            if sent.scope == pool.scope { read.revision.itself(read.scope, sent.recipient) } else { Vec::new() };
        let (group, codes) = (group.into(), read.codes(&group));
        Ok(match &*itself {
            [] => read.view.spread(&group, codes, sent.hash),
            itself => read.view.spread_without(&group, codes, sent.hash, itself),
        })
    }

    fn itself(&mut self, message: u32) -> Result<Vec<u32>> {
        let Some(sent) = self.messages.get(message as usize).copied() else {
            self.count_import()?;
            return Ok(Vec::new());
        };
        let Some((revision, scope)) = self.read_scope(sent.scope)? else { return Ok(Vec::new()) };
        Ok(revision.itself(scope, sent.recipient))
    }

    fn near_codes(&mut self, near: u8, area_code: u16) -> Result<Vec<u16>> {
        let Some(revision) = self.count_import()? else { return Ok(Vec::new()) };
        Ok(revision.near_codes(near, area_code).unwrap_or_default().to_vec())
    }

    fn default_senders(&mut self, pool: senders::Pool) -> Result<Vec<senders::DefaultSender>> {
        let Some((revision, _)) = self.read_scope(pool.scope)? else { return Ok(Vec::new()) };
        Ok(revision.default_senders(&(&pool).into()).iter().map(Into::into).collect())
    }

    fn all_considered(&mut self, pool: senders::Pool) -> Result<Vec<senders::Considered>> {
        let Some((revision, _)) = self.read_scope(pool.scope)? else { return Ok(Vec::new()) };
        Ok(revision.all_considered(&(&pool).into()).iter().map(Into::into).collect())
    }

    fn describe(&mut self, scope: u32, sender: u32) -> Result<Option<senders::SenderText>> {
        let Some((revision, scope)) = self.read_scope(scope)? else { return Ok(None) };
        let text = |sender: &callsign_catalog::Sender| senders::SenderText {
            id: sender.id.to_string(),
            address: sender.shown().into_owned(),
        };
        Ok(revision.member(scope, sender).map(text))
    }

    fn addresses(&mut self, pool: senders::Pool) -> Result<types::Texts> {
        let Some(read) = self.read_pool(&pool)? else { return Ok(convert::NO_TEXTS) };
        let senders = read.revision.senders_of(read.scope, &read.view);
        Ok(convert::texts(senders.map(|sender| Some(sender?.shown()))))
    }

    fn ids(&mut self, pool: senders::Pool) -> Result<types::Texts> {
        let Some(read) = self.read_pool(&pool)? else { return Ok(convert::NO_TEXTS) };
        let senders = read.revision.senders_of(read.scope, &read.view);
        Ok(convert::texts(senders.map(|sender| Some(&sender?.id))))
    }
}

impl messages::Host for State {
    fn text(&mut self, message: u32, field: u8) -> Result<Option<String>> {
        self.count_import()?;
        let texts = self.texts.get(message as usize);
        let text =
            |field: fn(&crate::MessageTexts) -> &Option<Box<str>>| texts.and_then(|texts| field(texts).as_deref());
        Ok(match field {
            0 => text(|texts| &texts.message_id).map(str::to_owned),
            1 => text(|texts| &texts.application).map(str::to_owned),
            2 => text(|texts| &texts.entity).map(str::to_owned),
            3 => self.messages.get(message as usize).map(|message| message.recipient.to_string()),
            4 => text(|texts| &texts.message_type).map(str::to_owned),
            _ => None,
        })
    }
}

impl times::Host for State {
    fn sent_at(&mut self, message: u32) -> Result<Option<u64>> {
        self.count_import()?;
        Ok(self.messages.get(message as usize).and_then(|message| message.sent_at))
    }

    fn zones_of(&mut self, message: u32) -> Result<Vec<times::LocalTime>> {
        self.count_import()?;
        let message = self.messages.get(message as usize);
        let (Some(message), Some(revision)) = (message, self.revision.as_deref()) else { return Ok(Vec::new()) };
        let at = message.sent_at.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
        let local = |zone: &Zone| times::LocalTime {
            zone: zone.get(),
            minutes_from_utc: at.map(|seconds| zone.minutes_from_utc(seconds)),
        };
        let zones = revision.catalog().numbering().area_codes().zones(message.recipient);
        Ok(zones.iter().map(local).collect())
    }

    fn zone_name(&mut self, zone: u16) -> Result<Option<String>> {
        self.count_import()?;
        Ok(Zone::new(zone).map(|zone| zone.name().to_owned()))
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

#[cfg(test)]
mod tests;
