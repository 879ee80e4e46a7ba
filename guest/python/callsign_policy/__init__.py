"""The SDK of Callsign policies in Python: the standard policy with rules of your own. `docs/policies.md` begins with it."""

from .refusal import OwnRefusal, Refused
from .rules import Rules
from .selection import Selection
from .standard import Left, Standard
from .views import Choice, Contender, LocalTime, MessageView, ScopeView, SenderFacts
from .words import Channel, Level, Reason, SenderType, Step, country, country_text

__all__ = [
    "Channel", "Choice", "Contender", "Left", "Level", "LocalTime", "MessageView", "OwnRefusal", "Reason", "Refused", "Rules",
    "ScopeView", "Selection", "SenderFacts", "SenderType", "Standard", "Step", "country", "country_text",
]
