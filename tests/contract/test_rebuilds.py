"""A rebuild streams: it holds what an account holds, not what it has ever done; it changes nothing.

The journals are written by SQL, as the program's role, and played through the same store as ever.
"""

import tracemalloc
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.portfolio.rebuilding import Difference, Rebuild, rebuild_account
from bifrost.portfolio.replaying import Player
from tests.action_builders import action, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk

FILLS = 1_000
# What pages of the journal take more or less (measured: 3.0 to 3.7 MB, for 2,000 fills as for
# 32,000); the events of 4,000 fills, kept, would take 20 MB.
SLACK = 1_500_000

# Ten are bought and ten are sold in turn, so that the lots that are open stay few.
_JOURNAL = """
INSERT INTO portfolio.journal (account_id, place, is_note, recorded_at, event_id, session,
    detail_type, detail)
SELECT %(account)s, n, false, now(), 'long-' || n, '2012-01-03', 'FillRecorded.v1',
    jsonb_set(jsonb_set(%(event)s::jsonb, '{sequence}', to_jsonb(n)), '{fill}',
        %(event)s::jsonb -> 'fill' || jsonb_build_object('execution_id', 'long-' || n,
            'side', CASE WHEN mod(n, 2) = 1 THEN 'buy' ELSE 'sell' END))
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
"""


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    return ActingDesk(make_database("portfolio"))


def rebuilt(desk: ActingDesk) -> Rebuild:
    """The account's books made anew, beside the stored ones."""
    return rebuild_account(PostgresLibrary(desk.database), desk.account_id, "USD")


def write(desk: ActingDesk, first: int, last: int) -> None:
    """Add fills like the first one."""
    event = desk.rows("SELECT detail::text AS detail FROM portfolio.journal WHERE place = 1")
    with desk.database.transaction() as cursor:
        values = {"account": desk.account_id, "event": event[0]["detail"]}
        cursor.execute(_JOURNAL, {**values, "first": first, "last": last})


def peak(desk: ActingDesk) -> tuple[int, int]:
    """How many transactions a replay makes, and the most memory that it takes meanwhile."""
    with desk.library.snapshot() as books:
        player = Player(books.journal.stream(desk.account_id), [])
        tracemalloc.start()
        made = sum(1 for _ in player.play())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return made, most


def test_a_rebuild_takes_no_more_memory_for_a_journal_four_times_as_long(
    desk: ActingDesk,
) -> None:
    desk.trade(1, "10", "100")
    write(desk, 2, FILLS)
    peak(desk)
    made, short = peak(desk)
    write(desk, FILLS + 1, 4 * FILLS)

    made_again, long = peak(desk)

    assert (made, made_again) == (FILLS + 1, 4 * FILLS + 1)
    assert long < short + SLACK


def test_books_that_agree_are_said_to_agree(desk: ActingDesk) -> None:
    desk.hear(action(split("2", "1"), ex_date=session(2)))
    desk.open(1)
    desk.trade(1, "10", "100")
    desk.open(2)

    made = rebuilt(desk)

    assert (made.through, made.transactions, made.lots) == (session(2), 3, 1)
    assert (made.differences, made.has_imports) == ((), False)


def test_each_number_that_is_stored_otherwise_is_named_and_left(desk: ActingDesk) -> None:
    desk.trade(1, "10", "100")
    write(desk, 2, 2)

    made = rebuilt(desk)

    lot = f"paper:x-{desk.account_id}-1"
    assert made.differences[:2] == (
        Difference("lot instrument", lot, "AAPL", ""),
        Difference("lot quantity", lot, "10", "0"),
    )
    assert Difference("balance", "assets:positions:AAPL USD", "1000", "0") in made.differences
    assert desk.stored()["lots"] == {lot: ("AAPL", Decimal(10), Decimal(1000))}


def test_an_account_without_history_is_rebuilt_to_its_deposit(desk: ActingDesk) -> None:
    made = rebuilt(desk)

    assert (made.through, made.transactions, made.differences) == (date.min, 1, ())
