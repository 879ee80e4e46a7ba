"""The standard policy: steps 3 to 9 of the specification, with rules of a policy's own. It decides by itself; the host is asked
about pools, and spreads recipients over those that rules leave alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Hashable, Optional, Sequence, Union

from wit_world.imports.senders import Candidate, DefaultSender, Group, Pool
from wit_world.imports.sticky import Pin, Pin_Held
from wit_world.imports.strategies import StrategyFacts
from wit_world.imports.types import Answer, Answer_Decided, Answer_Refused, Decision, Refusal, Request

from .candidates import HostPool, SelectedPool, group
from .refusal import refusal_of
from .rules import Rules
from .selection import Selection
from .strategy import choose
from .views import Columns, Contender, MessageView, ScopeView, SenderFacts
from .words import ALL_TYPES, KNOWN_TYPES, Marks, Near, Reason, SenderType, Standing, Step, country, only_type

_MAX_PLANS = 2_000
_MAX_KEPT_SENDERS = 50_000
"""How many plans are kept, and for how many senders: those of rules are in the policy's memory."""

_GEOLOCATED = (country("US"), country("CA"))

_STEPS = {Near.SAME: Step.AREA_CODE, Near.OVERLAY: Step.OVERLAY, Near.REGION: Step.REGION}


class Observer:
    """Follows a decision that is explained."""

    def strategy(self, strategy: StrategyFacts, verdict: int) -> None:
        """Step 3: the verdict on a strategy."""

    def pin(self, pin: Pin) -> None:
        """Step 5: the pin that was found."""

    def best_types(self, part: Group) -> None:
        """Step 6: the candidates that are left."""

    def nearest(self, part: Group) -> None:
        """Step 7: the candidates that are left."""

    def chosen(self, reason: str) -> None:
        """Step 8: the rules made a choice of their own."""


_NOBODY = Observer()


class Left:
    """The senders left after step 7, read only if the rules look at them."""

    def __init__(self, host: Any, request: Request, rule: _Rule, part: Group) -> None:
        self._host, self._request, self._rule, self._part = host, request, rule, part

    @property
    def contenders(self) -> list[Contender]:
        """All of them, in the order of the pool. There is at least one."""
        left = self._rule.senders.list(self._part)
        return [Contender(self._host, self._request.scope, candidate) for candidate in left]


@dataclass
class _Ask:
    """What is asked: a request with what rules read of it, and the strategy that it is sent under."""

    request: Request
    message: MessageView
    key: Hashable
    strategy: StrategyFacts
    observer: Observer


class _Rule:
    """A strategy, applied to a channel, a country and a message type: steps 4 and 6."""

    def __init__(
        self, host: Any, request: Request, strategy: StrategyFacts, selection: Selection, healthy: bool = False,
        without: Sequence[int] = (),
    ) -> None:
        self.pool = Pool(
            request.scope, strategy.strategy, request.message_type, request.country, request.channel, healthy
        )
        self.senders: Union[HostPool, SelectedPool] = (
            HostPool(host, self.pool, without) if selection.is_empty
            else SelectedPool(host, self.pool, selection, without)
        )
        self.types = 0 if self.senders.is_empty else _best_types(strategy.priorities, self.senders)
        self._nearest: dict[int, Group] = {}

    def nearest(self, area_code: int) -> Group:
        """Step 7: of the long numbers left, the first group that is not empty: with the same area code, with one that directly
        overlays it, with one of the same state or province. If all are empty, everything that was left."""
        part = self._nearest.get(area_code)
        if part is None:
            part = group(self.types)
            if area_code and self.types & only_type(SenderType.LONG_NUMBER):
                groups = (group(self.types, near, area_code) for near in (Near.SAME, Near.OVERLAY, Near.REGION))
                part = next((near for near in groups if self.senders.count(near)), part)
            self._nearest[area_code] = part
        return part


def _best_types(priorities: int, senders: Union[HostPool, SelectedPool]) -> int:
    """Step 6: the types with the best priority that any candidate has. Types that the strategy does not name share the last place."""
    ranks = {sender_type: priorities >> 8 * sender_type & 255 or 255 for sender_type in KNOWN_TYPES}
    types = 0
    for wanted in sorted(set(ranks.values())):
        types = sum(only_type(sender_type) for sender_type, rank in ranks.items() if rank == wanted)
        # The last place needs no count: all that is left is in it.
        if wanted == max(ranks.values()) or senders.count(group(types)):
            break
    return types


@dataclass
class _Plan:
    """Steps 3, 4 and 6, worked out once for all recipients."""

    revision: int
    strategy: Union[StrategyFacts, Refusal]
    rule: Optional[_Rule] = field(default=None)


class Standard:
    """The standard policy, with rules of a policy's own."""

    def __init__(self, host: Any, rules: Optional[Rules] = None) -> None:
        self.host = host
        self.rules = Rules({}) if rules is None else rules
        self._plans: dict[tuple[int, int, int, int, Hashable], _Plan] = {}
        self._kept = 0

    def resolve(self, request: Request) -> Answer:
        """Answers a request."""
        message = MessageView(self.host, request)
        refused = self.rules.refuse_before(message)
        if refused is not None:
            return Answer_Refused(refused)
        answer = self.decide(request, message, _NOBODY)
        if isinstance(answer, Answer_Decided):
            refused = self.rules.refuse_after(message, answer.value)
        return answer if refused is None else Answer_Refused(refused)

    def decide(self, request: Request, message: MessageView, observer: Observer) -> Answer:
        """Steps 3 to 9, without the refusals of the rules."""
        key = self.rules.key(message)
        plan = self._plan(request, key, observer)
        if isinstance(plan.strategy, Refusal):
            return Answer_Refused(plan.strategy)
        ask, rule = _Ask(request, message, key, plan.strategy, observer), plan.rule
        assert rule is not None, "a plan with a strategy has a rule"
        itself: Sequence[int] = self.host.senders.itself(request.message) if request.marks & Marks.ITSELF else ()
        if any(map(rule.senders.contains, itself)):
            rule = self._rule(ask, False, itself)
        return self._decide_healthy(ask, rule, itself)

    def select(self, request: Request, key: Hashable) -> Selection:
        """What rules say of the senders of a scope."""
        selection = Selection()
        self.rules.select(key, ScopeView(self.host, request), selection)
        return selection

    def _rule(self, ask: _Ask, healthy: bool, without: Sequence[int]) -> _Rule:
        selection = self.select(ask.request, ask.key)
        return _Rule(self.host, ask.request, ask.strategy, selection, healthy, without)

    def _plan(self, request: Request, key: Hashable, observer: Observer) -> _Plan:
        """Steps 3, 4 and 6, kept while the revision lasts."""
        name = (request.scope, request.channel, request.country, request.message_type, key)
        plan = self._plans.get(name) if observer is _NOBODY else None
        if plan is None or plan.revision != request.revision:
            strategies = self.host.strategies.strategies_of(request.scope, request.country)
            plan = _Plan(request.revision, choose(strategies, request.channel, observer.strategy))
            if isinstance(plan.strategy, StrategyFacts):
                plan.rule = _Rule(self.host, request, plan.strategy, self.select(request, key))
            if observer is _NOBODY:
                self._keep(name, plan)
        return plan

    def _keep(self, name: tuple[int, int, int, int, Hashable], plan: _Plan) -> None:
        size = plan.rule.senders.size if plan.rule else 0
        self._kept += size
        if len(self._plans) >= _MAX_PLANS or self._kept > _MAX_KEPT_SENDERS:
            self._plans.clear()
            self._kept = size
        self._plans[name] = plan

    def _decide_healthy(self, ask: _Ask, rule: _Rule, itself: Sequence[int]) -> Answer:
        """Step 4, `skipUnhealthySenders`: those that are not unhealthy go on; all, where every one is."""
        if rule.senders.is_empty:
            return self._default_sender(ask, rule, itself)
        skips = ask.strategy.skip_unhealthy and ask.request.marks & Marks.UNHEALTHY
        if skips and self.host.signals.health_of(rule.pool):
            healthy = self._rule(ask, True, itself)
            if not healthy.senders.is_empty:
                return self._decide_among(ask, healthy, rule)
        return self._decide_among(ask, rule, None)

    def _decide_among(self, ask: _Ask, rule: _Rule, everyone: Optional[_Rule]) -> Answer:
        """Steps 5 to 9. `everyone` is the rule of which this one has the healthy senders."""
        request, strategy = ask.request, ask.strategy
        # 5. Sticky.
        pin = strategy.sticky
        if pin:
            found = self.host.sticky.pin_of(request.message)
            ask.observer.pin(found)
            if isinstance(found, Pin_Held):
                if rule.senders.contains(found.value):
                    return _decided(found.value, strategy, Step.STICKY)
                # A pin that only health kept out stays, and what follows decides this message alone.
                pin = everyone is None or not everyone.senders.contains(found.value)
        # 6. Type priority, 7. Geolocated.
        ask.observer.best_types(group(rule.types))
        part = rule.nearest(request.area_code if strategy.geolocated and request.country in _GEOLOCATED else 0)
        ask.observer.nearest(part)
        # 8. Spread, unless the rules choose. 9. Pin.
        choice = self.rules.choose(ask.message, Left(self.host, request, rule, part))
        if choice is not None:
            ask.observer.chosen(choice.reason)
        sender = rule.senders.spread(part, request) if choice is None else choice.sender
        if sender is None:
            return Answer_Refused(refusal_of(Reason.NO_ELIGIBLE_SENDER))
        return _decided(sender, strategy, _STEPS.get(part.near, Step.POOL), pin)

    def _default_sender(self, ask: _Ask, rule: _Rule, itself: Sequence[int]) -> Answer:
        # For each message: entities that have nothing of their own share a scope.
        selection = self.select(ask.request, ask.key)

        def usable(default: DefaultSender) -> bool:
            known = ALL_TYPES & only_type(default.sender_type)
            if default.standing != Standing.CANDIDATE or not known or default.sender in itself:
                return False
            candidate = Candidate(0, default.sender, default.weight, default.area_code, default.sender_type)
            columns = Columns.of_sender(self.host, ask.request.scope, default.sender)
            return selection.excluded_by(SenderFacts(candidate, columns, 0)) is None

        found = next(filter(usable, self.host.senders.default_senders(rule.pool)), None)
        if found is None:
            return Answer_Refused(refusal_of(Reason.NO_ELIGIBLE_SENDER))
        return _decided(found.sender, ask.strategy, Step.DEFAULT_SENDER)


def _decided(sender: int, strategy: StrategyFacts, step: int, pin: bool = False) -> Answer:
    return Answer_Decided(Decision(sender, strategy.strategy, step, pin))
