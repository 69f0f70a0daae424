"""What every event carries, and the registry by which a listener reads one."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import ClassVar

from bifrost.core.codec import from_json

SEQUENCE_MAX = 2**63 - 1  # a BIGINT's

_PUBLISHERS = ("data", "execution", "execution_fills", "portfolio")
_KINDS: dict[str, type["Event"]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact that has happened. Fields are added, never changed or removed.

    event_id: unique; listeners are safe to repeat by it.
    occurred_at: market time, when it happened in the world.
    recorded_at: wall time, when we wrote it down.
    correlation_id: the request that caused it.
    """

    source: ClassVar[str] = ""
    version: ClassVar[int] = 1

    event_id: str
    occurred_at: datetime
    recorded_at: datetime
    correlation_id: str

    @property
    def detail_type(self) -> str:
        """EventBridge `detail-type`, e.g. `OrderRefused.v1`."""
        return detail_type_of(type(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencedEvent(Event):
    """An event whose listeners must apply it in order: `sequence` counts 1, 2, 3 in `stream`."""

    stream: str
    sequence: int

    def __post_init__(self) -> None:
        if not 1 <= self.sequence <= SEQUENCE_MAX:
            raise ValueError(f"sequence counts from 1, was {self.sequence} in {self.stream}")


def detail_type_of(kind: type[Event]) -> str:
    """Return the `detail-type` under which events of this class travel."""
    return f"{kind.__name__}.v{kind.version}"


def register(kind: type[Event]) -> type[Event]:
    """Make the class readable by `read_event`; each publisher's module registers its own."""
    _KINDS[detail_type_of(kind)] = kind
    return kind


def is_known(detail_type: str) -> bool:
    """Say whether the detail-type is one of ours."""
    return detail_type in _known()


def read_event(detail_type: str, detail: object) -> Event:
    """Read an event from the wire; raise ValueError where it is not one we know."""
    known = _known()
    if detail_type not in known:
        raise ValueError(f"no event is called {detail_type}")
    return from_json(known[detail_type], detail)


@cache
def _known() -> dict[str, type[Event]]:
    for publisher in _PUBLISHERS:
        import_module(f"bifrost.events.{publisher}")
    return _KINDS
