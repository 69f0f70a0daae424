"""Snapshots of all instruments as of a day: what could be known once its session had closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import prod

from bifrost.core.corporate_actions import CorporateAction, Split, StockDividend
from bifrost.core.sessions import Session, exchange_date
from bifrost.data.series.columns import instant_of, micros
from bifrost.data.snapshots.facts import (
    SHARES,
    Earnings,
    Fundamental,
    earnings_known,
    fundamentals_known,
)
from bifrost.data.snapshots.kinds import Known, Reported, Setup, Snapshot
from bifrost.data.snapshots.overview import overview
from bifrost.data.snapshots.panel import History, by_name, panel_of
from bifrost.data.snapshots.setups import setups
from bifrost.data.snapshots.technicals import technicals


@dataclass(frozen=True, slots=True)
class Facts:
    """What companies reported, by instrument."""

    fundamentals: Mapping[str, Sequence[Fundamental]] = field(default_factory=dict)
    earnings: Mapping[str, Sequence[Earnings]] = field(default_factory=dict)


def make_snapshots(
    histories: Sequence[History], facts: Facts, sessions: Sequence[Session], as_of: datetime
) -> list[Snapshot]:
    """Return a snapshot of each instrument that had a bar by then.

    sessions: those that cover the histories, in order. Bars that had not closed, actions whose
    ex-date had not come and rows that had not been reported change nothing.
    """
    closed = [one for one in sessions if one.closes_at <= as_of]
    if not closed:
        return []
    closes = {micros(one.opens_at): one.closes_at for one in closed}
    panel = panel_of(histories, exchange_date(as_of), micros(closed[-1].closes_at))
    seen, measured, patterns = overview(panel), technicals(panel), setups(panel)
    made = []
    for row, history in enumerate(histories):
        begins = int(panel.starts_at[row, -1])
        if not begins:
            continue
        known_at = closes.get(begins, instant_of(begins))
        reported = fundamentals_known(facts.fundamentals.get(history.instrument, ()), as_of)
        last, following = earnings_known(facts.earnings.get(history.instrument, ()), as_of)
        looked = _known(by_name(panel, seen, row), known_at)
        made.append(
            Snapshot(
                instrument=history.instrument,
                session=exchange_date(known_at),
                overview=looked | _market_cap(looked, reported, history, as_of),
                technicals=_known(by_name(panel, measured, row), known_at),
                fundamentals=reported,
                last_earnings=last,
                next_earnings=following,
                setups=tuple(Setup(name, known_at) for name, yes in patterns.items() if yes[row]),
            )
        )
    return made


def _known(values: Mapping[str, float], at: datetime) -> dict[str, Known]:
    return {name: Known(value, at) for name, value in values.items()}


def _market_cap(
    looked: Mapping[str, Known],
    reported: Mapping[str, Reported],
    history: History,
    as_of: datetime,
) -> dict[str, Known]:
    """Multiply the last close by the shares reported last, in shares of the day."""
    shares, close = reported.get(SHARES), looked.get("last_close")
    if shares is None or close is None:
        return {}
    today = exchange_date(as_of)
    now = shares.value * _split(history.actions, shares.period_end, today)
    return {"market_cap": Known(now * close.value, max(shares.known_at, close.known_at))}


def _split(actions: Sequence[CorporateAction], after: date, until: date) -> float:
    return prod(
        float(one.terms.ratio)
        for one in actions
        if after < one.ex_date <= until and isinstance(one.terms, Split | StockDividend)
    )
