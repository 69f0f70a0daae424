"""Corporate actions from the bucket: each revision once, for ever, and told of by an event."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.corporate_actions import ActionKind
from bifrost.data.files.imports import ImportRecord, ImportStatus
from bifrost.events import CorporateActionAnnounced, CorporateActionCorrected
from tests.data_desk import INSTRUMENTS, DataDesk

LISTED = "instruments/test.csv"
ACTIONS = "corporate_actions/acme.csv"
HEADER = (
    "action_id,vendor,revision,kind,instrument,currency,ex_date,withdrawn,new_shares,old_shares"
)
SPLIT = "apple-4-1,acme,1,split,AAPL,USD,2020-08-31,,4,1"
SEVEN = "apple-4-1,acme,2,split,AAPL,USD,2020-08-31,,7,1"
NEVER = "apple-4-1,acme,3,split,AAPL,USD,2020-08-31,true,7,1"


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """Data with its instruments listed."""
    desk = DataDesk(make_database("data"))
    desk.put(LISTED, INSTRUMENTS)
    return desk


def send(desk: DataDesk, *rows: str, etag: str = "etag-1") -> ImportRecord:
    """Put a file of these rows into the bucket."""
    (record,) = desk.put(ACTIONS, "\n".join([HEADER, *rows]).encode(), etag)
    return record


def told(desk: DataDesk) -> list[tuple[str, int, int | None]]:
    """What others heard of: the action, its revision, and the one that it corrects."""
    heard = []
    for event in desk.published():
        if isinstance(event, CorporateActionAnnounced):
            heard.append((event.action.action_id, event.action.revision, None))
        if isinstance(event, CorporateActionCorrected):
            heard.append((event.action.action_id, event.action.revision, event.corrects))
    return heard


def stored(desk: DataDesk) -> list[tuple[str, int]]:
    """Which revisions are kept."""
    query = "SELECT action_id, revision FROM data.corporate_actions ORDER BY 1, 2"
    return [(row["action_id"], row["revision"]) for row in desk.rows(query)]


def test_an_action_is_stored_and_announced(desk: DataDesk) -> None:
    record = send(desk, SPLIT)

    assert (record.status, record.rows_read, record.rows_written) == (ImportStatus.DONE, 1, 1)
    event = desk.published()[-1]
    assert isinstance(event, CorporateActionAnnounced)
    assert event.action.kind is ActionKind.SPLIT
    assert event.action.split is not None
    assert event.action.split.new_shares == Decimal(4)


def test_a_file_that_says_nothing_new_tells_nothing(desk: DataDesk) -> None:
    send(desk, SPLIT)

    record = send(desk, SPLIT.replace("4,1", "4.0,1"), etag="etag-2")

    assert (record.status, record.rows_read, record.rows_written) == (ImportStatus.DONE, 1, 0)
    assert told(desk) == [("apple-4-1", 1, None)]


def test_a_correction_and_its_withdrawal_are_told_in_their_order(desk: DataDesk) -> None:
    send(desk, SPLIT)

    send(desk, NEVER, SEVEN, SPLIT, etag="etag-2")

    assert told(desk) == [("apple-4-1", 1, None), ("apple-4-1", 2, 1), ("apple-4-1", 3, 2)]
    assert stored(desk) == [("apple-4-1", 1), ("apple-4-1", 2), ("apple-4-1", 3)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (SPLIT.replace("4,1", "5,1"), "revision 1 comes after revision 1 was stored"),
        (SPLIT.replace("apple-4-1", "other"), "it contradicts apple-4-1, of the same day"),
        (SPLIT.replace(",4,1", ",four,1"), "line 2, column new_shares: it is 'four'"),
    ],
)
def test_what_contradicts_the_store_is_refused_whole(
    desk: DataDesk, row: str, problem: str
) -> None:
    send(desk, SPLIT)

    good = "ibm,acme,1,split,IBM,USD,2020-08-31,,2,1"
    record = send(desk, row, good, etag="etag-2")

    assert record.status is ImportStatus.FAILED
    assert problem in record.problem
    assert stored(desk) == [("apple-4-1", 1)]
    assert told(desk) == [("apple-4-1", 1, None)]


def test_a_withdrawn_action_makes_room_for_another(desk: DataDesk) -> None:
    send(desk, SPLIT, SEVEN, NEVER)

    record = send(desk, SPLIT.replace("apple-4-1", "apple-new"), etag="etag-2")

    assert record.status is ImportStatus.DONE


def test_actions_of_an_instrument_that_is_not_listed_wait_for_it(desk: DataDesk) -> None:
    record = send(desk, SPLIT.replace("AAPL", "MSFT"))
    assert (record.status, record.waits_for) == (ImportStatus.WAITING, "MSFT")

    records = desk.put(
        LISTED, INSTRUMENTS + b"MSFT,XNAS,USD,0.01,1,Microsoft Corporation\n", "etag-2"
    )

    assert [one.status for one in records] == [ImportStatus.DONE, ImportStatus.DONE]
    assert told(desk) == [("apple-4-1", 1, None)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE data.corporate_actions SET withdrawn = true",
        "DELETE FROM data.corporate_actions",
        "TRUNCATE data.corporate_actions",
    ],
)
def test_no_revision_is_ever_changed(desk: DataDesk, statement: str) -> None:
    send(desk, SPLIT)

    with (
        pytest.raises(Exception, match=r"permission denied|append-only"),
        desk.database.transaction() as cursor,
    ):
        cursor.execute(statement)

    assert stored(desk) == [("apple-4-1", 1)]
