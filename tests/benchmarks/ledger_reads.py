"""P&L of 500 positions from the database, each with a year of prices, as its owner reads it."""

import time
from collections.abc import Callable
from decimal import Decimal
from statistics import median

from bifrost.adapters.postgres.database import Database
from tests.benchmarks.bookkeeper import Bookkeeper, history, list_marks, symbols
from tests.benchmarks.meter import Meter
from tests.benchmarks.naive_books import PEER, NaiveBooks
from tests.benchmarks.report import ROUNDS, Row, percentile
from tests.benchmarks.server import Addresses

POSITIONS, SESSIONS = 500, 250
CASH = Decimal(10**8)
# A p99 of ours needs many readings; the peer's are long, and a few tell what they take.
READS, PEER_READS = 60, 4
# What is only prepared need not survive a power cut.
_HASTE = "&options=-csynchronous_commit%3Doff"


def rows(addresses: Addresses) -> list[Row]:
    """Read in turns, and check before that both read the same."""
    url = addresses.urls["portfolio"]
    account_id = _prepare(Database(url + _HASTE))
    ours, peer = Bookkeeper(addresses.open("portfolio")), NaiveBooks(url)
    check_same(ours, peer, account_id)
    whole, each, naive = (Reading(one.process_id()) for one in (ours, ours, peer))
    for _ in range(ROUNDS):
        whole.take(lambda: ours.pnl(account_id), READS)
        each.take(lambda: ours.pnl_by_position(account_id), READS)
        naive.take(lambda: peer.pnl_by_position(account_id), PEER_READS)
    ours.close()
    peer.close()
    made = []
    for what, reading, goal in (
        (f"P&L of {POSITIONS} positions", whole, "<= 20"),
        (f"P&L of each of {POSITIONS} positions", each, ""),
    ):
        made += [
            Row(f"{what}, p50", reading.percentile_ms(0.5), "ms", "", PEER,
                naive.percentile_ms(0.5)),
            Row(f"{what}, p99", reading.percentile_ms(0.99), "ms", goal, PEER,
                naive.percentile_ms(0.99)),
            Row(f"{what}, CPU", reading.cpu_ms(), "ms", "", PEER, naive.cpu_ms()),
        ]  # fmt: skip
    return made


class Reading:
    """How long each call took, and the CPU of both sides per call of each round."""

    def __init__(self, server_process: int) -> None:
        self._meter = Meter(server_process)
        self._seconds: list[float] = []
        self._cpu: list[float] = []

    def take(self, call: Callable[[], object], times: int) -> None:
        """Call it so many times."""
        used = self._meter()
        for _ in range(times):
            began = time.perf_counter()
            call()
            self._seconds.append(time.perf_counter() - began)
        self._cpu.append((self._meter() - used) / times)

    def percentile_ms(self, share: float) -> float:
        """Return the percentile of all calls."""
        return round(percentile(self._seconds, share) * 1000, 2)

    def cpu_ms(self) -> float:
        """Return the rounds' median."""
        return round(median(self._cpu) * 1000, 2)


def check_same(ours: Bookkeeper, peer: NaiveBooks, account_id: str) -> None:
    """Raise AssertionError where the two differ, or are not of the portfolio that was meant."""
    mine, theirs = ours.pnl_by_position(account_id), peer.pnl_by_position(account_id)
    if mine != theirs or ours.pnl(account_id) != peer.pnl(account_id):
        raise AssertionError(f"the peer computes something else: {theirs} for {mine}")
    if len(mine) != POSITIONS + 1:  # and what no instrument caused
        raise AssertionError(f"{len(mine) - 1} positions were read, not {POSITIONS}")


def _prepare(database: Database) -> str:
    clerk, names = Bookkeeper(database), symbols(POSITIONS)
    list_marks(database, names, SESSIONS)
    account_id = clerk.open_account("read")
    clerk.deposit(account_id, CASH, "all")
    for event in history(account_id, names):
        clerk.hear(event)
    clerk.close()
    return account_id
