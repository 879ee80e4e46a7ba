//! Step 3: the strategy that a message is sent under.

use callsign_policy::exports::explain::StrategyVerdict;
use callsign_policy::strategies::{CountryMatch, StrategyFacts};
use callsign_policy::types::{Channel, ChannelLimit, Level, Refusal};

/// Chooses among the strategies of a scope, of both levels. `note` gets the verdict on each.
///
/// # Errors
/// The refusal of step 3: no strategy, none for the channel at the level that counts, or none for the country.
pub fn choose<'a>(
    strategies: &'a [StrategyFacts],
    channel: Channel,
    note: &mut impl FnMut(&StrategyFacts, StrategyVerdict),
) -> Result<&'a StrategyFacts, Refusal> {
    let for_channel = |strategy: &StrategyFacts| is_for(strategy.channel, channel);

    // If the entity has a strategy for the channel, its strategies replace those of the application.
    let replaced = strategies.iter().any(|strategy| strategy.level == Level::Entity && for_channel(strategy));
    let counts = |strategy: &StrategyFacts| (strategy.level == Level::Entity) == replaced && for_channel(strategy);

    // First with country and channel, then with country, then with channel, then with neither. The catalog has no ties.
    let chosen = strategies
        .iter()
        .filter(|strategy| counts(strategy) && strategy.countries != CountryMatch::NotListed)
        .max_by_key(|strategy| (strategy.countries == CountryMatch::Listed, strategy.channel != ChannelLimit::Any));

    for strategy in strategies {
        note(
            strategy,
            if chosen.is_some_and(|chosen| chosen.strategy == strategy.strategy) {
                StrategyVerdict::Chosen
            } else if !for_channel(strategy) {
                StrategyVerdict::OtherChannel
            } else if !counts(strategy) {
                StrategyVerdict::ReplacedByEntity
            } else if strategy.countries == CountryMatch::NotListed {
                StrategyVerdict::OtherCountries
            } else {
                StrategyVerdict::LessSpecific
            },
        );
    }

    chosen.ok_or_else(|| {
        if strategies.is_empty() {
            Refusal::NoStrategy
        } else if !strategies.iter().any(counts) {
            Refusal::ChannelNotAllowed
        } else {
            Refusal::CountryNotAllowed
        }
    })
}

fn is_for(limit: ChannelLimit, channel: Channel) -> bool {
    match limit {
        ChannelLimit::Any => true,
        ChannelLimit::Sms => channel == Channel::Sms,
        ChannelLimit::Mms => channel == Channel::Mms,
        ChannelLimit::Rcs => channel == Channel::Rcs,
    }
}
