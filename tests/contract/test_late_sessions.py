"""A bar of the late session, in winter the next day in UTC, belongs to its own session everywhere:
an action of the day after has not happened yet.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bifrost.adapters.calendars.baked import session_of
from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_reads import PostgresReader
from bifrost.adapters.postgres.session_dates import SESSION
from bifrost.core.orders import OrderStatus, OrderType, Side
from bifrost.execution.switches import Switch, SwitchMode
from bifrost.portfolio.imports.formats import Format
from bifrost.portfolio.imports.mapping import NO_MAPPING
from bifrost.portfolio.imports.service import ImportRequest, Imports, UndoRequest
from bifrost.portfolio.reconciling import StatementRequest
from bifrost.portfolio.statements import Statement
from bifrost.portfolio.telling import dawn
from tests.action_builders import action, split
from tests.builders import ACCOUNT, WALL, bar, bar_closed, session
from tests.contract.acting_desk import ActingDesk
from tests.contract.restating_desk import RestatingDesk

D = Decimal
NEW_YORK = ZoneInfo("America/New_York")
# 19:30 in New York.
LATE = datetime.combine(session(4), time(0, 30), UTC)
SPLIT = action(split("2", "1"), ex_date=session(4))


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> RestatingDesk:
    """A desk that has heard of a split of the fourth session."""
    desk = RestatingDesk(make_database)
    desk.vendor(SPLIT)
    return desk


@pytest.fixture
def books(make_database: Callable[[str], Database]) -> ActingDesk:
    return ActingDesk(make_database("portfolio"))


def late_bar(desk: RestatingDesk, instrument: str = "AAPL", place: int = 3) -> None:
    """The third session closes late."""
    one = replace(bar(3, "100", instrument=instrument), closed_at=LATE)
    desk.listener.on_bar_closed(bar_closed(one, place))


def only_reduce(desk: RestatingDesk) -> None:
    """The gate asks for positions."""
    with desk.desk.transaction() as found:
        found.switches.put(Switch(ACCOUNT, SwitchMode.STOP_NEW, "a test", "test", WALL))


def keep(books: ActingDesk, day: date, key: str) -> Statement:
    """Somebody brings a statement."""
    said = {("position", "AAPL"): D(1)}
    asked = StatementRequest("ann", books.account_id, day, said, key)
    return books.reconciler.keep_statement(asked)


def held(books: ActingDesk, statement: Statement, instrument: str) -> Decimal:
    """What the ledger says as of the statement's day."""
    with books.library.open() as stored:
        return stored.statements.ledger_as_of(statement)["position", instrument]


@pytest.mark.parametrize("day", [date(2012, 1, 5), date(2012, 7, 5), date(2012, 3, 12)])
def test_a_session_in_sql_is_the_calendars(
    make_database: Callable[[str], Database], day: date
) -> None:
    database = make_database("execution")
    before = datetime.combine(day - timedelta(days=1), time(20), NEW_YORK)
    for at in (before, *(datetime.combine(day, one, NEW_YORK) for one in (time(4), time(19, 59)))):
        row = database.fetch_one(f"SELECT {SESSION.format(at='%s::timestamptz')} AS day", (at,))
        assert row == {"day": day}
        assert session_of(at) == day
    assert dawn(day) == before


def test_an_order_of_before_the_ex_date_leaves(desk: RestatingDesk) -> None:
    placed = desk.place("late", type=OrderType.LIMIT, limit_price=D(90))
    late_bar(desk, "NEW", 1)

    assert desk.sender.submit(placed.order_id).status is OrderStatus.ACCEPTED


def test_the_gate_counts_what_the_venue_holds_before_the_ex_date_and_after(
    desk: RestatingDesk,
) -> None:
    for name in ("sell", "stop", "part", "buy"):
        desk.canceller.cancel(desk.ids[name])
    desk.name("more", quantity=D(10))
    late_bar(desk)
    only_reduce(desk)
    for day in (3, 4):
        if day == 4:
            desk.bar(4, "53 54 53 54")
        held = desk.venue.statement(ACCOUNT).positions["AAPL"]

        too_much = desk.name(f"much-{day}", side=Side.SELL, quantity=held + 1)
        all_of_it = desk.name(f"all-{day}", side=Side.SELL, quantity=held)
        assert (too_much.status.value, all_of_it.status.value) == ("refused", "accepted")
        desk.canceller.cancel(all_of_it.order_id)
    assert held == 2420


def test_the_venue_keeps_the_session_in_which_an_order_was_placed(desk: RestatingDesk) -> None:
    desk.vendor(replace(SPLIT, revision=2, withdrawn=True))
    late_bar(desk)
    placed = desk.place("late", type=OrderType.LIMIT, limit_price=D(90))
    desk.bar(4, "100 101 99 100")
    desk.sender.submit(placed.order_id)

    rows = desk.venue_database.fetch_all(
        "SELECT placed_session FROM venue.orders WHERE client_order_id = %s",
        (placed.intent.client_order_id,),
    )
    assert rows == [{"placed_session": session(3)}]


def test_a_split_after_a_late_close_makes_nobody_poorer(books: ActingDesk) -> None:
    books.open(1)
    books.trade(1, "10", "400")
    books.hear(action(split("4", "1"), ex_date=session(4)))
    books.service.hear_bar(bar_closed(replace(bar(3, "400"), closed_at=LATE), 1))
    books.service.hear_bar(bar_closed(bar(4, "100"), 2))

    found = PostgresReader(books.database, "ann").valuations(
        books.account_id, before=date.max, limit=None
    )
    worth = {one.session: one.valuation.equity for one in found}
    assert worth[session(3)] == worth[session(4)]


def test_a_late_fill_is_of_its_sessions_statement(books: ActingDesk) -> None:
    books.open(1)
    fill = books.made(3, "10", "400")
    books.service.hear_fill(
        replace(fill, occurred_at=LATE, fill=replace(fill.fill, occurred_at=LATE))
    )
    books.trade(4, "10", "400")

    assert held(books, keep(books, session(3), "s-1"), "AAPL") == 10


def test_what_was_imported_is_of_the_day_that_its_file_says(books: ActingDesk) -> None:
    text = (
        "date,kind,instrument,quantity,price,amount,commission,reference\n"
        "2012-01-03,buy,IBM,10,100,,1,\n"
        "2012-01-04,buy,IBM,5,110,,1,\n"
    )
    imports = Imports(books.library, books.clock, CountedIds("import-"))
    asked = ImportRequest("ann", books.account_id, Format.OWN, text, NO_MAPPING)
    made = imports.commit(asked, "k")
    first = keep(books, session(1), "s-1")
    assert held(books, first, "IBM") == 10
    imports.undo(UndoRequest("ann", books.account_id, made.import_id, "the wrong file"))

    assert held(books, first, "IBM") == 0
