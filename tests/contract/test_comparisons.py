"""After every fill its account is compared, once per batch and one at a time, never inside the
fill's transaction; what was lost is started by a sweep. After every session all accounts are.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import UnavailableError
from bifrost.execution.comparing import SETTLE_SECONDS
from tests.builders import session
from tests.contract.compared_desk import ComparedDesk


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ComparedDesk:
    """An account with one fill that no comparison has begun with."""
    desk = ComparedDesk(make_database)
    fill(desk, 1)
    return desk


def fill(desk: ComparedDesk, day: int) -> None:
    """Fill an order and let every book hear of it."""
    desk.fill(f"k-{day}", day)


def due(desk: ComparedDesk) -> int:
    """Start what is due."""
    return desk.comparing.start_due("corr-1")


def started(desk: ComparedDesk) -> list[str]:
    """The comparisons that were started, by name."""
    return [name for workflow, name, _ in desk.trading.workflows.started if workflow == "reconcile"]


def test_a_fill_starts_one_comparison_named_by_it(desk: ComparedDesk) -> None:
    assert due(desk) == 1

    assert desk.trading.workflows.started[-1] == (
        "reconcile",
        f"{desk.account_id}-fill-1-1",
        {
            "account_id": desk.account_id,
            "correlation_id": "corr-1",
            "settle_seconds": SETTLE_SECONDS,
        },
    )
    assert due(desk) == 0
    assert len(started(desk)) == 1


def test_an_account_without_a_fill_is_not_compared(
    make_database: Callable[[str], Database],
) -> None:
    desk = ComparedDesk(make_database)
    desk.send()
    desk.trading.collector.collect()

    assert due(desk) == 0


def test_fills_that_come_meanwhile_are_compared_once_it_has_ended(desk: ComparedDesk) -> None:
    due(desk)
    for day in (2, 3, 4):
        fill(desk, day)
        assert due(desk) == 0

    desk.compare()

    assert started(desk) == [
        f"{desk.account_id}-fill-1-1",
        f"{desk.account_id}-fill-4-2",
    ]
    desk.compare()
    assert due(desk) == 0


def test_a_start_that_fails_is_made_again_by_a_later_sweep(desk: ComparedDesk) -> None:
    desk.trading.workflows.down = True
    assert due(desk) == 0
    desk.trading.workflows.down = False
    assert due(desk) == 0
    desk.later(121)

    assert due(desk) == 1
    assert started(desk) == [f"{desk.account_id}-fill-1-2"]


def test_a_comparison_that_never_ends_is_claimed_again_ever_more_patiently(
    desk: ComparedDesk,
) -> None:
    due(desk)
    desk.later(239)
    assert due(desk) == 0
    desk.later(1)
    assert due(desk) == 1
    desk.later(479)
    assert due(desk) == 0
    desk.later(1)
    assert due(desk) == 1


def test_what_may_pass_is_looked_at_again_and_what_stands_is_not(desk: ComparedDesk) -> None:
    due(desk)
    desk.at_the_venue("UPDATE venue.accounts SET cash = cash + 5")
    desk.compare()
    desk.later(60)
    assert due(desk) == 0
    desk.later(60)
    assert due(desk) == 1
    desk.at_the_venue("UPDATE venue.accounts SET cash = cash - 5")
    desk.compare()
    desk.later(86400)

    assert due(desk) == 0


def test_a_workflow_that_cannot_be_started_does_not_fail_the_bar(desk: ComparedDesk) -> None:
    def broken(*_: object) -> None:
        raise UnavailableError("Step Functions is gone")

    desk.trading.workflows.start = broken  # type: ignore[method-assign]

    assert desk.comparing.after_bar(session(1), "corr-1") == 0
    assert desk.rows("execution", "SELECT status FROM execution.orders") == [{"status": "filled"}]


def test_the_first_bar_of_a_session_begins_a_round_of_every_account(desk: ComparedDesk) -> None:
    for _ in range(4):
        desk.comparing.after_bar(session(2), "corr-1")
    desk.comparing.after_bar(session(1), "corr-1")

    assert desk.trading.statements.carry_on("corr-2") == {"started": 1, "is_complete": True}
    assert started(desk)[-1] == f"{desk.account_id}-session-{session(2)}"
    assert desk.trading.statements.carry_on("corr-3") == {"started": 0, "is_complete": True}


def test_each_later_session_begins_its_own_round_and_an_earlier_one_none(
    desk: ComparedDesk,
) -> None:
    desk.comparing.after_bar(session(2), "corr-1")
    desk.trading.statements.carry_on("corr-2")
    desk.comparing.after_bar(session(1), "corr-1")
    assert desk.trading.statements.carry_on("corr-2")["started"] == 0
    desk.comparing.after_bar(session(3), "corr-1")

    assert desk.trading.statements.carry_on("corr-3")["started"] == 1


def test_the_clocks_round_and_the_sessions_are_two(desk: ComparedDesk) -> None:
    desk.comparing.after_bar(session(2), "corr-1")
    desk.trading.statements.carry_on("corr-2")
    desk.clock.at += timedelta(hours=1)

    assert desk.trading.statements.reconcile_all("corr-3") == {"started": 1, "is_complete": True}
    desk.comparing.after_bar(session(2), "corr-4")
    assert desk.trading.statements.carry_on("corr-5")["started"] == 0
