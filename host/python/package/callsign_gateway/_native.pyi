# The types of the extension module. The texts are in its docstrings: help(callsign_gateway.Gateway).
from collections.abc import Coroutine, Generator, Iterable, Mapping, Sequence
from datetime import datetime
from os import PathLike
from types import TracebackType
from typing import Any, Generic, Literal, NoReturn, TypeVar, final

from typing_extensions import Self

_T = TypeVar("_T", covariant=True)
_Channel = Literal["SMS", "MMS", "RCS"]
_List = Literal["applications", "entities", "senders", "associations", "sendingStrategies", "defaultSenders"]
_Path = str | PathLike[str]
_Time = int | str | datetime
_Json = str | Mapping[str, Any]

__version__: str

class CallsignError(Exception): ...

class CatalogError(CallsignError):
    faults: list[Fault]
    omitted: int

class EditError(CallsignError):
    edit: int
    list: str
    faults: Sequence[Fault]

class OvertakenError(CallsignError):
    of: int
    served: int

class PolicyError(CallsignError): ...
class BindingError(CallsignError): ...
class StoreError(CallsignError): ...
class LogError(CallsignError): ...
class ClosedError(CallsignError): ...
class ForkError(CallsignError): ...

@final
class Fault:
    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int | None: ...
    @property
    def column(self) -> int | None: ...
    @property
    def message(self) -> str: ...
    @property
    def missing(self) -> str | None: ...
    @property
    def earlier(self) -> str | None: ...

@final
class Catalog:
    @staticmethod
    def load(path: _Path, *, name: str | None = None) -> Catalog: ...
    @staticmethod
    def from_json(text: str | bytes, *, name: str | None = None) -> Catalog: ...
    def edit(self, edits: Sequence[Edit]) -> Catalog: ...
    @property
    def name(self) -> str | None: ...
    @property
    def counts(self) -> dict[str, int]: ...
    def to_json(self) -> str: ...

@final
class Edit:
    @staticmethod
    def put(list: _List, element: _Json) -> Edit: ...
    @staticmethod
    def remove(list: _List, element: _Json) -> Edit: ...

@final
class Message:
    def __new__(
        cls,
        to: str,
        *,
        channel: _Channel | None = None,
        channels: Sequence[_Channel] | None = None,
        application: str | None = None,
        entity: str | None = None,
        from_: str | None = None,
        message_type: str | None = None,
        sent_at: _Time | None = None,
        attributes: dict[str, str] | None = None,
        id: str | None = None,
        trace_id: str | None = None,
    ) -> Self: ...
    @property
    def to(self) -> str: ...
    @property
    def channels(self) -> list[_Channel]: ...
    @property
    def application(self) -> str | None: ...
    @property
    def entity(self) -> str | None: ...
    @property
    def from_(self) -> str | None: ...
    @property
    def id(self) -> str | None: ...

@final
class Refusal:
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...

@final
class Decision:
    @property
    def sender(self) -> str | None: ...
    @property
    def sender_id(self) -> str | None: ...
    @property
    def sender_type(self) -> str | None: ...
    @property
    def step(self) -> str | None: ...
    @property
    def strategy_id(self) -> str | None: ...
    @property
    def unpinned(self) -> str | None: ...
    @property
    def refusal(self) -> Refusal | None: ...
    @property
    def policy(self) -> str: ...
    @property
    def channel(self) -> _Channel | None: ...
    @property
    def fallbacks(self) -> list[tuple[_Channel, Decision]]: ...
    def to_dict(self, message_id: str | None = None) -> dict[str, Any]: ...
    def to_json(self, message_id: str | None = None) -> str: ...

@final
class Pending(Coroutine[Any, None, _T], Generic[_T]):
    def __await__(self) -> Generator[Any, None, _T]: ...
    def send(self, value: None, /) -> Any: ...
    def throw(
        self,
        exception: type[BaseException] | BaseException,
        value: BaseException | object = None,
        traceback: TracebackType | None = None,
        /,
    ) -> NoReturn: ...
    def close(self) -> None: ...

@final
class Limits:
    def __new__(
        cls,
        *,
        deadline_ms: int | None = None,
        memory: int | None = None,
        idle_memory: int | None = None,
        table_elements: int | None = None,
        fuel: int | None = None,
        imports: int | None = None,
        returned: int | None = None,
        component: int | None = None,
        compile_ms: int | None = None,
    ) -> Self: ...

@final
class Policy:
    @staticmethod
    def standard(*, cache: _Path | None = None) -> Policy: ...
    @staticmethod
    def load(
        path: _Path,
        *,
        settings: _Json | None = None,
        limits: Limits | None = None,
        fresh: bool = False,
        cache: _Path | None = None,
    ) -> Policy: ...
    @staticmethod
    def from_bytes(
        component: bytes,
        *,
        settings: _Json | None = None,
        limits: Limits | None = None,
        fresh: bool = False,
        cache: _Path | None = None,
    ) -> Policy: ...
    @property
    def label(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def settings(self) -> str: ...

@final
class Probe:
    def __new__(
        cls, message: Message, *, sender_id: str | None = None, step: str | None = None, refusal: str | None = None
    ) -> Self: ...

@final
class Binding:
    def __new__(
        cls,
        policy: Policy,
        *,
        on_failure: Literal["refuse", "standard"] = "refuse",
        on_unavailable: Literal["refuse", "decide-unpinned"] = "refuse",
        breaker_failures: int = 20,
        breaker_rest_ms: int = 5000,
        probes: Sequence[Probe] = ...,
    ) -> Self: ...

@final
class HealthReport:
    def __new__(
        cls,
        sender_id: str,
        *,
        healthy: bool = False,
        channel: _Channel | None = None,
        country: str | None = None,
        since: _Time | None = None,
    ) -> Self: ...

@final
class Event:
    @property
    def kind(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def policy(self) -> str | None: ...
    @property
    def text(self) -> str: ...

@final
class Gateway:
    def __new__(
        cls,
        catalog: Catalog,
        *,
        policy: Policy | None = None,
        pins: _Path | None = None,
        recipient_key: str | None = None,
    ) -> Self: ...
    def resolve(self, message: Message) -> Decision: ...
    def resolve_many(self, messages: Iterable[Message]) -> list[Decision]: ...
    def resolve_async(self, message: Message) -> Pending[Decision]: ...
    def resolve_many_async(self, messages: Iterable[Message]) -> Pending[list[Decision]]: ...
    def explain(self, message: Message) -> dict[str, Any]: ...
    def explain_text(self, message: Message) -> str: ...
    @property
    def revision(self) -> int: ...
    def read_catalog(self) -> tuple[Catalog, int]: ...
    def replace_catalog(self, catalog: Catalog) -> None: ...
    def edit(self, revision: int, edits: Sequence[Edit]) -> int: ...
    def swap(self, binding: Binding | Policy, *, application: str | None = None, entity: str | None = None) -> None: ...
    def rollback(self, *, application: str | None = None, entity: str | None = None) -> None: ...
    def unbind(self, *, application: str | None = None, entity: str | None = None) -> None: ...
    def shadow(
        self, candidate: Binding | Policy, *, application: str | None = None, entity: str | None = None
    ) -> None: ...
    def canary(
        self,
        candidate: Binding | Policy,
        per_mille: int,
        *,
        application: str | None = None,
        entity: str | None = None,
        wrong_per_mille: int = 50,
        answers: int = 100,
        window_ms: int = 60_000,
    ) -> None: ...
    def promote(self, *, application: str | None = None, entity: str | None = None) -> None: ...
    def withdraw(self, *, application: str | None = None, entity: str | None = None) -> None: ...
    def comparison(
        self, *, application: str | None = None, entity: str | None = None
    ) -> tuple[str, int, int, int] | None: ...
    def history(
        self, *, application: str | None = None, entity: str | None = None
    ) -> list[tuple[str, float | None]]: ...
    def failures(self, *, application: str | None = None, entity: str | None = None) -> int | None: ...
    def set_signals(
        self, reports: Sequence[HealthReport] = ..., numbers: dict[str, dict[str, float]] = ...
    ) -> None: ...
    def take_events(self) -> list[Event]: ...
    @property
    def lost_events(self) -> int: ...
    def record_to(
        self,
        folder: _Path,
        *,
        promise: Literal["drop", "keep"] = "drop",
        recipients: Literal["sealed", "plain"] = "sealed",
        key: str | None = None,
        attributes: Sequence[str] | None = None,
        keep_bytes: int | None = None,
        parquet: bool = True,
    ) -> None: ...
    def flush_log(self) -> None: ...
    def stop_recording(self) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...
