"""Times in CSV files: New York's unless they name a zone, and which end of a bar they are.

A file does not say whether a time is the beginning of its minute or the end; its sessions do.
AlphaVantage has a bar at the close and none at the open.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.sessions import Session
from bifrost.data.providers.local_times import DAY, YEARS, utc_of_new_york
from bifrost.data.series.columns import Integers, micros
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours

Flags: TypeAlias = NDArray[np.bool_]

TIME = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?))?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
NO_TIME = -(2**63)
MINUTE = 60_000_000
# Of fewer, thin trading may look like any step.
_STEPS_MIN = 10


class Stamp(StrEnum):
    """Which end of a bar its time is."""

    BEGIN = "begin"
    END = "end"


def starts_of(
    days: tuple[str, ...],
    clocks: tuple[str | None, ...],
    zones: tuple[str | None, ...],
    timeframe: Timeframe,
    sessions: Sequence[Session],
) -> Integers:
    """Return when each bar begins, or the stamp of it; NO_TIME where it says no such time."""
    if timeframe.is_daily:
        opens = {one.session.isoformat(): micros(one.opens_at) for one in sessions}
        return np.array([opens.get(day, NO_TIME) for day in days], dtype=np.int64)
    local, known = _walls(days, clocks)
    new_york = np.where(known, utc_of_new_york(local), NO_TIME)
    if not any(zones):
        return new_york
    shift = np.array([_zone(one) for one in zones], dtype=np.int64)
    told = np.array([one is not None for one in zones])
    return np.where(known & told, local - shift, new_york)


def _walls(days: tuple[str, ...], clocks: tuple[str | None, ...]) -> tuple[Integers, Flags]:
    """Return microseconds since 1970 began where each clock hangs, and whether there is a time."""
    # A file of minutes has few days and few times of day.
    day_of = {one: _day(one) for one in set(days)}
    time_of = {one: _clock(one) for one in set(clocks)}
    midnights = np.array([day_of[one] for one in days], dtype=np.int64)
    times = np.array([time_of[one] for one in clocks], dtype=np.int64)
    known = (midnights != NO_TIME) & (times != NO_TIME)
    return np.where(known, midnights + times, 0), known


def _day(text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return NO_TIME
    if day.year not in YEARS:
        return NO_TIME
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY


def _clock(text: str | None) -> int:
    if text is None:
        return NO_TIME
    hours, minutes, *rest = text.split(":")
    seconds = Decimal(rest[0]) if rest else Decimal(0)
    if int(hours) > 23 or int(minutes) > 59 or seconds >= 60:
        return NO_TIME
    return (int(hours) * 60 + int(minutes)) * MINUTE + int(seconds * 1_000_000)


def _zone(text: str | None) -> int:
    """Return how far a zone is ahead of UTC, in microseconds."""
    if text is None or text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return (minutes if text[0] == "+" else -minutes) * MINUTE


def refuse_other_timeframe(stamps: Integers, timeframe: Timeframe) -> None:
    """Raise InvalidInputError where more than half of the times are another timeframe apart."""
    steps = np.diff(np.unique(stamps))
    if len(steps) < _STEPS_MIN:
        return
    for other in Timeframe:
        is_other = other is not timeframe and not other.is_daily
        if is_other and 2 * np.count_nonzero(steps == other.minutes * MINUTE) > len(steps):
            raise InvalidInputError(
                FieldProblem(
                    "timeframe",
                    f"the file is told to be of {timeframe} bars, but most are"
                    f" {other.minutes} minutes apart",
                    f"send it with `--timeframe {other}`",
                )
            )


def stamp_of(stamps: Integers, sessions: Sequence[Session]) -> Stamp:
    """Say what times are, by where trading begins and ends; raise InvalidInputError if none can.

    Regular hours have a time at the open or one at the close. Where the early and late session
    are there too, both are, and 4:00 or 20:00 decides.
    """
    regular, whole = TradingHours.regular(sessions), TradingHours.extended(sessions)
    for first, last in (
        (regular.starts_at, regular.ends_at),
        (whole.starts_at[::3], whole.ends_at[2::3]),
    ):
        begins, ends = np.isin(stamps, first).sum(), np.isin(stamps, last).sum()
        if begins != ends:
            return Stamp.BEGIN if begins > ends else Stamp.END
    raise InvalidInputError(
        FieldProblem(
            "column 1",
            "nothing says whether a time is its bar's beginning or its end: as many are at an"
            " open as at a close",
            "say it: `--times begin` or `--times end`",
        )
    )
