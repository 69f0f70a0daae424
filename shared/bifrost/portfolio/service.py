"""Portfolio's use cases: open an account, take a deposit, hear a fill and a bar.

Each is one transaction with the account's row locked first, so the entries, lots and balances
of an account never interleave, and with the event that reports it written beside it.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from bifrost.core.errors import (
    BusyError,
    ConflictError,
    FieldProblem,
    InvalidInputError,
    NotFoundError,
)
from bifrost.core.money import Money
from bifrost.events import AccountOpened, CashDeposited
from bifrost.portfolio.accounts import Account, NewAccount
from bifrost.portfolio.corporate_acts import CorporateActs
from bifrost.portfolio.filling import NO_CORRECTION, Filling
from bifrost.portfolio.journal import step_of
from bifrost.portfolio.late_fills import LISTENER_STEPS, PATIENCE, LateFills
from bifrost.portfolio.ledger import Posting, flow_entries
from bifrost.portfolio.ports import Books, Clock, Ids, Library, Posted
from bifrost.portfolio.sessions import BEFORE_ALL, SessionOf, utc_session
from bifrost.portfolio.telling import Moment

if TYPE_CHECKING:
    from bifrost.events import BarClosed, FillRecorded


@dataclass(frozen=True, slots=True)
class CashRequest:
    """A deposit or withdrawal as its caller asked for it; currency None is the account's."""

    owner: str
    account_id: str
    amount: Decimal
    currency: str | None
    key: str
    correlation_id: str


class PortfolioService:
    """Keeps the books."""

    def __init__(
        self, library: Library, clock: Clock, ids: Ids, session_of: SessionOf = utc_session
    ) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids
        self._session_of = session_of
        self._acts = CorporateActs(library, clock, ids, session_of)
        self._late = LateFills(library, clock, ids, session_of)

    def open_account(self, asked: NewAccount, *, key: str, correlation_id: str) -> str:
        """Open an account, or find the one this key opened; return its id."""
        now = self._clock.now()
        with self._library.open() as books:
            account_id = self._ids.new()
            known = books.keys.claim(
                scope=f"accounts/{asked.owner}", key=key, body=asdict(asked), resource_id=account_id
            )
            if known is not None:
                return known
            opened_at, _ = market_time(books, now)
            books.accounts.add(
                Account(
                    account_id=account_id,
                    portfolio_id=self._ids.new(),
                    opened_at=opened_at,
                    recorded_at=now,
                    **asdict(asked),
                )
            )
            books.facts.publish(
                AccountOpened(
                    event_id=self._ids.new(),
                    occurred_at=opened_at,
                    recorded_at=now,
                    correlation_id=correlation_id,
                    account_id=account_id,
                    owner=asked.owner,
                    kind=asked.kind,
                    currency=asked.currency,
                )
            )
            return account_id

    def deposit(self, asked: CashRequest) -> Posted:
        """Take cash in, once per key. Raises NotFoundError for an account not the caller's."""
        now = self._clock.now()
        with self._library.open() as books:
            account = own_account(books, asked)
            transaction_id = self._ids.new()
            known = books.keys.claim(
                scope=f"deposits/{account.account_id}",
                key=asked.key,
                body={"amount": f"{asked.amount.normalize():f}"},
                resource_id=transaction_id,
            )
            if known is None:
                self._post_deposit(books, account, asked, transaction_id, now)
            return found(books, account.account_id, f"deposit:{known or transaction_id}")

    def hear_fill(self, event: "FillRecorded") -> None:
        """Apply the fill, and those that came early and waited for it, in the venue's order.

        What came late is kept first, and where its correction is a long one, or somebody holds the
        account, the sweep of corporate actions books it.
        """
        try:
            is_done = self._book_in_order(event)
        except BusyError:
            with self._library.open(PATIENCE) as books:
                books.facts.hold(event)
            return
        if not is_done:
            with suppress(BusyError):
                self._late.book(event.fill.account_id, LISTENER_STEPS)

    def hear_bar(self, event: "BarClosed") -> None:
        """Keep the close as the instrument's mark of that instant, and do what its session brings.

        Heard again it keeps nothing, and does what may have been left undone.
        """
        with self._library.open() as books:
            if books.facts.once(event):
                books.marks.put(event)
        self._acts.follow(event)

    def _book_in_order(self, event: "FillRecorded") -> bool:
        """Book what is not late; say whether the event, and all that followed it, is booked."""
        with self._library.open(PATIENCE) as books:
            ready = books.facts.in_order(event)
            moment = Moment(self._ids, self._clock.now(), event.correlation_id)
            for number, recorded in enumerate(ready):
                session = self._session_of(recorded.fill.occurred_at)
                if not Filling(books, moment).book(recorded, session, NO_CORRECTION):
                    books.facts.put_back(ready[number:])
                    return False
            return bool(ready)

    def _post_deposit(
        self,
        books: Books,
        account: Account,
        asked: CashRequest,
        transaction_id: str,
        now: datetime,
    ) -> None:
        occurred_at, is_market_time = market_time(books, now)
        money = Money(asked.amount, account.currency)
        event = CashDeposited(
            event_id=self._ids.new(),
            occurred_at=occurred_at,
            recorded_at=now,
            correlation_id=asked.correlation_id,
            account_id=account.account_id,
            transaction_id=transaction_id,
            amount=money.amount,
            currency=money.currency,
        )
        books.ledger.post(
            Posting(
                transaction_id=transaction_id,
                account_id=account.account_id,
                kind="deposit",
                reference=f"deposit:{transaction_id}",
                description=f"deposit of {money.amount} {money.currency}",
                event_id=event.event_id,
                occurred_at=occurred_at,
                recorded_at=now,
                entries=flow_entries(money),
                is_market_time=is_market_time,
            )
        )
        books.journal.add(account.account_id, step_of(event, self._session_of(occurred_at)))
        books.facts.publish(event)


def market_time(books: Books, now: datetime) -> tuple[datetime, bool]:
    """Return market time and whether it is: before the first bar only the wall clock is known."""
    known = books.marks.market_time()
    return (now, False) if known is None else (known, True)


def noted_session(posting: Posting, session_of: SessionOf) -> date:
    """Return a note's session: before every action where no bar had been seen."""
    return session_of(posting.occurred_at) if posting.is_market_time else BEFORE_ALL


def live_account(books: Books, owner: str, account_id: str) -> Account:
    """Return the owner's account, locked; raise ConflictError where it is archived."""
    account = books.accounts.locked(account_id)
    if account.owner != owner:
        raise NotFoundError(f"no account {account_id}")
    if account.archived_at is not None:
        raise ConflictError(f"account {account_id} is archived: it can only be read")
    return account


def own_account(books: Books, asked: CashRequest) -> Account:
    """Return the caller's account, locked; somebody else's is as unknown as none."""
    account = live_account(books, asked.owner, asked.account_id)
    if asked.currency not in (None, account.currency):
        fix = f"send {account.currency}, the account's currency, or leave it out"
        raise InvalidInputError(FieldProblem("currency", f"is {asked.currency}", fix))
    return account


def found(books: Books, account_id: str, reference: str) -> Posted:
    """Return a transaction that this transaction wrote or found claimed."""
    posted = books.ledger.find(account_id, reference)
    if posted is None:
        raise AssertionError(f"{reference} of {account_id} has vanished")
    return posted
