"""Plain data for tests without WebAssembly. It answers every read as the host does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Optional, Type

from wit_world.exports.explain import Trace
from wit_world.imports.log import Severity
from wit_world.imports.senders import Candidate, Considered, DefaultSender, Group, Pool, SenderText
from wit_world.imports.signals import UnhealthySender
from wit_world.imports.sticky import Pin, Pin_Gone, Pin_Held, Pin_None_
from wit_world.imports.strategies import CountryMatch, StrategyFacts
from wit_world.imports.times import LocalTime
from wit_world.imports.types import Answer_Decided, Request, Texts

from .candidates import members_of
from .explaining import explain
from .rules import Rules
from .spread import MASK, Spread, mix
from .standard import Standard
from .words import Channel, Field, Level, Marks, Near, SenderType, Standing, country


def _key(text: Optional[str]) -> int:
    """A key of a text; not that of the host, so recipients may be spread to others there."""
    if text is None:
        return 0
    hash = 0xCBF29CE484222325
    for letter in text:
        hash = mix(((hash ^ ord(letter)) * 0x100000001B3) & MASK)
    return hash or 1


def _number(text: Optional[str]) -> Optional[float]:
    return float(text) if text is not None and re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text) else None


def _value(attributes: dict[str, Any], name: int) -> Any:
    return next((value for own, value in attributes.items() if _key(own) == name), None)


@dataclass
class _Sender:
    id: str
    address: str
    type: int = SenderType.LONG_NUMBER
    area_code: int = 0
    weight: int = 1
    attributes: dict[str, str] = field(default_factory=dict)
    signals: dict[str, float] = field(default_factory=dict)
    message_types: Optional[list[str]] = None
    unhealthy: bool = False


@dataclass
class _Strategy:
    level: int = Level.APPLICATION
    channel: Optional[int] = None
    countries: CountryMatch = CountryMatch.ALL
    sticky: bool = False
    geolocated: bool = False
    skip_unhealthy: bool = False
    priorities: tuple[int, ...] = ()
    sender_ids: Optional[list[str]] = None


@dataclass
class _Message:
    to: str
    area_code: int
    channel: int = Channel.SMS
    country: int = country("US")
    id: Optional[str] = None
    message_type: Optional[str] = None
    attributes: dict[str, str] = field(default_factory=dict)
    pin: Optional[str] = None
    sent_at: Optional[int] = None
    zones: tuple[tuple[str, Optional[int]], ...] = ()


@dataclass(frozen=True)
class SampleAnswer:
    """An answer: the id of the sender with the step, the strategy and whether it is pinned, or the refusal."""

    sender: Optional[str] = None
    step: Optional[int] = None
    strategy: Optional[int] = None
    pin: bool = False
    reason: Optional[int] = None
    code: int = 0
    detail: int = 0


class Sample:
    """One scope, with senders that are all candidates and strategies, both numbered from 0.

    It answers alike for every channel and country; RCS agents are candidates for RCS alone.
    """

    def __init__(self) -> None:
        self.revision = 1
        self.logged: list[str] = []
        self._senders: list[_Sender] = []
        self._strategies: list[_Strategy] = []
        self._defaults: list[tuple[int, int]] = []
        self._messages: list[_Message] = []
        self._attributes: list[dict[str, str]] = [{}, {}]
        self._texts: dict[int, Optional[str]] = {Field.APPLICATION_ID: "default"}
        self._near: dict[tuple[int, int], list[int]] = {}
        self.host = self._host()

    def sender(self, id: str, **options: Any) -> Sample:
        """Adds a sender. Options: type, address, area_code, weight, attributes, signals, message_types, unhealthy."""
        self._senders.append(_Sender(**{"id": id, "address": f"+1555{len(self._senders):07}", **options}))
        return self

    def strategy(self, **options: Any) -> Sample:
        """Adds a strategy. Options: level, channel, countries, sticky, geolocated, skip_unhealthy, priorities, sender_ids."""
        self._strategies.append(_Strategy(**options))
        return self

    def default_sender(self, id: str, level: int = Level.APPLICATION) -> Sample:
        """Makes a sender a default sender."""
        self._defaults.append((level, self._index(id)))
        return self

    def attributes(self, level: int, attributes: dict[str, str]) -> Sample:
        """Sets attributes of the application or of the entity."""
        self._attributes[level] = attributes
        return self

    def scope(self, application_id: str = "default", entity_id: Optional[str] = None) -> Sample:
        """Sets the ids of the scope."""
        self._texts = {Field.APPLICATION_ID: application_id, Field.ENTITY_ID: entity_id}
        return self

    def near(self, overlay: tuple[int, ...] = (), region: tuple[int, ...] = ()) -> Sample:
        """Says that area codes overlay each other, or serve one region."""
        for code in overlay:
            self._near[Near.OVERLAY, code] = [other for other in sorted(overlay) if other != code]
        for code in region:
            self._near[Near.REGION, code] = sorted(region)
        return self

    def message(self, to: str, **options: Any) -> Sample:
        """Adds a message. Options: channel, country, area_code, id, message_type, attributes, pin, sent_at, zones.

        `pin` is the id of a sender, or `gone`; a zone is its name with the minutes from UTC.
        """
        area_code = int(to[2:5]) if re.fullmatch(r"\+1\d{10}", to) else 0
        self._messages.append(_Message(**{"to": to, "area_code": area_code, **options}))
        return self

    def _index(self, id: str) -> int:
        return next(index for index, sender in enumerate(self._senders) if sender.id == id)

    def request(self, message: int = 0) -> Request:
        """The request of a message, counted from 0."""
        of = self._messages[message]
        limited = of.message_type and any(sender.message_types for sender in self._senders)
        itself = Marks.ITSELF if any(sender.address == of.to for sender in self._senders) else 0
        unhealthy = Marks.UNHEALTHY if any(sender.unhealthy for sender in self._senders) else 0
        return Request(
            message, 1, self.revision, mix(_key(of.to)), _key(of.message_type) if limited else 0, itself | unhealthy,
            of.country, of.area_code, of.channel,
        )

    def policy(self, rules: Type[Rules] = Rules, settings: Optional[dict[str, Any]] = None) -> Standard:
        """The policy for the rules of a class, which keeps what it read from message to message."""
        return Standard(self.host, rules(settings or {}))

    def answer(self, policy: Standard, message: int = 0) -> SampleAnswer:
        """The answer on a message."""
        answer = policy.resolve(self.request(message))
        if isinstance(answer, Answer_Decided):
            decision = answer.value
            return SampleAnswer(self._senders[decision.sender].id, decision.step, decision.strategy, decision.pin)
        return SampleAnswer(reason=answer.value.reason, code=answer.value.code, detail=answer.value.detail)

    def explain(self, policy: Standard, message: int = 0) -> tuple[Trace, dict[str, tuple[int, int, Optional[str]]]]:
        """The explanation of the answer, and of each sender the verdict, the standing and the reason."""
        trace = explain(policy, self.request(message))
        return trace, {
            self._senders[note.sender].id: (
                note.verdict, note.standing, None if note.reason is None else trace.reasons[note.reason]
            )
            for note in trace.senders
        }

    def _standing(self, sender: int, pool: Pool, listed: bool = True) -> int:
        own = self._senders[sender]
        strategy = None if pool.strategy is None else self._strategies[pool.strategy]
        if own.type == SenderType.RCS_AGENT and pool.channel != Channel.RCS:
            return 3
        if pool.message_type and own.message_types and pool.message_type not in map(_key, own.message_types):
            return 9
        if listed and strategy and strategy.sender_ids is not None and own.id not in strategy.sender_ids:
            return 10
        return Standing.CANDIDATE

    def _pool(self, pool: Pool) -> list[Candidate]:
        left = [
            Candidate(_key(own.id), sender, own.weight, own.area_code, own.type)
            for sender, own in enumerate(self._senders)
            if self._standing(sender, pool) == Standing.CANDIDATE and not (pool.healthy and own.unhealthy)
        ]
        return sorted(left, key=lambda candidate: (candidate.sender_type, candidate.area_code, candidate.key))

    def _group(self, pool: Pool, part: Group) -> list[Candidate]:
        return list(filter(members_of(self.host, part), self._pool(pool)))

    def _of(self, pool: Pool) -> list[_Sender]:
        return [self._senders[candidate.sender] for candidate in self._pool(pool)]

    @staticmethod
    def _column(values: list[Optional[str]]) -> Texts:
        ends, end = [], 0
        for value in values:
            end += len((value or "").encode())
            ends.append(0xFFFFFFFF if value is None else end)
        return Texts("".join(value or "" for value in values), ends)

    @staticmethod
    def _spread(candidates: list[Candidate], recipient: int) -> Optional[int]:
        return Spread((candidate.key, candidate.weight, candidate.sender) for candidate in candidates).choose(recipient)

    def _itself(self, message: int) -> list[int]:
        return [at for at, sender in enumerate(self._senders) if sender.address == self._messages[message].to]

    def _spread_of(self, message: int, pool: Pool, part: Group) -> Optional[int]:
        itself = self._itself(message)
        left = [candidate for candidate in self._group(pool, part) if candidate.sender not in itself]
        return self._spread(left, self.request(message).recipient)

    def _pin(self, message: int) -> Pin:
        pin = self._messages[message].pin
        if pin is None:
            return Pin_None_()
        return Pin_Gone() if pin == "gone" else Pin_Held(self._index(pin))

    def _unhealthy(self, pool: Pool) -> list[UnhealthySender]:
        everyone = self._pool(replace(pool, healthy=False))
        return [UnhealthySender(at.sender, 1) for at in everyone if self._senders[at.sender].unhealthy]

    def _default_senders(self, pool: Pool) -> list[DefaultSender]:
        found = []
        for level, sender in sorted(self._defaults, reverse=True):
            own = self._senders[sender]
            standing = self._standing(sender, pool, listed=False)
            found.append(DefaultSender(sender, level, standing, own.weight, own.area_code, own.type))
        return found

    def _text(self, message: int, of: int) -> Optional[str]:
        own = self._messages[message]
        texts = {Field.MESSAGE_ID: own.id, Field.RECIPIENT: own.to, Field.MESSAGE_TYPE: own.message_type}
        return {**self._texts, **texts}.get(of)

    def _strategies_of(self, scope: int, to: int) -> list[StrategyFacts]:
        priorities = [sum(rank << 8 * at for at, rank in enumerate(own.priorities)) for own in self._strategies]
        return [
            StrategyFacts(
                at, own.level, own.channel, own.countries, own.sticky, own.geolocated, own.skip_unhealthy, priorities[at]
            )
            for at, own in enumerate(self._strategies)
        ]

    def _host(self) -> Any:
        messages, senders, scopes = self._messages, self._senders, self._attributes
        nan = float("nan")

        def number_or_nan(value: Optional[float]) -> float:
            return nan if value is None else value

        return SimpleNamespace(
            attributes=SimpleNamespace(
                key_of=_key,
                message_text=lambda message, name: _value(messages[message].attributes, name),
                message_number=lambda message, name: _number(_value(messages[message].attributes, name)),
                message_key=lambda message, name: _key(_value(messages[message].attributes, name)),
                scope_text=lambda _, level, name: _value(scopes[level], name),
                scope_number=lambda _, level, name: _number(_value(scopes[level], name)),
                scope_key=lambda _, level, name: _key(_value(scopes[level], name)),
                sender_text=lambda _, sender, name: _value(senders[sender].attributes, name),
                sender_number=lambda _, sender, name: _number(_value(senders[sender].attributes, name)),
                sender_key=lambda _, sender, name: _key(_value(senders[sender].attributes, name)),
                sender_texts=lambda pool, name: self._column([_value(own.attributes, name) for own in self._of(pool)]),
                sender_numbers=lambda pool, name: [
                    number_or_nan(_number(_value(own.attributes, name))) for own in self._of(pool)
                ],
                sender_keys=lambda pool, name: [_key(_value(own.attributes, name)) for own in self._of(pool)],
            ),
            log=SimpleNamespace(write=self._log),
            messages=SimpleNamespace(text=self._text),
            senders=SimpleNamespace(
                candidates=self._pool,
                copy_up_to=lambda: 64,
                count=lambda pool, part: len(self._group(pool, part)),
                at=lambda pool, part, index: next(iter(self._group(pool, part)[index:]), None),
                contains=lambda pool, sender: any(own.sender == sender for own in self._pool(pool)),
                candidate_of=lambda pool, sender: next((own for own in self._pool(pool) if own.sender == sender), None),
                spread=lambda pool, part, recipient: self._spread(self._group(pool, part), recipient),
                spread_of=self._spread_of,
                itself=self._itself,
                near_codes=lambda near, code: [code] if near == Near.SAME else self._near.get((near, code), []),
                default_senders=self._default_senders,
                all_considered=lambda pool: [
                    Considered(at, own.weight, own.area_code, own.type, self._standing(at, pool))
                    for at, own in enumerate(senders)
                ],
                describe=lambda _, sender: SenderText(senders[sender].id, senders[sender].address),
                addresses=lambda pool: self._column([own.address for own in self._of(pool)]),
                ids=lambda pool: self._column([own.id for own in self._of(pool)]),
            ),
            settings=SimpleNamespace(json=lambda: "{}"),
            signals=SimpleNamespace(
                health_of=lambda pool: len(self._unhealthy(pool)),
                unhealthy=self._unhealthy,
                number=lambda _, sender, name: _value(senders[sender].signals, name),
                numbers=lambda pool, name: [number_or_nan(_value(own.signals, name)) for own in self._of(pool)],
            ),
            sticky=SimpleNamespace(
                pin_of=self._pin, pins_of=lambda: [self._pin(message) for message in range(len(messages))]
            ),
            strategies=SimpleNamespace(
                strategies_of=self._strategies_of, strategy_id=lambda _, strategy: f"STRATEGY-{strategy}"
            ),
            times=SimpleNamespace(
                sent_at=lambda message: messages[message].sent_at,
                zones_of=lambda message: [
                    LocalTime(at, minutes) for at, (_, minutes) in enumerate(messages[message].zones)
                ],
                zone_name=lambda zone: next((own.zones[zone][0] for own in messages if len(own.zones) > zone), None),
            ),
        )

    def _log(self, severity: Severity, line: str) -> None:
        self.logged.append(f"{severity.name.lower()}: {line}")


__all__ = ["Sample", "SampleAnswer"]
