"""What rules can see: of a message, of its scope, of senders. What is read is kept as long as it holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Optional

from wit_world.imports.senders import Candidate, Pool
from wit_world.imports.types import Request, Texts

from .spread import MASK
from .words import Field, Level

_names: dict[str, int] = {}
_MAX_NAMES = 1000


def _name_key(host: Any, name: str) -> int:
    """The key of a name, which is the same for ever."""
    key = _names.get(name)
    if key is None:
        if len(_names) >= _MAX_NAMES:
            _names.clear()
        key = _names[name] = host.attributes.key_of(name)
    return key


def _number(value: Optional[float]) -> Optional[float]:
    return None if value is None or math.isnan(value) else value


class ScopeView:
    """What depends on the scope, the channel and the country alone, and so holds until the scope's revision changes."""

    def __init__(self, host: Any, request: Request) -> None:
        self._host, self._request = host, request

    @property
    def application_id(self) -> str:
        """`applicationId`; `default` for a message that names none."""
        text = self._host.messages.text(self._request.message, Field.APPLICATION_ID)
        return "default" if text is None else text

    @property
    def entity_id(self) -> Optional[str]:
        """`entityId`; none for the application's own scope."""
        return self._host.messages.text(self._request.message, Field.ENTITY_ID)

    @property
    def channel(self) -> int:
        """The channel, a number of `Channel`."""
        return self._request.channel

    @property
    def country(self) -> int:
        """The destination country, a number; see `country_text`."""
        return self._request.country

    def attribute(self, name: str) -> Optional[str]:
        """An attribute of the entity, or else of the application."""
        of_entity = self.attribute_of(Level.ENTITY, name)
        return self.attribute_of(Level.APPLICATION, name) if of_entity is None else of_entity

    def attribute_of(self, level: int, name: str) -> Optional[str]:
        """An attribute of the entity or of the application."""
        return self._host.attributes.scope_text(self._request.scope, level, _name_key(self._host, name))

    def number_of(self, level: int, name: str) -> Optional[float]:
        """The same as a number; none if it is not a finite decimal number."""
        return _number(self._host.attributes.scope_number(self._request.scope, level, _name_key(self._host, name)))

    def attribute_key_of(self, level: int, name: str) -> Optional[int]:
        """The key of such an attribute, to compare with others."""
        return self._host.attributes.scope_key(self._request.scope, level, _name_key(self._host, name)) or None


@dataclass(frozen=True)
class LocalTime:
    """A local time that a recipient may have."""

    zone: str
    """The zone, such as `America/New_York`."""
    minutes_from_utc: Optional[int]
    """Minutes that its clocks are ahead of UTC when the message goes out; none if that time is not known."""


class MessageView:
    """A message: what is worked out from it holds for this message alone."""

    def __init__(self, host: Any, request: Request) -> None:
        self._host = host
        self.request = request

    @property
    def scope(self) -> ScopeView:
        """The scope of the message."""
        return ScopeView(self._host, self.request)

    @property
    def recipient(self) -> int:
        """The recipient as a hash of 64 bits, evenly distributed."""
        return self.request.recipient

    @property
    def number(self) -> str:
        """The recipient's number: E.164 with its `+`."""
        return self._text(Field.RECIPIENT)

    @property
    def id(self) -> str:
        """`messageId`; empty if it has none."""
        return self._text(Field.MESSAGE_ID)

    @property
    def message_type(self) -> str:
        """`messageType`; empty if it has none."""
        return self._text(Field.MESSAGE_TYPE)

    def _text(self, field: int) -> str:
        return self._host.messages.text(self.request.message, field) or ""

    @property
    def channel(self) -> int:
        """The channel, a number of `Channel`."""
        return self.request.channel

    @property
    def country(self) -> int:
        """The destination country, a number; see `country_text`."""
        return self.request.country

    @property
    def area_code(self) -> int:
        """The first three national digits of a destination of country code 1, else 0."""
        return self.request.area_code

    @property
    def sent_at(self) -> Optional[int]:
        """When the message goes out, in seconds since 1970-01-01 UTC; none if the gateway was not told."""
        return self._host.times.sent_at(self.request.message)

    @property
    def local_times(self) -> list[LocalTime]:
        """The local times that the recipient may have when the message goes out: several where the number does not tell."""
        times = self._host.times
        return [LocalTime(times.zone_name(at.zone) or "", at.minutes_from_utc) for at in times.zones_of(self.request.message)]

    def attribute(self, name: str) -> Optional[str]:
        """An attribute."""
        return self._host.attributes.message_text(self.request.message, _name_key(self._host, name))

    def attribute_number(self, name: str) -> Optional[float]:
        """An attribute as a number; none if it is not a finite decimal number."""
        return _number(self._host.attributes.message_number(self.request.message, _name_key(self._host, name)))

    def attribute_key(self, name: str) -> Optional[int]:
        """The key of an attribute. It equals that of a sender or scope if their texts are equal."""
        return self._host.attributes.message_key(self.request.message, _name_key(self._host, name)) or None

    def part_of_thousand(self, experiment: str) -> int:
        """Which of 1,000 equal parts of the recipients this one is in, 0 to 999. Each experiment divides them in another way."""
        salt = 0xCBF29CE484222325
        for byte in experiment.encode():
            salt = ((salt ^ byte) * 0x100000001B3) & MASK
        hash = ((self.request.recipient ^ salt) * 0x9E3779B97F4A7C15) & MASK
        hash ^= hash >> 32
        hash = (hash * 0xD6E8FEB86659FD93) & MASK
        hash ^= hash >> 32
        return hash * 1000 >> 64


_NO_TEXT = 0xFFFFFFFF


def _texts(column: Texts) -> list[Optional[str]]:
    """The texts of a column, which come in one piece with the ends in bytes."""
    data, start, texts = column.text.encode(), 0, []
    for end in column.ends:
        texts.append(None if end == _NO_TEXT else data[start:end].decode())
        start = start if end == _NO_TEXT else end
    return texts


class Columns:
    """Columns of a pool, or of one sender, each read when it is first asked for."""

    def __init__(self, host: Any, scope: int, pool: Optional[Pool], sender: int) -> None:
        self.host, self._scope, self._pool, self._sender = host, scope, pool, sender
        self._kept: dict[tuple[str, Optional[str]], Any] = {}

    @classmethod
    def of_pool(cls, host: Any, pool: Pool) -> Columns:
        """Of all senders of a pool, in the order of its candidates."""
        return cls(host, pool.scope, pool, 0)

    @classmethod
    def of_sender(cls, host: Any, scope: int, sender: int) -> Columns:
        """Of one sender, which need not be in any pool."""
        return cls(host, scope, None, sender)

    def column(self, kind: str, name: Optional[str], of_pool: Callable[..., Any], of_sender: Callable[..., Any]) -> Any:
        """The values under a name."""
        found = self._kept.get((kind, name))
        if found is None:
            named = [] if name is None else [_name_key(self.host, name)]
            one = self._pool is None
            found = [of_sender(self._scope, self._sender, *named)] if one else of_pool(self._pool, *named)
            self._kept[kind, name] = found
        return found


class SenderFacts:
    """What rules see of a sender. All of it is part of the scope's revision, so what is worked out from it can be kept."""

    def __init__(self, candidate: Candidate, columns: Columns, index: int) -> None:
        self.candidate, self._columns, self._index = candidate, columns, index

    @property
    def sender_type(self) -> int:
        """Its type, a number of `SenderType`."""
        return self.candidate.sender_type

    def is_a(self, sender_type: int) -> bool:
        """Whether it is of a type."""
        return self.candidate.sender_type == sender_type

    @property
    def area_code(self) -> int:
        """The area code of a long number of country code 1, else 0."""
        return self.candidate.area_code

    @property
    def weight(self) -> int:
        """Its share of the spread, 1 to 1000."""
        return self.candidate.weight

    @property
    def address(self) -> str:
        """The number or name that recipients see; E.164 with its `+` for a number that has one."""
        senders = self._columns.host.senders
        one = lambda scope, sender: getattr(senders.describe(scope, sender), "address", None)
        return self._read("address", None, lambda pool: _texts(senders.addresses(pool)), one) or ""

    @property
    def id(self) -> str:
        """`senderId`."""
        senders = self._columns.host.senders
        one = lambda scope, sender: getattr(senders.describe(scope, sender), "id", None)
        return self._read("id", None, lambda pool: _texts(senders.ids(pool)), one) or ""

    def attribute(self, name: str) -> Optional[str]:
        """An attribute."""
        attributes = self._columns.host.attributes
        all_of = lambda pool, key: _texts(attributes.sender_texts(pool, key))
        return self._read("text", name, all_of, attributes.sender_text)

    def attribute_number(self, name: str) -> Optional[float]:
        """An attribute as a number; none if it is not a finite decimal number."""
        attributes = self._columns.host.attributes
        return _number(self._read("number", name, attributes.sender_numbers, attributes.sender_number))

    def attribute_key(self, name: str) -> Optional[int]:
        """The key of an attribute. It equals that of a message or scope if their texts are equal."""
        attributes = self._columns.host.attributes
        return self._read("key", name, attributes.sender_keys, attributes.sender_key) or None

    def _read(self, kind: str, name: Optional[str], all_of: Callable[..., Any], one: Callable[..., Any]) -> Any:
        return self._columns.column(kind, name, all_of, one)[self._index]


@dataclass(frozen=True)
class Choice:
    """A sender that the policy chose among those that were left."""

    sender: int
    reason: str


class Contender(SenderFacts):
    """A sender that is left for a message, among which `choose` chooses."""

    def __init__(self, host: Any, scope: int, candidate: Candidate) -> None:
        super().__init__(candidate, Columns.of_sender(host, scope, candidate.sender), 0)
        self._host, self._scope = host, scope

    def signal(self, name: str) -> Optional[float]:
        """What the platform reports of the sender under a name, such as its load."""
        return _number(self._host.signals.number(self._scope, self.candidate.sender, _name_key(self._host, name)))

    def pick(self, reason: str) -> Choice:
        """Chooses this sender. `reason` says what is better about it: `the least loaded`."""
        return Choice(self.candidate.sender, reason)
