"""Posting an import's rows one after the other, each with what it does to the lots."""

from datetime import datetime

from bifrost.core.money import Money
from bifrost.portfolio.accounts import Account, AccountKind
from bifrost.portfolio.cash_flows import capital_entries, return_capital
from bifrost.portfolio.closing import change_by
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.booking import (
    ORIGIN,
    cash_entries,
    described,
    imported_fill_entries,
    ledger_kind,
    require_bookable,
    to_fill,
    unbookable,
)
from bifrost.portfolio.ledger import Entry, Posting
from bifrost.portfolio.ports import Books


class Poster:
    """Books one import's rows in their order."""

    def __init__(self, books: Books, account: Account, import_id: str, now: datetime) -> None:
        self._books = books
        self._account = account
        self._import_id = import_id
        self._now = now
        self._sequence = books.imports.next_sequence(account.account_id)

    def post(self, activity: Activity, transaction_id: str, number: int) -> None:
        """Book one row; raise InvalidInputError where these books cannot hold it."""
        require_bookable(activity, self._account.currency)
        if activity.kind is ActivityKind.FILL:
            self._fill(activity, transaction_id, number)
        elif activity.kind is ActivityKind.RETURN_OF_CAPITAL:
            self._return_capital(activity, transaction_id, number)
        else:
            entries = cash_entries(activity)
            self._books.ledger.post(self._posting(activity, transaction_id, number, entries))

    def _fill(self, activity: Activity, transaction_id: str, number: int) -> None:
        fill = to_fill(activity, self._account.account_id, self._import_id, number)
        lots = self._books.lots.open_lots(fill.account_id, fill.instrument)
        # The house that holds them keeps their average: what it says of a sale is no change here.
        change = change_by(self._books.lots, fill, lots, self._sequence, may_average=False)
        self._sequence += 1
        may_be_short = AccountKind(self._account.kind).may_short
        if change.opened and change.opened.quantity < 0 and not may_be_short:
            missing = -change.opened.quantity
            message = f"it sells {missing:f} {fill.instrument} more than the account holds"
            fix = "import the purchases first, or correct the quantity"
            raise unbookable(activity, "quantity", message, fix)
        entries = imported_fill_entries(activity, fill, change)
        posting = self._posting(activity, transaction_id, number, entries)
        self._books.ledger.post(posting)
        self._books.lots.change(posting, change)

    def _return_capital(self, activity: Activity, transaction_id: str, number: int) -> None:
        lots = self._books.lots.open_lots(self._account.account_id, activity.instrument)
        if not lots or any(lot.quantity < 0 for lot in lots) or activity.amount < 0:
            message = f"{activity.instrument} is not held long, so no capital of it comes back"
            raise unbookable(activity, "instrument", message, "import the purchases first")
        money = Money(activity.amount, activity.currency)
        returned = return_capital(lots, money.amount)
        entries = capital_entries(returned, money, activity.instrument)
        posting = self._posting(activity, transaction_id, number, entries)
        self._books.ledger.post(posting)
        self._books.lots.adjust(posting, lots, list(returned.lots))

    def _posting(
        self, activity: Activity, transaction_id: str, number: int, entries: tuple[Entry, ...]
    ) -> Posting:
        return Posting(
            transaction_id=transaction_id,
            account_id=self._account.account_id,
            kind=ledger_kind(activity),
            reference=f"{ORIGIN}:{self._import_id}:{number}",
            description=described(activity),
            event_id=self._import_id,
            occurred_at=activity.occurred_at,
            recorded_at=self._now,
            entries=entries,
        )
