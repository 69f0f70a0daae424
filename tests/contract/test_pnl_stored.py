"""P&L that the database adds up is that of `portfolio/pnl.py` over the same lines, to the last
digit: of all, by portfolio, position, lot and strategy, up to now and between any two closes.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
from bifrost.core.errors import InvalidInputError
from bifrost.core.money import Money
from bifrost.portfolio.bookings import CashFlowRequest, CashFlows
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.ledger import Entry
from bifrost.portfolio.lots import Lot, apply_fill
from bifrost.portfolio.performance import Close, PnlAsked, PnlBy, PnlFound, Scope, ends_of
from bifrost.portfolio.pnl import Line, Market, Pnl, by_position, by_strategy, fill_lines, pnl_by
from tests.builders import bar, bar_closed, closes_at, fill, fill_recorded, session
from tests.contract.ledger_desk import NOW, LedgerDesk
from tests.postgres_server import Server

SIZE = st.integers(-(10**7), 10**7).filter(bool).map(lambda n: Decimal(n).scaleb(-3))
PRICE = st.integers(1, 10**7).map(lambda n: Decimal(n).scaleb(-4))
CENTS = st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-2))
STRATEGIES = ("", "momentum", "carry")
ALL = {"limit": 200}


@dataclass
class Traded:
    """An account that lived some sessions, and what it did by the pure rules."""

    desk: LedgerDesk
    number: int
    account_id: str = ""
    fills: int = 0
    lots: dict[str, Lot] = field(default_factory=dict)
    lot_lines: list[Line] = field(default_factory=list)

    def symbol(self, name: str) -> str:
        return f"{name}{self.number}"

    def trade(self, name: str, size: Decimal, price: Decimal, strategy: str) -> None:
        self.fills += 1
        one = fill(
            self.fills,
            size,
            price,
            account_id=self.account_id,
            instrument=self.symbol(name),
            commission="0.35",
            occurred_at=self.desk_time(),
        )
        open_lots = [lot for lot in self.lots.values() if lot.instrument == one.instrument]
        change = apply_fill(open_lots, one, self.fills)
        opened = dict.fromkeys(self.lots, Decimal(1))
        self.lot_lines += fill_lines(one, change, Decimal(1), opened)
        self.lots |= {lot.lot_id: lot for lot in change.remaining}
        if change.opened:
            self.lots[change.opened.lot_id] = change.opened
        self.lots = {name: lot for name, lot in self.lots.items() if lot.quantity}
        self.desk.service.hear_fill(fill_recorded(one, self.fills, strategy))

    def desk_time(self) -> object:
        return self.desk.rows("SELECT max(occurred_at) AS at FROM portfolio.marks")[0]["at"]

    def flow(self, kind: CashFlowKind, amount: Decimal, name: str = "") -> None:
        instrument = self.symbol(name) if name else ""
        counter = Money(amount, "EUR") if kind is CashFlowKind.FX else None
        self.flows.book(
            CashFlowRequest(
                owner="ann",
                account_id=self.account_id,
                kind=kind,
                amount=amount,
                currency=None,
                instrument=instrument,
                counter=counter,
                key=f"k-{next(KEYS)}",
                correlation_id="test",
            )
        )

    @property
    def flows(self) -> CashFlows:
        return CashFlows(PostgresLibrary(self.desk.database), self.desk.clock, IDS)

    def lines(self, until: object = None) -> list[Line]:
        """The ledger's lines up to an instant, in dollars: those of euros count for nothing."""
        rows = self.desk.rows(
            "SELECT e.ledger_account, e.currency, e.amount, e.instrument, e.quantity,"
            " t.strategy_id FROM portfolio.ledger_entries e"
            " JOIN portfolio.ledger_transactions t USING (transaction_id) WHERE t.account_id = %s"
            " AND (%s::timestamptz IS NULL OR t.occurred_at <= %s OR NOT t.is_market_time)"
            " ORDER BY e.entry_id",
            (self.account_id, until, until),
        )
        return [
            Line(
                Entry(
                    row["ledger_account"],
                    row["currency"],
                    row["amount"],
                    row["instrument"],
                    row["quantity"],
                ),
                Decimal(row["currency"] == "USD"),
                strategy=row["strategy_id"],
            )
            for row in rows
        ]

    def market(self, until: object = None) -> Market:
        rows = self.desk.rows(
            "SELECT DISTINCT ON (instrument) instrument, price FROM portfolio.marks"
            " WHERE %s::timestamptz IS NULL OR occurred_at <= %s"
            " ORDER BY instrument, occurred_at DESC",
            (until, until),
        )
        return Market({row["instrument"]: row["price"] for row in rows}, {"USD": Decimal(1)})


KEYS = itertools.count(1)
IDS = CountedIds("flow-")
DAYS = itertools.count(1)


@pytest.fixture(scope="module")
def desk(postgres_server: Server) -> Iterator[LedgerDesk]:
    with postgres_server.fresh_database() as name:
        database = Database(postgres_server.address("bifrost_portfolio", name))
        yield LedgerDesk(database)
        database.close()


EVENTS = st.sampled_from(
    ["fill", "fill", "fill", "bar", "bar", "fee", "dividend", "interest", "fx"]
)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, str, Decimal, Decimal, str]]:
    """What happens, in order."""
    return [
        (draw(EVENTS), draw(st.sampled_from("AB")), draw(SIZE), draw(PRICE),
         draw(st.sampled_from(STRATEGIES)))
        for _ in range(draw(st.integers(3, 14)))
    ]  # fmt: skip


def lived(desk: LedgerDesk, story: Sequence[tuple[str, str, Decimal, Decimal, str]]) -> Traded:
    number = next(KEYS)
    desk.service.hear_bar(bar_closed(bar(next(DAYS), "1", instrument=f"ZZ{number}"), 1))
    one = Traded(desk, number, desk.open_account(key=f"open-{number}"))
    desk.deposit(one.account_id, "99999999999", f"d-{number}")
    held: set[str] = set()
    for kind, name, size, price, strategy in story:
        if kind == "fill":
            one.trade(name, size, price, strategy)
            held.add(name)
        elif kind == "bar":
            day = next(DAYS)
            mark = bar(day, str(price), instrument=one.symbol(name))
            desk.service.hear_bar(bar_closed(mark, day))
        elif kind == "dividend":
            if name in held:
                one.flow(CashFlowKind.DIVIDEND_QUALIFIED, Decimal(7), name)
        else:
            one.flow(CashFlowKind(kind), Decimal(3))
    return one


def asked(one: Traded, by: PnlBy, **changes: object) -> PnlFound:
    reader = PostgresPerformance(one.desk.database, "ann")
    return reader.pnl(PnlAsked(Scope((one.account_id,)), by, **ALL, **changes))  # type: ignore[arg-type]


def groups(found: PnlFound) -> dict[str, Pnl]:
    return {one.name: one.pnl for one in found.groups}


@pytest.mark.parametrize(
    ("by", "group"),
    [(PnlBy.POSITION, by_position), (PnlBy.STRATEGY, by_strategy)],
)
@given(story=stories())
@settings(max_examples=25, deadline=None)
def test_stored_groups_are_those_of_the_pure_rules(
    desk: LedgerDesk, by: PnlBy, group: Callable[[Line], str], story: list[object]
) -> None:
    one = lived(desk, story)  # type: ignore[arg-type]

    found = asked(one, by)

    assert groups(found) == pnl_by(one.lines(), group, one.market())
    assert found.total == pnl_by(one.lines(), lambda _: "", one.market())[""]


@given(story=stories())
@settings(max_examples=25, deadline=None)
def test_lots_are_those_of_the_pure_rules_and_add_up_to_the_whole(
    desk: LedgerDesk, story: list[object]
) -> None:
    one = lived(desk, story)  # type: ignore[arg-type]
    expected = pnl_by(one.lot_lines, lambda line: line.lot_id, one.market())
    expected.pop("", None)

    found = asked(one, PnlBy.LOT)

    shown = groups(found)
    assert {name: pnl for name, pnl in shown.items() if name} == expected
    whole = reduce(Pnl.__add__, shown.values(), Pnl())
    assert parts(whole) == parts(found.total) == parts(asked(one, PnlBy.PORTFOLIO).total)


def parts(pnl: Pnl) -> list[Decimal]:
    return [
        getattr(pnl, name)
        for name in Pnl.__dataclass_fields__
        if name not in ("unpriced", "unrated", "unattributed")
    ]


@given(story=stories(), data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_range_is_the_difference_of_its_two_ends(
    desk: LedgerDesk, story: list[object], data: st.DataObject
) -> None:
    one = lived(desk, story)  # type: ignore[arg-type]
    days = desk.rows("SELECT session, max(occurred_at) AS at FROM portfolio.marks GROUP BY session")
    draw = st.sampled_from(sorted(days, key=lambda row: row["at"])[-6:])
    ends = sorted((data.draw(draw), data.draw(draw)), key=lambda row: row["at"])
    opened, closed = (Close(row["session"], row["at"]) for row in ends)

    found = asked(one, PnlBy.POSITION, opened=opened, closed=closed)

    first, last = (
        pnl_by(one.lines(end.occurred_at), by_position, one.market(end.occurred_at))
        for end in (opened, closed)
    )
    shown = groups(found)
    assert set(last) <= set(shown)
    for name, pnl in shown.items():
        assert pnl == last.get(name, Pnl()) - first.get(name, Pnl())


def test_pages_of_positions_are_all_of_them_once(desk: LedgerDesk) -> None:
    story = [("fill", name, Decimal(1), Decimal(5), "") for name in "ABCDE"]
    one = lived(desk, story)
    reader = PostgresPerformance(desk.database, "ann")

    names: list[str] = []
    while page := reader.pnl(
        PnlAsked(
            Scope((one.account_id,)), PnlBy.POSITION, after=names[-1] if names else None, limit=2
        )
    ).groups:
        assert len(page) <= 2
        names += [group.name for group in page]

    assert names == ["", *(one.symbol(name) for name in "ABCDE")]


def test_pages_of_lots_are_all_of_them_once(desk: LedgerDesk) -> None:
    one = lived(desk, [("fill", "A", Decimal(1), Decimal(5), "")] * 5)
    reader = PostgresPerformance(desk.database, "ann")

    names: list[str] = []
    while page := reader.pnl(
        PnlAsked(Scope((one.account_id,)), PnlBy.LOT, after=names[-1] if names else None, limit=2)
    ).groups:
        names += [group.name for group in page]

    assert names == ["", *sorted(one.lots)]


def test_what_anothers_account_earned_is_not_read(desk: LedgerDesk) -> None:
    one = lived(desk, [("fill", "A", Decimal(1), Decimal(5), "")])

    found = PostgresPerformance(desk.database, "bob").pnl(PnlAsked(Scope((one.account_id,))))

    assert found == PnlFound(Pnl(), ())


@pytest.mark.parametrize(
    ("opened", "closed", "days"),
    [(3, 5, (2, 4, 5)), (4, 4, (4,)), (1, 4, (2, 4)), (1, 1, (2,)), (9, 9, (6,))],
)
def test_prices_are_those_that_a_range_needs(
    make_database: Callable[[str], Database], opened: int, closed: int, days: tuple[int, ...]
) -> None:
    desk = LedgerDesk(make_database("portfolio"))
    for day in (2, 4, 5, 6):
        desk.service.hear_bar(bar_closed(bar(day, str(day), instrument="SPY"), day))
    reader = PostgresPerformance(desk.database, "ann")

    found = reader.prices("SPY", "USD", (session(opened), session(closed)))

    assert [(one.session, str(one.price)) for one in found] == [
        (session(day), str(day)) for day in days
    ]
    assert reader.prices("SPY", "EUR", (session(1), session(9))) == []


def test_a_range_is_named_by_the_closes_around_it(make_database: Callable[[str], Database]) -> None:
    desk = LedgerDesk(make_database("portfolio"))
    for day in (2, 3, 6):
        desk.service.hear_bar(bar_closed(bar(day, "5"), day, recorded_at=NOW))
    reader = PostgresPerformance(desk.database, "ann")

    opened, closed = ends_of(reader, session(3), session(5))

    assert (opened, closed) == (
        Close(session(2), closes_at(2)),
        Close(session(3), closes_at(3)),
    )
    assert ends_of(reader, None, None) == (None, None)
    assert ends_of(reader, session(1), None) == (None, None)
    assert ends_of(reader, session(6), session(99))[1] == Close(session(6), closes_at(6))


@pytest.mark.parametrize(
    ("first", "last", "field", "message"),
    [
        (5, 4, "to", "is before"),
        (None, 1, "to", "no session is known up to"),
        (4, 5, "from", "no session lies between 2012-01-06 and 2012-01-07"),
        (7, None, "from", "no session is known from"),
    ],
)
def test_a_range_without_a_session_is_refused_and_says_which_there_are(
    make_database: Callable[[str], Database],
    first: int | None,
    last: int | None,
    field: str,
    message: str,
) -> None:
    desk = LedgerDesk(make_database("portfolio"))
    for day in (2, 3, 6):
        desk.service.hear_bar(bar_closed(bar(day, "5"), day))
    reader = PostgresPerformance(desk.database, "ann")

    with pytest.raises(InvalidInputError) as refused:
        ends_of(reader, first and session(first), last and session(last))  # type: ignore[arg-type]

    (problem,) = refused.value.problems
    assert problem.field == field
    assert message in problem.message
    assert problem.fix
