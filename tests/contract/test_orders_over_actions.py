"""Open orders, accounts and statements over corporate actions, their corrections and repeats.

After every step the venue states what the books of portfolio are by the same events.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.core.corporate_actions import Delisting, Merger, Rename, SpinOff, Terms
from bifrost.core.orders import OrderType, Side
from bifrost.events import FillRecorded, OrderCancelled, OrderRestated
from bifrost.execution.ports import ReportKind
from tests.action_builders import action, announced, dividend, split
from tests.builders import ACCOUNT, bar, session
from tests.contract.restating_desk import RestatingDesk
from tests.execution_desk import MakeDatabase, TradingDesk

D = Decimal
QUIET = "100 101 99 100"
HALVED = "50 50.5 49.5 50"


@pytest.fixture
def desk(make_database: MakeDatabase) -> RestatingDesk:
    return RestatingDesk(make_database)


CANCELLED = "cancelled"
# Per action: its terms, the third session's prices, and what becomes of the four orders.
ACTIONS: dict[str, tuple[Terms, str, dict[str, tuple[str, str, str, str]]]] = {
    "split": (
        split("2", "1"),
        # Above the limit of 52.50: what is left of `part` waits.
        "53 54 53 54",
        {
            "buy": ("AAPL", "200", "45", "accepted"),
            "sell": ("AAPL", "100", "60", "accepted"),
            "stop": ("AAPL", "120", "40", "accepted"),
            "part": ("AAPL", "1000", "52.5", "partially_filled"),
        },
    ),
    "reverse split": (
        split("1", "10", "1000"),
        "1100 1110 1090 1100",
        {
            "buy": ("AAPL", "0", "90", CANCELLED),
            "sell": ("AAPL", "0", "120", CANCELLED),
            "stop": ("AAPL", "0", "80", CANCELLED),
            "part": ("AAPL", "0", "105", CANCELLED),
        },
    ),
    "dividend": (
        dividend("0.255"),
        "106 107 106 106",
        {
            "buy": ("AAPL", "100", "89.74", "accepted"),
            "sell": ("AAPL", "50", "120", "accepted"),
            "stop": ("AAPL", "60", "79.74", "accepted"),
            "part": ("AAPL", "500", "104.74", "partially_filled"),
        },
    ),
    "spin-off": (
        SpinOff("NEW", D("0.25"), D("0.1"), D(20), D(20)),
        "101 102 101 101",
        {
            "buy": ("AAPL", "100", "85", "accepted"),
            "sell": ("AAPL", "50", "120", "accepted"),
            "stop": ("AAPL", "60", "75", "accepted"),
            "part": ("AAPL", "500", "100", "partially_filled"),
        },
    ),
    "spin-off of unknown worth": (
        SpinOff("NEW", D("0.25"), D("0.1")),
        QUIET,
        {
            "buy": ("AAPL", "0", "90", CANCELLED),
            "sell": ("AAPL", "50", "120", "accepted"),
            "stop": ("AAPL", "0", "80", CANCELLED),
            "part": ("AAPL", "0", "105", CANCELLED),
        },
    ),
    "stock merger": (
        Merger(D(0), "NEW", D("0.333"), None, D(30)),
        QUIET,
        {
            "buy": ("AAPL", "0", "90", CANCELLED),
            "sell": ("AAPL", "0", "120", CANCELLED),
            "stop": ("AAPL", "0", "80", CANCELLED),
            "part": ("AAPL", "0", "105", CANCELLED),
        },
    ),
    "rename": (
        Rename("NEW"),
        QUIET,
        {
            "buy": ("NEW", "100", "90", "accepted"),
            "sell": ("NEW", "50", "120", "accepted"),
            "stop": ("NEW", "60", "80", "accepted"),
            "part": ("NEW", "500", "105", "partially_filled"),
        },
    ),
    "delisting": (
        Delisting(D("0.5")),
        QUIET,
        {
            "buy": ("AAPL", "0", "90", CANCELLED),
            "sell": ("AAPL", "0", "120", CANCELLED),
            "stop": ("AAPL", "0", "80", CANCELLED),
            "part": ("AAPL", "0", "105", CANCELLED),
        },
    ),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_open_orders_and_books_over_each_kind_of_action(desk: RestatingDesk, name: str) -> None:
    terms, prices, expected = ACTIONS[name]
    desk.check()
    desk.vendor(action(terms, pay_date=session(5)))
    assert desk.named("buy").intent.limit_price == 90
    desk.bar(3, prices)

    assert {one: desk.terms(one) for one in expected} == expected
    desk.check()
    desk.bar(5, instrument="NEW")
    desk.check()


@pytest.mark.parametrize("name", ACTIONS)
def test_another_instruments_bar_of_the_ex_date_is_enough(desk: RestatingDesk, name: str) -> None:
    terms, _, expected = ACTIONS[name]
    desk.vendor(action(terms))
    desk.bar(3, instrument="NEW")

    if name != "rename":  # whose orders are in NEW now, and met its bar
        assert {one: desk.terms(one) for one in expected} == expected
    desk.check()


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_that_is_announced_late_ends_the_same(desk: RestatingDesk, name: str) -> None:
    terms, _, expected = ACTIONS[name]
    desk.bar(3, "110 111 109 110")
    desk.bar(4, "110 111 109 110")
    desk.vendor(action(terms, pay_date=session(4)))

    assert {one: desk.terms(one) for one in expected} == expected
    desk.check()


@pytest.mark.parametrize("name", ACTIONS)
def test_each_kind_of_action_is_undone_and_redone(desk: RestatingDesk, name: str) -> None:
    terms, prices, expected = ACTIONS[name]
    one = action(terms, pay_date=session(4))
    desk.vendor(one)
    desk.bar(3, prices)
    desk.bar(4, prices)
    desk.check()

    desk.vendor(replace(one, revision=2, withdrawn=True))
    assert desk.venue.statement(ACCOUNT).positions == {"AAPL": 1200}
    assert desk.venue.statement(ACCOUNT).cash == 880_000
    desk.check()

    desk.vendor(replace(one, revision=3))
    assert {one: desk.terms(one) for one in expected} == expected
    desk.check()


def test_a_step_and_an_event_tell_of_the_new_terms(desk: RestatingDesk) -> None:
    desk.vendor(action(split("2", "1")))
    desk.bar(3, "53 54 53 54")

    order = desk.named("part")
    assert (order.intent.quantity, order.filled_quantity) == (2000, 1000)
    step = desk.steps(order.order_id)[-1]
    text = f"split of AAPL, ex-date {session(3)} (a-1)"
    assert (step.what, step.status.value) == ("restated", "partially_filled")
    assert step.detail == {
        "action_id": "a-1",
        "instrument": "AAPL",
        "quantity": "2000",
        "limit_price": "52.5",
        "text": text,
    }
    told = {event.order_id: event for event in desk.events(OrderRestated)}[order.order_id]
    assert (told.quantity, told.filled_quantity, told.open_before) == (2000, 1000, 500)
    assert (told.limit_price, told.stop_price, told.action_id) == (D("52.5"), None, "a-1")
    assert told.step == order.steps
    assert order.venue_text == text


def test_a_cancelled_order_says_which_action_and_which_rule(desk: RestatingDesk) -> None:
    desk.vendor(action(split("1", "10")))
    desk.bar(3, "1000 1010 990 1000")

    assert "FINRA 5330(c)" in desk.named("buy").venue_text
    assert "(a-1)" in desk.named("buy").venue_text
    ended = {event.order_id: event.filled_quantity for event in desk.events(OrderCancelled)}
    assert ended[desk.ids["part"]] == 1000


def test_a_restated_order_trades_in_the_new_shares_on_that_bar(desk: RestatingDesk) -> None:
    desk.vendor(action(split("2", "1")))
    desk.bar(3, HALVED)

    # The rest of `part` is 1,000 at 52.50, which the open of 50 is under.
    assert desk.terms("part") == ("AAPL", "0", "52.5", "filled")
    last = desk.events(FillRecorded)[-1].fill
    assert (last.instrument, last.quantity, last.price) == ("AAPL", 1000, 50)
    desk.check()


def test_an_order_renamed_trades_under_its_new_name(desk: RestatingDesk) -> None:
    desk.vendor(action(Rename("NEW")))
    desk.bar(3, instrument="NEW")

    assert desk.events(FillRecorded)[-1].fill.instrument == "NEW"
    assert desk.terms("part") == ("NEW", "0", "105", "filled")
    desk.check()


def test_cash_is_due_from_the_ex_date_and_paid_by_the_first_bar_of_the_day_of_payment(
    desk: RestatingDesk,
) -> None:
    before = desk.venue.statement(ACCOUNT).cash
    desk.vendor(action(dividend("0.50"), pay_date=session(6)))
    for day in (3, 4, 5):
        desk.bar(day, "110 111 109 110")
        desk.check()
        assert desk.venue.statement(ACCOUNT).cash == before
    desk.bar(7, instrument="NEW")

    assert desk.venue.statement(ACCOUNT).cash == before + 600
    desk.check()


@pytest.mark.parametrize(("mark", "left"), [("do_not_increase", "100"), ("neither", "200")])
def test_do_not_increase_keeps_the_quantity_over_a_split(
    desk: RestatingDesk, mark: str, left: str
) -> None:
    marks = {mark: True} if mark != "neither" else {}
    desk.name("marked", type=OrderType.LIMIT, limit_price=D(80), **marks)
    desk.vendor(action(split("2", "1")))
    desk.bar(3, "53 54 53 54")

    assert desk.terms("marked") == ("AAPL", left, "40", "accepted")


def test_do_not_reduce_keeps_the_price_over_a_dividend(desk: RestatingDesk) -> None:
    desk.name("marked", type=OrderType.LIMIT, limit_price=D(80), do_not_reduce=True)
    desk.vendor(action(dividend("1")))
    desk.bar(3, "110 111 109 110")

    assert desk.terms("marked") == ("AAPL", "100", "80", "accepted")
    assert desk.terms("buy") == ("AAPL", "100", "89", "accepted")


def test_an_order_placed_on_the_ex_date_is_in_new_shares_already(desk: RestatingDesk) -> None:
    desk.vendor(action(split("2", "1")))
    desk.bar(3, "53 54 53 54")
    desk.name("after", type=OrderType.LIMIT, limit_price=D(45))
    desk.bar(4, "53 54 53 54")

    assert desk.terms("after") == ("AAPL", "100", "45", "accepted")
    desk.check()


def test_history_before_the_first_bar_changes_no_order(make_database: MakeDatabase) -> None:
    desk = TradingDesk(make_database)
    desk.open()
    early = desk.send("early", type=OrderType.LIMIT, limit_price=D(80))
    for number, day in enumerate((-300, 1), start=1):
        one = action(split("2", "1"), f"a-{number}", ex_date=session(day))
        desk.listener.on_corporate_action(announced(one))
    desk.close(1)

    assert desk.order(early.order_id).intent.quantity == 100


def test_a_bar_that_lags_behind_an_action_of_its_instrument_fills_nothing(
    desk: RestatingDesk,
) -> None:
    desk.bar(3)
    desk.vendor(action(split("2", "1"), ex_date=session(5)))
    desk.bar(5, instrument="NEW")
    count = len(desk.reports())
    # Before the split: the sale at 60 of the new shares would have met this bar's price of 100.
    desk.bar(4)

    assert len(desk.reports()) == count
    assert desk.terms("sell") == ("AAPL", "100", "60", "accepted")
    desk.bar(5, "53 54 53 54")
    desk.check()


def test_an_order_sent_while_the_ex_date_began_is_restated_before_it_meets_a_bar(
    desk: RestatingDesk,
) -> None:
    desk.vendor(action(split("2", "1")))
    # The venue hears the bar, and our side has not committed it yet.
    desk.venue.close_bar(bar(3, "53 54 53 54", instrument="NEW"), "USD")
    desk.name("late", side=Side.SELL, type=OrderType.STOP, quantity=D(50), stop_price=D(80))
    desk.bar(3, "53 54 53 54")

    assert desk.terms("late") == ("AAPL", "100", "40", "accepted")
    desk.check()


def test_the_venue_reports_a_restatement_as_fix_does(desk: RestatingDesk) -> None:
    desk.vendor(action(split("2", "1")))
    desk.bar(3, "53 54 53 54")

    restated = [one for one in desk.reports() if one.kind is ReportKind.RESTATED]
    assert len(restated) == 4
    assert {one.quantity for one in restated} == {0}
    new = next(
        one.restatement for one in restated if one.client_order_id.startswith(desk.ids["buy"])
    )
    assert new is not None
    assert (new.instrument, new.open_quantity, new.limit_price) == ("AAPL", 200, 45)
    assert [one.sequence for one in restated] == sorted(one.sequence for one in restated)
