"""The imports of the contract, as the rest of the SDK reads them. Only a component has them: tests have a `Sample`."""

from wit_world.imports import attributes, log, messages, senders, settings, signals, sticky, strategies, times

__all__ = ["attributes", "log", "messages", "senders", "settings", "signals", "sticky", "strategies", "times"]
