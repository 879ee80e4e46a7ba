"""`explain`: the same steps, noted."""

from __future__ import annotations

import re
from typing import Callable, Optional

from wit_world.exports.explain import SenderNote, Stage, StrategyNote, Trace
from wit_world.imports.senders import Group, Pool
from wit_world.imports.sticky import Pin
from wit_world.imports.strategies import StrategyFacts
from wit_world.imports.types import Answer_Decided, Answer_Refused, Refusal, Request

from .candidates import members_of
from .selection import Selection
from .standard import Observer, Standard
from .views import Columns, MessageView, SenderFacts
from .words import Marks, Narrowing, Reason, Standing, Step, StrategyVerdict, Verdict

_Verdict = tuple[int, Optional[str]]
"""A verdict on a sender, with the reason of the rules."""


class _Recorder(Observer):
    def __init__(self) -> None:
        self.strategies: list[StrategyNote] = []
        self.followed: Optional[StrategyFacts] = None
        self.found: Optional[Pin] = None
        self.types: Optional[Group] = None
        self.near: Optional[Group] = None
        self.reason: Optional[str] = None

    def strategy(self, strategy: StrategyFacts, verdict: int) -> None:
        self.strategies.append(StrategyNote(strategy.strategy, verdict))
        if verdict == StrategyVerdict.CHOSEN:
            self.followed = strategy

    def pin(self, pin: Pin) -> None:
        self.found = pin

    def best_types(self, part: Group) -> None:
        self.types = part

    def nearest(self, part: Group) -> None:
        self.near = part

    def chosen(self, reason: str) -> None:
        self.reason = reason


def explain(policy: Standard, request: Request) -> Trace:
    """Answers a request, and explains the answer."""
    message, noted = MessageView(policy.host, request), _Recorder()
    answer = policy.decide(request, message, noted)
    own = policy.rules.refuse_before(message)
    if own is None and isinstance(answer, Answer_Decided):
        own = policy.rules.refuse_after(message, answer.value)
    trace = Trace(noted.strategies, [], noted.found, [], [], answer)
    # Without a strategy no sender was considered.
    if noted.followed is not None:
        _senders(policy, request, message, noted, noted.followed, trace)
    if own is not None:
        _refuse(policy, trace, own)
    return trace


def _refuse(policy: Standard, trace: Trace, own: Refusal) -> None:
    """Makes a decision the refusal that the rules made of it."""
    for note in trace.senders:
        if note.verdict == Verdict.CHOSEN and own.reason == Reason.OWN:
            note.verdict, note.reason = Verdict.EXCLUDED_BY_POLICY, len(trace.reasons)
            trace.reasons.append(policy.rules.refusal_text(own.code, own.detail)[1])
            break
    trace.answer = Answer_Refused(own)


def _senders(
    policy: Standard, request: Request, message: MessageView, noted: _Recorder, strategy: StrategyFacts, trace: Trace
) -> None:
    host = policy.host
    pool = Pool(request.scope, strategy.strategy, request.message_type, request.country, request.channel, False)
    itself = host.senders.itself(request.message) if request.marks & Marks.ITSELF else []
    selection = policy.select(request, policy.rules.key(message))
    out = _narrow(policy, request, noted, strategy, pool, itself, selection, trace)
    decision = trace.answer.value if isinstance(trace.answer, Answer_Decided) else None
    rest: _Verdict = (Verdict.SPREAD_ELSEWHERE, None)
    if decision is not None and decision.step == Step.STICKY:
        rest = (Verdict.PINNED_ELSEWHERE, None)
    elif noted.reason is not None:
        rest = (Verdict.LESS_PREFERRED, noted.reason)
    used: dict[str, int] = {}
    for considered in host.senders.all_considered(pool):
        standing = considered.standing
        if standing == Standing.CANDIDATE and considered.sender in itself:
            standing = Standing.RECIPIENT
        if decision is not None and considered.sender == decision.sender:
            verdict, reason = Verdict.CHOSEN, None
        elif standing != Standing.CANDIDATE:
            verdict, reason = Verdict.EXCLUDED, None
        else:
            verdict, reason = out.get(considered.sender, rest)
        index = None
        if reason is not None:
            index = used.setdefault(reason, len(trace.reasons))
            if index == len(trace.reasons):
                trace.reasons.append(_in_words(reason, message))
        trace.senders.append(SenderNote(considered.sender, verdict, standing, index))


def _narrow(
    policy: Standard, request: Request, noted: _Recorder, strategy: StrategyFacts, pool: Pool, itself: list[int],
    selection: Selection, trace: Trace,
) -> dict[int, _Verdict]:
    """Goes through the steps that were reached: the senders that each left out, with the verdict on them."""
    host, out = policy.host, {}
    columns = Columns.of_pool(host, pool)
    everyone = [SenderFacts(candidate, columns, at) for at, candidate in enumerate(host.senders.candidates(pool))]
    left = [facts for facts in everyone if facts.candidate.sender not in itself]

    def keep(step: int, verdict_on: Callable[[SenderFacts], Optional[_Verdict]]) -> None:
        verdicts = [(facts, verdict_on(facts)) for facts in left]
        out.update({facts.candidate.sender: verdict for facts, verdict in verdicts if verdict is not None})
        left[:] = [facts for facts, verdict in verdicts if verdict is None]
        trace.stages.append(Stage(step, [facts.candidate.sender for facts in left]))

    keep(Narrowing.CANDIDATES, lambda facts: None)
    reasons = selection.reasons
    if selection.filters:
        def filtered(facts: SenderFacts) -> Optional[_Verdict]:
            by = selection.excluded_by(facts)
            return None if by is None else (Verdict.EXCLUDED_BY_POLICY, reasons[by])

        keep(Narrowing.FILTER, filtered)
    if strategy.skip_unhealthy and left:
        reported = host.signals.unhealthy(pool) if request.marks & Marks.UNHEALTHY else []
        unhealthy = {sender.sender for sender in reported}
        if all(facts.candidate.sender in unhealthy for facts in left):
            unhealthy = set()
        keep(Narrowing.HEALTHY, lambda facts: (Verdict.UNHEALTHY, None) if facts.candidate.sender in unhealthy else None)
    # A pin decided, or no candidate was left.
    if noted.types is None or noted.near is None:
        return out
    if selection.preferences:
        less = {facts.candidate.sender: reasons[index] for facts, index in selection.divide(list(left))[1]}

        def preferred(facts: SenderFacts) -> Optional[_Verdict]:
            reason = less.get(facts.candidate.sender)
            return None if reason is None else (Verdict.LESS_PREFERRED, reason)

        keep(Narrowing.PREFERENCE, preferred)
    for step, part, verdict in (
        (Narrowing.TYPE_PRIORITY, noted.types, Verdict.LOWER_PRIORITY), (Narrowing.GEOLOCATED, noted.near, Verdict.FARTHER)
    ):
        is_member = members_of(host, part)

        def outside(facts: SenderFacts) -> Optional[_Verdict]:
            return None if is_member(facts.candidate) else (verdict, None)

        keep(step, outside)
    return out


def _in_words(reason: str, message: MessageView) -> str:
    """A reason with the message's attributes in place of their names in braces."""
    return re.sub(r"\{([^}]*)\}", lambda name: message.attribute(name[1]) or "none", reason)
