"""The ledger's peer in `bifrost bench` is one: it reads and writes what ours does, to the digit."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from tests.benchmarks.bookkeeper import Bookkeeper, history, list_marks, symbols, write_journal
from tests.benchmarks.naive_books import NaiveBooks

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
