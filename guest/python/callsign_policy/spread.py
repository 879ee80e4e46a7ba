"""Step 8 for senders that the host does not know as a group, because rules of the policy selected them: the spread of the Rust
SDK (`guest/sdk/src/spread.rs`), number for number. How it works is said there."""

from __future__ import annotations

from typing import Iterable, Optional

MASK = (1 << 64) - 1
MAX_WEIGHT = 1000
SLOTS_PER_FULL = 8
SLOTS_EACH = 4
LAST_SMALL_LEVEL = 8
LAST_UNIT_LEVEL = 11
FRACTION = 32


def mix(x: int) -> int:
    """The finaliser of SplitMix64."""
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def _log4(value: int) -> int:
    """Log base 4 in units of 2^-32, one bit at a time."""
    whole = value.bit_length() - 1
    mantissa, log2 = value << (63 - whole), whole << FRACTION
    for bit in reversed(range(FRACTION)):
        mantissa = (mantissa * mantissa) >> 63
        if mantissa >> 64:
            mantissa >>= 1
            log2 |= 1 << bit
    return log2 >> 1


def _log_of_slots(units: int) -> int:
    return _log4(SLOTS_PER_FULL * SLOTS_EACH * max(units, 1))


class Spread:
    """Senders, each a key, a weight and a handle, laid out for spreading recipients over them."""

    def __init__(self, members: Iterable[tuple[int, int, int]]) -> None:
        limited = ((key, min(max(weight, 1), MAX_WEIGHT), sender) for key, weight, sender in members)
        self.members = sorted(limited, key=lambda member: (member[0], member[2]))
        log = _log_of_slots(sum(weight for _, weight, _ in self.members))
        self.level, self.fraction = log >> FRACTION, log & ((1 << FRACTION) - 1)
        self.last_unit_level = max(LAST_UNIT_LEVEL, (_log_of_slots(len(self.members)) >> FRACTION) + 1)
        self.layouts: list[Optional[_Layout]] = [None, None]

    def choose(self, recipient: int) -> Optional[int]:
        """The sender for a recipient; none of no senders."""
        if len(self.members) < 2:
            return self.members[0][2] if self.members else None
        larger = (self.fraction + (recipient >> FRACTION)) >> FRACTION & 1
        layout = self.layouts[larger]
        if layout is None:
            layout = self.layouts[larger] = _Layout(self.level + larger, self.last_unit_level, self.members)
        state = recipient
        while True:
            state = (state + 0x9E3779B97F4A7C15) & MASK
            sender = layout.probe(mix(state))
            if sender is not None:
                return sender


class _Layout:
    def __init__(self, level: int, last_unit_level: int, members: list[tuple[int, int, int]]) -> None:
        small = level <= LAST_SMALL_LEVEL
        self.bits = 2 * level if small else 2 * (min(level, last_unit_level) - 1)
        self.unit_bits = 2 * max(level - last_unit_level, 0)
        self.slots: dict[int, tuple[int, int]] = {}
        shift, each, most = 64 - self.bits, SLOTS_EACH if small else 1, 1 << self.unit_bits
        # Every member fills its first slot, then every one that has more its second, and so on.
        waiting, turn = members, 0
        while waiting:
            for own, weight, sender in waiting:
                state = key = mix((own + turn) & MASK)
                while state >> shift in self.slots:
                    state = mix((state + (key | 1)) & MASK)
                self.slots[state >> shift] = (sender, min(weight * each - turn * most, most))
            turn += 1
            waiting = [member for member in waiting if member[1] * each > turn * most]

    def probe(self, hash: int) -> Optional[int]:
        """Four probes of a layout of up to 2^16 slots, two of a larger one; none if no slot is full."""
        width = 32 if self.bits > 16 else 16
        for at in range(64 - width, -1, -width):
            full = self.slots.get((hash >> at & ((1 << width) - 1)) >> (width - self.bits))
            if full is not None and (width == 16 or self._takes(full[1], hash, at)):
                return full[0]
        return None

    def _takes(self, units: int, hash: int, at: int) -> bool:
        """Whether a slot that may stand for a part of its units takes a probe."""
        if self.unit_bits == 0:
            return True
        probe = (hash << at | hash >> (64 - at)) & MASK
        return mix(probe) >> (64 - self.unit_bits) < units
