"""Whatever happens in whatever order, what a strategy is worth less what it bought and took is its
P&L, over every range and to the last digit, and is unknown where that is.

Several strategies trade one account; fills, prices and actions come late and out of order, and
are corrected; capital comes back and is reversed. Beside it stands a count of fills and prices
that knows nothing of the books.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.adapters.postgres.database import Database
from bifrost.core.corporate_actions import (
    CorporateAction,
)
from bifrost.core.errors import ConflictError, InvalidInputError
from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.performance import PnlAsked, Scope, StrategySession
from bifrost.portfolio.returns.books import returns_of
from bifrost.portfolio.returns.strategies import strategy_series
from tests.action_builders import EVERY_KIND, action
from tests.builders import bar, bar_closed, session
from tests.contract.strategy_desk import StrategyDesk
from tests.postgres_server import Server

DAYS = 6
STRATEGIES = ("s-1", "s-2", "")
SYMBOLS = ("AAPL", "AAPL", "BIG", "SPUN")
DAY = st.integers(1, DAYS)
CENTS = st.integers(50, 90000).map(lambda n: f"{n}E-2")
TERMS = st.sampled_from(EVERY_KIND)


@dataclass(frozen=True, slots=True)
class Traded:
    """A fill as its venue made it."""

    day: int
    size: str
    at: str
    symbol: str
    strategy: str


Happening = Traded | CorporateAction | tuple[int, str, str] | CashFlowKind | str


@st.composite
def trades(draw: st.DrawFn) -> Traded:
    size = draw(st.integers(-20, 40).filter(bool))
    place = st.sampled_from(SYMBOLS), st.sampled_from(STRATEGIES)
    return Traded(draw(DAY), str(size), draw(CENTS), *(draw(one) for one in place))


@st.composite
def revisions(draw: st.DrawFn) -> list[CorporateAction]:
    name = draw(st.sampled_from(["a", "b", "c"]))
    return [
        action(
            draw(TERMS),
            name,
            ex_date=session(draw(DAY)),
            revision=number,
            withdrawn=number > 1 and draw(st.booleans()),
        )
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[Happening]:
    """What happens, in the order in which the desk hears of it."""
    acts = draw(
        st.lists(revisions(), min_size=1, max_size=2, unique_by=lambda one: one[0].action_id)
    )
    # Of most days there is a price: without any, nothing is known and nothing is shown.
    prices = st.tuples(DAY, CENTS, st.sampled_from(SYMBOLS))
    told: list[Happening] = [
        *draw(st.lists(trades(), min_size=3, max_size=9)),
        *[one for group in acts for one in group],
        *draw(st.lists(prices, min_size=2, max_size=8)),
        *draw(st.lists(st.sampled_from([CashFlowKind.RETURN_OF_CAPITAL, "undo"]), max_size=3)),
    ]
    return [*((1, "100", name) for name in SYMBOLS[1:]), *draw(st.permutations(told))]


class Teller:
    """Lets things happen; what the desk refuses has not happened."""

    def __init__(self, desk: StrategyDesk) -> None:
        self.desk = desk
        self._flows: list[str] = []
        self._prices = 0

    def happen(self, one: Happening) -> None:
        """Let one thing happen."""
        match one:
            case Traded():
                self.desk.trade_for(one.strategy, one.size, one.at, one.day, one.symbol)
            case CorporateAction():
                self.desk.hear(one)
            case (day, at, symbol):
                self._prices += 1
                self.desk.service.hear_bar(
                    bar_closed(bar(day, at, instrument=symbol), self._prices)
                )
            case CashFlowKind():
                self._return_capital()
            case _:
                self._undo()

    def _return_capital(self) -> None:
        try:
            self._flows.append(self.desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "12.34"))
        except InvalidInputError:
            return

    def _undo(self) -> None:
        try:
            if self._flows:
                self.desk.undo(self._flows.pop())
        except ConflictError:
            return


@contextmanager
def told(server: Server, history: Iterable[Happening]) -> Iterator[StrategyDesk]:
    """A desk of its own for each history."""
    with server.fresh_database() as name:
        database = Database(server.address("bifrost_portfolio", name))
        try:
            teller = Teller(StrategyDesk(database))
            for one in history:
                teller.happen(one)
            for day in range(1, DAYS + 2):
                teller.desk.open(day)
            yield teller.desk
        finally:
            database.close()


@settings(max_examples=25, deadline=None)
@given(history=histories(), scope=st.sampled_from([("s-1",), ("s-2",), ("s-1", "s-2")]))
def test_worth_less_flows_is_pnl_over_every_range_and_is_measured_if_it_is_known(
    postgres_server: Server, history: list[Happening], scope: tuple[str, ...]
) -> None:
    with told(postgres_server, history) as desk:
        reader = desk.performance
        found = desk.sessions(*scope)
        closes = {one.session: reader.close(until=one.session) for one in found}
        asked = PnlAsked(Scope((desk.account_id,), scope))

        for one in found:
            pnl = reader.pnl(replace(asked, closed=closes[one.session])).total
            assert (one.worth is None) == (pnl.total is None)
            assert one.unattributed == pnl.unattributed
            assert one.unpriced == pnl.unpriced
        for first, last in combinations(range(len(found)), 2):
            begun, ended = found[first], found[last]
            if begun.worth is not None and ended.worth is not None:
                opened, closed = closes[begun.session], closes[ended.session]
                pnl = reader.pnl(replace(asked, opened=opened, closed=closed)).total
                assert gained(found[first : last + 1]) == pnl.total
        if found and found[-1].worth is not None:
            whole = reader.pnl(replace(asked, closed=closes[found[-1].session])).total
            empty = StrategySession(session(0), Decimal(0), Decimal(0), Decimal(0))
            assert gained([empty, *found]) == whole.total
        for one_scope in (("s-1",), ("s-2",), ("s-1", "s-2")):
            assert_what_never_stood_short_is_measured(desk.sessions(*one_scope))


def assert_what_never_stood_short_is_measured(found: Sequence[StrategySession]) -> None:
    """A return is told unless nothing was at work."""
    if any(one.short for one in found) or all(one.worth is None for one in found):
        return
    shown = returns_of(strategy_series(found), is_net=True)
    causes = {name: one.cause for name, one in shown.failures.items()}
    assert causes.get("twr") in {None, "nothing_invested"}, causes


def gained(span: Sequence[StrategySession]) -> Decimal:
    """Closing less opening less what was brought in since."""
    first, last = span[0].worth, span[-1].worth
    assert first is not None
    assert last is not None
    flows = exact_sum(EXACT.subtract(one.bought, one.taken) for one in span[1:])
    return EXACT.subtract(EXACT.subtract(last, first), flows)


@settings(max_examples=15, deadline=None)
@given(
    fills=st.lists(trades(), min_size=1, max_size=10),
    prices=st.lists(
        st.tuples(DAY, CENTS, st.sampled_from(SYMBOLS)),
        max_size=8,
        unique_by=lambda one: (one[0], one[2]),
    ),
)
def test_sessions_are_those_that_an_own_count_of_fills_and_prices_gives(
    postgres_server: Server, fills: list[Traded], prices: list[tuple[int, str, str]]
) -> None:
    marks = {(day, symbol): Decimal(at) for day, at, symbol in prices}
    with told(postgres_server, [*fills, *prices]) as desk:
        for strategy in ("s-1", "s-2"):
            own = [one for one in fills if one.strategy == strategy]
            first = min((one.day for one in own), default=DAYS + 2)

            expected = [counted(day, own, marks) for day in range(first, DAYS + 2)]

            shown = desk.sessions(strategy)
            assert [(one.worth, one.bought, one.taken) for one in shown] == expected


def counted(
    day: int, fills: Sequence[Traded], marks: dict[tuple[int, str], Decimal]
) -> tuple[Decimal | None, Decimal, Decimal]:
    """Count what is held at a close, and what that day's fills, of 1 dollar each, moved."""
    worth: Decimal | None = Decimal(0)
    for symbol in set(SYMBOLS):
        held = exact_sum(Decimal(f.size) for f in fills if f.day <= day and f.symbol == symbol)
        at = next((marks[d, symbol] for d in range(day, 0, -1) if (d, symbol) in marks), None)
        if held and worth is not None:
            worth = None if at is None else EXACT.add(worth, exact_product(held, at))
    paid = [
        EXACT.add(exact_product(Decimal(f.size), Decimal(f.at)), Decimal(1))
        for f in fills
        if f.day == day
    ]
    bought = exact_sum(one for one in paid if one > 0)
    return worth, bought, EXACT.minus(exact_sum(one for one in paid if one < 0))
