"""Refusals of a policy's own."""

from dataclasses import dataclass

from wit_world.imports.types import Refusal

from .words import Reason

Refused = Refusal
"""A refusal of one message."""


@dataclass(frozen=True)
class OwnRefusal:
    """A kind of refusal of a policy's own, with its words.

    `code` is a number that means the same in every instance of this version of the policy; `name` is for programs (upper case
    with underscores), `text` a sentence for people.
    """

    code: int
    name: str
    text: str

    def refused(self, detail: int = 0) -> Refused:
        """Refuses a message, with a number that `refusal_text` of the rules can put in words."""
        return Refusal(Reason.OWN, self.code, detail)


def refusal_of(reason: int) -> Refusal:
    """A refusal for a reason of the contract."""
    return Refusal(reason, 0, 0)
