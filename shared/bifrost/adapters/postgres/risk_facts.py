"""Risk's copy of what happened elsewhere, written so that no order of arrival matters.

Sums add, marks keep the newest, an order's end states how much it ever filled: any sequence of
the same events ends in the same numbers. An account's row is made by whichever event names it
first. What lags errs on the safe side: reserved stays reserved until the fill or the end is here.
"""

from decimal import Decimal

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.adapters.postgres.risk import LOCK_OR_MAKE, TOMBSTONE, tombstone_of
from bifrost.core.fills import Fill
from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.events import (
    AccountOpened,
    BarClosed,
    CashChanged,
    CashDeposited,
    CashWithdrawn,
    Event,
    FillRecorded,
    InstrumentListed,
    OrderEnded,
)

_OPEN = """
    INSERT INTO risk.accounts (account_id, owner, kind, currency) VALUES (%s, %s, %s, %s)
    ON CONFLICT (account_id) DO UPDATE
    SET owner = EXCLUDED.owner, kind = EXCLUDED.kind, currency = EXCLUDED.currency"""

# Unique by the ledger's transaction, as at the venue: two events of one flow move it once.
_MOVE_CASH = """
    WITH fresh AS (
        INSERT INTO risk.cash_transactions (transaction_id, account_id, currency, amount)
        VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING account_id, currency, amount)
    INSERT INTO risk.cash AS c (account_id, currency, amount) SELECT * FROM fresh
    ON CONFLICT (account_id, currency) DO UPDATE SET amount = c.amount + EXCLUDED.amount"""

_ADD_CASH = """
    INSERT INTO risk.cash AS c (account_id, currency, amount) VALUES (%s, %s, %s)
    ON CONFLICT (account_id, currency) DO UPDATE SET amount = c.amount + EXCLUDED.amount"""

_ADD_POSITION = """
    INSERT INTO risk.positions AS p (account_id, instrument, quantity) VALUES (%s, %s, %s)
    ON CONFLICT (account_id, instrument) DO UPDATE SET quantity = p.quantity + EXCLUDED.quantity"""

# Makes and locks the account like LOCK_OR_MAKE, and counts the fill.
_COUNT_FILL = """
    INSERT INTO risk.accounts AS a (account_id, fills, last_fill) VALUES (%s, 1, %s)
    ON CONFLICT (account_id) DO UPDATE
    SET fills = a.fills + 1, last_fill = GREATEST(a.last_fill, EXCLUDED.last_fill)"""

_FILL_RESERVATION = "UPDATE risk.reservations SET filled = filled + %s WHERE order_id = %s"

# A second end may only release more.
_END_RESERVATION = """
    UPDATE risk.reservations SET released = GREATEST(released, quantity - %s) WHERE order_id = %s"""

_END_WITHDRAWAL = "UPDATE risk.withdrawals SET ended = true WHERE withdrawal_id = %s"

_LIST = """
    INSERT INTO risk.instruments AS i (symbol, currency, listed_at) VALUES (%s, %s, %s)
    ON CONFLICT (symbol) DO UPDATE SET currency = EXCLUDED.currency, listed_at = EXCLUDED.listed_at
    WHERE EXCLUDED.listed_at > i.listed_at"""

_MARK = """
    INSERT INTO risk.marks AS m (instrument, price, currency, sequence, occurred_at)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (instrument) DO UPDATE
    SET price = EXCLUDED.price, currency = EXCLUDED.currency,
        sequence = EXCLUDED.sequence, occurred_at = EXCLUDED.occurred_at
    WHERE EXCLUDED.sequence > m.sequence"""


class PostgresFacts:
    """Risk's inbox and what the events in it add up to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inbox = Inbox("risk")

    def hear(self, event: Event) -> None:
        """Apply the event unless it has been heard before."""
        with self._database.transaction() as cursor:
            if self._inbox.once(cursor, event):
                _apply(cursor, event)


def _apply(cursor: Cursor, event: Event) -> None:
    match event:
        case AccountOpened():
            _open(cursor, event)
        case CashDeposited() | CashChanged():
            _move_cash(cursor, event, event.amount)
        case CashWithdrawn():
            _withdraw(cursor, event)
        case FillRecorded():
            _fill(cursor, event.fill, event.sequence)
        case OrderEnded():
            _end(cursor, event)
        case BarClosed():
            _mark(cursor, event)
        case InstrumentListed():
            _list(cursor, event)
        case _:
            raise ValueError(f"risk does not listen to {event.detail_type}")


def _open(cursor: Cursor, event: AccountOpened) -> None:
    cursor.execute(_OPEN, (event.account_id, event.owner, event.kind, event.currency))


def _move_cash(
    cursor: Cursor, event: CashDeposited | CashWithdrawn | CashChanged, amount: Decimal
) -> None:
    # A transaction may move several currencies, each once.
    movement = event.movement_id if isinstance(event, CashChanged) else event.transaction_id
    cursor.execute(LOCK_OR_MAKE, (event.account_id,))
    cursor.execute(_MOVE_CASH, (movement, event.account_id, event.currency, amount))


def _withdraw(cursor: Cursor, event: CashWithdrawn) -> None:
    _move_cash(cursor, event, -event.amount)
    cursor.execute(_END_WITHDRAWAL, (event.withdrawal_id,))


def _fill(cursor: Cursor, fill: Fill, sequence: int) -> None:
    spent = exact_sum((exact_product(fill.price, fill.signed_quantity), fill.commission))
    cursor.execute(_COUNT_FILL, (fill.account_id, sequence))
    cursor.execute(_ADD_CASH, (fill.account_id, fill.currency, EXACT.minus(spent)))
    cursor.execute(_ADD_POSITION, (fill.account_id, fill.instrument, fill.signed_quantity))
    cursor.execute(_FILL_RESERVATION, (fill.quantity, fill.order_id))


def _end(cursor: Cursor, event: OrderEnded) -> None:
    cursor.execute(TOMBSTONE, (event.order_id, event.account_id, tombstone_of("ended")))
    cursor.execute(_END_RESERVATION, (event.filled_quantity, event.order_id))


def _mark(cursor: Cursor, event: BarClosed) -> None:
    bar = event.bar
    values = (bar.instrument, bar.close, event.currency, event.sequence, bar.closed_at)
    cursor.execute(_MARK, values)


def _list(cursor: Cursor, event: InstrumentListed) -> None:
    listing = event.instrument
    cursor.execute(_LIST, (listing.symbol, listing.currency, event.recorded_at))
