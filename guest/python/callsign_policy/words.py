"""The numbers of the contract that stand for words, by name. A policy leaves alone numbers that it does not know."""


class Channel:
    """Channels."""

    SMS, MMS, RCS = range(3)


class SenderType:
    """Types of senders."""

    ALPHANUMERIC, LONG_NUMBER, SHORT_CODE, TOLL_FREE_NUMBER, RCS_AGENT = range(5)


KNOWN_TYPES = range(5)
"""The types that this version knows."""

ALL_TYPES = 0b11111
"""The set of all known types."""


def only_type(sender_type: int) -> int:
    """The set of one type; empty for a number that no set can hold."""
    return 1 << sender_type if sender_type < 32 else 0


class Level:
    """The levels of strategies, default senders and attributes of a scope."""

    APPLICATION, ENTITY = range(2)


class Step:
    """The steps that decide."""

    STICKY, AREA_CODE, OVERLAY, REGION, POOL, DEFAULT_SENDER = range(6)


class Reason:
    """Reasons of a refusal."""

    OWN, NO_STRATEGY, CHANNEL_NOT_ALLOWED, COUNTRY_NOT_ALLOWED, NO_ELIGIBLE_SENDER = range(5)


class Marks:
    """What is unusual about a message: bits of `request.marks`."""

    ITSELF, UNHEALTHY = 1, 2


class Near:
    """How near a sender is to an area code."""

    ANYWHERE, SAME, OVERLAY, REGION = range(4)


class Standing:
    """How a sender stands to a pool, as far as the SDK needs it."""

    CANDIDATE, RECIPIENT = 0, 11


class Field:
    """Texts of a message."""

    MESSAGE_ID, APPLICATION_ID, ENTITY_ID, RECIPIENT, MESSAGE_TYPE = range(5)


class StrategyVerdict:
    """Verdicts on strategies."""

    CHOSEN, REPLACED_BY_ENTITY, OTHER_CHANNEL, OTHER_COUNTRIES, LESS_SPECIFIC = range(5)


class Verdict:
    """Verdicts on senders."""

    (CHOSEN, EXCLUDED, EXCLUDED_BY_POLICY, UNHEALTHY, LOWER_PRIORITY, FARTHER, LESS_PREFERRED, SPREAD_ELSEWHERE,
     PINNED_ELSEWHERE) = range(9)


class Narrowing:
    """Steps that narrow the senders."""

    CANDIDATES, FILTER, HEALTHY, TYPE_PRIORITY, GEOLOCATED, PREFERENCE = range(6)


def country(text: object) -> int:
    """The number of a country, such as that of `US`. Raises a ValueError for anything but two upper-case letters."""
    if not (isinstance(text, str) and len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError(f"{text!r} is not a country: give two letters, such as GB")
    return ord(text[0]) << 8 | ord(text[1])


def country_text(number: int) -> str:
    """A country in its two letters."""
    return chr(number >> 8) + chr(number & 255)
