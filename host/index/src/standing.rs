//! How a sender stands to a pool: whether it is a candidate, or the first thing that keeps it out.

use std::hash::Hasher as _;

use callsign_catalog::{Channel, Registration, Sender};
use callsign_destination::{Country, Number};
use callsign_policy::{
    senders::{self, Considered, DefaultSender, Standing},
    words::standing,
};
use siphasher::sip::SipHasher13;

use crate::{
    attributes::key_of,
    host_reads::sender_type_of,
    own_numbers::OwnNumbers,
    pool_view::PoolKey,
    revision::Revision,
    scope::{Ability, Member, Scope, area_code},
};

/// The message type of a message whose type no sender of the scope is limited to. It is the key of no text.
const OTHER_TYPE: u64 = 1;

impl Revision {
    /// All associated senders of a scope, and for each whether it is in a pool, or why not.
    pub fn all_considered(&self, pool: &senders::Pool) -> Vec<Considered> {
        let Some((scope, key)) = self.pool_key(pool) else { return Vec::new() };
        let associated = (0..).zip(&scope.members).filter(|(_, member)| member.is_associated());
        let considered = associated.map(|(handle, &member)| {
            let sender = &self.catalog().senders()[member.sender as usize];
            Considered {
                sender: handle,
                weight: sender.weight,
                area_code: area_code(sender.kind, sender.number),
                sender_type: sender_type_of(sender.kind),
                standing: self.standing(member, &key),
            }
        });
        considered.collect()
    }

    /// The default senders of the scope of a pool, the entity's first. A default sender need be neither associated nor
    /// listed.
    pub fn default_senders(&self, pool: &senders::Pool) -> Vec<DefaultSender> {
        let Some((scope, key)) = self.pool_key(pool) else { return Vec::new() };
        let defaults = scope.defaults.iter().map(|&(level, handle)| {
            let sender = &self.catalog().senders()[scope.members[handle as usize].sender as usize];
            DefaultSender {
                sender: handle,
                level,
                standing: self.capability(sender, &key),
                weight: sender.weight,
                area_code: area_code(sender.kind, sender.number),
                sender_type: sender_type_of(sender.kind),
            }
        });
        defaults.collect()
    }

    /// How a member of a scope stands to a pool.
    pub(crate) fn standing(&self, member: Member, key: &PoolKey) -> Standing {
        let sender = &self.catalog().senders()[member.sender as usize];
        if !member.is_for(key.channel) {
            return standing::OTHER_CHANNEL;
        }
        let capability = self.capability(sender, key);
        if capability != standing::CANDIDATE {
            return capability;
        }
        let strategy = key.strategy.and_then(|index| self.catalog().strategies().get(index as usize));
        let listed = strategy.and_then(|strategy| strategy.senders.as_deref());
        match listed.is_some_and(|listed| listed.binary_search(&member.sender).is_err()) {
            true => standing::NOT_LISTED,
            false => standing::CANDIDATE,
        }
    }

    /// Whether a sender can carry messages of a channel, country and type, or the first thing that is against it.
    fn capability(&self, sender: &Sender, key: &PoolKey) -> Standing {
        if sender.suspended {
            return standing::SUSPENDED;
        }
        if !sender.coverage.has_channel(key.channel) {
            return standing::CHANNEL_NOT_COVERED;
        }
        match sender.coverage.registration(key.channel, key.country) {
            None => standing::COUNTRY_NOT_COVERED,
            Some(Registration::Pending) => standing::REGISTRATION_PENDING,
            Some(Registration::Rejected) => standing::REGISTRATION_REJECTED,
            Some(Registration::Expired) => standing::REGISTRATION_EXPIRED,
            Some(Registration::Active) if !self.takes(sender.kind, key.channel, key.country) => {
                standing::TYPE_NOT_TAKEN
            }
            Some(Registration::Active) if !carries(sender, key.message_type) => standing::OTHER_MESSAGE_TYPE,
            Some(Registration::Active) => standing::CANDIDATE,
        }
    }

    /// Whether a sender is active, covers a channel to a country, and is of a type that the country takes.
    #[inline]
    pub fn is_capable(&self, sender: u32, channel: Channel, country: Country) -> bool {
        self.abilities().get(sender as usize).is_some_and(|&ability| self.can(ability, channel, country))
    }

    /// The same, of a sender with this ability.
    #[inline]
    pub fn can(&self, ability: Ability, channel: Channel, country: Country) -> bool {
        !ability.suspended
            && self.coverage(ability).covers(channel, country)
            && ability.kind.is_none_or(|kind| self.takes(kind, channel, country))
    }

    /// Whether a member of a scope may carry messages of a type, which is a request's.
    #[inline]
    pub fn carries(&self, member: &Member, message_type: u64) -> bool {
        // Almost no sender is limited, and almost every message that is asked about has no type to compare.
        message_type == 0
            || !member.ability.limited
            || carries(&self.catalog().senders()[member.sender as usize], message_type)
    }

    /// What a request of a scope says of the type of a message: 0 if the message has none or no sender of the scope is limited
    /// to types, the key of the type if a sender is limited to it, and one number for all other types.
    #[inline]
    pub fn message_type(&self, scope: &Scope, message_type: Option<&str>) -> u64 {
        match message_type {
            Some(text) if !scope.message_types.is_empty() => {
                let key = key_of(text);
                if scope.message_types.binary_search(&key).is_ok() { key } else { OTHER_TYPE }
            }
            _ => 0,
        }
    }

    /// Whether a sender of a scope has this number: almost never, which one load says.
    /// `recipient` is its [`recipient_hash`] in the application of the scope.
    #[inline]
    pub fn is_itself(&self, scope: &Scope, recipient: u64, number: Number) -> bool {
        let filter = scope.own_numbers.get_or_init(|| self.own_numbers(scope));
        filter.may_have(recipient) && !self.members_with(scope, number).is_empty()
    }

    /// The senders of a scope whose own number this is, in any form of it, ascending: almost always none, which allocates
    /// nothing.
    #[inline]
    pub fn itself(&self, scope: &Scope, number: Number) -> Vec<u32> {
        let recipient = recipient_hash(scope.application_hash, number);
        if self.is_itself(scope, recipient, number) { self.members_with(scope, number) } else { Vec::new() }
    }

    #[cold]
    fn own_numbers(&self, scope: &Scope) -> OwnNumbers {
        let senders = self.catalog().senders();
        let numbers = scope.members.iter().filter_map(|member| recipient(senders[member.sender as usize].number));
        OwnNumbers::of(&numbers.map(|number| recipient_hash(scope.application_hash, number)).collect::<Vec<u64>>())
    }

    #[cold]
    fn members_with(&self, scope: &Scope, number: Number) -> Vec<u32> {
        let senders = number.forms().into_iter().flat_map(|form| self.senders_with_number(form.get()));
        let mut handles: Vec<u32> = senders.filter_map(|sender| scope.handle_of(sender)).collect();
        handles.sort_unstable();
        handles.dedup();
        handles
    }

    /// Whether the number of a member of a scope is this one, in any form of it: then it cannot send there.
    pub fn is_number_of(&self, member: &Member, number: Number) -> bool {
        recipient(self.catalog().senders()[member.sender as usize].number) == Some(number.recipient())
    }
}

/// The recipient of a message as policies know it: a keyed hash, evenly distributed, unrelated in different applications.
#[inline]
pub fn recipient_hash(application_hash: u64, number: Number) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(application_hash, 0);
    hasher.write_u64(number.recipient().get());
    hasher.finish()
}

/// Who is reached by the number of a sender.
fn recipient(number: Option<u64>) -> Option<Number> {
    number.and_then(Number::from_digits).map(Number::recipient)
}

/// Whether a sender may carry messages of a type, which is a request's.
fn carries(sender: &Sender, message_type: u64) -> bool {
    message_type == 0
        || sender.message_types.are_all()
        || sender.message_types.iter().any(|allowed| key_of(allowed) == message_type)
}

#[cfg(test)]
mod tests;
