"""What an order's decision asks of the database is counted: a statement more would go unnoticed.

Counted by libpq's own trace of what is sent and what is waited for, with a history behind the
account: neither may grow with it. How long it takes is the benchmarks' matter.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.adapters.postgres.compliance import PostgresDockets
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk import PostgresOrderGates
from bifrost.compliance import service as compliance
from bifrost.execution.ports import ExecutionReport, VenueOrder, VenueOrderState
from bifrost.execution.records import OrderRecord
from bifrost.risk import service as risk
from tests.action_builders import action, announced, split
from tests.builders import account_opened, cash_deposited, instrument_listed
from tests.execution_desk import MakeDatabase, TradingDesk
from tests.unit.risk.facts import closed, hear


class CalledError(BaseException):
    """A decision ends where the venue is called. Not an Exception: that would be written down."""


class Uncalled:
    """A venue where every decision ends."""

    venue = "paper"

    def __init__(self, _: PaperVenue) -> None:
        """Stand in for the paper venue."""

    def submit(self, order: VenueOrder) -> VenueOrderState:
        """End the decision."""
        raise CalledError(order.client_order_id)

    def reports_after(self, sequence: int, limit: int) -> list[ExecutionReport]:
        """Nothing happens here."""
        return []


@dataclass(frozen=True, slots=True)
class Asked:
    """Statements that ran, and how often their answers were waited for."""

    statements: int
    trips: int


@contextmanager
def counted(database: Database, folder: Path) -> Iterator[list[Asked]]:
    """Count what the block asks of this database."""
    found: list[Asked] = []
    with database.separately() as connection:
        server = connection.pgconn  # type: ignore[attr-defined]  # the driver's own, to listen in
    log = folder / "trace"
    with log.open("w") as file:
        server.trace(file.fileno())
        try:
            yield found
        finally:
            server.untrace()
    found.append(_asked(log.read_text()))


def _asked(trace: str) -> Asked:
    # A line is: when, F(rom us) or B(ack), the length, and what it is.
    lines = [line.split("\t")[1:4] for line in trace.splitlines() if line.count("\t") >= 3]
    statements = sum(kind == "Execute" for way, _, kind in lines if way == "F")
    ways = [way for way, _, _ in lines]
    trips = sum(one == "F" and then == "B" for one, then in pairwise(ways))
    return Asked(statements, trips)


@dataclass(frozen=True, slots=True)
class Deciding:
    """The three who decide an order, each with a connection of its own."""

    desk: TradingDesk
    risk: Database
    compliance: Database
    folder: Path

    def check_and_reserve(self, order: OrderRecord) -> Asked:
        """Count what risk asks."""
        with counted(self.risk, self.folder) as found:
            gates = PostgresOrderGates(self.risk)
            assert risk.check_and_reserve(gates, order.intent).accepted
        return found[0]

    def comply(self, order: OrderRecord) -> Asked:
        """Count what compliance asks."""
        with counted(self.compliance, self.folder) as found:
            dockets = PostgresDockets(self.compliance)
            assert compliance.check_order(dockets, order.intent).accepted
        return found[0]

    def submit(self, order: OrderRecord) -> Asked:
        """Count what execution asks until it calls the venue."""
        with counted(self.desk.database, self.folder) as found, pytest.raises(CalledError):
            self.desk.sender.submit(order.order_id)
        return found[0]

    def decide(self, key: str) -> tuple[Asked, Asked, Asked]:
        """Count a decision."""
        order = self.desk.place(key)
        return self.check_and_reserve(order), self.comply(order), self.submit(order)


@pytest.fixture
def deciding(make_database: MakeDatabase, tmp_path: Path) -> Deciding:
    desk = TradingDesk(make_database, wrap=Uncalled)  # type: ignore[arg-type]  # it only submits
    desk.open()
    desk.close(1)
    one = Deciding(desk, make_database("risk"), make_database("compliance"), tmp_path)
    hear(one.risk, account_opened(), cash_deposited("1000000"), instrument_listed(), closed("100"))
    # Statements are prepared when they are asked for the sixth time, which takes a trip once.
    for number in range(6):
        one.decide(f"before-{number}")
    return one


def test_a_decision_asks_so_much_and_waits_so_often(deciding: Deciding) -> None:
    checked, complied, submitted = deciding.decide("k-1")

    # The lock, the facts; the answer.
    assert checked == Asked(statements=3, trips=2)
    # The rules; the log.
    assert complied == Asked(statements=2, trips=2)
    # BEGIN, the locks, the order; its steps, the claim, COMMIT and whether the claim still holds.
    assert submitted == Asked(statements=7, trips=2)


def test_a_decision_asks_no_more_after_a_history(deciding: Deciding) -> None:
    before = deciding.decide("k-1")
    for number in range(5):
        deciding.decide(f"more-{number}")
    deciding.desk.listener.on_corporate_action(announced(action(split("2", "1"))))

    assert deciding.decide("k-2") == before
