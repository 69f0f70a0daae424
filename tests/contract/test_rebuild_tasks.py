"""A rebuild is a task: begun once per key, one of an account at a time, told of while it runs, and
ended for good: done with what it found, or failed with its cause, never running for ever.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.adapters.postgres import portfolio_rebuilds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_rebuilds import PostgresRebuildReader, PostgresRebuilds
from bifrost.core.errors import ConflictError, NotFoundError, UnavailableError
from bifrost.portfolio import rebuilding, rebuilds
from bifrost.portfolio.rebuilds import (
    DIED,
    KILLED,
    LEASE,
    LONGEST,
    OVERSLEPT,
    SILENT,
    RebuildRequest,
    Rebuilds,
    RebuildState,
    RebuildTask,
)
from tests.contract.acting_desk import ActingDesk

MakeDatabase = Callable[[str], Database]
SECOND = timedelta(seconds=1)


class RebuildDesk(ActingDesk):
    """A desk whose rebuilds' workflows are a test's to run."""

    def __init__(self, database: Database, second: Database) -> None:
        super().__init__(database)
        self.workflows = MemoryWorkflows()
        self.store = PostgresRebuilds(second)
        self.rebuilds = Rebuilds(
            self.store,
            PostgresLibrary(database),
            self.workflows,
            self.clock,
            CountedIds("rebuild-"),
        )

    def start(self, key: str = "k-1") -> RebuildTask:
        """Ask for a rebuild."""
        return self.rebuilds.start(RebuildRequest(self.account_id, key, "test"))

    def shown(self, task: RebuildTask, owner: str = "ann") -> RebuildTask:
        """Read it, as its owner or as somebody else."""
        reader = PostgresRebuildReader(self.database, owner)
        return reader.find(task.account_id, task.rebuild_id)


@pytest.fixture
def desk(make_database: MakeDatabase) -> RebuildDesk:
    """An account that bought once."""
    made = RebuildDesk(make_database("portfolio"), make_database("portfolio"))
    made.trade(1, "10", "100")
    return made


def spoil(desk: RebuildDesk) -> None:
    """Let the stored lots differ from the journal in two numbers."""
    with desk.database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO portfolio.journal (account_id, place, is_note, recorded_at, event_id,"
            " session, detail_type, detail) SELECT account_id, 2, is_note, recorded_at, 'more',"
            " session, detail_type, jsonb_set(jsonb_set(detail, '{sequence}', '2'),"
            " '{fill,execution_id}', '\"more\"') FROM portfolio.journal WHERE place = 1"
        )


def test_a_rebuild_is_running_until_its_work_is_done(desk: RebuildDesk) -> None:
    task = desk.start()
    begun = desk.shown(task)

    assert (begun.state, begun.total, begun.made) == (RebuildState.RUNNING, None, None)
    assert desk.workflows.started == [
        ("rebuild", task.rebuild_id, {"rebuild_id": task.rebuild_id, "correlation_id": "test"})
    ]

    assert desk.rebuilds.run(task.rebuild_id)

    done = desk.shown(task)
    assert done.made is not None
    assert (done.state, done.differences, done.made.transactions) == (RebuildState.DONE, 0, 2)
    assert (done.played, done.total) == (2, 2)
    assert done.ended_at == desk.clock.now()


def test_what_is_stored_otherwise_is_kept_with_the_rebuild(desk: RebuildDesk) -> None:
    spoil(desk)
    task = desk.start()
    desk.rebuilds.run(task.rebuild_id)

    done = desk.shown(task)

    assert done.made is not None
    assert done.differences == len(done.made.differences) > 0
    assert {one.what for one in done.made.differences} >= {"lot quantity", "balance"}


def test_of_very_many_differences_the_first_are_kept_and_all_are_counted(
    desk: RebuildDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolio_rebuilds, "DIFFERENCES_MAX", 1)
    spoil(desk)
    task = desk.start()
    desk.rebuilds.run(task.rebuild_id)

    done = desk.shown(task)

    assert done.made is not None
    assert len(done.made.differences) == 1 < done.differences


def test_of_an_accounts_older_rebuilds_only_how_many_differences_there_were_is_kept(
    desk: RebuildDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolio_rebuilds, "KEPT_WHOLE", 2)
    spoil(desk)
    made = []
    for key in ("k-1", "k-2", "k-3", "k-4"):
        made.append(desk.start(key))
        desk.rebuilds.run(made[-1].rebuild_id)
        desk.clock.pass_by(1)

    found = [desk.shown(one) for one in made]

    assert all(one.made is not None for one in found)
    assert [bool(one.made and one.made.differences) for one in found] == [False, True, True, True]
    assert {one.differences for one in found} == {found[-1].differences}
    assert desk.start("k-1") == found[0]


def test_the_same_key_is_the_same_rebuild_while_it_runs_and_after(desk: RebuildDesk) -> None:
    first = desk.start()
    again = desk.start()
    desk.rebuilds.run(first.rebuild_id)
    after = desk.start()

    assert first.rebuild_id == again.rebuild_id == after.rebuild_id
    assert (again.state, after.state) == (RebuildState.RUNNING, RebuildState.DONE)
    assert desk.workflows.names == [first.rebuild_id] * 2  # a done one is started no more


def test_a_workflow_that_did_not_start_is_started_by_the_same_key(desk: RebuildDesk) -> None:
    desk.workflows.down = True
    with pytest.raises(UnavailableError):
        desk.start()
    desk.workflows.down = False

    task = desk.start()

    assert desk.workflows.names == [task.rebuild_id]


def test_a_second_rebuild_of_the_account_waits_for_the_first(desk: RebuildDesk) -> None:
    task = desk.start()

    with pytest.raises(ConflictError, match="is running"):
        desk.start("k-2")
    desk.rebuilds.run(task.rebuild_id)

    assert desk.start("k-2").rebuild_id != task.rebuild_id


def test_it_is_its_owners_alone(desk: RebuildDesk) -> None:
    task = desk.start()

    with pytest.raises(NotFoundError):
        desk.shown(task, "bob")
    with pytest.raises(NotFoundError):
        PostgresRebuildReader(desk.database, "ann").find(task.account_id, "another")


def test_it_tells_while_it_runs_how_far_it_is(
    desk: RebuildDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "_HEARD_EVERY", 1)
    task = desk.start()
    seen: list[tuple[int, int | None]] = []
    tell = desk.store.tell

    def watched(told: RebuildTask, played: int, total: int, now: object) -> bool:
        kept = tell(told, played, total, desk.clock.now())
        rows = desk.store.fail_dead(desk.clock.now() - LEASE, desk.clock.now())
        one = desk.store._database.fetch_all("SELECT played, total FROM portfolio.rebuilds")[0]
        seen.append((one["played"], one["total"]))
        assert rows == 0
        return kept

    monkeypatch.setattr(desk.store, "tell", watched)
    monkeypatch.setattr(rebuilds, "TOLD_EVERY", timedelta(0))
    desk.rebuilds.run(task.rebuild_id)

    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert desk.shown(task).played == 2


def test_an_attempt_that_died_is_begun_anew_and_says_nothing_more(desk: RebuildDesk) -> None:
    task = desk.start()
    first = desk.store.attempt(task.rebuild_id, desk.clock.now())
    second = desk.store.attempt(task.rebuild_id, desk.clock.now())

    assert first is not None
    assert second is not None
    assert not desk.store.tell(first, 1, 2, desk.clock.now())
    assert desk.store.tell(second, 1, 2, desk.clock.now())


def test_an_attempt_that_was_overtaken_ends_without_a_word(
    desk: RebuildDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = desk.start()
    real = rebuilding.rebuild_account

    def overtaken(*given: object, **named: object) -> rebuilding.Rebuild:
        desk.store.attempt(task.rebuild_id, desk.clock.now())
        return real(*given, **named)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(rebuilding, "rebuild_account", overtaken)

    with pytest.raises(ConflictError, match="attempt 1, has been ended"):
        desk.rebuilds.run(task.rebuild_id)
    assert desk.shown(task).state is RebuildState.RUNNING


def test_work_that_takes_too_long_fails_with_how_far_it_came(
    desk: RebuildDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "_HEARD_EVERY", 1)
    task = desk.start()
    now = desk.clock.now
    late = iter([timedelta(0), timedelta(0), SECOND, LONGEST + SECOND])
    begun = now()
    monkeypatch.setattr(desk.clock, "now", lambda: begun + next(late, LONGEST + SECOND))

    with pytest.raises(ConflictError):
        desk.rebuilds.run(task.rebuild_id)

    failed = desk.shown(task)
    assert failed.state is RebuildState.FAILED
    assert failed.cause == "it took longer than 14 minutes: 1 of 2 steps"


def test_an_error_of_the_work_is_its_cause(desk: RebuildDesk) -> None:
    task = desk.start()

    assert desk.rebuilds.fail(task.rebuild_id, "TypeError") is RebuildState.FAILED
    failed = desk.shown(task)
    assert failed.cause == "its work ended with TypeError; ask for another rebuild"
    assert not desk.rebuilds.run(task.rebuild_id)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("Runtime.ExitError", KILLED),
        ("Lambda.Unknown", KILLED),
        ("Sandbox.Timedout", OVERSLEPT),
        ("States.Timeout", OVERSLEPT),
        ("UnavailableError", SILENT),
    ],
)
def test_what_lambda_calls_the_end_of_the_work_is_said_in_a_sentence(
    desk: RebuildDesk, error: str, cause: str
) -> None:
    task = desk.start()

    assert desk.rebuilds.fail(task.rebuild_id, error) is RebuildState.FAILED
    assert desk.shown(task).cause == cause


def test_what_is_done_is_failed_no_more(desk: RebuildDesk) -> None:
    task = desk.start()
    desk.rebuilds.run(task.rebuild_id)

    assert desk.rebuilds.fail(task.rebuild_id, "States.Timeout") is RebuildState.DONE
    assert desk.shown(task).cause == ""


def test_a_rebuild_that_tells_nothing_for_its_lease_has_failed(desk: RebuildDesk) -> None:
    task = desk.start()

    desk.clock.pass_by((LEASE - SECOND).total_seconds())
    early = desk.rebuilds.sweep()
    desk.clock.pass_by(1)
    late = desk.rebuilds.sweep()

    assert (early, late) == (0, 1)
    assert (desk.shown(task).state, desk.shown(task).cause) == (RebuildState.FAILED, DIED)


def test_where_every_workflow_is_known_dead_a_rebuild_has_failed_at_once(
    desk: RebuildDesk,
) -> None:
    desk.start()

    assert desk.rebuilds.sweep(timedelta(0)) == 1


def test_a_dead_rebuild_does_not_keep_the_account_from_the_next(desk: RebuildDesk) -> None:
    dead = desk.start()
    desk.clock.pass_by(LEASE.total_seconds())

    following = desk.start("k-2")

    assert desk.shown(dead).state is RebuildState.FAILED
    assert desk.shown(following).state is RebuildState.RUNNING


def test_one_that_has_ended_is_never_changed_again(desk: RebuildDesk) -> None:
    task = desk.start()
    desk.rebuilds.run(task.rebuild_id)

    with pytest.raises(Exception, match="is over"), desk.database.transaction() as cursor:
        cursor.execute("UPDATE portfolio.rebuilds SET state = 'failed', cause = 'x', made = NULL")


def test_the_key_of_one_rebuild_is_no_other_accounts(desk: RebuildDesk) -> None:
    desk.start()
    other = desk.open_account()

    task = desk.rebuilds.start(RebuildRequest(other, "k-1", "test"))

    assert task.account_id == other
