"""Corporate actions out of Lean's factor files.

A factor file has, for each last session before an ex-date, what raw prices up to it are multiplied
by: `yyyymmdd,price_factor,split_factor,reference_close`. So a dividend is what the step of the
price factor takes from the reference close, and a split is the step of the split factor. Factors
are rounded to seven places: a split's ratio is the simplest one that the rounding allows (4 for 1,
not 3.99999), a dividend is kept as it comes out.
It does not say how a dividend is taxed (here: ordinary), nor when it is paid.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    DividendKind,
    Split,
)
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.money import exact_product
from bifrost.core.written import is_decimal
from bifrost.data.files.bar_file import text_lines
from bifrost.data.reference.map_files import lean_day

VENDOR = "lean"
# Half of the last place of a split factor.
FACTOR_ROUNDING = Fraction(5, 10**8)
DIVIDEND_INCREMENT = Decimal("1E-15")
_RATIO_DENOMINATORS = (1, 2, 3, 5, 10, 20, 50, 100, 1000, 10_000, 100_000, 1_000_000)

NextSession = Callable[[date], date]


@dataclass(frozen=True, slots=True)
class FactorRow:
    """What raw prices up to and with `day` are multiplied by."""

    day: date
    price_factor: Decimal
    split_factor: Decimal
    reference_close: Decimal


def read_factor_file(content: bytes) -> list[FactorRow]:
    """Read it, oldest row first. Raises InvalidInputError naming line and column."""
    rows = []
    for line, text in text_lines(content):
        cells = [cell.strip() for cell in text.split(",")]
        if len(cells) != 4:
            raise _problem(line, "row", f"it has {len(cells)} fields, not 4")
        for place, cell in enumerate(cells[1:], start=2):
            if not is_decimal(cell) or (place < 4 and Decimal(cell) <= 0):
                raise _problem(line, str(place), f"{cell[:40]!r} is not a factor or price")
        rows.append(FactorRow(lean_day(cells[0], line), *map(Decimal, cells[1:])))
    return sorted(rows, key=lambda row: row.day)


def factor_actions(
    symbol: str, rows: Iterable[FactorRow], next_session: NextSession, *, currency: str = "USD"
) -> list[CorporateAction]:
    """Return the dividends and splits between the rows, in their order."""
    pairs = list(pairwise(rows))
    ratios = split_ratios(pairs)
    actions = []
    for (row, later), ratio in zip(pairs, ratios, strict=True):
        stamp = _Stamp(symbol, currency, next_session)
        if row.price_factor != later.price_factor:
            paid = CashDividend(DividendKind.ORDINARY, _dividend(row, later))
            actions.append(stamp.action(row.day, "cash_dividend", paid))
        if ratio != 1:
            split = Split(Decimal(ratio.numerator), Decimal(ratio.denominator))
            actions.append(stamp.action(row.day, "split", split))
    return actions


def split_ratios(pairs: Iterable[tuple[FactorRow, FactorRow]]) -> list[Fraction]:
    """Return by how much shares multiply after each row: the simplest ratios that fit the file."""
    ratios = []
    exact: Fraction | None = None
    for row, later in reversed(list(pairs)):
        exact = Fraction(later.split_factor) if exact is None else exact
        ratio = _simplest(exact, Fraction(row.split_factor))
        exact /= ratio
        ratios.append(ratio)
    return ratios[::-1]


@dataclass(frozen=True, slots=True)
class _Stamp:
    symbol: str
    currency: str
    next_session: NextSession

    def action(self, last_session: date, kind: str, terms: Any) -> CorporateAction:
        ex_date = self.next_session(last_session)
        return CorporateAction(
            action_id=f"{VENDOR}:{self.symbol}:{ex_date}:{kind}",
            vendor=VENDOR,
            revision=1,
            instrument=self.symbol,
            currency=self.currency,
            ex_date=ex_date,
            **{kind: terms},
        )


def _dividend(row: FactorRow, later: FactorRow) -> Decimal:
    part = 1 - Fraction(row.price_factor) / Fraction(later.price_factor)
    steps = round(Fraction(row.reference_close) * part / Fraction(DIVIDEND_INCREMENT))
    return exact_product(Decimal(steps), DIVIDEND_INCREMENT)


def _simplest(later: Fraction, written: Fraction) -> Fraction:
    """Return the ratio by which the exact later factor leads to the written, rounded one."""
    ratio = later / written
    for denominator in _RATIO_DENOMINATORS:
        simple = ratio.limit_denominator(denominator)
        if simple and abs(later / simple - written) <= FACTOR_ROUNDING:
            return simple
    return ratio


def _problem(line: int, column: str, message: str) -> InvalidInputError:
    return InvalidInputError(
        FieldProblem(f"line {line}, column {column}", message, "send the file as Lean writes it")
    )
