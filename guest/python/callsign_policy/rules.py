"""Rules of a policy's own, which the standard policy follows besides the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Hashable, Optional, Sequence

from wit_world.imports.types import Decision

from .refusal import OwnRefusal, Refused

if TYPE_CHECKING:
    from .selection import Selection
    from .standard import Left
    from .views import Choice, MessageView, ScopeView


class Rules:
    """Each hook does nothing by default. Rules keep nothing of a message: one message has one answer."""

    refusals: Sequence[OwnRefusal] = ()
    """The policy's own refusals."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """Takes the settings, a JSON object. A ValueError says what is wrong with them, and what would be right."""
        if settings:
            raise ValueError("this policy has no settings: give {} or leave them out")

    def refuse_before(self, message: MessageView) -> Optional[Refused]:
        """Refuses a message before anything else is looked at."""

    def key(self, message: MessageView) -> Hashable:
        """What of a message `select` depends on: few values."""

    def select(self, key: Any, scope: ScopeView, senders: Selection) -> None:
        """Says which senders may carry messages, and which come first. It is asked once for a scope, channel, country, message
        type and key, and the result is kept while the revision lasts."""

    def choose(self, message: MessageView, left: Left) -> Optional[Choice]:
        """Chooses among the senders that are left after step 7, in place of the spread. None leaves it to the spread."""

    def refuse_after(self, message: MessageView, decision: Decision) -> Optional[Refused]:
        """Refuses a message that has a sender."""

    @classmethod
    def refusal_text(cls, code: int, detail: int) -> tuple[str, str]:
        """Puts a refusal in words: a code for programs and a sentence for people."""
        for own in cls.refusals:
            if own.code == code:
                return own.name, own.text
        return "UNKNOWN", f"the policy has no refusal of its own numbered {code}"
