"""A message goes out from a sender of its own campaign, as 10DLC demands it, and the cheapest of those comes first. Everything
else is as the standard policy decides it: the same policy as `guest/examples/campaigns`, with the same cases."""

import math

from callsign_policy import OwnRefusal, Rules

NO_CAMPAIGN = OwnRefusal(1, "NO_CAMPAIGN", "the message has no campaign: give it an attribute `campaign`")


class Policy(Rules):
    refusals = (NO_CAMPAIGN,)

    def __init__(self, settings):
        unknown = next((name for name in settings if name != "maxPrice"), None)
        if unknown is not None:
            raise ValueError(f"unknown field `{unknown}`: the only setting is maxPrice")
        self.max_price = price = settings.get("maxPrice")
        is_number = isinstance(price, (int, float)) and not isinstance(price, bool)
        if price is not None and not (is_number and math.isfinite(price) and price >= 0):
            raise ValueError(f"maxPrice is {price}: give a price from 0 on")

    def refuse_before(self, message):
        return NO_CAMPAIGN.refused() if message.attribute_key("campaign") is None else None

    def key(self, message):
        return message.attribute_key("campaign")

    def select(self, key, scope, senders):
        senders.only("not of campaign {campaign}", lambda sender: sender.attribute_key("campaign") == key)
        if self.max_price is not None:
            most = self.max_price
            senders.only(
                f"costs more than {most}, or has no price",
                lambda sender: (price := sender.attribute_number("price")) is not None and price <= most,
            )
        senders.prefer_least("others are cheaper", lambda sender: sender.attribute_number("price"))
