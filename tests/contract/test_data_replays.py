"""Replays in Postgres: each bar once and in its order, one replay at a time, never back in time."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market_data import PostgresMarketData
from bifrost.core.errors import ConflictError, InvalidInputError, KeyReusedError, NotFoundError
from bifrost.data.replay import STALLED_AFTER, ReplayStatus
from bifrost.events import BarClosed
from tests.data_desk import SESSIONS, DataDesk, bar_file


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """Data with nine sessions of AAPL and IBM."""
    made = DataDesk(make_database("data"))
    made.stock("AAPL", "IBM")
    return made


def bars(desk: DataDesk) -> list[BarClosed]:
    """Return the bars of the feed, as they were published."""
    return [event for event in desk.published() if isinstance(event, BarClosed)]


def test_every_bar_is_published_once_in_order_with_its_own_count(desk: DataDesk) -> None:
    replay = desk.play("AAPL", "IBM")

    assert (replay.status, replay.sessions_published) == (ReplayStatus.DONE, 9)
    assert replay.bars_published == 18
    assert [(one.bar.instrument, one.bar.session, one.sequence) for one in bars(desk)] == [
        (instrument, session, place)
        for place, session in enumerate(SESSIONS, start=1)
        for instrument in ("AAPL", "IBM")
    ]
    assert {one.stream for one in bars(desk)} == {"bars:AAPL", "bars:IBM"}


def test_bar_carries_market_time_and_wall_time_apart(desk: DataDesk) -> None:
    desk.play("AAPL", last=SESSIONS[0])

    (event,) = bars(desk)

    assert event.occurred_at == event.bar.closed_at == datetime(2012, 1, 3, 21, tzinfo=UTC)
    assert event.recorded_at == desk.clock.now()
    assert event.correlation_id == "request-1"
    assert event.currency == "USD"
    assert desk.service.market_time() == event.occurred_at


def test_corrected_bar_is_played_once_as_it_stands(desk: DataDesk) -> None:
    desk.put("bars/daily/AAPL.csv", bar_file(SESSIONS[1], close="410.00"), "etag-2")

    replay = desk.play("AAPL")

    assert replay.bars_published == 9
    closes = [one.bar.close for one in bars(desk)]
    assert closes == [Decimal("411.23"), Decimal("410.00"), *[Decimal("411.23")] * 7]


def test_streams_go_on_where_the_last_replay_ended(desk: DataDesk) -> None:
    desk.play("AAPL", last=SESSIONS[3])
    desk.play("AAPL", "IBM", first=SESSIONS[4], key="key-2")

    counts = {
        name: [one.sequence for one in bars(desk) if one.bar.instrument == name]
        for name in ("AAPL", "IBM")
    }

    assert counts == {"AAPL": [1, 2, 3, 4, 5, 6, 7, 8, 9], "IBM": [1, 2, 3, 4, 5]}


def test_replay_at_two_sessions_a_second_publishes_two_and_asks_to_wait_one(
    desk: DataDesk,
) -> None:
    replay = desk.start("AAPL", speed=2)

    first = desk.service.publish_sessions(replay.replay_id)

    assert (first.done, first.wait_seconds, first.sessions_published) == (False, 1, 2)
    assert len(bars(desk)) == 2


def test_replay_at_full_speed_publishes_twenty_sessions_a_call(desk: DataDesk) -> None:
    sessions = [
        one.session
        for one in PostgresMarketData(desk.database).sessions(
            "XNYS", date(2010, 1, 1), date(2010, 12, 31)
        )
    ]
    desk.stock("IBM", sessions=())
    desk.put("bars/daily/IBM.csv", _file(sessions[:41]), "etag-2")
    replay = desk.start("IBM", first=sessions[0], last=sessions[40])

    steps = [desk.service.publish_sessions(replay.replay_id) for _ in range(3)]

    assert [(one.sessions_published, one.wait_seconds, one.done) for one in steps] == [
        (20, 0, False),
        (40, 0, False),
        (41, 0, True),
    ]


def test_task_that_is_called_again_after_the_end_publishes_nothing(desk: DataDesk) -> None:
    replay = desk.play("AAPL")
    before = len(bars(desk))

    again = desk.service.publish_sessions(replay.replay_id)

    assert again.done
    assert len(bars(desk)) == before


def test_many_calls_of_the_task_at_once_publish_each_bar_once(
    make_database: Callable[[str], Database], desk: DataDesk
) -> None:
    replay = desk.start("AAPL", "IBM", speed=1)
    desks = [DataDesk(make_database("data")) for _ in range(6)]

    def play(other: DataDesk) -> None:
        for _ in range(3):
            other.service.publish_sessions(replay.replay_id)

    threads = [threading.Thread(target=play, args=(other,)) for other in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    times = Counter((one.bar.instrument, one.bar.session) for one in bars(desk))
    assert set(times.values()) == {1}
    assert len(times) == 18
    assert desk.service.find_replay(replay.replay_id).sessions_published == 9


def test_same_key_and_body_is_the_same_replay_and_starts_its_workflow_again(
    desk: DataDesk,
) -> None:
    first = desk.start("AAPL")

    second = desk.start("AAPL")

    assert second.replay_id == first.replay_id
    assert [(name, execution) for name, execution, _ in desk.workflows.started] == [
        ("replay", first.replay_id),
        ("replay", first.replay_id),
    ]


def test_same_key_with_another_body_is_refused(desk: DataDesk) -> None:
    desk.start("AAPL")

    with pytest.raises(KeyReusedError):
        desk.start("IBM")


def test_second_replay_is_refused_while_the_first_runs(desk: DataDesk) -> None:
    running = desk.start("AAPL")

    with pytest.raises(ConflictError, match=f"replay {running.replay_id} is running"):
        desk.start("IBM", key="key-2")


def test_replay_without_progress_for_a_minute_makes_room_and_publishes_no_more(
    desk: DataDesk,
) -> None:
    dead = desk.start("AAPL", speed=2)
    desk.service.publish_sessions(dead.replay_id)
    desk.clock.at += STALLED_AFTER + timedelta(microseconds=1)

    desk.start("IBM", first=SESSIONS[2], key="key-2")

    assert desk.service.publish_sessions(dead.replay_id).done
    assert desk.service.find_replay(dead.replay_id).status is ReplayStatus.FAILED
    assert len(bars(desk)) == 2


def test_replay_that_moved_a_minute_ago_does_not_make_room(desk: DataDesk) -> None:
    desk.start("AAPL", speed=2)
    desk.clock.at += STALLED_AFTER

    with pytest.raises(ConflictError):
        desk.start("IBM", key="key-2")


def test_replay_back_in_market_time_is_refused_naming_where_it_may_begin(desk: DataDesk) -> None:
    desk.play("AAPL", last=SESSIONS[3])  # a Friday

    with pytest.raises(ConflictError) as refusal:
        desk.start("AAPL", first=SESSIONS[3], key="key-2")

    assert "market time is 2012-01-06T21:00:00+00:00" in str(refusal.value)
    assert "the next possible from is 2012-01-09" in str(refusal.value)


def test_market_time_binds_an_instrument_that_was_never_played(desk: DataDesk) -> None:
    desk.play("AAPL", last=SESSIONS[3])

    with pytest.raises(ConflictError):
        desk.start("IBM", first=SESSIONS[0], key="key-2")


def test_refused_replay_leaves_its_key_free(desk: DataDesk) -> None:
    desk.play("AAPL", last=SESSIONS[3])
    with pytest.raises(ConflictError):
        desk.start("AAPL", first=SESSIONS[3], key="key-2")

    accepted = desk.start("AAPL", first=SESSIONS[4], key="key-2")

    assert accepted.sessions_total == 5


@pytest.mark.parametrize(
    ("instruments", "first", "last", "field", "message"),
    [
        (("AAPL", "XYZ"), SESSIONS[0], SESSIONS[1], "instruments.1", "no instrument is called XYZ"),
        (("AAPL",), SESSIONS[1], SESSIONS[0], "from", "is after to"),
        (("AAPL",), date(2013, 1, 2), date(2013, 2, 1), "instruments.0", "has no bars from"),
        (("AAPL",), date(2012, 1, 7), date(2012, 1, 8), "instruments.0", "has no bars from"),
    ],
)
def test_replay_that_cannot_be_played_names_the_field(
    desk: DataDesk,
    instruments: tuple[str, ...],
    first: date,
    last: date,
    field: str,
    message: str,
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        desk.start(*instruments, first=first, last=last)

    (problem,) = refusal.value.problems
    assert problem.field == field
    assert message in problem.message
    assert desk.workflows.started == []


def test_every_instrument_that_cannot_be_played_is_named_at_once(desk: DataDesk) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        desk.start("ABC", "AAPL", "XYZ")

    assert [one.field for one in refusal.value.problems] == ["instruments.0", "instruments.2"]


def test_unknown_replay_is_not_found(desk: DataDesk) -> None:
    with pytest.raises(NotFoundError):
        desk.service.publish_sessions("no-such-replay")


def _file(sessions: list[date]) -> bytes:
    rows = [f"{session},1.00,1.00,1.00,1.00,1" for session in sessions]
    return "\n".join(["date,open,high,low,close,volume", *rows]).encode()
