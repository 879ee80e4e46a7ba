// A message goes out from a sender of its own campaign, as 10DLC demands it, and the cheapest of those comes first. Everything
// else is as the standard policy decides it: the same policy as `guest/examples/campaigns`, with the same cases.
import { OwnRefusal } from "../../../src/index.js";

const NO_CAMPAIGN = new OwnRefusal(1, "NO_CAMPAIGN", "the message has no campaign: give it an attribute `campaign`");

export default class Campaigns {
  static refusals = [NO_CAMPAIGN];

  constructor({ maxPrice = null, ...others }) {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new Error(`unknown field \`${unknown}\`: the only setting is maxPrice`);
    if (maxPrice !== null && !(Number.isFinite(maxPrice) && maxPrice >= 0)) {
      throw new Error(`maxPrice is ${maxPrice}: give a price from 0 on`);
    }
    this.maxPrice = maxPrice;
  }

  refuseBefore(message) {
    return message.attributeKey("campaign") === null ? NO_CAMPAIGN.refused() : null;
  }

  key(message) {
    return message.attributeKey("campaign");
  }

  select(campaign, _scope, senders) {
    senders.only("not of campaign {campaign}", (sender) => sender.attributeKey("campaign") === campaign);
    if (this.maxPrice !== null) {
      const affordable = (price) => price !== null && price <= this.maxPrice;
      senders.only(`costs more than ${this.maxPrice}, or has no price`, (sender) => affordable(sender.attributeNumber("price")));
    }
    senders.preferLeast("others are cheaper", (sender) => sender.attributeNumber("price"));
  }
}
