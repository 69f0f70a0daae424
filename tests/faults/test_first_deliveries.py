"""Events that nobody has heard yet, each three times and shuffled, its first delivery included:
through the handlers' way in from SQS every book ends as it does when each comes once, in order.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache, partial

import pytest

from bifrost.adapters.clock import SystemClock
from bifrost.local import postgres
from tests.builders import WALL
from tests.lives import LifeOf, Rows, a_life, booked, heard_by, traded
from tests.postgres_server import Server, running_server

SEEDS = (1, 2, 3)


def assert_same(seed: int, in_order: Rows, shuffled: Rows, *filled: str) -> None:
    """Compare row by row; the tables that the life was about must not be empty."""
    for table in filled:
        assert in_order[table], f"{table} is empty: nothing was compared"
    different = {
        table: sorted(set(in_order[table]) ^ set(shuffled[table]))[:4]
        for table in in_order
        if in_order[table] != shuffled[table]
    }
    assert not different, f"seed {seed}: {different}"


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run happen at one instant of the wall clock."""

    def now(_clock: SystemClock) -> datetime:
        return WALL

    monkeypatch.setattr(SystemClock, "now", now)


@pytest.fixture(scope="module")
def life_of(postgres_server: Server) -> LifeOf:
    """Live once for each account that is asked for."""
    return cache(partial(a_life, postgres_server))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("capability", "filled"),
    [
        ("risk", ("risk.accounts", "risk.reservations", "risk.inbox")),
        ("compliance", ("compliance.accounts", "compliance.inbox")),
    ],
)
def test_a_checks_books_are_the_same(
    capability: str,
    filled: tuple[str, ...],
    seed: int,
    postgres_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    life_of: LifeOf,
) -> None:
    life = life_of("account-1")
    in_order = heard_by(capability, postgres_server, monkeypatch, life, None)
    shuffled = heard_by(capability, postgres_server, monkeypatch, life, seed)

    assert_same(seed, in_order, shuffled, *filled)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ledger_is_the_same(
    seed: int, postgres_server: Server, monkeypatch: pytest.MonkeyPatch, life_of: LifeOf
) -> None:
    in_order = booked(postgres_server, monkeypatch, life_of, None)
    shuffled = booked(postgres_server, monkeypatch, life_of, seed)

    assert_same(seed, in_order, shuffled, "portfolio.lots", "portfolio.marks", "portfolio.inbox")


@pytest.mark.parametrize("seed", SEEDS)
def test_orders_fills_and_the_venues_books_are_the_same(
    seed: int, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_order = traded(postgres_server, monkeypatch, None)
    shuffled = traded(postgres_server, monkeypatch, seed)

    assert_same(seed, in_order, shuffled, "execution.fills", "execution.outbox", "venue.orders")


@pytest.fixture(scope="module")
def older_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """PostgreSQL 16, older than Aurora's, from the same wheel as the one that is used."""
    newest = postgres.binaries()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "binaries", lambda: newest.parents[1] / "pginstall" / "bin")
        patch.delitem(postgres.SETTINGS, "io_method")  # a setting of 18
        patch.setattr(postgres, "LOCALE", ("--locale=C",))  # 16 has no locales of its own
        with running_server(tmp_path_factory.mktemp("older") / "pg") as server:
            yield server


def test_an_older_postgres_keeps_the_same_books(
    older_server: Server,
    postgres_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    life_of: LifeOf,
) -> None:
    life = life_of("account-1")

    assert a_life(older_server, "account-1") == life
    for capability in ("risk", "compliance"):
        here, there = (
            heard_by(capability, server, monkeypatch, life, 1)
            for server in (postgres_server, older_server)
        )
        assert here == there
    for run in (traded, partial(booked, life_of=life_of)):
        assert run(older_server, monkeypatch, seed=1) == run(postgres_server, monkeypatch, seed=1)
