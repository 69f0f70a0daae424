"""Withdrawals: asked for here, reserved by risk, posted here: the workflow carries the steps.

The row decides what happened, not the workflow's answer: a workflow may fail after it posted.
Both ends are final and safe to repeat, and neither follows the other.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bifrost.core.codec import to_json
from bifrost.core.decisions import Reason
from bifrost.core.errors import ConflictError, RefusedError, UnavailableError
from bifrost.core.money import Money
from bifrost.events import CashWithdrawn
from bifrost.portfolio.journal import step_of
from bifrost.portfolio.ledger import Posting, flow_entries
from bifrost.portfolio.ports import (
    Books,
    Clock,
    Ids,
    Library,
    Withdrawal,
    WithdrawalStatus,
    Workflows,
)
from bifrost.portfolio.service import CashRequest, market_time, own_account
from bifrost.portfolio.sessions import SessionOf, utc_session

WORKFLOW = "withdrawal_flow"
# Longer than the workflow may take; only then has it died rather than not finished.
UNDECIDED_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PostWithdrawal:
    """Input of the task; what the workflow repeats beside the id must be what was asked."""

    withdrawal_id: str
    account_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefuseWithdrawal:
    """Input of the task."""

    withdrawal_id: str
    reasons: tuple[Reason, ...]


class Withdrawals:
    """Lets cash out."""

    def __init__(
        self,
        library: Library,
        clock: Clock,
        ids: Ids,
        workflows: Workflows,
        session_of: SessionOf = utc_session,
    ) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids
        self._workflows = workflows
        self._session_of = session_of

    def withdraw(self, asked: CashRequest) -> Withdrawal:
        """Ask for cash and wait for the answer, once per key.

        Raises RefusedError with every reason, or UnavailableError while nobody knows yet: the
        same key then asks again for the same withdrawal.
        """
        withdrawal = self._request(asked)
        if withdrawal.status is WithdrawalStatus.REQUESTED:
            withdrawal = self._decide(withdrawal, asked.correlation_id)
        if withdrawal.status is WithdrawalStatus.REFUSED:
            raise RefusedError(*withdrawal.reasons)
        return withdrawal

    def post(self, asked: PostWithdrawal, correlation_id: str) -> Withdrawal:
        """Write it into the ledger; raises ConflictError if it was refused before."""
        with self._library.open() as books:
            withdrawal = books.withdrawals.locked(asked.withdrawal_id)
            if withdrawal.status is WithdrawalStatus.POSTED:
                return withdrawal
            if withdrawal.status is WithdrawalStatus.REFUSED:
                raise ConflictError(f"withdrawal {asked.withdrawal_id} was refused")
            _same(asked, withdrawal)
            books.accounts.locked(withdrawal.account_id)
            return self._post(books, withdrawal, correlation_id)

    def refuse(self, asked: RefuseWithdrawal) -> Withdrawal:
        """End it with its reasons; raises ConflictError if it is in the ledger already."""
        with self._library.open() as books:
            withdrawal = books.withdrawals.locked(asked.withdrawal_id)
            if withdrawal.status is WithdrawalStatus.POSTED:
                raise ConflictError(f"withdrawal {asked.withdrawal_id} is posted")
            if withdrawal.status is WithdrawalStatus.REFUSED:
                return withdrawal
            refused = replace(withdrawal, status=WithdrawalStatus.REFUSED, reasons=asked.reasons)
            books.withdrawals.settle(refused)
            return refused

    def sweep(self, correlation_id: str) -> int:
        """Run again the workflow of each withdrawal left undecided; return how many ended.

        Until one ends risk holds its cash back, and its client may never ask again.
        """
        with self._library.open() as books:
            left = books.withdrawals.undecided(self._clock.now() - UNDECIDED_FOR)
        ended = [self._tried(one, correlation_id) for one in left]
        return sum(one.status is not WithdrawalStatus.REQUESTED for one in ended)

    def _request(self, asked: CashRequest) -> Withdrawal:
        now = self._clock.now()
        with self._library.open() as books:
            account = own_account(books, asked)
            withdrawal_id = self._ids.new()
            known = books.keys.claim(
                scope=f"withdrawals/{account.account_id}",
                key=asked.key,
                body={"amount": f"{asked.amount.normalize():f}"},
                resource_id=withdrawal_id,
            )
            if known is None:
                occurred_at, is_market_time = market_time(books, now)
                books.withdrawals.add(
                    Withdrawal(
                        withdrawal_id=withdrawal_id,
                        account_id=account.account_id,
                        amount=asked.amount,
                        currency=account.currency,
                        status=WithdrawalStatus.REQUESTED,
                        reasons=(),
                        occurred_at=occurred_at,
                        is_market_time=is_market_time,
                        recorded_at=now,
                    )
                )
        # A transaction of its own: the tasks lock the withdrawal before its account.
        return self._read(known or withdrawal_id)

    def _read(self, withdrawal_id: str) -> Withdrawal:
        with self._library.open() as books:
            return books.withdrawals.locked(withdrawal_id)

    def _decide(self, withdrawal: Withdrawal, correlation_id: str) -> Withdrawal:
        after = self._tried(withdrawal, correlation_id)
        if after.status is WithdrawalStatus.REQUESTED:
            raise UnavailableError(
                f"withdrawal {after.withdrawal_id} is not decided yet;"
                " ask again with the same Idempotency-Key"
            )
        return after

    def _tried(self, withdrawal: Withdrawal, correlation_id: str) -> Withdrawal:
        # Its failure says nothing: it may have posted before it failed. The row knows.
        with suppress(UnavailableError):
            self._workflows.run(
                WORKFLOW,
                {
                    "withdrawal_id": withdrawal.withdrawal_id,
                    "account_id": withdrawal.account_id,
                    "amount": to_json(withdrawal.amount),
                    "currency": withdrawal.currency,
                    "occurred_at": to_json(withdrawal.occurred_at),
                    "correlation_id": correlation_id,
                },
            )
        return self._read(withdrawal.withdrawal_id)

    def _post(self, books: Books, withdrawal: Withdrawal, correlation_id: str) -> Withdrawal:
        now = self._clock.now()
        money = Money(withdrawal.amount, withdrawal.currency)
        event = CashWithdrawn(
            event_id=self._ids.new(),
            occurred_at=withdrawal.occurred_at,
            recorded_at=now,
            correlation_id=correlation_id,
            account_id=withdrawal.account_id,
            withdrawal_id=withdrawal.withdrawal_id,
            transaction_id=self._ids.new(),
            amount=money.amount,
            currency=money.currency,
        )
        books.ledger.post(
            Posting(
                transaction_id=event.transaction_id,
                account_id=withdrawal.account_id,
                kind="withdrawal",
                reference=f"withdrawal:{withdrawal.withdrawal_id}",
                description=f"withdrawal of {money.amount} {money.currency}",
                event_id=event.event_id,
                occurred_at=event.occurred_at,
                recorded_at=now,
                entries=flow_entries(-money),
                is_market_time=withdrawal.is_market_time,
            )
        )
        posted = replace(
            withdrawal,
            status=WithdrawalStatus.POSTED,
            transaction_id=event.transaction_id,
            event_id=event.event_id,
        )
        books.withdrawals.settle(posted)
        books.journal.add(
            withdrawal.account_id, step_of(event, self._session_of(event.occurred_at))
        )
        books.facts.publish(event)
        return posted


def _same(asked: PostWithdrawal, withdrawal: Withdrawal) -> None:
    for name in ("account_id", "amount", "currency"):
        said, written = getattr(asked, name), getattr(withdrawal, name)
        if said is not None and said != written:
            raise ConflictError(
                f"withdrawal {asked.withdrawal_id} was asked with {name} {written}, not {said}"
            )
