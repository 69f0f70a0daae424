"""A withdrawal goes out once, and whoever waited for it reads all of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_withdrawals import PostgresWithdrawals
from bifrost.core.errors import UnavailableError
from bifrost.events import CashWithdrawn
from bifrost.portfolio.ports import Withdrawal, WithdrawalStatus
from bifrost.portfolio.withdrawals import UNDECIDED_FOR, PostWithdrawal
from tests.contract.ledger_desk import LedgerDesk, cash_request

Make = Callable[[str], Database]


@pytest.fixture
def desk(make_database: Make) -> LedgerDesk:
    return LedgerDesk(make_database("portfolio"))


def posted_event(desk: LedgerDesk) -> str:
    """Name the event of the one withdrawal that was posted."""
    (event,) = [one for one in desk.published() if isinstance(one, CashWithdrawn)]
    return event.event_id


def test_who_waited_for_a_withdrawal_to_be_posted_reads_its_event_too(
    desk: LedgerDesk, make_database: Make
) -> None:
    other, onlooker = make_database("portfolio"), make_database("portfolio")
    account_id = desk.open_account()
    desk.deposit(account_id, "100", "d-1")
    with pytest.raises(UnavailableError):  # nobody plays the workflow
        desk.withdrawals.withdraw(cash_request(account_id, "5", "w-1"))
    (asked,) = desk.rows("SELECT withdrawal_id FROM portfolio.withdrawals")

    def read_locked() -> Withdrawal:
        with other.transaction() as cursor:
            return PostgresWithdrawals(cursor).locked(asked["withdrawal_id"])

    with ThreadPoolExecutor(1) as pool, desk.database.transaction():
        desk.withdrawals.post(PostWithdrawal(asked["withdrawal_id"]), "test")
        waiting = pool.submit(read_locked)
        while onlooker.fetch_one("SELECT 1 FROM pg_locks WHERE NOT granted") is None:
            assert not waiting.done()

    found = waiting.result()
    assert (found.status, found.event_id) == (WithdrawalStatus.POSTED, posted_event(desk))


def test_a_withdrawal_whose_workflow_died_is_swept_to_its_end(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    with pytest.raises(UnavailableError):
        desk.withdrawals.withdraw(cash_request(account_id, "5", "w-1"))
    fresh = desk.withdrawals.sweep("test")
    desk.clock.at += UNDECIDED_FOR + timedelta(seconds=1)

    still_dead = desk.withdrawals.sweep("test")

    def post(given: dict[str, Any]) -> None:
        desk.withdrawals.post(PostWithdrawal(given["withdrawal_id"]), "test")

    desk.workflows.machines["withdrawal_flow"] = post
    ended = (desk.withdrawals.sweep("test"), desk.withdrawals.sweep("test"))

    assert (fresh, still_dead, ended) == (0, 0, (1, 0))
    assert len(desk.workflows.runs) == 3
    assert desk.worth(account_id).cash == -5
