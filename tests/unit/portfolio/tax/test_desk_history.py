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

from bifrost.core.corporate_actions import CorporateAction, Merger, Rename, SpinOff, Split
from bifrost.core.money import exact_sum
from bifrost.portfolio.accounts import AccountKind
from bifrost.portfolio.corporate_actions.effects import FRACTION_RULE
from bifrost.portfolio.tax.desk import DeskHistory, history_of
from bifrost.portfolio.tax.desk_rows import (
    AccountRow,
    CapitalRow,
    DeskRows,
    LotRow,
    MetRow,
    PartClosed,
    TradeRow,
)
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

    told = told_by(history_of(Desk(last=last).rows(history.trades)), mine.elections)

    assert told == by_hand


@given(history=histories(STOCKS), last=st.booleans())
@settings(max_examples=150)
def test_lots_closed_in_part_and_single_shares_come_to_the_same(
    history: History, last: bool
) -> None:
    mine = of_one_owner(history)
    desk = history_of(Desk(last=last).rows(history.trades))
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

    told = told_by(history_of(Desk(shares).rows(history.trades)), elections)

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
        instrument="AAPL",
        currency="USD",
        quantity=Decimal(quantity),
        cost=-exact_sum(one.cost for one in parts) if closed else -Decimal(amount),
        amount=Decimal(amount),
        lot_id=f"lot-{day}",
        closures=parts,
    )
    return replace(row, **more)


def lot(day: int, quantity: str, cost: str, instrument: str = "AAPL") -> LotRow:
    return LotRow(
        lot_id=f"lot-{day}",
        account_id="a",
        instrument=instrument,
        currency="USD",
        opened_at=datetime(2024, 1, day, 20, tzinfo=UTC),
        sequence=day,
        quantity=Decimal(quantity),
        cost=Decimal(cost),
    )


ACCOUNTS = (AccountRow("a", "al", AccountKind.CASH), AccountRow("b", "al", AccountKind.CASH))


def books(*trades: TradeRow, lots: tuple[LotRow, ...], **more: Any) -> DeskHistory:
    rows = DeskRows(today=date(2024, 12, 31), accounts=ACCOUNTS, trades=trades, lots=lots, **more)
    return history_of(rows)


def met(one: CorporateAction, *closures: PartClosed, **more: Any) -> MetRow:
    """What account a's own lots follow."""
    row = MetRow("a", one.instrument, False, one.action_id, one.revision, closures)
    return replace(row, **more)


def on(day: int, terms: Any) -> CorporateAction:
    return action(terms, ex_date=date(2024, 1, day))


def test_a_renamed_share_is_told_by_the_name_of_its_day() -> None:
    renamed = on(4, Rename("NEW"))
    bought, sold = trade(2, "10", "-100"), trade(5, "-4", "60", (2, "4", "40"), instrument="NEW")

    history = books(bought, trade(3, "-1", "11", (2, "1", "10")), sold,
        lots=(lot(2, "5", "50", "NEW"),), actions=(renamed,), met=(met(renamed),),
    )  # fmt: skip

    told = told_by(history, Elections())
    assert [(one.instrument, f"{one.gain}") for one in told.sales] == [
        ("AAPL", "1.00"),
        ("NEW", "20.00"),
    ]
    assert [(one.instrument, f"{one.basis}") for one in told.lots] == [("NEW", "50.00")]


PAID = PartClosed("lot-2", Decimal("0.5"), Decimal(10), Decimal(9), FRACTION_RULE)
REVERSED = on(4, Split(Decimal(1), Decimal(6), Decimal(18)))


def test_a_fraction_that_was_paid_out_is_a_sale() -> None:
    history = books(
        trade(2, "15", "-50"), lots=(lot(2, "2", "40"),),
        actions=(REVERSED,), met=(met(REVERSED, PAID),),
    )  # fmt: skip

    told = told_by(history, Elections())
    assert [(f"{one.quantity}", f"{one.gain}") for one in told.sales] == [("0.5", "-1.00")]
    assert [(f"{one.quantity}", f"{one.basis}") for one in told.lots] == [("2", "40.00")]


def test_of_a_lot_closed_in_part_the_first_shares_are_sold() -> None:
    # The first of the two shares that replaced has the loss, and the newest lot is closed first.
    history = books(
        trade(2, "1", "-10.15"), trade(3, "-1", "10", (2, "1", "10.15")),
        trade(4, "2", "-20"), trade(5, "-1", "10", (4, "1", "10")),
        lots=(lot(2, "0", "0"), lot(4, "1", "10")),
    )  # fmt: skip

    told = told_by(history, Elections())
    assert [(f"{one.allowed_loss}", f"{one.disallowed_loss}") for one in told.sales] == [
        ("0.00", "0.15"),
        ("0.15", "0.00"),
    ]
    assert [f"{one.basis}" for one in told.lots] == ["10.00"]


REPAID = CapitalRow(
    place=3,
    occurred_at=datetime(2024, 1, 3, 20, tzinfo=UTC),
    day=date(2024, 1, 3),
    account_id="a",
    instrument="AAPL",
    currency="USD",
    amount=Decimal(30),
    lots=("lot-2",),
)


def test_a_return_of_capital_counts_for_what_is_sold_after_it() -> None:
    history = books(
        trade(2, "10", "-105", cost=Decimal(100)),
        trade(4, "-5", "60", (2, "5", "35")),
        lots=(lot(2, "5", "35"),),
        capitals=(REPAID,),
    )

    told = told_by(history, Elections())
    # The books' cost is without the commission of 5, the basis with it.
    assert [f"{one.basis}" for one in told.sales] == ["37.50"]
    assert [f"{one.basis}" for one in told.lots] == ["37.50"]


def test_shares_that_a_ratio_leaves_without_a_last_digit_are_all_sold() -> None:
    reversed_split = on(3, Split(Decimal(1), Decimal(3)))
    third = "3.333333333333"
    history = books(
        trade(2, "10", "-100"),
        trade(4, f"-{third}", "90", (2, third, "100")),
        lots=(lot(2, "0", "0"),),
        actions=(reversed_split,),
        met=(met(reversed_split),),
    )

    told = told_by(history, Elections())

    assert [(f"{one.quantity}", f"{one.gain}") for one in told.sales] == [(third, "-10.00")]
    assert told.lots == ()


@pytest.mark.parametrize(("day", "joined"), [(2, True), (3, False), (4, False)])
def test_a_rename_joins_two_stocks_only_where_the_old_name_was_traded_before_it(
    day: int, joined: bool
) -> None:
    renamed = on(3, Rename("NEW"))
    unproved = trade(1, "10", "-70", instrument="NEW", account_id="b")
    follows = {"met": (met(renamed),)} if joined else {}

    history = books(
        trade(day, "10", "-100"), unproved, actions=(renamed,), **follows,
        lots=(lot(day, "10", "100", "NEW" if joined else "AAPL"),),
    )  # fmt: skip

    named = [(one.account, one.instrument) for one in history.excluded]
    assert named == [("b", "NEW"), ("b", "AAPL")][: 1 + joined]
    assert history.is_excluded("AAPL") == joined
    assert [one.instrument for one in history.trades] == [] if joined else ["AAPL"]
    if joined:
        assert "it has to do with NEW" in history.excluded[1].message


def test_what_became_of_shares_sold_before_could_replace_them_and_takes_them_along() -> None:
    merged = on(4, Merger(new_instrument="MID", shares_per_share=Decimal(2)))
    renamed = replace(on(5, Rename("NEW")), action_id="a-2", instrument="MID")
    sold = trade(3, "-10", "60", (2, "10", "100"))
    unproved = trade(6, "10", "-70", instrument="NEW", account_id="b")

    history = books(
        trade(2, "10", "-100"), sold, unproved, lots=(lot(2, "0", "0"),),
        actions=(merged, renamed),
    )  # fmt: skip

    assert history.trades == ()
    assert [one.instrument for one in history.excluded] == ["NEW", "AAPL"]


def test_what_was_heard_late_opened_its_lot_before_it_was_closed() -> None:
    sold = trade(3, "-10", "110", (2, "10", "100"))
    late = replace(trade(2, "10", "-100"), place=9, occurred_at=sold.occurred_at, day=sold.day)

    history = books(sold, late, lots=(lot(2, "0", "0"),))

    assert [f"{one.gain}" for one in told_by(history, Elections()).sales] == ["10.00"]


HELD = (lot(2, "10", "100"),)
DOUBLED = on(3, Split(Decimal(2), Decimal(1)))
SPUN_OFF = on(3, SpinOff("CHILD", Decimal(1), Decimal("0.2")))
IMPORTED = replace(lot(2, "10", "100"), sequence=-5)


@pytest.mark.parametrize(
    ("trades", "lots", "more", "reason", "says"),
    [
        ((trade(2, "10", "-100", currency="EUR"),), HELD, {}, "other_currency", "than USD"),
        (
            (trade(2, "-10", "100"),), (lot(2, "-10", "-100"),), {}, "sold_short", "may not sell",
        ),
        (
            (trade(2, "10", "-100"), trade(3, "-10", "110", (2, "10", "100"))), (lot(2, "0", "0"),),
            {"capitals": (replace(REPAID, day=date(2024, 1, 4)),)},
            "capital_without_lots", "none of it was held",
        ),
        (
            (trade(2, "10", "-100"),), HELD,
            {"actions": (SPUN_OFF,), "met": (met(SPUN_OFF, revision=7),)},
            "action_outdated", "spin off of AAPL, 2024-01-03",
        ),
        (
            (trade(1, "10", "-100"), trade(2, "10", "-100")), (lot(1, "10", "80"), IMPORTED),
            {"actions": (SPUN_OFF,), "met": (met(SPUN_OFF),)},
            "lots_apart", "spin off of AAPL, 2024-01-03",
        ),
        (
            (trade(2, "10", "-100"),), HELD, {"actions": (DOUBLED,)},
            "not_followed", "split of AAPL, 2024-01-03",
        ),
        (
            (trade(2, "10", "-100"), trade(4, "-10", "60", (2, "10", "100"))),
            (lot(2, "0", "0"),), {"actions": (DOUBLED,)},
            "not_followed", "bifrost reconcile",
        ),
        (
            (trade(2, "10", "-100"),), (lot(2, "10", "80"),), {"actions": (SPUN_OFF,)},
            "lots_changed", "are not what",
        ),
        (
            (trade(2, "15", "-50"),), (lot(2, "2", "40"),), {"actions": (REVERSED,), "met": (
                met(REVERSED, replace(PAID, proceeds=Decimal(8))),
            )}, "lots_changed", "split of AAPL, 2024-01-04",
        ),
        ((trade(2, "10", "-100"),), (lot(2, "20", "100"),), {}, "lots_changed", "are not what"),
        ((trade(2, "10", "-100"),), (), {}, "lots_changed", "are not what"),
        ((), HELD, {}, "lots_changed", "are not what"),
        (
            (trade(2, "10", "-100"), trade(3, "-11", "110", (2, "11", "100"))), (lot(2, "0", "0"),),
            {}, "lots_changed", "are not what",
        ),
        (
            (trade(2, "10", "-100"), trade(3, "-5", "55")), (lot(2, "5", "50"),), {},
            "lots_changed", "are not what",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_left_out_with_all_that_it_could_reach(
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
