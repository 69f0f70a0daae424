"""The ledger's peer in `bifrost bench` is one: it reads and writes what ours does, to the digit."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from tests.benchmarks import ledger_reads, ledger_rebuilds
from tests.benchmarks.bookkeeper import Bookkeeper, history, list_marks, symbols, write_journal
from tests.benchmarks.naive_books import PEER, NaiveBooks
from tests.benchmarks.server import Addresses

INSTRUMENTS = symbols(3)


@pytest.fixture
def ours(make_database: Callable[[str], Database]) -> Bookkeeper:
    """Our books, and prices."""
    made = Bookkeeper(make_database("portfolio"))
    list_marks(made.database, INSTRUMENTS, sessions=5)
    return made


@pytest.fixture
def naive(database_url: Callable[[str], str]) -> Iterator[NaiveBooks]:
    """The ORM's."""
    made = NaiveBooks(database_url("portfolio"))
    yield made
    made.close()


def test_the_orm_leaves_the_same_books_and_reads_the_same_pnl(
    ours: Bookkeeper, naive: NaiveBooks
) -> None:
    mine, theirs = ours.open_account("mine"), ours.open_account("theirs")
    for books, account_id in ((ours, mine), (naive, theirs)):
        books.deposit(account_id, Decimal("100000.01"), "k-1")
        for event in history(account_id, INSTRUMENTS, rounds=2):
            books.hear(event)

    assert ours.left_in(mine) == ours.left_in(theirs)
    assert ours.left_in(mine).closures > 0
    for account_id in (mine, theirs):
        read = ours.pnl_by_position(account_id)
        assert read == naive.pnl_by_position(account_id)
        assert {*read} == {"", *INSTRUMENTS}
        assert ours.pnl(account_id) == naive.pnl(account_id)


def test_the_orm_books_what_it_is_told_twice_once(ours: Bookkeeper, naive: NaiveBooks) -> None:
    account_id = ours.open_account("twice")

    for _ in range(2):
        naive.deposit(account_id, Decimal(5000), "k-1")
        for event in history(account_id, INSTRUMENTS):
            naive.hear(event)

    assert ours.left_in(account_id).transactions == 1 + 4 * len(INSTRUMENTS)


def test_the_orm_rebuilds_the_same_books_from_the_journal(
    ours: Bookkeeper, naive: NaiveBooks
) -> None:
    booked, written = ours.open_account("booked"), ours.open_account("written")
    for event in history(booked, INSTRUMENTS, rounds=2):
        ours.hear(event)

    write_journal(ours.database, written, history(booked, INSTRUMENTS, rounds=2))

    rebuilt = ours.rebuild(booked)
    assert rebuilt == naive.rebuild(booked) == ours.rebuild(written) == naive.rebuild(written)
    assert rebuilt.entries == ours.left_in(booked).entries
    kept = {(quantity, cost) for _, _, _, quantity, cost, *_ in ours.left_in(booked).lots}
    assert {*rebuilt.lots.values()} == {(size, cost) for size, cost in kept if size}


def test_each_figure_of_reads_and_rebuilds_is_beside_its_peer(
    monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]
) -> None:
    small = {"POSITIONS": 3, "SESSIONS": 5, "READS": 2, "PEER_READS": 1, "ROUNDS": 1}
    for name, number in small.items():
        monkeypatch.setattr(ledger_reads, name, number)
    for name, number in {"INSTRUMENTS": 3, "ROUNDS": 1}.items():
        monkeypatch.setattr(ledger_rebuilds, name, number)
    addresses = Addresses({"portfolio": database_url("portfolio")})

    rows = [*ledger_reads.rows(addresses), *ledger_rebuilds.rows(addresses)]

    assert [(row.measure, row.unit, row.goal) for row in rows] == [
        ("P&L of 3 positions, p50", "ms", ""),
        ("P&L of 3 positions, p99", "ms", "<= 20"),
        ("P&L of 3 positions, CPU", "ms", ""),
        ("P&L of each of 3 positions, p50", "ms", ""),
        ("P&L of each of 3 positions, p99", "ms", ""),
        ("P&L of each of 3 positions, CPU", "ms", ""),
        ("rebuild", "entries/s", ""),
        ("rebuild of 396 entries, CPU", "s", ""),
        ("rebuild of 396 entries, memory", "MiB", ""),
        ("rebuild of 90 entries, memory", "MiB", ""),
    ]
    assert {row.peer for row in rows} == {PEER}
    assert None not in {row.peer_value for row in rows}


def test_a_peer_that_computes_something_else_ends_the_benchmark(
    monkeypatch: pytest.MonkeyPatch, ours: Bookkeeper, naive: NaiveBooks
) -> None:
    account_id = ours.open_account("other")
    for event in history(account_id, INSTRUMENTS):
        ours.hear(event)
    monkeypatch.setattr(NaiveBooks, "pnl_by_position", lambda *_: {})

    with pytest.raises(AssertionError, match="the peer computes something else"):
        ledger_reads.check_same(ours, naive, account_id)
