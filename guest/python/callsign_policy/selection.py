"""What rules say about the senders of a scope."""

from __future__ import annotations

import math
from typing import Callable, Optional

from .views import SenderFacts


class Selection:
    """Which senders may carry messages, and which of them come first.

    Reasons are for explanations; `{name}` in one stands for the message's attribute of that name.
    """

    def __init__(self) -> None:
        self.filters: list[tuple[str, Callable[[SenderFacts], bool]]] = []
        self.preferences: list[tuple[str, Callable[[list[SenderFacts]], list[bool]]]] = []

    def only(self, reason: str, keep: Callable[[SenderFacts], bool]) -> Selection:
        """Only senders for which `keep` holds may carry messages, default senders too."""
        self.filters.append((reason, keep))
        return self

    def prefer(self, reason: str, first: Callable[[SenderFacts], bool]) -> Selection:
        """Senders for which `first` holds come before all others, where there is one. Of several preferences the first counts most."""
        self.preferences.append((reason, lambda left: [bool(first(sender)) for sender in left]))
        return self

    def prefer_least(self, reason: str, number: Callable[[SenderFacts], Optional[float]]) -> Selection:
        """Senders with the least number come before all others; those without a number (None) come last."""

        def least(left: list[SenderFacts]) -> list[bool]:
            numbers = [number(sender) for sender in left]
            known = [value for value in numbers if value is not None and not math.isnan(value)]
            return [bool(known) and value == min(known) for value in numbers]

        self.preferences.append((reason, least))
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        return not self.filters and not self.preferences

    @property
    def reasons(self) -> list[str]:
        """The reasons of the filters, then those of the preferences."""
        return [reason for reason, _ in [*self.filters, *self.preferences]]

    def excluded_by(self, facts: SenderFacts) -> Optional[int]:
        """The first filter that leaves a sender out, as an index into the reasons."""
        return next((index for index, (_, keep) in enumerate(self.filters) if not keep(facts)), None)

    def divide(self, left: list[SenderFacts]) -> tuple[list[SenderFacts], list[tuple[SenderFacts, int]]]:
        """Divides senders into the preferred and the others, each of those with an index into the reasons."""
        others = []
        for index, (_, first) in enumerate(self.preferences, len(self.filters)):
            is_first = first(left)
            if any(is_first):
                others += [(facts, index) for facts, own in zip(left, is_first) if not own]
                left = [facts for facts, own in zip(left, is_first) if own]
        return left, others
