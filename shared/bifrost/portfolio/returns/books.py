"""The desk's own books as a series, and what they earned, as text that no float comes back from.

Market time is that of the newest bar, so what is paid in after a session's last bar is stamped
with its close: it is there at the end of that day, when the value had been struck, and no part of
what the day earned. What is stamped before a session's close was there from its start.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import ConflictError, FieldProblem, InvalidInputError
from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.portfolio.performance import (
    BenchmarkReturns,
    BookFlow,
    Failed,
    PriceOfSession,
    Returns,
    require_order,
)
from bifrost.portfolio.returns.benchmark import Level, compare
from bifrost.portfolio.returns.failures import Cause, Failure
from bifrost.portfolio.returns.modified_dietz import modified_dietz
from bifrost.portfolio.returns.money_weighted import money_weighted
from bifrost.portfolio.returns.series import NOTHING, Day, Series, gross_of_fees, part, series_of
from bifrost.portfolio.returns.time_weighted import time_weighted
from bifrost.portfolio.valuation import SessionValuation

UNVALUED_SHOWN = 20
_MEASURES: tuple[tuple[str, Callable[[Series], float | Failure]], ...] = (
    ("twr", time_weighted),
    ("mwr", money_weighted),
    ("modified_dietz", modified_dietz),
)
_COMPARED = ("portfolio", "benchmark", "excess", "excess_geometric", "tracking_error")


@dataclass(frozen=True, slots=True)
class Unvalued:
    """A session whose worth is unknown, and why: `StrategySession` says what the names are."""

    session: date
    unpriced: frozenset[str]
    unattributed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BookSeries:
    """The valued days of books, and the sessions of unknown worth, which no day is made up for.

    shorts: sessions at whose close something stood short that no cash of the books stands behind.
    """

    series: Series
    unvalued: tuple[Unvalued, ...]
    shorts: tuple[tuple[date, frozenset[str]], ...] = ()


def book_series(valuations: Sequence[SessionValuation], flows: Sequence[BookFlow]) -> BookSeries:
    """Put flows to the days on which they were there; valuations come oldest first.

    Flows of a day whose worth is unknown are there from the start of the next one that is valued.
    Raises ConflictError where nothing is valued.
    """
    ends = [one.occurred_at for one in valuations]
    early: dict[int, list[BookFlow]] = {}
    late: dict[int, list[BookFlow]] = {}
    for flow in flows:
        place = 0 if flow.occurred_at is None else bisect_left(ends, flow.occurred_at)
        if place < len(ends):
            is_late = flow.occurred_at == ends[place]
            (late if is_late else early).setdefault(place, []).append(flow)
    days, unvalued, waiting = [], list[Unvalued](), list[BookFlow]()
    for place, one in enumerate(valuations):
        worth = one.valuation.equity
        start = [*waiting, *early.get(place, ())]
        end = late.get(place, [])
        if worth is None:
            unvalued.append(Unvalued(one.session, frozenset(one.valuation.unpriced)))
            waiting = [*start, *end]
            continue
        waiting = []
        paid_at_end = exact_sum(flow.paid_in for flow in end)
        days.append(
            Day(
                one.session,
                flow=exact_sum(flow.paid_in for flow in start),
                value=worth,
                fee=exact_sum(flow.fee for flow in (*start, *end)),
                taken=EXACT.minus(paid_at_end),
            )
        )
    if not days:
        raise ConflictError(nothing_valued(unvalued))
    return BookSeries(series_of(days), tuple(unvalued))


def cut(books: BookSeries, first: date | None, last: date | None) -> BookSeries:
    """Cut out a range; raise InvalidInputError where no valuation lies in it."""
    require_order(first, last)
    whole, low, high = books.series, first or date.min, last or date.max
    series = part(whole, low, high)
    begins = whole.days[0].on if whole.opening == NOTHING and whole.days else whole.opened_on
    since = min(low, date.fromordinal(series.opened_on.toordinal() + 1))
    unvalued = tuple(one for one in books.unvalued if since <= one.session <= high)
    is_outside = high < begins or low > whole.closed_on
    if is_outside or (whole.days and not series.days):
        between = f"between {first or 'the beginning'} and {last or 'the end'}"
        raise InvalidInputError(
            FieldProblem(
                "to" if high < begins else "from",
                f"no valuation lies {between}{_because(unvalued)}",
                f"the valuations go from {begins} to {whole.closed_on}",
            )
        )
    shorts = tuple(one for one in books.shorts if series.opened_on <= one[0] <= series.closed_on)
    return BookSeries(series, unvalued, shorts)


def returns_of(books: BookSeries, *, is_net: bool) -> Returns:
    """Measure a series: after fees, or with them given back."""
    series = books.series if is_net else gross_of_fees(books.series)
    failure = _of_shorts(books)
    found = {name: failure or measure(series) for name, measure in _MEASURES}
    days = series.days
    flows = exact_sum(EXACT.subtract(day.flow, day.taken) for day in books.series.days)
    return Returns(
        opened_on=series.opened_on,
        closed_on=series.closed_on,
        opening=series.opening,
        closing=series.closing,
        flows=flows,
        valuations=len(days),
        unvalued=tuple(one.session for one in books.unvalued[:UNVALUED_SHOWN]),
        unpriced=_named(one.unpriced for one in books.unvalued),
        unattributed=_named(one.unattributed for one in books.unvalued),
        measures={name: written(one) for name, one in found.items()},
        failures=_failures(found),
    )


def beside(
    books: BookSeries, symbol: str, levels: Sequence[Level], *, is_net: bool
) -> BenchmarkReturns:
    """Set the books' time-weighted return beside a benchmark's over the same days."""
    series = books.series if is_net else gross_of_fees(books.series)
    found = _of_shorts(books) or compare(series, levels)
    if isinstance(found, Failure):
        missing = dict.fromkeys((*_COMPARED[:1], "twr", *_COMPARED[2:]))
        return BenchmarkReturns(symbol, None, None, missing, _failures({"benchmark": found}))
    by_name = {"twr" if name == "benchmark" else name: getattr(found, name) for name in _COMPARED}
    return BenchmarkReturns(
        symbol=symbol,
        opened_on=found.opened_on,
        closed_on=found.closed_on,
        measures={name: written(one) for name, one in by_name.items()},
        failures=_failures(by_name),
    )


def total_return_levels(
    prices: Sequence[PriceOfSession], actions: Sequence[CorporateAction]
) -> list[Level]:
    """Make an index of what one share became, its dividends put back at the price before.

    A dividend of d makes each share P / (P - d) at the price P of the session before, as in the
    CRSP's adjustment; a spin-off is one of its shares' value. Prices come oldest first.
    """
    due = sorted(actions, key=lambda one: one.ex_date)
    levels, shares, before = list[Level](), Decimal(1), None
    for one in prices:
        while due and due[0].ex_date <= one.session:
            action = due.pop(0)
            if before is not None:
                shares = exact_product(shares, _shares_of(action, before))
        levels.append(Level(one.session, exact_product(shares, one.price)))
        before = one.price
    return levels


def written(found: float | Failure) -> str | None:
    """Write every digit of a double, without an exponent; None for what does not exist."""
    return None if isinstance(found, Failure) else f"{Decimal(repr(found)):f}"


def _shares_of(action: CorporateAction, before: Decimal) -> Decimal:
    more = action.split or action.stock_dividend
    if more:
        return EXACT.divide(Decimal(more.ratio.numerator), Decimal(more.ratio.denominator))
    paid = NOTHING
    if action.cash_dividend:
        paid = action.cash_dividend.amount_per_share
    elif action.spin_off and action.spin_off.share_value:
        paid = exact_product(action.spin_off.share_value, action.spin_off.shares_per_share)
    left = EXACT.subtract(before, paid)
    return EXACT.divide(before, left) if left > 0 else Decimal(1)


def _failures(found: dict[str, float | Failure]) -> dict[str, Failed]:
    return {
        name: Failed(one.cause.value, one.message, tuple(written(rate) or "" for rate in one.rates))
        for name, one in found.items()
        if isinstance(one, Failure)
    }


def nothing_valued(unvalued: Sequence[Unvalued]) -> str:
    """Say why there is no series."""
    if unvalued:
        return f"the worth is unknown in all {len(unvalued)} sessions{_because(unvalued)}"
    return "nothing has been valued: no session has closed since the first entry"


def _because(unvalued: Sequence[Unvalued]) -> str:
    """Say what is missing, where the worth of sessions is unknown."""
    reasons = (
        ("no price or rate of", _named(one.unpriced for one in unvalued)),
        ("traded by several when the issuer acted:", _named(one.unattributed for one in unvalued)),
    )
    said = [f"{why} {', '.join(names)}" for why, names in reasons if names]
    return f": {'; '.join(said)}" if said else ""


def _named(groups: Iterable[frozenset[str]]) -> tuple[str, ...]:
    return tuple(sorted(frozenset().union(*groups)))


def _of_shorts(books: BookSeries) -> Failure | None:
    """Refuse to measure what was sold short: of which capital it would be the return is open.

    Net of shorts, worth may be near nothing or below it; with its sign turned, what a short earns
    does not link (Bacon, Thompson, van der Westhuizen 2019, Abnormal Returns 2: Returns for Short
    Positions and Portfolios, StatPro).
    """
    if not books.shorts:
        return None
    session, names = books.shorts[0]
    return Failure(
        Cause.SHORT_POSITION,
        f"{', '.join(sorted(names))} stood short at the close of {session}, and no cash stands"
        " behind it here: ask for P&L",
    )
