//! What a sample answers.

use std::rc::Rc;

use super::{Attributes, Sample, SampleSender, key_of};
use crate::geography;
use crate::messages::Field;
use crate::pool::{self, Part};
use crate::reads::Reads;
use crate::senders::{Candidate, Considered, DefaultSender, Group, Near, Pool, SenderText, Standing};
use crate::signals::UnhealthySender;
use crate::spread::Spread;
use crate::sticky::Pin;
use crate::strategies::StrategyFacts;
use crate::times::{LocalTime, Zone};
use crate::types::{AreaCode, Country, Key, Level, Message, Scope, Sender, Strategy, Texts};
use crate::words::{field, near, standing};

/// The value with this name; a name has one value.
fn value(attributes: &Attributes, name: Key) -> Option<&str> {
    attributes.iter().find(|(known, _)| key_of(known) == name).map(|(_, value)| value.as_str())
}

/// A text as the contract reads numbers: finite and decimal.
fn number(text: &str) -> Option<f64> {
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| decimal && number.is_finite())
}

fn column<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Texts {
    let mut column = Texts { text: String::new(), ends: Vec::new() };
    for text in texts {
        column.text.push_str(text.unwrap_or_default());
        column.ends.push(text.map_or(u32::MAX, |_| column.text.len() as u32));
    }
    column
}

impl Sample {
    fn pool(&self, name: &Pool) -> Rc<pool::Pool> {
        let listed = name.strategy.filter(|strategy| self.listed.contains_key(strategy));
        let place = (name.channel, name.message_type, listed, name.healthy);
        if let Some(pool) = self.pools.borrow().get(&place) {
            return pool.clone();
        }
        let candidates = self.of_scope(name.scope).filter(|&(handle, sender)| {
            self.standing(name, handle, sender) == standing::CANDIDATE
                && !(name.healthy && sender.unhealthy_since.is_some())
        });
        let candidates = candidates.map(|(handle, sender)| sender.candidate(handle)).collect();
        let pool = Rc::new(pool::Pool::new(candidates));
        // A pool of another scope is empty.
        if name.scope == self.scope {
            self.pools.borrow_mut().insert(place, pool.clone());
        }
        pool
    }

    fn of_scope(&self, scope: Scope) -> impl Iterator<Item = (Sender, &SampleSender)> {
        (0..).zip(self.senders.iter().filter(move |_| scope == self.scope))
    }

    fn standing(&self, pool: &Pool, handle: Sender, sender: &SampleSender) -> Standing {
        let listed = pool.strategy.and_then(|strategy| self.listed.get(&strategy));
        match sender.standing_in(pool) {
            standing::CANDIDATE if listed.is_some_and(|listed| !listed.contains(&handle)) => standing::NOT_LISTED,
            standing => standing,
        }
    }

    fn sender_of(&self, scope: Scope, sender: Sender) -> Option<&SampleSender> {
        self.senders.get(sender as usize).filter(|_| scope == self.scope)
    }

    fn in_group<T>(&self, name: &Pool, group: Group, look: impl FnOnce(&pool::Pool, Part<'_>) -> T) -> T {
        let codes = self.near_codes(group.near, group.area_code);
        let part = match group.near {
            near::ANYWHERE => Part::of(group.types),
            _ => Part::near(group.types, &codes),
        };
        look(&self.pool(name), part)
    }

    fn spread_without(&self, pool: &Pool, group: Group, left_out: &[Sender]) -> Spread {
        self.in_group(pool, group, |pool, part| pool.spread_without(part, left_out))
    }

    /// What a pool's senders have, in the order of its candidates.
    fn column<'a, T>(&'a self, pool: &Pool, of: impl Fn(&'a SampleSender) -> T) -> Vec<T> {
        self.pool(pool).candidates().iter().map(|candidate| of(&self.senders[candidate.sender as usize])).collect()
    }

    fn scope_value(&self, scope: Scope, level: Level, name: Key) -> Option<&str> {
        value(self.attributes.get(usize::from(level)).filter(|_| scope == self.scope)?, name)
    }

    fn sender_value(&self, scope: Scope, sender: Sender, name: Key) -> Option<&str> {
        value(&self.sender_of(scope, sender)?.attributes, name)
    }
}

fn signal_of(sender: &SampleSender, name: Key) -> Option<f64> {
    sender.signals.iter().find(|(known, _)| key_of(known) == name).map(|&(_, number)| number)
}

impl Reads for Sample {
    fn strategies_of(&self, scope: Scope, _: Country) -> Vec<StrategyFacts> {
        if scope == self.scope { self.strategies.clone() } else { Vec::new() }
    }
    fn strategy_id(&self, scope: Scope, strategy: Strategy) -> Option<String> {
        let known = scope == self.scope && (strategy as usize) < self.strategies.len();
        known.then(|| format!("STRATEGY_{strategy}"))
    }
    fn candidates(&self, pool: Pool) -> Vec<Candidate> {
        self.pool(&pool).candidates().to_vec()
    }
    fn copy_up_to(&self) -> u32 {
        self.copy_up_to
    }
    fn count(&self, pool: Pool, group: Group) -> u32 {
        self.in_group(&pool, group, |pool, part| pool.count(part))
    }
    fn at(&self, pool: Pool, group: Group, index: u32) -> Option<Candidate> {
        self.in_group(&pool, group, |pool, part| pool.at(part, index))
    }
    fn contains(&self, pool: Pool, sender: Sender) -> bool {
        self.pool(&pool).contains(sender)
    }
    fn candidate_of(&self, pool: Pool, sender: Sender) -> Option<Candidate> {
        self.pool(&pool).candidate(sender)
    }
    fn spread(&self, pool: Pool, group: Group, recipient: u64) -> Option<Sender> {
        self.spread_without(&pool, group, &[]).choose(recipient)
    }
    fn spread_of(&self, message: Message, pool: Pool, group: Group) -> Option<Sender> {
        let message = self.message_facts(message);
        self.spread_without(&pool, group, &message.itself).choose(message.recipient)
    }
    fn itself(&self, message: Message) -> Vec<Sender> {
        self.message_facts(message).itself.clone()
    }
    fn near_codes(&self, near: Near, area_code: AreaCode) -> Vec<AreaCode> {
        match near {
            near::SAME if area_code != 0 => vec![area_code],
            near::OVERLAY => geography::overlays(area_code).to_vec(),
            near::REGION => geography::same_region(area_code).to_vec(),
            _ => Vec::new(),
        }
    }
    fn default_senders(&self, pool: Pool) -> Vec<DefaultSender> {
        let facts = |&(sender, level): &(Sender, Level)| {
            let own = self.sender_of(pool.scope, sender)?;
            let SampleSender { weight, area_code, sender_type, .. } = *own;
            Some(DefaultSender { sender, level, standing: own.standing_in(&pool), weight, area_code, sender_type })
        };
        self.defaults.iter().filter_map(facts).collect()
    }
    fn all_considered(&self, pool: Pool) -> Vec<Considered> {
        let considered = |(handle, sender): (Sender, &SampleSender)| {
            let SampleSender { weight, area_code, sender_type, .. } = *sender;
            Considered {
                sender: handle,
                weight,
                area_code,
                sender_type,
                standing: self.standing(&pool, handle, sender),
            }
        };
        self.of_scope(pool.scope).map(considered).collect()
    }
    fn describe(&self, scope: Scope, sender: Sender) -> Option<SenderText> {
        let SampleSender { id, address, .. } = self.sender_of(scope, sender)?.clone();
        Some(SenderText { id, address })
    }
    fn addresses(&self, pool: Pool) -> Texts {
        column(self.column(&pool, |sender| Some(&*sender.address)).into_iter())
    }
    fn ids(&self, pool: Pool) -> Texts {
        column(self.column(&pool, |sender| Some(&*sender.id)).into_iter())
    }

    fn key_of(&self, text: &str) -> Key {
        key_of(text)
    }
    fn message_text(&self, message: Message, name: Key) -> Option<String> {
        value(&self.message_facts(message).attributes, name).map(Into::into)
    }
    fn message_number(&self, message: Message, name: Key) -> Option<f64> {
        value(&self.message_facts(message).attributes, name).and_then(number)
    }
    fn message_key(&self, message: Message, name: Key) -> Key {
        value(&self.message_facts(message).attributes, name).map_or(0, key_of)
    }
    fn scope_text(&self, scope: Scope, level: Level, name: Key) -> Option<String> {
        self.scope_value(scope, level, name).map(Into::into)
    }
    fn scope_number(&self, scope: Scope, level: Level, name: Key) -> Option<f64> {
        self.scope_value(scope, level, name).and_then(number)
    }
    fn scope_key(&self, scope: Scope, level: Level, name: Key) -> Key {
        self.scope_value(scope, level, name).map_or(0, key_of)
    }
    fn sender_text(&self, scope: Scope, sender: Sender, name: Key) -> Option<String> {
        self.sender_value(scope, sender, name).map(Into::into)
    }
    fn sender_number(&self, scope: Scope, sender: Sender, name: Key) -> Option<f64> {
        self.sender_value(scope, sender, name).and_then(number)
    }
    fn sender_key(&self, scope: Scope, sender: Sender, name: Key) -> Key {
        self.sender_value(scope, sender, name).map_or(0, key_of)
    }
    fn sender_texts(&self, pool: Pool, name: Key) -> Texts {
        column(self.column(&pool, |sender| value(&sender.attributes, name)).into_iter())
    }
    fn sender_numbers(&self, pool: Pool, name: Key) -> Vec<f64> {
        self.column(&pool, |sender| value(&sender.attributes, name).and_then(number).unwrap_or(f64::NAN))
    }
    fn sender_keys(&self, pool: Pool, name: Key) -> Vec<Key> {
        self.column(&pool, |sender| value(&sender.attributes, name).map_or(0, key_of))
    }

    fn health_of(&self, pool: Pool) -> u64 {
        // Any number but 0 that the same senders always give.
        let mix = |hash: u64, sender: UnhealthySender| crate::spread::mix(hash ^ u64::from(sender.sender + 1));
        self.unhealthy(pool).into_iter().fold(0, mix)
    }
    fn unhealthy(&self, pool: Pool) -> Vec<UnhealthySender> {
        let all = self.pool(&Pool { healthy: false, ..pool });
        let unhealthy = |candidate: &Candidate| {
            let since = self.senders[candidate.sender as usize].unhealthy_since?;
            Some(UnhealthySender { sender: candidate.sender, since })
        };
        all.candidates().iter().filter_map(unhealthy).collect()
    }
    fn signal(&self, scope: Scope, sender: Sender, name: Key) -> Option<f64> {
        signal_of(self.sender_of(scope, sender)?, name)
    }
    fn signal_numbers(&self, pool: Pool, name: Key) -> Vec<f64> {
        self.column(&pool, |sender| signal_of(sender, name).unwrap_or(f64::NAN))
    }

    fn pin_of(&self, message: Message) -> Pin {
        self.message_facts(message).pin
    }
    fn pins_of(&self) -> Vec<Pin> {
        self.messages.iter().map(|message| message.pin).collect()
    }
    fn text(&self, message: Message, field: Field) -> Option<String> {
        let of_scope = [field::APPLICATION_ID, field::ENTITY_ID].contains(&field);
        let facts = if of_scope { &self.common } else { self.message_facts(message) };
        facts.texts.get(&field).cloned()
    }
    fn sent_at(&self, message: Message) -> Option<u64> {
        self.message_facts(message).sent_at
    }
    fn zones_of(&self, message: Message) -> Vec<LocalTime> {
        let facts = self.message_facts(message);
        // Without a time nothing is known of the clocks.
        let at = |time: &LocalTime| LocalTime {
            minutes_from_utc: time.minutes_from_utc.filter(|_| facts.sent_at.is_some()),
            ..*time
        };
        facts.local_times.iter().map(at).collect()
    }
    fn zone_name(&self, zone: Zone) -> Option<String> {
        self.zone_names.get(usize::from(zone)).cloned()
    }
}
