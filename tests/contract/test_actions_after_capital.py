"""An action heard on the day of a return of capital by hand comes before it, as in every replay.

Books that are wrong for another reason are put right from the beginning, and stop no account.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.core.corporate_actions import SpinOff
from bifrost.portfolio import bookings, catching_up
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.ports import Books, Outlook
from bifrost.portfolio.rebuilding import rebuild_account
from bifrost.portfolio.telling import Moment
from tests.action_builders import action, dividend, split
from tests.builders import closes_at, session
from tests.contract.acting_desk import ActingDesk
from tests.execution_desk import MakeDatabase

SPIN_OFF = action(SpinOff("SPUN", Decimal(1), Decimal("0.25")), ex_date=session(4))


@pytest.fixture
def desk(make_database: MakeDatabase) -> ActingDesk:
    """A desk in the fourth session: a hundred of two lots' cost has come back."""
    desk = ActingDesk(make_database("portfolio"))
    desk.open(1)
    desk.trade(1, "10", "100")
    desk.trade(1, "10", "130")
    desk.open(4)
    desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "100")
    return desk


@pytest.fixture
def wrong(desk: ActingDesk) -> ActingDesk:
    """A desk that has put the spin-off after the capital, as nobody may."""
    with desk.database.transaction() as cursor:
        cursor.execute("UPDATE portfolio.account_sessions SET through = %s", (session(1),))
    desk.hear(SPIN_OFF)
    assert desk.held()["SPUN"] == (20, 550)
    return desk


def agrees(desk: ActingDesk) -> bool:
    """Say whether the stored books are those of the journal."""
    is_right = rebuild_account(desk.library, desk.account_id, "USD").differences == ()
    return is_right and desk.stored() == desk.rebuilt() and desk.told()[0] == desk.held()


def test_an_action_heard_after_the_capital_of_its_day_comes_before_it(desk: ActingDesk) -> None:
    desk.hear(SPIN_OFF)

    assert desk.held() == {"AAPL": (20, 1625), "SPUN": (20, 575)}
    assert agrees(desk)


def test_the_account_follows_what_is_heard_later(desk: ActingDesk) -> None:
    desk.hear(SPIN_OFF)
    desk.open(5)
    desk.trade(5, "1", "10", "IBM")
    desk.hear(action(dividend("1"), "d", ex_date=session(5), instrument="IBM"))
    desk.hear(action(split("2", "1"), "s", ex_date=session(5)))
    desk.open(6)
    desk.trade(6, "1", "10", "IBM")

    assert desk.held() == {"AAPL": (40, 1625), "SPUN": (20, 575), "IBM": (2, 20)}
    assert agrees(desk)


def test_capital_comes_after_the_actions_of_a_session_that_began_while_it_was_booked(
    desk: ActingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(books: Books, account_id: str, moment: Moment) -> Outlook:
        met = catching_up.bring_up(books, account_id, moment)
        # Its bar is known, and nobody has followed it yet.
        with desk.database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO portfolio.marks (instrument, occurred_at, session, price, currency,"
                " recorded_at) VALUES ('AHEAD', %s, %s, 1, 'USD', now()) ON CONFLICT DO NOTHING",
                (closes_at(5), session(5)),
            )
        return met

    monkeypatch.setattr(bookings, "bring_up", meanwhile)
    desk.hear(replace(SPIN_OFF, ex_date=session(5)))
    desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "100")
    desk.open(6)

    assert desk.held() == {"AAPL": (20, 1550), "SPUN": (20, 550)}
    assert agrees(desk)


def test_an_action_that_changes_nothing_puts_wrong_books_right(wrong: ActingDesk) -> None:
    wrong.open(5)
    wrong.trade(5, "1", "10", "IBM")
    wrong.hear(action(dividend("1"), "d", ex_date=session(5), instrument="IBM"))

    assert wrong.held() == {"AAPL": (20, 1625), "SPUN": (20, 575), "IBM": (1, 10)}
    assert agrees(wrong)
    assert wrong.acts.sweep("test") == 0


def test_a_late_fill_of_another_instrument_is_booked_into_wrong_books(wrong: ActingDesk) -> None:
    wrong.open(5)
    wrong.trade(5, "1", "10", "IBM")
    with wrong.library.open() as books:
        unmet = action(dividend("1"), "d", ex_date=session(5), instrument="IBM")
        books.actions.put(unmet, wrong.clock.now())
    wrong.open(6)
    wrong.trade(6, "1", "10", "MSFT")
    wrong.trade(6, "2", "10", "MSFT")

    assert wrong.held()["MSFT"] == (3, 30)
    assert agrees(wrong)
    assert wrong.rows("SELECT 1 FROM portfolio.action_refusals") == []
