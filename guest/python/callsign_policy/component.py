"""What a component exports, made of the rules of a class."""

from __future__ import annotations

import json
import traceback
from typing import Any, Callable, Optional, Type

from componentize_py_types import Err
from wit_world.exports.explain import Trace
from wit_world.exports.policy import Wording
from wit_world.imports.log import Severity
from wit_world.imports.types import Answer, Request

from .explaining import explain
from .rules import Rules
from .standard import Standard


class Exports:
    """The exports of a policy with the rules of a class, for a host.

    The policy is made at the first request, from its settings. An error of its own code is logged, so that the host can say what
    it was, and fails the call.
    """

    def __init__(self, rules: Type[Rules], host: Any) -> None:
        self._rules, self._host = rules, host
        self._standard: Optional[Standard] = None

    def _started(self) -> Standard:
        if self._standard is None:
            self._standard = Standard(self._host, self._rules(_parsed(self._host.settings.json())))
        return self._standard

    def _reported(self, run: Callable[[], Any]) -> Any:
        try:
            return run()
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            line = f"{type(error).__name__}: {error}, in {place.name}, line {place.lineno} of {place.filename}"
            self._host.log.write(Severity.ERROR, line)
            raise

    def check_settings(self, text: str) -> None:
        """Checks settings, as JSON."""
        try:
            self._rules(_parsed(text))
        except Exception as error:
            raise Err(str(error)) from None

    def resolve(self, request: Request) -> Answer:
        """Answers one request."""
        return self._reported(lambda: self._started().resolve(request))

    def resolve_batch(self, requests: list[Request]) -> list[Answer]:
        """Answers many requests."""
        return self._reported(lambda: [self._started().resolve(request) for request in requests])

    def refusal_text(self, code: int, detail: int) -> Wording:
        """Puts a refusal of the policy's own in words."""
        return self._reported(lambda: Wording(*self._rules.refusal_text(code, detail)))

    def explain(self, request: Request) -> Trace:
        """Answers one request, and explains the answer."""
        return self._reported(lambda: explain(self._started(), request))


def _parsed(text: str) -> dict[str, Any]:
    settings = json.loads(text) if text.strip() else {}
    if settings is None:
        settings = {}
    if not isinstance(settings, dict):
        raise ValueError("the settings are no JSON object")
    return settings
