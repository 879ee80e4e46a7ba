//! The imports: what the host supplies, each a read of the revision or of the sticky state.

use callsign_destination::Country;
use callsign_policy::senders as sdk;
use wasmtime::Result;

use super::bindings::contract::{log, messages, senders, settings, sticky, strategies, types};
use super::instance::State;
use super::module::Failure;
use crate::catalog::{Channel, SenderType, Strategy};
use crate::revision::{Revision, is_capable};
use crate::scope::{PoolView, Scope, area_code};
use crate::sticky::PinKey;

/// A log line is cut after this many bytes.
const LONGEST_LINE: usize = 500;

impl State {
    /// Counts an import against the call's budget.
    #[inline]
    fn count(&mut self) -> Result<()> {
        match self.imports_left.checked_sub(1) {
            Some(left) => {
                self.imports_left = left;
                Ok(())
            }
            None => {
                self.stopped = Some(Failure::Imports(u64::from(super::Limits::default().imports)));
                Err(wasmtime::Error::msg("too many imports"))
            }
        }
    }

    fn scope(&self, handle: u32) -> Option<(&Revision, &Scope)> {
        let revision = self.revision.as_deref()?;
        Some((revision, revision.scope(handle)?))
    }

    /// The pool that a policy names; none where it names a scope that there is not.
    fn pool(&self, pool: &senders::Pool) -> Option<std::sync::Arc<PoolView>> {
        let (revision, scope) = self.scope(pool.scope)?;
        let country = Country::from_bits(pool.country)?;
        let strategy = pool.strategy.and_then(|handle| scope.strategies.get(handle as usize)).copied();
        Some(scope.pool(revision.catalog(), revision.keys(), pool.channel.into(), country, strategy))
    }
}

impl types::Host for State {}

impl strategies::Host for State {
    fn strategies_of(&mut self, scope: u32, country: u16) -> Result<Vec<strategies::StrategyFacts>> {
        self.count()?;
        let Some((revision, scope)) = self.scope(scope) else { return Ok(Vec::new()) };
        let all = revision.catalog().strategies();
        let facts = scope.strategies.iter().enumerate().map(|(handle, &index)| {
            facts(&all[index as usize], handle as u32, scope.level_of(handle).into(), Country::from_bits(country))
        });
        Ok(facts.collect())
    }

    fn strategy_id(&mut self, scope: u32, strategy: u32) -> Result<Option<String>> {
        self.count()?;
        let Some((revision, scope)) = self.scope(scope) else { return Ok(None) };
        let index = scope.strategies.get(strategy as usize);
        Ok(index.map(|&index| revision.catalog().strategies()[index as usize].id.to_string()))
    }
}

fn facts(strategy: &Strategy, handle: u32, level: types::Level, country: Option<Country>) -> strategies::StrategyFacts {
    let priority = |kind: SenderType| strategy.priorities[kind as usize].map_or(0, |priority| priority.get());
    strategies::StrategyFacts {
        strategy: handle,
        level,
        channel: match strategy.channel {
            None => types::ChannelLimit::Any,
            Some(Channel::Sms) => types::ChannelLimit::Sms,
            Some(Channel::Mms) => types::ChannelLimit::Mms,
            Some(Channel::Rcs) => types::ChannelLimit::Rcs,
        },
        countries: match (&strategy.countries, country) {
            (None, _) => strategies::CountryMatch::All,
            (Some(countries), Some(country)) if countries.binary_search(&country).is_ok() => {
                strategies::CountryMatch::Listed
            }
            _ => strategies::CountryMatch::NotListed,
        },
        sticky: strategy.sticky,
        geolocated: strategy.geolocated,
        priorities: strategies::Priorities {
            alphanumeric: priority(SenderType::Alphanumeric),
            virtual_long_number: priority(SenderType::VirtualLongNumber),
            short_code: priority(SenderType::ShortCode),
            toll_free_number: priority(SenderType::TollFreeNumber),
        },
    }
}

impl senders::Host for State {
    fn candidates(&mut self, pool: senders::Pool) -> Result<Vec<senders::Candidate>> {
        self.count()?;
        let Some(view) = self.pool(&pool) else { return Ok(Vec::new()) };
        Ok(view.pool.candidates().iter().map(to_contract).collect())
    }

    fn count(&mut self, pool: senders::Pool, group: senders::Group) -> Result<u32> {
        State::count(self)?;
        Ok(self.pool(&pool).map_or(0, |view| view.pool.count(&to_group(&group))))
    }

    fn at(&mut self, pool: senders::Pool, group: senders::Group, index: u32) -> Result<Option<senders::Candidate>> {
        State::count(self)?;
        Ok(self.pool(&pool).and_then(|view| view.pool.at(&to_group(&group), index)).as_ref().map(to_contract))
    }

    fn contains(&mut self, pool: senders::Pool, sender: u32) -> Result<bool> {
        State::count(self)?;
        Ok(self.pool(&pool).is_some_and(|view| view.pool.contains(sender)))
    }

    fn spread(&mut self, pool: senders::Pool, group: senders::Group, recipient: u64) -> Result<Option<u32>> {
        State::count(self)?;
        Ok(self.pool(&pool).and_then(|view| view.spread(&to_group(&group), recipient)))
    }

    fn default_senders(
        &mut self,
        scope: u32,
        channel: types::Channel,
        country: u16,
    ) -> Result<Vec<senders::DefaultSender>> {
        State::count(self)?;
        let Some((revision, scope)) = self.scope(scope) else { return Ok(Vec::new()) };
        let (catalog, country) = (revision.catalog(), Country::from_bits(country));
        let defaults = scope.defaults.iter().map(|&(level, sender)| senders::DefaultSender {
            sender,
            level: level.into(),
            usable: country.is_some_and(|country| {
                is_capable(catalog, scope.members[sender as usize].sender, channel.into(), country)
            }),
        });
        Ok(defaults.collect())
    }

    fn all_considered(&mut self, pool: senders::Pool) -> Result<Vec<senders::Considered>> {
        State::count(self)?;
        let (Some((revision, scope)), Some(country)) = (self.scope(pool.scope), Country::from_bits(pool.country))
        else {
            return Ok(Vec::new());
        };
        let strategy = pool.strategy.and_then(|handle| scope.strategies.get(handle as usize)).copied();
        let catalog = revision.catalog();
        let considered = scope.considered(catalog, pool.channel.into(), country, strategy);
        let considered = considered.map(|(handle, member, standing)| {
            let sender = &catalog.senders()[member.sender as usize];
            senders::Considered {
                sender: handle,
                sender_type: sender.kind.into(),
                area_code: area_code(sender.kind, sender.number),
                standing: standing.into(),
            }
        });
        Ok(considered.collect())
    }

    fn describe(&mut self, scope: u32, sender: u32) -> Result<Option<senders::SenderText>> {
        State::count(self)?;
        let Some((revision, scope)) = self.scope(scope) else { return Ok(None) };
        Ok(scope.members.get(sender as usize).map(|member| {
            let sender = &revision.catalog().senders()[member.sender as usize];
            senders::SenderText { id: sender.id.to_string(), address: sender.address.to_string() }
        }))
    }
}

impl sticky::Host for State {
    fn pin_of(&mut self, message: u32) -> Result<sticky::Pin> {
        self.count()?;
        let (Some(revision), Some(store)) = (&self.revision, &self.sticky) else { return Ok(sticky::Pin::None) };
        let Some(asked) = self.asked.get_mut(message as usize) else { return Ok(sticky::Pin::None) };
        let read =
            asked.pin.get_or_insert_with(|| match revision.pin_key(asked.scope, asked.channel, asked.recipient) {
                Some(key) => store.get(&key),
                None => Ok(None),
            });
        Ok(match read {
            Ok(Some(pin)) => {
                let held = revision.sender_by_key(pin.sender.0);
                let held = held.and_then(|sender| revision.scope(asked.scope)?.handle_of(sender));
                held.map_or(sticky::Pin::Gone, sticky::Pin::Held)
            }
            // A store that cannot answer is seen when the answer is checked.
            Ok(None) | Err(_) => sticky::Pin::None,
        })
    }
}

impl Revision {
    /// What a pin of a scope is kept under; none where the catalog does not know the scope by name.
    pub(crate) fn pin_key(
        &self,
        scope: u32,
        channel: Channel,
        recipient: callsign_destination::Number,
    ) -> Option<PinKey<'_>> {
        let scope = self.scope(scope)?;
        let catalog = self.catalog();
        Some(PinKey {
            application: &catalog.applications()[scope.application? as usize].id,
            entity: scope.entity.map(|entity| &*catalog.entities()[entity as usize].id),
            scope_hash: scope.name_hash,
            channel,
            recipient,
        })
    }
}

impl messages::Host for State {
    fn text(&mut self, message: u32, field: messages::Field) -> Result<Option<String>> {
        self.count()?;
        let texts = self.texts.get(message as usize);
        Ok(match field {
            messages::Field::MessageId => texts.and_then(|texts| texts.message_id.as_deref()).map(str::to_owned),
            messages::Field::ApplicationId => texts.and_then(|texts| texts.application.as_deref()).map(str::to_owned),
            messages::Field::EntityId => texts.and_then(|texts| texts.entity.as_deref()).map(str::to_owned),
            messages::Field::Recipient => self.asked.get(message as usize).map(|asked| asked.recipient.to_string()),
        })
    }

    fn attribute(&mut self, _message: u32, _name: String) -> Result<Option<String>> {
        self.count()?;
        // Messages have no attributes yet; a policy that asks must be ready for none.
        Ok(None)
    }
}

impl settings::Host for State {
    fn json(&mut self) -> Result<String> {
        self.count()?;
        Ok(self.settings.to_string())
    }
}

impl log::Host for State {
    fn write(&mut self, severity: log::Severity, mut line: String) -> Result<()> {
        self.count()?;
        if let Some(left) = self.lines_left.checked_sub(1) {
            self.lines_left = left;
            let cut = (0..=LONGEST_LINE.min(line.len())).rev().find(|&at| line.is_char_boundary(at));
            line.truncate(cut.unwrap_or_default());
            let level = match severity {
                log::Severity::Debug => ::log::Level::Debug,
                log::Severity::Info => ::log::Level::Info,
                log::Severity::Warning => ::log::Level::Warn,
                log::Severity::Error => ::log::Level::Error,
            };
            ::log::log!(target: "callsign::policy", level, "{}: {line}", self.label);
        }
        Ok(())
    }
}

fn to_contract(candidate: &sdk::Candidate) -> senders::Candidate {
    senders::Candidate {
        key: candidate.key,
        sender: candidate.sender,
        area_code: candidate.area_code,
        sender_type: match candidate.sender_type {
            callsign_policy::types::SenderType::Alphanumeric => types::SenderType::Alphanumeric,
            callsign_policy::types::SenderType::VirtualLongNumber => types::SenderType::VirtualLongNumber,
            callsign_policy::types::SenderType::ShortCode => types::SenderType::ShortCode,
            callsign_policy::types::SenderType::TollFreeNumber => types::SenderType::TollFreeNumber,
        },
    }
}

fn to_group(group: &senders::Group) -> sdk::Group {
    let bits = group.types.as_array().first().copied().unwrap_or_default();
    sdk::Group {
        types: sdk::SenderTypes::from_bits_truncate(bits as u8),
        near: match group.near {
            senders::Near::Anywhere => sdk::Near::Anywhere,
            senders::Near::Same => sdk::Near::Same,
            senders::Near::Overlay => sdk::Near::Overlay,
            senders::Near::Region => sdk::Near::Region,
        },
        area_code: group.area_code,
    }
}

impl From<types::Channel> for Channel {
    fn from(channel: types::Channel) -> Self {
        match channel {
            types::Channel::Sms => Self::Sms,
            types::Channel::Mms => Self::Mms,
            types::Channel::Rcs => Self::Rcs,
        }
    }
}

impl From<Channel> for types::Channel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Sms => Self::Sms,
            Channel::Mms => Self::Mms,
            Channel::Rcs => Self::Rcs,
        }
    }
}

impl From<SenderType> for types::SenderType {
    fn from(kind: SenderType) -> Self {
        match kind {
            SenderType::Alphanumeric => Self::Alphanumeric,
            SenderType::VirtualLongNumber => Self::VirtualLongNumber,
            SenderType::ShortCode => Self::ShortCode,
            SenderType::TollFreeNumber => Self::TollFreeNumber,
        }
    }
}

impl From<callsign_policy::types::Level> for types::Level {
    fn from(level: callsign_policy::types::Level) -> Self {
        match level {
            callsign_policy::types::Level::Application => Self::Application,
            callsign_policy::types::Level::Entity => Self::Entity,
        }
    }
}

impl From<sdk::Standing> for senders::Standing {
    fn from(standing: sdk::Standing) -> Self {
        match standing {
            sdk::Standing::Candidate => Self::Candidate,
            sdk::Standing::OtherChannel => Self::OtherChannel,
            sdk::Standing::Suspended => Self::Suspended,
            sdk::Standing::ChannelNotCovered => Self::ChannelNotCovered,
            sdk::Standing::CountryNotCovered => Self::CountryNotCovered,
            sdk::Standing::NotListed => Self::NotListed,
        }
    }
}
