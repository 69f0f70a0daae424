"""Promises that a replay whose workflow died goes on by itself, and that only its newest workflow
publishes.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import UnavailableError
from bifrost.data.replay import LEASE, RESTARTS_MAX, ReplayStatus
from tests.data_desk import SESSIONS, DataDesk

MakeDatabase = Callable[[str], Database]
NOW = timedelta(0)
RESTARTED = {"replays_restarted": 1}


@pytest.fixture
def desk(make_database: MakeDatabase) -> DataDesk:
    """Data with nine sessions of AAPL and IBM."""
    made = DataDesk(make_database("data"))
    made.stock("AAPL", "IBM")
    return made


def after(desk: DataDesk, time: timedelta) -> dict[str, int]:
    """Let time pass and sweep."""
    desk.clock.pass_by(time.total_seconds())
    return desk.service.sweep()


def test_a_replay_whose_lease_ended_gets_its_workflow_again(desk: DataDesk) -> None:
    replay_id = desk.start("AAPL", speed=2).replay_id
    desk.service.publish_sessions(replay_id, run=0)

    early = after(desk, LEASE - timedelta(seconds=1))
    late = after(desk, timedelta(seconds=1))

    assert (early, late) == ({}, RESTARTED)
    assert desk.workflows.started[1:] == [
        (
            "replay",
            f"{replay_id}-r1",
            {"replay_id": replay_id, "run": 1, "correlation_id": "request-1"},
        )
    ]


def test_where_every_workflow_is_known_dead_a_replay_goes_on_at_once(desk: DataDesk) -> None:
    replay_id = desk.start("AAPL", speed=2).replay_id
    desk.service.publish_sessions(replay_id, run=0)

    assert desk.service.sweep(NOW) == RESTARTED
    while not desk.service.publish_sessions(replay_id, run=1).done:
        pass

    done = desk.service.find_replay(replay_id)
    assert (done.status, done.sessions_published) == (ReplayStatus.DONE, len(SESSIONS))
    assert desk.service.sweep(NOW) == {}


def test_a_workflow_that_was_overtaken_publishes_nothing_and_ends(desk: DataDesk) -> None:
    replay_id = desk.start("AAPL", speed=2).replay_id
    desk.service.sweep(NOW)

    old = desk.service.publish_sessions(replay_id, run=0)
    new = desk.service.publish_sessions(replay_id, run=1)

    assert (old.done, old.sessions_published) == (True, 0)
    assert (new.done, new.sessions_published) == (False, 2)


def test_a_restart_that_brings_nothing_doubles_the_patience_and_the_fourth_is_the_last(
    desk: DataDesk,
) -> None:
    replay_id = desk.start("AAPL").replay_id

    waits = []
    while desk.service.find_replay(replay_id).status is ReplayStatus.RUNNING:
        waited = 1
        while not after(desk, timedelta(seconds=1)):
            waited += 1
        waits.append(waited)

    assert waits == [30, 60, 120, 240, 480]
    assert len(desk.workflows.started) == 1 + RESTARTS_MAX
    assert desk.service.find_replay(replay_id).status is ReplayStatus.FAILED
    assert desk.start("IBM", key="key-2").status is ReplayStatus.RUNNING


def test_progress_makes_a_replay_patient_with_its_workflow_again(desk: DataDesk) -> None:
    replay_id = desk.start("AAPL", speed=1).replay_id

    for run in range(1, 2 * RESTARTS_MAX):
        assert after(desk, LEASE) == RESTARTED, run
        assert desk.service.publish_sessions(replay_id, run=run).sessions_published == run


def test_a_repeated_request_finds_the_newest_workflow(desk: DataDesk) -> None:
    replay_id = desk.start("AAPL").replay_id
    desk.service.sweep(NOW)

    desk.start("AAPL")

    assert desk.workflows.names == [replay_id, f"{replay_id}-r1", f"{replay_id}-r1"]


def test_a_start_that_fails_is_said_and_tried_again(desk: DataDesk) -> None:
    replay_id = desk.start("AAPL").replay_id
    desk.workflows.down = True
    with pytest.raises(UnavailableError):
        desk.service.sweep(NOW)
    desk.workflows.down = False

    assert after(desk, 2 * LEASE) == RESTARTED
    assert desk.workflows.names == [replay_id, f"{replay_id}-r2"]


def test_sweeps_at_once_start_one_workflow(make_database: MakeDatabase, desk: DataDesk) -> None:
    desk.start("AAPL")
    desks = [DataDesk(make_database("data")) for _ in range(6)]
    together = Barrier(len(desks))

    def sweep(one: DataDesk) -> dict[str, int]:
        one.clock.at = desk.clock.at + LEASE
        together.wait()
        return one.service.sweep()

    with ThreadPoolExecutor(len(desks)) as pool:
        swept = list(pool.map(sweep, desks))

    assert sorted(swept, key=len) == [{}] * 5 + [RESTARTED]


def test_no_step_waits_while_a_workflow_is_started(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, desk: DataDesk
) -> None:
    desk.start("AAPL")
    other = make_database("data")
    locked = []

    def start(_self: MemoryWorkflows, _workflow: str, name: str, _input: dict[str, Any]) -> None:
        with other.transaction() as cursor:
            cursor.execute("SELECT 1 FROM data.market_clock FOR UPDATE NOWAIT")
            cursor.execute("SELECT 1 FROM data.replays FOR UPDATE NOWAIT")
            locked.append(name)

    monkeypatch.setattr(MemoryWorkflows, "start", start)
    desk.service.sweep(NOW)

    assert len(locked) == 1
