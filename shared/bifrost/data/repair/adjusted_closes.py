"""Adjusted closes: how one step of them is mended, and steps that no dividend explains."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.dividend_steps import Steps, steps_of
from bifrost.data.repair.findings import (
    ColumnChange,
    Doubt,
    Found,
    Repair,
    RepairKind,
    as_date,
)
from bifrost.data.repair.vendor_series import Floats, VendorSeries, change_of, usable

# The longest run of bars whose adjusted closes may be off by themselves.
_RUN_MAX = 20
# A dividend that only adjusted closes tell is one source's word.
_ONE_VOTE = 0.5
_CLEAR = 0.9


class Readjusted:
    """The repair of one dividend: what is told of it, and the adjusted closes before it."""

    def __init__(self, series: VendorSeries, steps: Steps, at: int) -> None:
        self._series, self._steps, self._at = series, steps, at
        self._changes: list[ColumnChange] = []

    def tells(self, place: int, amount: float) -> None:
        """Change what is told of a session."""
        cell = np.array([place])
        self._changes.append(change_of(self._series, "dividends", cell, np.array([amount])))

    def adjusts(self, amount: float) -> None:
        """Put a dividend of this amount into the step, in the place of what is implied."""
        before, implied = self._steps.before[self._at], self._steps.implied[self._at]
        self.scales(0, int(self._steps.places[self._at]), (before - amount) / (before - implied))

    def scales(self, first: int, end: int, factor: float) -> None:
        """Multiply the adjusted closes of the bars [first, end)."""
        cells = first + np.flatnonzero(usable(self._series.adjusted_close[first:end]))
        if len(cells):
            repaired = self._series.adjusted_close[cells] * factor
            self._changes.append(change_of(self._series, "adjusted_close", cells, repaired))

    def repair(
        self, kind: RepairKind, evidence: dict[str, float], reason: str, known: int | None = None
    ) -> Repair:
        """Return it; known: the place of the last bar that was looked at."""
        place = int(self._steps.places[self._at]) if known is None else known
        return Repair(kind, self._changes, evidence, reason, as_date(self._series.sessions[place]))


def lone_adjusted(series: VendorSeries) -> Found:
    """Find short runs whose adjusted close, or close, is off: the step in is undone by one out."""
    steps = steps_of(series)
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    step = 1 - steps.implied / steps.before
    bare = np.flatnonzero(_bare(steps))
    for into, out in pairwise(bare):
        noise = 4 * float((steps.error / steps.before)[[into, out]].sum())
        if out - into > _RUN_MAX or abs(step[into] * step[out] - 1) > noise:
            continue
        found = _run(series, steps.places[into:out], float(step[into]), int(steps.places[out]))
        repairs += found.repairs
        doubts += found.doubts
    return Found(repairs, doubts)


def _run(series: VendorSeries, run: NDArray[np.intp], step: float, after: int) -> Found:
    # The factor before the run over that inside it is the step: inside is 1 / step of what is due.
    close, adjusted = series.close[run], series.adjusted_close[run]
    close_inside = _inside(series, run, close)
    other_inside = _inside(series, run, close / step)
    session, known = as_date(series.sessions[run[0]]), as_date(series.sessions[after])
    if close_inside == other_inside:
        reason = (
            f"close and adjusted close disagree by {abs(1 / step - 1):.2%}: either may be wrong"
        )
        return Found(doubts=[Doubt(RepairKind.ADJUSTED_CLOSE, session, reason)])
    if close_inside:
        change = change_of(series, "adjusted_close", run, adjusted * step)
        kind, what = RepairKind.ADJUSTED_CLOSE, "adjusted close"
    else:
        change = change_of(series, "close", run, close / step)
        kind, what = RepairKind.MISSING_PRICE, "close"
    reason = (
        f"{what} off by {abs(1 / step - 1):.2%} for {len(run)} bar(s), and back after:"
        f" {change.raw[0]:.6g} should be {change.repaired[0]:.6g}"
    )
    return Found([Repair(kind, [change], {"inside_the_bar": _CLEAR}, reason, known)])


def _inside(series: VendorSeries, run: NDArray[np.intp], close: Floats) -> bool:
    slack = 1e-6 * close
    inside = (close >= series.low[run] - slack) & (close <= series.high[run] + slack)
    return bool(inside.all())


def undeclared(series: VendorSeries) -> Found:
    """Find steps of adjusted closes where no dividend is told: one source's claim of one."""
    steps = steps_of(series)
    repairs: list[Repair] = []
    doubts: list[Doubt] = []
    for at in np.flatnonzero(_bare(steps)):
        implied, place = float(steps.implied[at]), int(steps.places[at])
        session = as_date(series.sessions[place])
        if not 0 < implied < steps.before[at] / 2:
            reason = (
                f"adjusted closes step by {-implied / steps.before[at]:+.2%} without a dividend"
            )
            doubts.append(Doubt(RepairKind.ADJUSTED_CLOSE, session, reason))
            continue
        made = Readjusted(series, steps, int(at))
        made.tells(place, implied)
        reason = f"adjusted closes were adjusted for {implied:.6g}, and no dividend is told"
        evidence = {"two_sources": _ONE_VOTE}
        repairs.append(made.repair(RepairKind.MISSING_DIVIDEND, evidence, reason))
    return Found(repairs, doubts)


def _bare(steps: Steps) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        bare: NDArray[np.bool_] = (np.abs(steps.implied) > 3 * steps.error) & (steps.told == 0)
    return bare
