//! Conversions between the contract's types here and those of the SDK, which the index answers with.

use callsign_policy::senders as sdk;
use callsign_policy::strategies as sdk_strategies;

use crate::bindings::contract::{senders, strategies, types};

/// The texts of a pool that there is not.
pub(super) const NO_TEXTS: types::Texts = types::Texts { text: String::new(), ends: Vec::new() };

/// Stands for no text.
const NO_TEXT: u32 = u32::MAX;

/// Texts in one piece.
pub(super) fn texts<T: AsRef<str>>(texts: impl Iterator<Item = Option<T>>) -> types::Texts {
    let mut all = types::Texts { text: String::new(), ends: Vec::with_capacity(texts.size_hint().0) };
    for text in texts {
        match text {
            Some(text) => {
                all.text.push_str(text.as_ref());
                all.ends.push(all.text.len() as u32);
            }
            None => all.ends.push(NO_TEXT),
        }
    }
    all
}

impl From<&senders::Pool> for sdk::Pool {
    fn from(pool: &senders::Pool) -> Self {
        Self {
            scope: pool.scope,
            strategy: pool.strategy,
            message_type: pool.message_type,
            country: pool.country,
            channel: pool.channel,
            healthy: pool.healthy,
        }
    }
}

impl From<senders::Group> for sdk::Group {
    fn from(group: senders::Group) -> Self {
        Self { types: group.types, near: group.near, area_code: group.area_code }
    }
}

impl From<&sdk::Candidate> for senders::Candidate {
    #[inline]
    fn from(candidate: &sdk::Candidate) -> Self {
        Self {
            key: candidate.key,
            sender: candidate.sender,
            weight: candidate.weight,
            area_code: candidate.area_code,
            sender_type: candidate.sender_type,
        }
    }
}

impl From<&sdk::Considered> for senders::Considered {
    fn from(considered: &sdk::Considered) -> Self {
        Self {
            sender: considered.sender,
            weight: considered.weight,
            area_code: considered.area_code,
            sender_type: considered.sender_type,
            standing: considered.standing,
        }
    }
}

impl From<&sdk::DefaultSender> for senders::DefaultSender {
    fn from(default: &sdk::DefaultSender) -> Self {
        Self {
            sender: default.sender,
            level: default.level,
            standing: default.standing,
            weight: default.weight,
            area_code: default.area_code,
            sender_type: default.sender_type,
        }
    }
}

impl From<&sdk_strategies::StrategyFacts> for strategies::StrategyFacts {
    fn from(facts: &sdk_strategies::StrategyFacts) -> Self {
        Self {
            strategy: facts.strategy,
            level: facts.level,
            channel: facts.channel,
            countries: match facts.countries {
                sdk_strategies::CountryMatch::All => strategies::CountryMatch::All,
                sdk_strategies::CountryMatch::Listed => strategies::CountryMatch::Listed,
                sdk_strategies::CountryMatch::NotListed => strategies::CountryMatch::NotListed,
            },
            sticky: facts.sticky,
            geolocated: facts.geolocated,
            skip_unhealthy: facts.skip_unhealthy,
            priorities: facts.priorities,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_where_the_next_one_begins() {
        let all = texts([Some("ab"), None, Some(""), Some("c")].into_iter());
        assert_eq!((&*all.text, all.ends), ("abc", vec![2, u32::MAX, 2, 3]));
    }
}
