"""Promises of tax reports over the desk's books: they tell what the trades alone would tell, where
the books chose alike; of a lot closed in part the first shares are gone; splits change no amount;
and what the trades cannot tell is left out, said.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.core.corporate_actions import CorporateAction, Rename, SpinOff, Split
from bifrost.portfolio.accounts import AccountKind
from bifrost.portfolio.corporate_actions.effects import BOOT_RULE, FRACTION_RULE
from bifrost.portfolio.tax.desk import DeskHistory, history_of
from bifrost.portfolio.tax.desk_rows import CostRow, DeskRows, LotRow, PartClosed, TradeRow
from bifrost.portfolio.tax.elections import Elections, LotOrder
from bifrost.portfolio.tax.statement import Statement, statement
from bifrost.portfolio.tax.wash_sales import wash_sales
from tests.action_builders import action
from tests.unit.portfolio.tax.desk_builders import Desk, Shares
from tests.unit.portfolio.tax.histories import STOCKS, History, histories
from tests.unit.portfolio.tax.share_by_share import ShareByShare, sales_of, shares_of

SPLITS = st.builds(
    Shares,
    st.dates(date(2015, 11, 1), date(2016, 6, 1)),
    st.sampled_from([1, 2, 3, 7]),
    st.sampled_from([1, 2, 3, 20]),
)


def told_by(history: DeskHistory, elections: Elections) -> Statement:
    assert history.excluded == ()
    return statement(history.trades, wash_sales(history.trades, elections, history.kept))


def of_one_owner(history: History) -> History:
    """The same trades, all one owner's: an account is who owned it and what it was called."""
    trades = tuple(
        replace(one, owner="al", account=f"{one.owner}-{one.account}") for one in history.trades
    )
    return replace(history, trades=trades, elections=replace(history.elections, spouses=()))


@given(history=histories(), last=st.booleans())
@settings(max_examples=150)
def test_books_that_chose_as_an_election_would_are_told_as_the_trades_are(
    history: History, last: bool
) -> None:
    # An election goes by shares and books go by lots: last in, first out is the same of both
    # where each share is a lot.
    history = history.in_single_shares() if last else history
    mine = of_one_owner(history)
    method = LotOrder.LIFO if last else LotOrder.FIFO
    elections = replace(mine.elections, method=method)
    by_hand = statement(mine.trades, wash_sales(mine.trades, elections))

    told = told_by(history_of(Desk(last=last).rows(history.trades), "al"), mine.elections)

    assert told == by_hand


@given(history=histories(STOCKS), last=st.booleans())
@settings(max_examples=150)
def test_lots_closed_in_part_and_single_shares_come_to_the_same(
    history: History, last: bool
) -> None:
    mine = of_one_owner(history)
    desk = history_of(Desk(last=last).rows(history.trades), "al")
    assert desk.excluded == ()
    method = LotOrder.LIFO if last else LotOrder.FIFO
    elections = replace(mine.elections, method=method)
    expected = ShareByShare(desk.trades, elections, by_lot=True).totals()

    books = wash_sales(desk.trades, mine.elections, desk.kept)

    assert (books.economic, books.allowed) == (expected.economic, expected.allowed)
    assert (books.deferred, books.forfeited) == (expected.deferred, expected.forfeited)
    assert sales_of(books) == expected.sales
    assert shares_of(books) == expected.kept


@given(history=histories(("XYZ", "QQQ")), shares=SPLITS)
@settings(max_examples=150)
def test_a_split_changes_counts_and_no_amount(history: History, shares: Shares) -> None:
    mine = of_one_owner(history)
    elections = replace(mine.elections, method=LotOrder.FIFO)
    whole = statement(mine.trades, wash_sales(mine.trades, elections))

    told = told_by(history_of(Desk(shares).rows(history.trades), "al"), elections)

    assert [replace(one, quantity=Decimal(0)) for one in told.sales] == [
        replace(one, quantity=Decimal(0)) for one in whole.sales
    ]
    # Sold shares as they were called on their day, lots as they are today.
    for line, was in zip(told.sales, whole.sales, strict=True):
        assert line.quantity == was.quantity * shares.of(line.date)
    assert [(one.quantity, one.basis) for one in told.lots] == [
        (one.quantity * shares.after, one.basis) for one in whole.lots
    ]
    assert (told.economic_pnl, told.deferred, told.forfeited) == (
        whole.economic_pnl,
        whole.deferred,
        whole.forfeited,
    )


# One account, written row by row.


def trade(day: int, quantity: str, amount: str, *closed: tuple[int, str, str], **more: Any) -> Any:
    """The fill of a day of January; closed: of which day's lot, how much, at which cost."""
    parts = tuple(PartClosed(f"lot-{d}", Decimal(q), Decimal(c), Decimal(0)) for d, q, c in closed)
    row = TradeRow(
        place=day,
        occurred_at=datetime(2024, 1, day, 20, tzinfo=UTC),
        day=date(2024, 1, day),
        account_id="a",
        account_kind=AccountKind.CASH,
        instrument="AAPL",
        currency="USD",
        quantity=Decimal(quantity),
        amount=Decimal(amount),
        lot_id=f"lot-{day}",
        is_fill=True,
        closures=parts,
    )
    return replace(row, **more)


def lot(day: int, quantity: str, cost: str, opened: str = "", instrument: str = "AAPL") -> LotRow:
    return LotRow(
        lot_id=f"lot-{day}",
        account_id="a",
        instrument=instrument,
        opened_at=datetime(2024, 1, day, 20, tzinfo=UTC),
        sequence=day,
        opened_cost=Decimal(opened or cost),
        quantity=Decimal(quantity),
        cost=Decimal(cost),
    )


def books(*trades: TradeRow, lots: tuple[LotRow, ...], **more: Any) -> DeskHistory:
    rows = DeskRows(today=date(2024, 12, 31), trades=trades, lots=lots, **more)
    return history_of(rows, "al")


def on(day: int, terms: Any) -> CorporateAction:
    return action(terms, ex_date=date(2024, 1, day))


def test_a_renamed_share_is_told_by_its_name_of_today() -> None:
    bought, sold = trade(2, "10", "-100"), trade(5, "-4", "60", (2, "4", "40"), instrument="NEW")

    history = books(bought, sold, lots=(lot(2, "6", "60", "100", "NEW"),), actions=(
        on(4, Rename("NEW")),
    ))  # fmt: skip

    told = told_by(history, Elections())
    assert [(one.instrument, f"{one.gain}") for one in told.sales] == [("NEW", "20.00")]
    assert [(one.instrument, f"{one.basis}") for one in told.lots] == [("NEW", "60.00")]


def test_a_fraction_that_was_paid_out_is_a_sale() -> None:
    paid = trade(
        4, "-0.5", "9", lot_id="", is_fill=False,
        closures=(PartClosed("lot-2", Decimal("0.5"), Decimal(10), Decimal(9), FRACTION_RULE),),
    )  # fmt: skip

    history = books(
        trade(2, "15", "-50"), paid, lots=(lot(2, "2", "40", "50"),),
        actions=(on(4, Split(Decimal(1), Decimal(6))),),
    )  # fmt: skip

    told = told_by(history, Elections())
    assert [(f"{one.quantity}", f"{one.gain}") for one in told.sales] == [("0.5", "-1.00")]
    assert [(f"{one.quantity}", f"{one.basis}") for one in told.lots] == [("2", "40.00")]


def test_of_a_lot_closed_in_part_the_first_shares_are_sold() -> None:
    # The first of the two shares that replaced has the loss, and the newest lot is closed first.
    history = books(
        trade(2, "1", "-10.15"), trade(3, "-1", "10", (2, "1", "10.15")),
        trade(4, "2", "-20"), trade(5, "-1", "10", (4, "1", "10")),
        lots=(lot(2, "0", "0", "10.15"), lot(4, "1", "10", "20")),
    )  # fmt: skip

    told = told_by(history, Elections())
    assert [(f"{one.allowed_loss}", f"{one.disallowed_loss}") for one in told.sales] == [
        ("0.00", "0.15"),
        ("0.15", "0.00"),
    ]
    assert [f"{one.basis}" for one in told.lots] == ["10.00"]


CHANGE = CostRow(
    place=3,
    occurred_at=datetime(2024, 1, 3, 20, tzinfo=UTC),
    day=date(2024, 1, 3),
    account_id="a",
    lot_id="lot-2",
    amount=Decimal(-30),
    is_beyond=False,
)


def test_a_change_of_cost_counts_for_what_is_sold_after_it() -> None:
    history = books(
        trade(2, "10", "-105"),
        trade(4, "-5", "60", (2, "5", "35")),
        lots=(lot(2, "5", "35", "100"),),
        costs=(CHANGE,),
    )

    told = told_by(history, Elections())
    # The books' cost is without the commission of 5, the basis with it.
    assert [f"{one.basis}" for one in told.sales] == ["37.50"]
    assert [f"{one.basis}" for one in told.lots] == ["37.50"]


HELD = (lot(2, "10", "100"),)
SPUN_OFF = on(3, SpinOff("CHILD", Decimal(1), Decimal("0.2")))


@pytest.mark.parametrize(
    ("trades", "lots", "more", "reason", "says"),
    [
        ((trade(2, "10", "-100", currency="EUR"),), HELD, {}, "other_currency", "than USD"),
        (
            (trade(2, "-10", "100"),), (lot(2, "-10", "-100"),), {}, "sold_short", "may not sell",
        ),
        (
            (trade(2, "10", "-100"),), (lot(2, "10", "0", "100"),),
            {"costs": (replace(CHANGE, amount=Decimal(-100), is_beyond=True),)},
            "capital_beyond_basis", "more than the basis",
        ),
        (
            (trade(2, "10", "-100"),), (lot(2, "10", "80", "100"),), {"actions": (SPUN_OFF,)},
            "lots_changed", "spin off of 2024-01-03",
        ),
        ((trade(2, "10", "-100"),), (lot(2, "20", "100"),), {}, "lots_changed", "no corporate"),
        ((trade(2, "10", "-100"),), (), {}, "lots_changed", "no corporate"),
        ((), HELD, {}, "lots_changed", "no corporate"),
        (
            (trade(2, "10", "-100"), trade(3, "-11", "110", (2, "11", "100"))), (lot(2, "0", "0"),),
            {}, "lots_changed", "no corporate",
        ),
        (
            (trade(2, "10", "-100"), trade(3, "-5", "55")), (lot(2, "5", "50", "100"),), {},
            "lots_changed", "no corporate",
        ),
        (
            (trade(2, "10", "-100"), trade(3, "-10", "110", is_fill=False, closures=(
                PartClosed("lot-2", Decimal(10), Decimal(100), Decimal(110), BOOT_RULE),
            ))), (lot(2, "0", "0", "100"),), {}, "lots_changed", "no corporate",
        ),
    ],
)  # fmt: skip
def test_what_the_trades_cannot_tell_is_left_out_with_all_that_it_could_reach(
    trades: tuple[TradeRow, ...],
    lots: tuple[LotRow, ...],
    more: dict[str, Any],
    reason: str,
    says: str,
) -> None:
    call = trade(9, "1", "-100", instrument="AAPL  240119C00010000", account_id="b")
    other = trade(10, "1", "-7", instrument="MSFT", account_id="b")
    kept = tuple(
        replace(lot(row.place, "1", f"{-row.amount}"), instrument=row.instrument, account_id="b")
        for row in (call, other)
    )

    history = books(*trades, call, other, lots=(*lots, *kept), **more)

    ((account, found, message),) = [
        (one.account, one.reason.value, one.message) for one in history.excluded
    ]
    assert (account, found) == ("a", reason)
    assert says in message
    assert [one.instrument for one in history.trades] == ["MSFT"]
    assert history.is_excluded("AAPL  240119C00010000")
    assert not history.is_excluded("MSFT")
