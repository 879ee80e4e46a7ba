"""Step 3: the strategy that a message is sent under."""

from __future__ import annotations

from typing import Callable, Optional, Union

from wit_world.imports.strategies import CountryMatch, StrategyFacts
from wit_world.imports.types import Refusal

from .refusal import refusal_of
from .words import Level, Reason, StrategyVerdict


def choose(
    strategies: list[StrategyFacts], channel: int, note: Callable[[StrategyFacts, int], None]
) -> Union[StrategyFacts, Refusal]:
    """Chooses among the strategies of a scope, of both levels: the strategy, or the refusal of step 3. `note` gets the verdict on each."""

    def for_channel(strategy: StrategyFacts) -> bool:
        return strategy.channel is None or strategy.channel == channel

    # If the entity has a strategy for the channel, its strategies replace those of the application.
    replaced = any(strategy.level == Level.ENTITY and for_channel(strategy) for strategy in strategies)

    def counts(strategy: StrategyFacts) -> bool:
        return (strategy.level == Level.ENTITY) == replaced and for_channel(strategy)

    # First with country and channel, then with country, then with channel, then with neither. The catalog has no ties.
    def rank(strategy: StrategyFacts) -> tuple[bool, bool]:
        return strategy.countries == CountryMatch.LISTED, strategy.channel is not None

    left = [strategy for strategy in strategies if counts(strategy) and strategy.countries != CountryMatch.NOT_LISTED]
    chosen: Optional[StrategyFacts] = max(left, key=rank, default=None)
    for strategy in strategies:
        if strategy is chosen:
            note(strategy, StrategyVerdict.CHOSEN)
        elif not for_channel(strategy):
            note(strategy, StrategyVerdict.OTHER_CHANNEL)
        elif not counts(strategy):
            note(strategy, StrategyVerdict.REPLACED_BY_ENTITY)
        elif strategy.countries == CountryMatch.NOT_LISTED:
            note(strategy, StrategyVerdict.OTHER_COUNTRIES)
        else:
            note(strategy, StrategyVerdict.LESS_SPECIFIC)
    if chosen is not None:
        return chosen
    if not strategies:
        return refusal_of(Reason.NO_STRATEGY)
    return refusal_of(Reason.COUNTRY_NOT_ALLOWED if any(map(counts, strategies)) else Reason.CHANNEL_NOT_ALLOWED)
