"""What all who ask a vendor share: its circuit, how many calls are left, and its last answer.

One row per vendor, changed under its lock, so that forty Lambdas are one caller to the vendor.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from bifrost.data.providers import breaking, limits
from bifrost.data.providers.answers import Absent, Failed, Found, Partial, RateLimited
from bifrost.data.providers.breaking import Circuit, CircuitPolicy, CircuitState
from bifrost.data.providers.limits import Bucket, Rate

T = TypeVar("T")
_REASON_MAX = 500


class AnswerKind(StrEnum):
    """The five answers, by name."""

    FOUND = "found"
    PARTIAL = "partial"
    ABSENT = "absent"
    RATE_LIMITED = "rate_limited"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """What it said last, and when; `reason` is empty where it found what was asked for."""

    kind: AnswerKind
    reason: str
    at: datetime

    def __post_init__(self) -> None:
        # A vendor's page of words may be long.
        object.__setattr__(self, "reason", self.reason[:_REASON_MAX])


@dataclass(frozen=True, slots=True)
class VendorState:
    """How a vendor stands."""

    circuit: Circuit
    bucket: Bucket
    last: LastAnswer | None = None


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor, and how it may be asked.

    wait_max_seconds: longer than this a call does not wait for its turn: it is rate-limited.
    """

    name: str
    rate: Rate
    circuit: CircuitPolicy = field(default_factory=CircuitPolicy)
    wait_max_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class VendorSheet:
    """A vendor as people see it.

    missing: the settings without which it cannot be asked. calls_left: how many may go now; below
        zero where some wait already.
    """

    name: str
    missing: tuple[str, ...]
    state: VendorState
    calls_left: float
    calls_per_minute: float


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call may go after so many seconds; `generation` of the circuit that let it pass."""

    wait_seconds: float
    generation: int


class VendorStates(Protocol):
    """Where these states are kept, for every process that asks."""

    def change(self, vendor: str, step: Callable[[VendorState | None], tuple[VendorState, T]]) -> T:
        """Replace the vendor's state by what `step` makes of it, alone; return step's answer.

        step: given None where nobody has asked the vendor yet. It must be safe to repeat.
        """

    def find(self, vendor: str) -> VendorState | None:
        """Return how the vendor stands; None where nobody has asked it yet."""


def fresh(vendor: Vendor, now: datetime) -> VendorState:
    """Return the state of a vendor that nobody has asked yet."""
    return VendorState(Circuit(), limits.full(vendor.rate, now))


def admit(
    state: VendorState, vendor: Vendor, now: datetime
) -> tuple[VendorState, Admitted | RateLimited]:
    """Ask for one call: it may go, or it is told when to ask again; nobody was asked then."""
    circuit, pause = breaking.permit(state.circuit, vendor.circuit, now)
    if pause > 0:
        reason = (
            f"the circuit to {vendor.name} is {circuit.state}; it may be tried in {pause:.0f} s"
        )
        return state, RateLimited(pause, reason)
    bucket, wait = limits.take(state.bucket, vendor.rate, now, vendor.wait_max_seconds)
    if wait > vendor.wait_max_seconds:
        # A trial that may not be made is none: the circuit stays as it was.
        reason = f"{vendor.name} may be asked again in {wait:.0f} s"
        return replace(state, bucket=bucket), RateLimited(wait, reason)
    admitted = Admitted(wait, circuit.generation)
    return replace(state, circuit=circuit, bucket=bucket), admitted


def took_in(
    state: VendorState,
    vendor: Vendor,
    admitted: Admitted,
    answer: "Found[Any] | Partial[Any] | Absent | RateLimited | Failed",
    now: datetime,
) -> VendorState:
    """Learn from an answer: outages open the circuit, a rate limit pauses everybody.

    A failure that no second try changes (403, 422, a changed field) is no outage: the vendor
    answers, and of another symbol it may be right.
    """
    circuit, bucket = state.circuit, state.bucket
    kind, reason = _named(answer)
    if isinstance(answer, Failed) and answer.retryable:
        circuit = breaking.failed(circuit, vendor.circuit, admitted.generation, now)
    elif isinstance(answer, RateLimited):
        bucket = limits.paused(bucket, now, answer.retry_after_seconds)
        # It lives, and says nothing of whether it works: a trial has proven nothing.
        if circuit.state is CircuitState.HALF_OPEN:
            circuit = breaking.failed(circuit, vendor.circuit, admitted.generation, now)
    else:
        circuit = breaking.succeeded(circuit, vendor.circuit, admitted.generation)
    return VendorState(circuit, bucket, LastAnswer(kind, reason, now))


def _named(
    answer: "Found[Any] | Partial[Any] | Absent | RateLimited | Failed",
) -> tuple[AnswerKind, str]:
    if isinstance(answer, Found):
        return AnswerKind.FOUND, ""
    kinds = {
        Partial: AnswerKind.PARTIAL,
        Absent: AnswerKind.ABSENT,
        RateLimited: AnswerKind.RATE_LIMITED,
        Failed: AnswerKind.FAILED,
    }
    return kinds[type(answer)], answer.reason
