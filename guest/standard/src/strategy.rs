//! Step 3: the strategy that a message is sent under.

use callsign_policy::exports::explain::StrategyVerdict;
use callsign_policy::strategies::{CountryMatch, StrategyFacts};
use callsign_policy::types::{Channel, Refusal};
use callsign_policy::words::{level, reason, strategy_verdict};

/// Chooses among the strategies of a scope, of both levels. `note` gets the verdict on each.
///
/// # Errors
/// The refusal of step 3: no strategy, none for the channel at the level that counts, or none for the country.
pub fn choose<'a>(
    strategies: &'a [StrategyFacts],
    channel: Channel,
    note: &mut impl FnMut(&StrategyFacts, StrategyVerdict),
) -> Result<&'a StrategyFacts, Refusal> {
    let for_channel = |strategy: &StrategyFacts| strategy.channel.is_none_or(|limit| limit == channel);

    // If the entity has a strategy for the channel, its strategies replace those of the application.
    let replaced = strategies.iter().any(|strategy| strategy.level == level::ENTITY && for_channel(strategy));
    let counts = |strategy: &StrategyFacts| (strategy.level == level::ENTITY) == replaced && for_channel(strategy);

    // First with country and channel, then with country, then with channel, then with neither. The catalog has no ties.
    let chosen = strategies
        .iter()
        .filter(|strategy| counts(strategy) && strategy.countries != CountryMatch::NotListed)
        .max_by_key(|strategy| (strategy.countries == CountryMatch::Listed, strategy.channel.is_some()));

    for strategy in strategies {
        note(
            strategy,
            if chosen.is_some_and(|chosen| chosen.strategy == strategy.strategy) {
                strategy_verdict::CHOSEN
            } else if !for_channel(strategy) {
                strategy_verdict::OTHER_CHANNEL
            } else if !counts(strategy) {
                strategy_verdict::REPLACED_BY_ENTITY
            } else if strategy.countries == CountryMatch::NotListed {
                strategy_verdict::OTHER_COUNTRIES
            } else {
                strategy_verdict::LESS_SPECIFIC
            },
        );
    }

    chosen.ok_or_else(|| {
        Refusal::of(if strategies.is_empty() {
            reason::NO_STRATEGY
        } else if !strategies.iter().any(counts) {
            reason::CHANNEL_NOT_ALLOWED
        } else {
            reason::COUNTRY_NOT_ALLOWED
        })
    })
}
