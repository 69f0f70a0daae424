"""Portfolio's use cases: open an account, take a deposit, hear a fill and a bar.

Each is one transaction with the account's row locked first, so the entries, lots and balances
of an account never interleave, and with the event that reports it written beside it.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from bifrost.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from bifrost.core.fills import Fill
from bifrost.core.money import Money
from bifrost.events import AccountOpened, BarClosed, CashDeposited, FillRecorded
from bifrost.portfolio.accounts import Account, NewAccount
from bifrost.portfolio.closing import parts_closed
from bifrost.portfolio.ledger import Posting, fill_entries, fill_reference, flow_entries
from bifrost.portfolio.lots import LotChange, apply_fill
from bifrost.portfolio.ports import Books, Clock, Ids, Library, Posted


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

    def __init__(self, library: Library, clock: Clock, ids: Ids) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids

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

    def hear_fill(self, event: FillRecorded) -> None:
        """Apply the fill, and those that came early and waited for it, in the venue's order."""
        with self._library.open() as books:
            for recorded in books.facts.in_order(event):
                self._apply(books, recorded)

    def hear_bar(self, event: BarClosed) -> None:
        """Keep the close as the instrument's mark of that instant."""
        with self._library.open() as books:
            if books.facts.once(event):
                books.marks.put(event)

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
        books.facts.publish(event)

    def _apply(self, books: Books, recorded: FillRecorded) -> None:
        fill = recorded.fill
        account = books.accounts.locked(fill.account_id)
        if fill.currency != account.currency:
            raise ValueError(
                f"a fill in {fill.currency} of a {account.currency} account: no FX yet"
            )
        if books.ledger.find(account.account_id, fill_reference(fill)) is not None:
            return
        lots = books.lots.open_lots(account.account_id, fill.instrument)
        parts = parts_closed(books.lots, fill, lots)
        change = apply_fill(lots, fill, recorded.sequence, parts)
        posting = self._fill_posting(recorded, fill, change)
        books.ledger.post(posting)
        books.lots.change(posting, change)

    def _fill_posting(self, recorded: FillRecorded, fill: Fill, change: LotChange) -> Posting:
        return Posting(
            transaction_id=self._ids.new(),
            account_id=fill.account_id,
            kind="fill",
            reference=fill_reference(fill),
            description=f"{fill.side} {fill.quantity} {fill.instrument} at {fill.price}",
            event_id=recorded.event_id,
            occurred_at=fill.occurred_at,
            recorded_at=self._clock.now(),
            entries=fill_entries(fill, change),
            order_id=fill.order_id,
            strategy_id=recorded.strategy_id,
        )


def market_time(books: Books, now: datetime) -> tuple[datetime, bool]:
    """Return market time and whether it is: before the first bar only the wall clock is known."""
    known = books.marks.market_time()
    return (now, False) if known is None else (known, True)


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
