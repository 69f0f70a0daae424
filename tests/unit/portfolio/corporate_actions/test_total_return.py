"""AAPL held over its splits and dividends earns what the adjusted series says, to 1e-9.

Raw prices, with the dividends and splits read from Lean's factor file; each dividend buys shares
at the ex-date's theoretical opening, the last close less the dividend, which is what an adjusted
series assumes. The file rounds its split factors to seven places (0.0178571 for 1/56), so returns
are compared twice: with the ratios that it means, and with those that it literally says.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from itertools import pairwise
from zipfile import ZipFile

import pytest

from bifrost.core.corporate_actions import CorporateAction, Split
from bifrost.core.money import EXACT, exact_product
from bifrost.data.files.lean_actions import (
    FactorRow,
    factor_actions,
    read_factor_file,
    split_ratios,
)
from bifrost.events import Event
from bifrost.portfolio.rebuild import rebuild
from tests.action_builders import announced
from tests.builders import cash_deposited, fill, fill_recorded
from tests.shared_data import shared_data

FOLDER = "daily_corporate_actions/lean"
SHARES = Decimal(10_000)
STARTS = ("1998-01-02", "2004-12-31", "2012-08-08", "2014-06-06", "2020-08-28")
PUBLISHED_SPLITS = {
    "2000-06-21": (2, 1),
    "2005-02-28": (2, 1),
    "2014-06-09": (7, 1),
    "2020-08-31": (4, 1),
}


@dataclass(frozen=True, slots=True)
class Market:
    """The raw closes of AAPL by session, and what its factor file says."""

    closes: dict[date, Decimal]
    rows: list[FactorRow]
    actions: list[CorporateAction]

    def as_written(self) -> list[CorporateAction]:
        """The actions with each split in the file's own rounded factors."""
        steps = {
            self.sessions[bisect_right(self.sessions, row.day)]: (later, row)
            for row, later in pairwise(self.rows)
            if row.split_factor != later.split_factor
        }
        return [
            one
            if one.split is None
            else replace(one, split=Split(*(row.split_factor for row in steps[one.ex_date])))
            for one in self.actions
        ]

    @property
    def sessions(self) -> list[date]:
        """All of them, in order."""
        return list(self.closes)

    def growth(self, start: date, split_factors: Sequence[Fraction]) -> Fraction:
        """The last adjusted close over that of the start."""

        def adjusted(day: date) -> Fraction:
            place = bisect_left([row.day for row in self.rows], day)
            factor = Fraction(self.rows[place].price_factor) * split_factors[place]
            return Fraction(self.closes[day]) * factor

        return adjusted(self.sessions[-1]) / adjusted(start)


@pytest.fixture(scope="module")
def market() -> Market:
    """AAPL from 1998 to 2021."""
    with ZipFile(shared_data(f"{FOLDER}/daily/aapl.zip")) as archive:
        lines = archive.read(archive.namelist()[0]).decode().split()
    closes: dict[date, Decimal] = {}
    # A line is `yyyymmdd 00:00,open,high,low,close,volume`, prices in ten-thousandths.
    for day, rest in zip(lines[::2], lines[1::2], strict=True):
        closes[date.fromisoformat(day)] = Decimal(rest.split(",")[4]).scaleb(-4)
    rows = read_factor_file(shared_data(f"{FOLDER}/factor_files/aapl.csv").read_bytes())
    sessions = list(closes)
    actions = factor_actions("AAPL", rows, lambda day: sessions[bisect_right(sessions, day)])
    return Market(closes, rows, actions)


def hold(market: Market, start: date, actions: Sequence[CorporateAction]) -> Fraction:
    """Buy at the start's close, reinvest every dividend; return what one dollar became."""
    paid = exact_product(SHARES, market.closes[start])
    events: list[Event] = [
        cash_deposited(str(paid)),
        fill_recorded(fill(1, SHARES, market.closes[start], occurred_at=_at(start)), 1),
    ]
    for number, one in enumerate((a for a in actions if a.ex_date > start), start=2):
        events.append(announced(one))
        if one.cash_dividend is None:
            continue
        last_close = market.closes[market.sessions[bisect_left(market.sessions, one.ex_date) - 1]]
        opening = EXACT.subtract(last_close, one.cash_dividend.amount_per_share)
        cash = rebuild(events, through=one.ex_date).cash
        size = EXACT.divide(cash, opening).quantize(Decimal("1E-12"), ROUND_FLOOR, EXACT)
        events.append(
            fill_recorded(fill(number, size, opening, occurred_at=_at(one.ex_date)), number)
        )
    books = rebuild(events)
    quantity, _ = books.positions()["AAPL"]
    worth = exact_product(quantity, market.closes[market.sessions[-1]])
    return Fraction(EXACT.add(worth, books.cash)) / Fraction(paid)


def _at(day: date) -> datetime:
    return datetime.combine(day, time(21), UTC)


@pytest.mark.parametrize("start", STARTS)
def test_a_held_position_earns_the_adjusted_return(market: Market, start: str) -> None:
    factors = [Fraction(1)]
    for ratio in reversed(split_ratios(pairwise(market.rows))):
        factors.insert(0, factors[0] / ratio)
    begin = date.fromisoformat(start)

    earned = hold(market, begin, market.actions)

    assert abs(earned / market.growth(begin, factors) - 1) < Fraction(1, 10**9)


@pytest.mark.parametrize("start", STARTS)
def test_with_the_files_own_rounded_factors_it_earns_their_return(
    market: Market, start: str
) -> None:
    factors = [Fraction(row.split_factor) for row in market.rows]
    begin = date.fromisoformat(start)

    earned = hold(market, begin, market.as_written())

    assert abs(earned / market.growth(begin, factors) - 1) < Fraction(1, 10**9)


def test_the_splits_read_are_the_ones_that_apple_made(market: Market) -> None:
    read = {str(one.ex_date): one.split for one in market.actions if one.split}

    assert {day: (s.new_shares, s.old_shares) for day, s in read.items()} == PUBLISHED_SPLITS


def test_the_dividends_read_are_whole_cents_but_for_the_factors_rounding(market: Market) -> None:
    paid = [one.cash_dividend.amount_per_share for one in market.actions if one.cash_dividend]
    half_cents = [round(amount * 200) / Decimal(200) for amount in paid]

    assert len(paid) == 35
    assert max(abs(a - b) for a, b in zip(paid, half_cents, strict=True)) < Decimal("0.0001")
    assert half_cents[0] == Decimal("2.65")
    assert half_cents[-1] == Decimal("0.205")


def test_the_files_reference_closes_are_the_raw_closes(market: Market) -> None:
    changes = [row for row, later in pairwise(market.rows) if row != later][1:]

    assert all(market.closes[row.day] == row.reference_close for row in changes)
