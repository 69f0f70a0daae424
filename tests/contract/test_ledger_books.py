"""The stored books are what the events say, to the last digit, in whatever order they arrive."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.portfolio_reads import PostgresReader
from bifrost.core.errors import (
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    UnavailableError,
)
from bifrost.events import (
    AccountOpened,
    BarClosed,
    CashDeposited,
    Event,
    FillRecorded,
)
from bifrost.portfolio.rebuild import rebuild
from bifrost.portfolio.withdrawals import PostWithdrawal
from tests.builders import bar, bar_closed, closes_at, fill, fill_recorded, seeded, session
from tests.contract.backbone import all_at_once
from tests.contract.ledger_desk import NOW, LedgerDesk, cash_request
from tests.postgres_server import Server

Make = Callable[[str], Database]
SYMBOLS = ("AAPL", "IBM", "MSFT")


@pytest.fixture
def desk(make_database: Make) -> LedgerDesk:
    return LedgerDesk(make_database("portfolio"))


def fills_of(account_id: str, seed: int, number: int = 60) -> list[FillRecorded]:
    """Random fills of three instruments, long and short, with odd prices and commissions."""
    draw = seeded(seed)
    made = []
    for sequence in range(1, number + 1):
        size = Decimal(draw.randint(1, 90_000)).scaleb(-draw.choice((0, 2, 3)))
        one = fill(
            sequence,
            draw.choice((1, -1)) * size,
            Decimal(draw.randint(1, 9_999_999)).scaleb(-4),
            instrument=draw.choice(SYMBOLS),
            account_id=account_id,
            commission=Decimal(draw.randint(0, 99_999)).scaleb(-4),
            occurred_at=closes_at(1 + sequence // 6),
        )
        made.append(fill_recorded(one, sequence))
    return made


def hear(desk: LedgerDesk, event: Event) -> None:
    """Deliver an event."""
    if isinstance(event, FillRecorded):
        desk.service.hear_fill(event)
    elif isinstance(event, BarClosed):
        desk.service.hear_bar(event)


def books(desk: LedgerDesk, account_id: str) -> dict[str, Any]:
    """Everything portfolio says of an account, but for ids and places."""
    lots = (
        "SELECT lot_id, quantity, cost, opened_quantity, opened_cost, opened_at"
        " FROM portfolio.lots WHERE account_id = %s ORDER BY opened_sequence"
    )
    closures = (
        "SELECT c.lot_id, t.reference, c.quantity, c.cost, c.proceeds"
        " FROM portfolio.lot_closures c JOIN portfolio.ledger_transactions t USING (transaction_id)"
        " WHERE t.account_id = %s ORDER BY t.reference, c.lot_id"
    )
    entries = (
        "SELECT t.reference, e.ledger_account, e.instrument, e.amount, e.quantity"
        " FROM portfolio.ledger_entries e JOIN portfolio.ledger_transactions t"
        " USING (transaction_id) WHERE t.account_id = %s AND t.kind = 'fill'"
        " ORDER BY t.reference, e.ledger_account"
    )
    return {
        "worth": desk.worth(account_id),
        "lots": desk.rows(lots, (account_id,)),
        "closures": desk.rows(closures, (account_id,)),
        "entries": desk.rows(entries, (account_id,)),
        "valuations": desk.reader.valuations(account_id, before=session(9999), limit=100),
        "marks": desk.rows(
            "SELECT instrument, occurred_at, session, price, currency, recorded_at"
            " FROM portfolio.marks ORDER BY instrument, occurred_at"
        ),
    }


def sums_of_entries(desk: LedgerDesk, account_id: str) -> list[Row]:
    """Balances as the entries make them."""
    return desk.rows(
        "SELECT e.ledger_account, e.instrument, sum(e.amount) AS amount,"
        " sum(e.quantity) AS quantity FROM portfolio.ledger_entries e"
        " JOIN portfolio.ledger_transactions t USING (transaction_id) WHERE t.account_id = %s"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        (account_id,),
    )


def stored_balances(desk: LedgerDesk, account_id: str) -> list[Row]:
    """Balances as they are kept."""
    return desk.rows(
        "SELECT ledger_account, instrument, amount, quantity FROM portfolio.balances"
        " WHERE account_id = %s ORDER BY 1, 2",
        (account_id,),
    )


@pytest.mark.parametrize("seed", range(5))
def test_books_rebuilt_from_the_events_equal_the_stored_ones(desk: LedgerDesk, seed: int) -> None:
    account_id = desk.open_account()
    draw = seeded(seed)
    fills = fills_of(account_id, seed)
    for number, event in enumerate(fills):
        hear(desk, event)
        if number % 5 == 0:
            desk.deposit(account_id, str(Decimal(draw.randint(1, 10**9)).scaleb(-2)), f"d-{number}")
            withdraw(desk, account_id, f"{draw.randint(1, 10**4)}.07", f"w-{number}")

    rebuilt = rebuild([*desk.published(), *fills])

    worth = desk.worth(account_id)
    assert worth.imbalance == 0
    assert worth.cash == rebuilt.cash
    assert worth.realised_pnl == rebuilt.realised_pnl
    assert worth.commissions == rebuilt.commissions
    held = {one.instrument: (one.quantity, one.cost) for one in worth.positions}
    assert held == rebuilt.positions()
    with desk.database.transaction() as cursor:
        rows = cursor.execute("SELECT * FROM portfolio.lots WHERE quantity <> 0").fetchall()
    assert {row["lot_id"]: (row["quantity"], row["cost"]) for row in rows} == {
        lot.lot_id: (lot.quantity, lot.cost) for lot in rebuilt.lots.values()
    }
    assert stored_balances(desk, account_id) == sums_of_entries(desk, account_id)


def withdraw(desk: LedgerDesk, account_id: str, amount: str, key: str) -> None:
    """Let cash out, risk agreeing at once."""
    desk.workflows.machines["withdrawal_flow"] = lambda given: void(
        desk.withdrawals.post(PostWithdrawal(given["withdrawal_id"]), "test")
    )
    desk.withdrawals.withdraw(cash_request(account_id, amount, key))


def void(_: object) -> None:
    """Forget an answer."""


def delivered(seed: int, events: Sequence[Event]) -> list[Event]:
    """Each event three times, shuffled."""
    thrice = [*events, *events, *events]
    seeded(seed).shuffle(thrice)
    return thrice


def books_after(server: Server, deliver: Callable[[list[Event]], list[Event]]) -> dict[str, Any]:
    """Play the same story in a database of its own, its events delivered as told."""
    with server.fresh_database() as name:
        database = Database(server.address("bifrost_portfolio", name))
        desk = LedgerDesk(database)
        account_id = desk.open_account()
        bars: list[Event] = [
            bar_closed(bar(day, f"{100 + day}.{n}7", instrument=symbol), day)
            for n, symbol in enumerate(SYMBOLS)
            for day in range(1, 13)
        ]
        desk.deposit(account_id, "100000", "d-1")
        for event in deliver([*bars, *fills_of(account_id, seed=7)]):
            hear(desk, event)
            desk.deposit(account_id, "100000", "d-1")
        found = books(desk, account_id)
        database.close()
        return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_shuffled_deliveries_of_everything_give_the_same_books(
    postgres_server: Server, seed: int
) -> None:
    in_order = books_after(postgres_server, list)
    shuffled = books_after(postgres_server, lambda events: delivered(seed, events))

    assert shuffled == in_order
    assert len(in_order["valuations"]) == 12
    assert len(in_order["entries"]) > 120


def test_a_fill_that_waits_for_an_earlier_one_is_not_booked(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    first, second = fills_of(account_id, seed=1, number=2)

    hear(desk, second)
    assert desk.worth(account_id).positions == ()

    hear(desk, first)
    assert len(desk.rows("SELECT 1 FROM portfolio.lots")) >= 1
    assert desk.worth(account_id).commissions == first.fill.commission + second.fill.commission


def test_one_execution_reported_under_two_events_is_booked_once(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    one = fill(1, "10", "100", account_id=account_id)

    hear(desk, fill_recorded(one, 1))
    hear(desk, fill_recorded(one, 2))

    (position,) = desk.worth(account_id).positions
    assert position.quantity == 10


def test_sixteen_deliveries_at_once_book_each_fill_once(
    desk: LedgerDesk, make_database: Make
) -> None:
    account_id = desk.open_account()
    fills = fills_of(account_id, seed=3, number=8)
    desks = [LedgerDesk(make_database("portfolio"), CountedIds(f"d{n}-")) for n in range(16)]

    def until_heard(one: LedgerDesk, event: Event) -> None:
        for _ in range(20):
            try:
                return hear(one, event)
            except UnavailableError:  # a deadlock's victim; its queue would deliver it again
                continue
        raise AssertionError("never heard")

    all_at_once([lambda d=d, e=e: until_heard(d, e) for d, e in zip(desks, fills * 2, strict=True)])

    rebuilt = rebuild(fills)
    assert desk.worth(account_id).cash == rebuilt.cash
    assert stored_balances(desk, account_id) == sums_of_entries(desk, account_id)


def test_valuation_of_a_session_is_corrected_by_a_fill_that_comes_late(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    desk.deposit(account_id, "10000", "d-1")
    hear(
        desk,
        fill_recorded(fill(1, "10", "100", account_id=account_id, occurred_at=closes_at(1)), 1),
    )
    for day in (1, 2, 3):
        hear(desk, bar_closed(bar(day, f"{100 + day}"), day))
    late = fill(2, "-10", "150", account_id=account_id, occurred_at=closes_at(2), commission="1")

    before = desk.reader.valuations(account_id, before=session(99), limit=10)
    hear(desk, fill_recorded(late, 2))
    after = desk.reader.valuations(account_id, before=session(99), limit=10)

    assert [one.valuation.equity for one in before] == [10030, 10020, 10010]
    assert [one.valuation.equity for one in after] == [10499, 10499, 10010]


def test_an_account_that_holds_what_has_no_price_is_of_unknown_worth(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    hear(desk, fill_recorded(fill(1, "10", "100", account_id=account_id), 1))

    worth = desk.worth(account_id)

    assert (worth.cash, worth.equity, worth.unpriced) == (-1000, None, ("AAPL",))


def test_an_older_bar_does_not_move_the_mark_back(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    hear(desk, fill_recorded(fill(1, "10", "100", account_id=account_id), 1))
    hear(desk, bar_closed(bar(5, "105"), 5))

    hear(desk, bar_closed(bar(4, "104"), 4))

    assert desk.worth(account_id).market_value == 1050


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_bars_of_one_instant_the_one_recorded_later_stands(
    desk: LedgerDesk, order: tuple[int, int]
) -> None:
    bars = (bar_closed(bar(1, "100"), 1), bar_closed(bar(1, "101"), 1, recorded_at=NOW))

    for index in order:
        hear(desk, bars[index])

    (mark,) = desk.rows("SELECT price FROM portfolio.marks")
    assert mark["price"] == 101


def test_opening_an_account_is_told_once_per_key(desk: LedgerDesk) -> None:
    account_id = desk.open_account(key="k")
    assert desk.open_account(key="k") == account_id

    (told,) = desk.published()
    assert isinstance(told, AccountOpened)
    assert (told.account_id, told.owner, told.currency) == (account_id, "ann", "USD")
    assert [one.account_id for one in desk.reader.accounts(after=0, limit=9)] == [account_id]


def test_a_deposit_repeated_under_its_key_is_the_same_deposit(desk: LedgerDesk) -> None:
    account_id = desk.open_account()

    first = desk.deposit(account_id, "100.00", "d-1")
    assert desk.deposit(account_id, "100", "d-1") == first

    (told,) = (one for one in desk.published() if isinstance(one, CashDeposited))
    assert (told.event_id, told.transaction_id) == (first.event_id, first.transaction_id)
    assert desk.worth(account_id).cash == 100


def test_a_key_with_another_amount_is_refused_and_nothing_is_written(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    desk.deposit(account_id, "100", "d-1")

    with pytest.raises(KeyReusedError):
        desk.deposit(account_id, "101", "d-1")

    assert desk.worth(account_id).cash == 100


def test_sixteen_deposits_at_once_under_one_key_are_one(
    desk: LedgerDesk, make_database: Make
) -> None:
    account_id = desk.open_account()
    desks = [LedgerDesk(make_database("portfolio"), CountedIds(f"d{n}-")) for n in range(16)]

    made = all_at_once([lambda d=d: d.deposit(account_id, "5", "d-1") for d in desks])

    assert len({one.transaction_id for one in made}) == 1
    assert desk.worth(account_id).cash == 5


def test_a_deposit_into_somebody_elses_account_is_as_into_none(desk: LedgerDesk) -> None:
    account_id = desk.open_account(owner="ann")

    with pytest.raises(NotFoundError):
        desk.deposit(account_id, "100", "d-1", owner="bob")
    with pytest.raises(NotFoundError):
        PostgresReader(desk.database, "bob").account(account_id)

    assert desk.worth(account_id).cash == 0


def test_a_deposit_in_another_currency_is_refused_with_its_fix(desk: LedgerDesk) -> None:
    account_id = desk.open_account()

    with pytest.raises(InvalidInputError) as refused:
        desk.service.deposit(cash_request(account_id, "100", "d-1", currency="EUR"))

    assert refused.value.problems[0].field == "currency"


def test_a_deposit_carries_market_time_once_a_bar_was_seen(desk: LedgerDesk) -> None:
    account_id = desk.open_account()

    before = desk.deposit(account_id, "1", "d-1")
    hear(desk, bar_closed(bar(3, "100"), 3))
    after = desk.deposit(account_id, "1", "d-2")

    assert (before.occurred_at, after.occurred_at) == (NOW, closes_at(3))


def test_the_ledger_is_paged_newest_first_without_gap_or_repeat(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    for number in range(5):
        desk.deposit(account_id, f"{number + 1}", f"d-{number}")

    first = desk.reader.ledger(account_id, before=2**62, limit=3)
    rest = desk.reader.ledger(account_id, before=first[-1].place, limit=3)

    amounts = [one.entries[0].amount for one in (*first, *rest)]
    assert amounts == [5, 4, 3, 2, 1]
