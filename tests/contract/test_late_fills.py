"""A fill that came late, or found its account held, is booked in the end, once and in its place.

No correction is so long, no process dies so often, and no account is held for so long that a fill,
or those of its account after it, would wait for ever.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import BusyError
from bifrost.portfolio import corporate_acts, correcting, late_fills, service
from bifrost.portfolio.ledger import fill_reference
from bifrost.portfolio.ports import Books
from tests.action_builders import action, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk

MakeDatabase = Callable[[str], Database]


class DiedError(BaseException):
    """The function's time was over."""


@pytest.fixture
def desk(make_database: MakeDatabase) -> ActingDesk:
    """An account that has traded on the third day; of the first, a fill is yet to come."""
    desk = ActingDesk(make_database("portfolio"))
    desk.open(1)
    desk.open(3)
    desk.trade(3, "10", "100")
    return desk


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (service, corporate_acts, late_fills):
        monkeypatch.setattr(module, "PATIENCE", timedelta(milliseconds=50))


@contextmanager
def held(make_database: MakeDatabase, table: str, where: str) -> Iterator[None]:
    """Another process holds a row."""
    with make_database("portfolio").transaction() as cursor:
        cursor.execute(f"SELECT 1 FROM portfolio.{table} WHERE {where} FOR UPDATE")
        yield


def booked(desk: ActingDesk) -> list[str]:
    rows = desk.rows(
        "SELECT reference FROM portfolio.ledger_transactions WHERE kind = 'fill' ORDER BY reference"
    )
    return [row["reference"] for row in rows]


def require_all_booked(desk: ActingDesk) -> None:
    """Every fill is in the books once, and they are what the journal tells."""
    assert booked(desk) == sorted(fill_reference(one.fill) for one in desk.fills)
    assert desk.stored() == desk.rebuilt()
    assert desk.told()[0] == desk.held()


def applied(desk: ActingDesk) -> int:
    with desk.library.open() as books:
        return books.facts.fills_applied(desk.account_id)


def test_a_fill_whose_correction_outlives_each_listener_is_booked_by_the_sweep(
    desk: ActingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, after = desk.made(1, "5", "90"), desk.made(3, "1", "100")

    def dies(*_: object) -> None:
        raise DiedError

    with monkeypatch.context() as patch:
        patch.setattr(correcting.Correcting, "correct", dies)
        for _ in range(5):
            with pytest.raises(DiedError):
                desk.service.hear_fill(late)
    assert desk.acts.sweep("test") == 1
    desk.service.hear_fill(after)

    require_all_booked(desk)
    assert desk.acts.sweep("test") == 0


def test_a_long_correction_is_left_to_the_sweep_and_later_fills_wait_with_it(
    desk: ActingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LISTENER_STEPS", 0)
    late, after = desk.made(1, "5", "90"), desk.made(3, "-12", "100")

    for one in (late, after, late, after):
        desk.service.hear_fill(one)
    assert (len(booked(desk)), applied(desk)) == (1, 1)

    assert desk.acts.sweep("test") == 1
    for one in (late, after):
        desk.service.hear_fill(one)
    require_all_booked(desk)
    assert applied(desk) == 3


def test_a_fill_that_waits_is_booked_by_an_account_that_an_action_corrected_meanwhile(
    desk: ActingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LISTENER_STEPS", 0)
    desk.service.hear_fill(desk.made(1, "5", "90"))

    desk.hear(action(split("4", "1"), "split", ex_date=session(2)))
    desk.acts.sweep("test")

    require_all_booked(desk)
    assert desk.positions()["AAPL"][0] == 30


def test_fills_that_came_in_any_order_are_booked_at_once_around_a_short_correction(
    desk: ActingDesk,
) -> None:
    late, after, last = (desk.made(*one) for one in ((1, "5", "90"), (3, "1", "9"), (1, "2", "8")))

    for one in (last, after, late):
        desk.service.hear_fill(one)

    require_all_booked(desk)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("table", ["accounts", "streams"])
def test_a_fill_does_not_wait_for_who_holds_its_account_and_is_booked_after(
    desk: ActingDesk, make_database: MakeDatabase, table: str
) -> None:
    where = {
        "accounts": f"account_id = '{desk.account_id}'",
        "streams": f"stream = 'fills:{desk.account_id}'",
    }
    waiting = [desk.made(3, "1", "100"), desk.made(3, "-2", "100")]
    with held(make_database, table, where[table]):
        for one in (*waiting, *waiting):
            desk.service.hear_fill(one)
    assert len(booked(desk)) == 1

    assert desk.acts.sweep("test") == 1
    require_all_booked(desk)


@pytest.mark.usefixtures("impatient")
def test_what_waited_is_booked_with_the_fill_that_comes_next(
    desk: ActingDesk, make_database: MakeDatabase
) -> None:
    with held(make_database, "accounts", f"account_id = '{desk.account_id}'"):
        desk.service.hear_fill(desk.made(3, "1", "100"))

    desk.trade(3, "2", "100")

    require_all_booked(desk)


@pytest.mark.usefixtures("impatient")
def test_the_sweep_passes_an_account_that_is_held_and_comes_to_it_again(
    desk: ActingDesk, make_database: MakeDatabase
) -> None:
    where = f"account_id = '{desk.account_id}'"
    with held(make_database, "accounts", where):
        desk.service.hear_fill(desk.made(3, "1", "100"))
        desk.acts.sweep("test")
        assert len(booked(desk)) == 1

    desk.acts.sweep("test")
    require_all_booked(desk)


def test_whoever_waits_longer_than_asked_for_a_row_is_told_that_it_is_held(
    desk: ActingDesk, make_database: MakeDatabase
) -> None:
    def locked(books: Books) -> str:
        return books.accounts.locked(desk.account_id).account_id

    with (
        held(make_database, "accounts", f"account_id = '{desk.account_id}'"),
        pytest.raises(BusyError),
        desk.library.open(timedelta(milliseconds=50)) as books,
    ):
        locked(books)

    with desk.library.open(timedelta(milliseconds=50)) as books:
        assert locked(books) == desk.account_id
