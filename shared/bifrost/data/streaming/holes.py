"""Holes: minutes of a stream of which something may be missing. Instants are microseconds.

A hole is kept, not computed: what happened while nobody listened is known by nobody here, so it
stays until a vendor was asked for just these minutes.

It is no gap of `data.ingest`: a gap is bars that the calendar expects and the store lacks, found by
looking; in a hole nobody knows whether there was anything, and a stored bar may lie in one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

MINUTE = 60_000_000


class GapCause(StrEnum):
    """Why something may be missing."""

    NOT_CONNECTED = "not_connected"  # nobody listened
    DISCONNECTED = "disconnected"  # the line was cut, or the vendor sent us away
    SILENCE = "silence"  # nothing came for longer than can be, while the market was open
    SEQUENCE = "sequence"  # the vendor's count jumped
    SLOW_CONSUMER = "slow_consumer"  # we did not keep up
    UNREADABLE = "unreadable"  # something came that cannot be read
    LATE = "late"  # it came after its minute was closed and forgotten


@dataclass(frozen=True, slots=True)
class Hole:
    """Minutes that begin in [first, before); before None: it lasts.

    missing: the vendor's numbers that were passed over, where that is all that is wrong: once
        each has come after all, nothing is missing. Empty: it has to be filled.
    """

    first: int
    before: int | None
    cause: GapCause
    missing: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.before is not None and self.before <= self.first:
            raise ValueError(f"a hole ends after it begins: {self.first} to {self.before}")

    def touches(self, first: int, before: int) -> bool:
        """Say whether any minute of [first, before) is in it."""
        return self.first < before and (self.before is None or first < self.before)


def minute_of(at: int) -> int:
    """Return when the minute of this instant began."""
    return at // MINUTE * MINUTE


def minute_after(at: int) -> int:
    """Return when the first whole minute begins that is not before this instant."""
    return -(-at // MINUTE) * MINUTE


def touched(holes: Iterable[Hole], first: int, before: int) -> bool:
    """Say whether something may be missing of the minutes that begin in [first, before)."""
    return any(hole.touches(first, before) for hole in holes)


def closed_at(holes: Iterable[Hole], at: int) -> tuple[Hole, ...]:
    """End each hole that lasts with the minute of `at`, which is not whole itself."""
    return tuple(
        hole
        if hole.before is not None
        else replace(hole, before=max(minute_after(at), hole.first + MINUTE))
        for hole in holes
    )


def without(holes: Iterable[Hole], first: int, before: int) -> tuple[Hole, ...]:
    """Take [first, before) out of the holes: it was filled. One that lasts is cut, not ended."""
    left: list[Hole] = []
    for hole in holes:
        if not hole.touches(first, before):
            left.append(hole)
            continue
        if hole.first < first:
            left.append(replace(hole, before=first))
        if hole.before is None or before < hole.before:
            left.append(replace(hole, first=max(before, hole.first)))
    return tuple(left)


def merged(holes: Iterable[Hole]) -> tuple[Hole, ...]:
    """Join what touches: fewer questions to the vendor. Ones that may heal by themselves stay."""
    healing = [hole for hole in holes if hole.missing]
    joined: list[Hole] = []
    for hole in sorted((hole for hole in holes if not hole.missing), key=lambda one: one.first):
        last = joined[-1] if joined else None
        if last is None or (last.before is not None and last.before < hole.first):
            joined.append(hole)
            continue
        joined[-1] = replace(last, before=_later(last.before, hole.before))
    return tuple(sorted([*joined, *healing], key=lambda one: one.first))


def healed(holes: Sequence[Hole], sequence: int) -> tuple[tuple[Hole, ...], bool]:
    """Take a number that came late out of what is missing; say whether it was missing."""
    place = next((n for n, hole in enumerate(holes) if sequence in hole.missing), None)
    if place is None:
        return tuple(holes), False
    rest = holes[place].missing - {sequence}
    kept = [replace(holes[place], missing=rest)] if rest else []
    return (*holes[:place], *kept, *holes[place + 1 :]), True


def _later(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)
