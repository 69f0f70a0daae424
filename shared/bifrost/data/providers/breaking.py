"""A circuit before each vendor: when to stop asking, and how to find out that it answers again.

Closed, calls pass. It opens after so many failures in a row, or once too many of the last calls
failed. Open, nothing passes until it has cooled down; then one call may try, alone, and its
outcome decides (Nygard, Release It!, 2007). A permit names the generation that it was given in:
a call that began before the circuit changed says nothing about the vendor since.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

_FAILED, _SUCCEEDED = "x", "."


class CircuitState(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """When it opens, and for how long.

    failures_in_a_row: as many open it. share_max of the last `recent_calls` failing opens it, too,
        once there were `recent_calls_min`. trial_seconds: a trial that says nothing for so long
        has died, and another may be made.
    """

    failures_in_a_row: int = 5
    share_max: float = 0.5
    recent_calls: int = 20
    recent_calls_min: int = 10
    cool_down_seconds: float = 60.0
    trial_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Circuit:
    """How it stands.

    generation: grows with each change of state and each trial. failures: in a row. recent: the
        last calls, oldest first, `x` failed and `.` succeeded. since: when it opened, or when the
        trial began; None while it is closed.
    """

    state: CircuitState = CircuitState.CLOSED
    generation: int = 0
    failures: int = 0
    recent: str = ""
    since: datetime | None = None


def permit(circuit: Circuit, policy: CircuitPolicy, now: datetime) -> tuple[Circuit, float]:
    """Ask for a call; return the circuit, and after how many seconds to ask again: 0, it may go."""
    if circuit.state is CircuitState.CLOSED or circuit.since is None:
        return circuit, 0.0
    is_open = circuit.state is CircuitState.OPEN
    pause = timedelta(seconds=policy.cool_down_seconds if is_open else policy.trial_seconds)
    left = (circuit.since + pause - now).total_seconds()
    if left > 0:
        return circuit, left
    trial = replace(
        circuit,
        state=CircuitState.HALF_OPEN,
        generation=circuit.generation + 1,
        since=now,
    )
    return trial, 0.0


def succeeded(circuit: Circuit, policy: CircuitPolicy, generation: int) -> Circuit:
    """Take in that a call of this generation was answered."""
    if generation != circuit.generation or circuit.state is CircuitState.OPEN:
        return circuit
    if circuit.state is CircuitState.HALF_OPEN:
        return Circuit(generation=circuit.generation + 1)
    recent = (circuit.recent + _SUCCEEDED)[-policy.recent_calls :]
    return replace(circuit, failures=0, recent=recent)


def failed(circuit: Circuit, policy: CircuitPolicy, generation: int, now: datetime) -> Circuit:
    """Take in that a call of this generation failed."""
    if generation != circuit.generation or circuit.state is CircuitState.OPEN:
        return circuit
    recent = (circuit.recent + _FAILED)[-policy.recent_calls :]
    worse = replace(circuit, failures=circuit.failures + 1, recent=recent)
    if circuit.state is CircuitState.CLOSED and not _is_too_much(worse, policy):
        return worse
    return replace(worse, state=CircuitState.OPEN, generation=circuit.generation + 1, since=now)


def _is_too_much(circuit: Circuit, policy: CircuitPolicy) -> bool:
    calls = len(circuit.recent)
    share = circuit.recent.count(_FAILED) / calls
    in_a_row = circuit.failures >= policy.failures_in_a_row
    return in_a_row or (calls >= policy.recent_calls_min and share > policy.share_max)
