"""Step 4: the candidates. The host knows them all; those that rules select are in the policy's memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

from wit_world.imports.senders import Candidate, Group, Pool
from wit_world.imports.types import Request

from .spread import Spread
from .views import Columns, SenderFacts
from .words import ALL_TYPES, Near, SenderType, only_type

if TYPE_CHECKING:
    from .selection import Selection

_MAX_SPREADS = 1000


def group(types: int, near: int = Near.ANYWHERE, area_code: int = 0) -> Group:
    """The part of a pool with these types, or its long numbers near to an area code."""
    if near == Near.ANYWHERE:
        return Group(types, near, 0)
    return Group(only_type(SenderType.LONG_NUMBER), near, area_code)


def members_of(host: Any, part: Group) -> Callable[[Candidate], bool]:
    """Says of a candidate whether it is in a group."""
    if part.near == Near.ANYWHERE:
        return lambda candidate: part.types & ALL_TYPES & only_type(candidate.sender_type) != 0
    same = part.near == Near.SAME
    codes = {part.area_code} if same else set(host.senders.near_codes(part.near, part.area_code))
    codes.discard(0)
    return lambda candidate: candidate.sender_type == SenderType.LONG_NUMBER and candidate.area_code in codes


class HostPool:
    """A pool that stays with the host, without some of its senders: the recipient itself."""

    size = 0

    def __init__(self, host: Any, pool: Pool, without: Sequence[int]) -> None:
        self._host, self._pool = host, pool
        found = (host.senders.candidate_of(pool, sender) for sender in without)
        self._without = [candidate for candidate in found if candidate is not None]
        self.is_empty = self.count(group(ALL_TYPES)) == 0

    def count(self, part: Group) -> int:
        """How many of a group there are."""
        count = self._host.senders.count(self._pool, part)
        if count and self._without:
            count -= sum(map(members_of(self._host, part), self._without))
        return count

    def contains(self, sender: int) -> bool:
        """Whether a sender is a candidate."""
        left_out = any(candidate.sender == sender for candidate in self._without)
        return not left_out and self._host.senders.contains(self._pool, sender)

    def spread(self, part: Group, request: Request) -> Optional[int]:
        """The sender of a group that a message is spread to. The host leaves out the recipient."""
        return self._host.senders.spread_of(request.message, self._pool, part)

    def list(self, part: Group) -> list[Candidate]:
        """Those of a group, in the order of the pool."""
        is_member, left_out = members_of(self._host, part), {candidate.sender for candidate in self._without}
        candidates = self._host.senders.candidates(self._pool)
        return [candidate for candidate in candidates if is_member(candidate) and candidate.sender not in left_out]


class SelectedPool:
    """The senders of a pool that rules select."""

    def __init__(self, host: Any, pool: Pool, selection: Selection, without: Sequence[int]) -> None:
        self._host = host
        everyone = replace(pool, healthy=False)
        gone = set(without)
        if pool.healthy:
            gone.update(unhealthy.sender for unhealthy in host.signals.unhealthy(everyone))
        columns = Columns.of_pool(host, everyone)
        facts = [SenderFacts(candidate, columns, at) for at, candidate in enumerate(host.senders.candidates(everyone))]
        left = [
            sender for sender in facts
            if ALL_TYPES & only_type(sender.sender_type) and sender.candidate.sender not in gone
            and selection.excluded_by(sender) is None
        ]
        self._all = {sender.candidate.sender for sender in left}
        self.size = len(self._all)
        self._preferred = [sender.candidate for sender in selection.divide(left)[0]]
        self.is_empty = not self._preferred
        self._spreads: dict[tuple[int, int, int], Spread] = {}

    def count(self, part: Group) -> int:
        """How many of a group there are."""
        return len(self.list(part))

    def contains(self, sender: int) -> bool:
        """Whether a sender is a candidate, preferred or not."""
        return sender in self._all

    def spread(self, part: Group, request: Request) -> Optional[int]:
        """The sender of a group that a message is spread to."""
        key = (part.types, part.near, part.area_code)
        spread = self._spreads.get(key)
        if spread is None:
            # There are 800 area codes, of which some may have all senders of a large pool.
            if len(self._spreads) >= _MAX_SPREADS:
                self._spreads.clear()
            members = ((candidate.key, candidate.weight, candidate.sender) for candidate in self.list(part))
            spread = self._spreads[key] = Spread(members)
        return spread.choose(request.recipient)

    def list(self, part: Group) -> list[Candidate]:
        """Those of a group, in the order of the pool."""
        return list(filter(members_of(self._host, part), self._preferred))
