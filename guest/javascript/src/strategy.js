// Step 3: the strategy that a message is sent under.

import { refusalOf } from "./refusal.js";
import { level, reason, strategyVerdict } from "./words.js";

/**
 * Chooses among the strategies of a scope, of both levels: the strategy, or the refusal of step 3. `note` gets the verdict on
 * each.
 */
export function choose(strategies, channel, note) {
  const forChannel = (strategy) => strategy.channel === null || strategy.channel === undefined || strategy.channel === channel;
  // If the entity has a strategy for the channel, its strategies replace those of the application.
  const replaced = strategies.some((strategy) => strategy.level === level.ENTITY && forChannel(strategy));
  const counts = (strategy) => (strategy.level === level.ENTITY) === replaced && forChannel(strategy);
  // First with country and channel, then with country, then with channel, then with neither. The catalog has no ties.
  const rank = ({ countries, channel: own }) => (countries === "listed" ? 2 : 0) + (own === null || own === undefined ? 0 : 1);
  const left = strategies.filter((strategy) => counts(strategy) && strategy.countries !== "not-listed");
  const chosen = left.reduce((best, strategy) => (best === null || rank(strategy) > rank(best) ? strategy : best), null);
  for (const strategy of strategies) {
    if (strategy === chosen) note(strategy, strategyVerdict.CHOSEN);
    else if (!forChannel(strategy)) note(strategy, strategyVerdict.OTHER_CHANNEL);
    else if (!counts(strategy)) note(strategy, strategyVerdict.REPLACED_BY_ENTITY);
    else if (strategy.countries === "not-listed") note(strategy, strategyVerdict.OTHER_COUNTRIES);
    else note(strategy, strategyVerdict.LESS_SPECIFIC);
  }
  if (chosen) return { strategy: chosen, refusal: null };
  const why = strategies.length === 0
    ? reason.NO_STRATEGY
    : strategies.some(counts) ? reason.COUNTRY_NOT_ALLOWED : reason.CHANNEL_NOT_ALLOWED;
  return { strategy: null, refusal: refusalOf(why) };
}
