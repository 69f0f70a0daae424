"""Promises that the paper venue stays exact when many call at once and when answers are lost."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.core.errors import OutcomeUnknownError, UnavailableError
from bifrost.core.orders import OrderStatus
from tests.builders import ACCOUNT, bar, quantity, venue_order
from tests.contract.paper_desk import MakeDatabase, fund, funded_venue, status


@pytest.fixture
def venue(make_database: MakeDatabase) -> PaperVenue:
    return funded_venue(make_database)


def test_one_id_sent_by_many_at_once_becomes_one_order(make_database: MakeDatabase) -> None:
    venues = [PaperVenue(make_database("venue")) for _ in range(8)]
    fund(venues[0], ACCOUNT, "10000")
    start = threading.Barrier(len(venues))

    def send(number: int) -> str:
        start.wait()
        try:
            return venues[number].submit(venue_order(quantity=quantity(number + 1))).status
        except OutcomeUnknownError as error:
            return str(error)

    with ThreadPoolExecutor(len(venues)) as pool:
        answers = list(pool.map(send, range(len(venues))))
    assert answers.count(OrderStatus.ACCEPTED) == 1
    assert sum("id must be unique" in answer for answer in answers) == 7
    (open_quantity,) = venues[0].statement(ACCOUNT).open_orders.values()
    assert open_quantity == answers.index(OrderStatus.ACCEPTED) + 1


def test_whoever_reads_reports_while_many_are_written_misses_none(
    make_database: MakeDatabase,
) -> None:
    venues = [PaperVenue(make_database("venue")) for _ in range(4)]
    fund(venues[0], ACCOUNT, "10000")
    for number in range(120):
        venues[0].submit(venue_order(f"o-{number}"))

    def cancel_every_third(writer: int) -> None:
        for number in range(writer, 120, 3):
            venues[writer].cancel(f"o-{number}")

    seen: list[str] = []
    last, are_done = 0, False
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(cancel_every_third, writer) for writer in range(3)]
        while not are_done:
            # Asked before the read: what came after the last writer's end is still read.
            are_done = all(writer.done() for writer in writers)
            for report in venues[3].reports_after(last, 1000):
                seen.append(report.client_order_id)
                last = report.sequence
        for writer in writers:
            writer.result()
    assert sorted(seen) == sorted(f"o-{number}" for number in range(120))


def test_a_bar_sent_by_many_at_once_is_matched_once(make_database: MakeDatabase) -> None:
    venues = [PaperVenue(make_database("venue")) for _ in range(4)]
    fund(venues[0], ACCOUNT, "10000")
    venues[0].submit(venue_order(quantity=quantity(50)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda v: v.close_bar(bar(volume=10_000), "USD"), venues))
    assert [report.quantity for report in venues[0].reports_after(0, 10)] == [10]


class AnswersLost(Database):
    """A database whose commit happens and whose answer does not arrive."""

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        with super().transaction() as cursor:
            yield cursor
        raise UnavailableError("the database did not answer: connection reset")


def test_a_submit_whose_answer_is_lost_has_an_unknown_outcome_and_is_there(
    venue: PaperVenue, database_url: Callable[[str], str]
) -> None:
    lossy = AnswersLost(database_url("venue"))

    with pytest.raises(OutcomeUnknownError, match="look it up"):
        PaperVenue(lossy).submit(venue_order())
    lossy.close()
    assert status(venue) is OrderStatus.ACCEPTED


def test_a_cancel_whose_answer_is_lost_has_an_unknown_outcome(
    venue: PaperVenue, database_url: Callable[[str], str]
) -> None:
    venue.submit(venue_order())
    lossy = AnswersLost(database_url("venue"))

    with pytest.raises(OutcomeUnknownError, match="look it up"):
        PaperVenue(lossy).cancel("o-1")
    lossy.close()
    assert status(venue) is OrderStatus.CANCELLED


@pytest.mark.parametrize("call", ["submit", "cancel"])
def test_a_change_that_another_holds_up_ends_with_an_unknown_outcome(
    venue: PaperVenue, make_database: MakeDatabase, call: str
) -> None:
    venue.submit(venue_order("o-0"))
    calls = {
        "submit": lambda: venue.submit(venue_order()),
        "cancel": lambda: venue.cancel("o-0"),
    }
    with make_database("venue").transaction() as other:
        # As long as a sender's lease; a call without a deadline would end well after it.
        other.execute("SET LOCAL idle_in_transaction_session_timeout = '20s'")
        other.execute("LOCK TABLE venue.orders IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OutcomeUnknownError, match="statement timeout"):
            calls[call]()

    assert (venue.find("o-1"), venue.statement(ACCOUNT).open_orders) == (None, {"o-0": 10})


def test_a_read_without_an_answer_says_that_the_venue_is_unavailable() -> None:
    nowhere = PaperVenue(Database("postgresql://bifrost_venue@/bifrost?host=/nonexistent"))

    with pytest.raises(UnavailableError):
        nowhere.find("o-1")
    with pytest.raises(UnavailableError):
        nowhere.reports_after(0, 1)
    with pytest.raises(UnavailableError):
        nowhere.statement(ACCOUNT)


def test_another_capabilitys_role_cannot_read_the_venues_books(
    make_database: MakeDatabase,
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        make_database("execution").fetch_all("SELECT * FROM venue.orders")
