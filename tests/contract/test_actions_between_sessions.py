"""An account's fills come session by session for each instrument, and not across instruments.

A venue hears one instrument's bar of a later session before another's of an earlier one. Whoever
held shares as an ex-date began met the action, whatever was booked before.
"""

from decimal import Decimal

import pytest

from bifrost.backtest.entitlements import Traded, holdings_after
from bifrost.portfolio.lot_selection import LotMethod, Selection
from bifrost.portfolio.rebuilding import rebuild_account
from tests.action_builders import action, dividend, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk
from tests.contract.restating_desk import RestatingDesk
from tests.execution_desk import MakeDatabase

SPLIT = action(split("4", "1"), "split", ex_date=session(3))


@pytest.fixture
def desk(make_database: MakeDatabase) -> ActingDesk:
    return ActingDesk(make_database("portfolio"))


def trade_out_of_turn(desk: ActingDesk) -> None:
    """MSFT's bar of the third session comes before AAPL's of the second."""
    desk.open(3)
    desk.trade(3, "1", "10", "MSFT")
    desk.trade(2, "10", "400", "AAPL")


def agrees(desk: ActingDesk) -> bool:
    """Say whether the stored books are those of the journal."""
    return rebuild_account(desk.library, desk.account_id, "USD").differences == ()


def test_a_split_meets_shares_booked_after_another_instruments_ex_date_fill(
    desk: ActingDesk,
) -> None:
    desk.hear(SPLIT)
    trade_out_of_turn(desk)

    assert desk.positions()["AAPL"] == (40, 4000)
    assert agrees(desk)


def test_a_split_announced_late_meets_the_shares_that_the_venue_says(desk: ActingDesk) -> None:
    trade_out_of_turn(desk)
    desk.hear(SPLIT)

    trades = [
        Traded(session(3), "MSFT", Decimal(1)),
        Traded(session(2), "AAPL", Decimal(10)),
    ]
    venue = holdings_after(trades, [SPLIT]).positions
    assert {name: held for name, (held, _) in desk.positions().items()} == venue
    assert agrees(desk)


def test_a_dividend_announced_late_is_paid_on_them(desk: ActingDesk) -> None:
    trade_out_of_turn(desk)
    desk.hear(action(dividend("2"), "dividend", ex_date=session(3)))

    assert desk.stored()["balances"]["income:dividends:qualified", "USD"] == -20
    assert agrees(desk)


def test_a_fill_of_an_earlier_session_opens_its_lot_before_that_days_later_sale(
    desk: ActingDesk,
) -> None:
    desk.trade(3, "-10", "110")
    desk.trade(2, "10", "100")

    assert desk.positions() == {}
    (closed,) = desk.stored()["closures"]
    assert closed[1:5] == ("paper:x-id-1-2", 10, 1000, 1100)
    assert agrees(desk)


def test_the_venue_and_the_books_agree_on_fills_that_came_out_of_turn(
    make_database: MakeDatabase,
) -> None:
    desk = RestatingDesk(make_database)
    desk.name("late", quantity=Decimal(10))
    desk.name("new", instrument="NEW", quantity=Decimal(1))
    desk.bar(4, instrument="NEW")
    desk.bar(3)
    desk.check()

    desk.vendor(action(split("2", "1"), ex_date=session(4)))

    desk.check()


def test_a_choice_of_lots_counts_for_fills_booked_after_it_whatever_their_session(
    desk: ActingDesk,
) -> None:
    desk.open(1)
    desk.trade(1, "10", "100")
    desk.trade(1, "10", "300")
    desk.trade(2, "-5", "200")
    desk.open(3)
    desk.choose(Selection(LotMethod.HIFO))
    desk.trade(2, "-5", "200")
    desk.hear(SPLIT)

    assert agrees(desk)
    assert {lot: cost for lot, (_, _, cost) in desk.stored()["lots"].items()} == {
        "paper:x-id-1-1": 500,
        "paper:x-id-1-2": 1500,
    }
