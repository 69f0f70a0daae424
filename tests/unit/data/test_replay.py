"""What a replay may be, and what it publishes next: decided from values alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.bars import Bar
from bifrost.data.replay import (
    BATCH_AT_FULL_SPEED,
    CALLS_MAX,
    STALLED_AFTER,
    Coverage,
    Replay,
    ReplayRequest,
    ReplayStatus,
    bar_events,
    batch_size,
    length_problem,
    moved_on,
    problems_of,
    wait_seconds,
)
from bifrost.events import BarClosed
from tests.builders import bar

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TUESDAY, WEDNESDAY = date(2012, 1, 3), date(2012, 1, 4)
REQUEST = ReplayRequest(("AAPL",), TUESDAY, WEDNESDAY, None)
REPLAY = Replay(
    replay_id="replay-1",
    request=REQUEST,
    status=ReplayStatus.RUNNING,
    sessions_total=2,
    sessions_published=0,
    bars_published=0,
    published_to=None,
    requested_by="owner-1",
    correlation_id="request-1",
    requested_at=NOW,
    progressed_at=NOW,
)


def events_of(*bars: Bar, **next_sequence: int) -> list[BarClosed]:
    """Make the events of these bars."""
    return bar_events(
        [(one, "USD") for one in bars], next_sequence, recorded_at=NOW, correlation_id="request-1"
    )


def test_bars_go_out_by_session_whatever_their_order() -> None:
    events = events_of(
        bar(2, instrument="IBM"), bar(2, instrument="AAPL"), bar(1, instrument="IBM"), AAPL=1, IBM=7
    )

    assert [(one.bar.session, one.bar.instrument, one.sequence) for one in events] == [
        (TUESDAY, "IBM", 7),
        (WEDNESDAY, "AAPL", 1),
        (WEDNESDAY, "IBM", 8),
    ]


def test_event_of_a_bar_has_one_id_for_ever() -> None:
    first, again = (
        events_of(bar(1, instrument="AAPL"), AAPL=1),
        events_of(bar(1, instrument="AAPL"), AAPL=9),
    )
    others = events_of(bar(2, instrument="AAPL"), bar(1, instrument="IBM"), AAPL=1, IBM=1)

    assert first[0].event_id == again[0].event_id == "8586aa38-2291-502d-8d2e-bbc3d46b9159"
    assert len({event.event_id for event in (*first, *others)}) == 3


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 50)), unique=True))
def test_each_stream_counts_without_gaps(published: list[tuple[str, int]]) -> None:
    bars = [bar(1 + day, instrument=name) for name, day in published]

    events = events_of(*bars, A=1, B=1, C=1)

    for name in "ABC":
        places = [one.sequence for one in events if one.bar.instrument == name]
        assert places == list(range(1, len(places) + 1))


def test_replay_moves_to_its_last_session_and_ends_when_none_follows() -> None:
    events = events_of(bar(1, instrument="AAPL"), bar(1, instrument="IBM"), AAPL=1, IBM=1)

    going = moved_on(REPLAY, events, more=True, now=NOW)
    ended = moved_on(going, events_of(bar(2, instrument="AAPL"), AAPL=2), more=False, now=NOW)

    assert (going.status, going.sessions_published, going.bars_published) == ("running", 1, 2)
    assert going.published_to == TUESDAY
    assert (ended.status, ended.sessions_published, ended.bars_published) == ("done", 2, 3)
    assert ended.published_to == WEDNESDAY


def test_replay_whose_bars_are_gone_ends_where_it_was() -> None:
    ended = moved_on(replace(REPLAY, published_to=TUESDAY), [], more=False, now=NOW)

    assert (ended.status, ended.published_to) == (ReplayStatus.DONE, TUESDAY)


@pytest.mark.parametrize(
    ("status", "silent", "stalled"),
    [
        (ReplayStatus.RUNNING, STALLED_AFTER, False),
        (ReplayStatus.RUNNING, STALLED_AFTER + timedelta(microseconds=1), True),
        (ReplayStatus.DONE, STALLED_AFTER * 2, False),
    ],
)
def test_only_a_running_replay_stalls(
    status: ReplayStatus, silent: timedelta, stalled: bool
) -> None:
    assert replace(REPLAY, status=status).is_stalled(NOW + silent) is stalled


def test_speed_is_how_many_sessions_go_out_and_how_long_to_wait() -> None:
    slow = replace(REQUEST, sessions_per_second=3)

    assert (batch_size(REQUEST), wait_seconds(REQUEST)) == (BATCH_AT_FULL_SPEED, 0)
    assert (batch_size(slow), wait_seconds(slow)) == (3, 1)


def test_replay_one_session_too_long_for_its_workflow_says_how_fast_it_must_be() -> None:
    slow = replace(REQUEST, sessions_per_second=1)

    assert length_problem(slow, CALLS_MAX) is None
    problem = length_problem(slow, CALLS_MAX + 1)
    assert problem is not None
    assert (problem.field, problem.fix) == ("speed", "send 2 or more, or a shorter range")
    assert length_problem(replace(slow, sessions_per_second=2), CALLS_MAX + 1) is None


def test_instrument_without_bars_in_the_range_names_those_it_has() -> None:
    stored = {"AAPL": Coverage("AAPL", date(2000, 3, 1), date(2011, 12, 30), 0)}

    (problem,) = problems_of(REQUEST, stored)

    assert problem.field == "instruments.0"
    assert problem.fix == "its bars go from 2000-03-01 to 2011-12-30"


def test_instrument_without_any_bars_names_the_file_to_import() -> None:
    (problem,) = problems_of(REQUEST, {"AAPL": Coverage("AAPL", None, None, 0)})

    assert problem.fix == "import bars/daily/AAPL.csv first"


def test_range_of_one_session_may_be_played() -> None:
    request = replace(REQUEST, last=TUESDAY)

    assert problems_of(request, {"AAPL": Coverage("AAPL", TUESDAY, TUESDAY, 1)}) == []
