"""Risk's copy of what happened elsewhere, written so that no order of arrival matters.

Sums add, marks keep the newest, an order's end states how much it ever filled: any sequence of
the same events ends in the same numbers. An account's row is made by whichever event names it
first. What lags errs on the safe side: reserved stays reserved until the fill or the end is here.
"""

from decimal import Decimal

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.adapters.postgres.risk import LOCK_OR_MAKE, TOMBSTONE, tombstone_of
from bifrost.core.corporate_actions import ActionKind, CorporateAction
from bifrost.core.fills import Fill
from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.events import (
    AccountOpened,
    BarClosed,
    CashChanged,
    CashDeposited,
    CashWithdrawn,
    CorporateActionAnnounced,
    CorporateActionCorrected,
    Event,
    FillRecorded,
    InstrumentListed,
    OrderEnded,
    OrderRestated,
    PositionCause,
    PositionChanged,
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

# A second end may only release more; LEAST passes over what is empty.
_END_RESERVATION = """
    UPDATE risk.reservations SET ended_at = LEAST(ended_at, %s) WHERE order_id = %s"""

# The newest terms stand; how many shares each became is a product, in whatever order they come.
_RESTATE_RESERVATION = """
    UPDATE risk.reservations SET
        scale_from = scale_from * %(open_before)s, scale_to = scale_to * %(open_after)s,
        instrument = CASE WHEN is_newer THEN %(instrument)s ELSE instrument END,
        quantity = CASE WHEN is_newer THEN %(quantity)s ELSE quantity END,
        restated_limit = CASE WHEN is_newer THEN %(limit_price)s ELSE restated_limit END,
        restated_step = GREATEST(restated_step, %(step)s)
    FROM (SELECT order_id AS restated, restated_step < %(step)s AS is_newer
          FROM risk.reservations WHERE order_id = %(order_id)s) found
    WHERE order_id = restated"""

# Unique by transaction and instrument, as cash is by its movement.
_CHANGE_POSITION = """
    WITH fresh AS (
        INSERT INTO risk.position_changes (transaction_id, instrument, account_id, quantity)
        VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING account_id, instrument, quantity)
    INSERT INTO risk.positions AS p (account_id, instrument, quantity) SELECT * FROM fresh
    ON CONFLICT (account_id, instrument) DO UPDATE SET quantity = p.quantity + EXCLUDED.quantity"""

_ACT = """
    INSERT INTO risk.corporate_actions AS a (action_id, revision, instrument, ex_date, counts)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT (action_id) DO UPDATE
    SET revision = EXCLUDED.revision, instrument = EXCLUDED.instrument,
        ex_date = EXCLUDED.ex_date, counts = EXCLUDED.counts
    WHERE EXCLUDED.revision > a.revision"""

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


# A fill's position comes with the fill itself, and imported shares are at another house.
COUNTED_CAUSES = (PositionCause.CORPORATE_ACTION, PositionCause.CORRECTION)


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
        case OrderRestated():
            _restate(cursor, event)
        case PositionChanged():
            _change_position(cursor, event)
        case _:
            _apply_market(cursor, event)


def _apply_market(cursor: Cursor, event: Event) -> None:
    match event:
        case BarClosed():
            _mark(cursor, event)
        case InstrumentListed():
            _list(cursor, event)
        case CorporateActionAnnounced() | CorporateActionCorrected():
            _act(cursor, event.action)
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


def _restate(cursor: Cursor, event: OrderRestated) -> None:
    cursor.execute(LOCK_OR_MAKE, (event.account_id,))
    left = EXACT.subtract(event.quantity, event.filled_quantity)
    # Nothing left, or nothing until now, is no ratio; the quantity says it all.
    is_ratio = left > 0 and event.open_before > 0
    values = {
        "order_id": event.order_id,
        "instrument": event.instrument,
        "quantity": event.quantity,
        "limit_price": event.limit_price,
        "step": event.step,
        "open_before": event.open_before if is_ratio else Decimal(1),
        "open_after": left if is_ratio else Decimal(1),
    }
    cursor.execute(_RESTATE_RESERVATION, values)


def _change_position(cursor: Cursor, event: PositionChanged) -> None:
    if event.cause not in COUNTED_CAUSES or event.is_imported or not event.quantity_change:
        return
    cursor.execute(LOCK_OR_MAKE, (event.account_id,))
    change = (event.transaction_id, event.instrument, event.account_id, event.quantity_change)
    cursor.execute(_CHANGE_POSITION, change)


def _act(cursor: Cursor, action: CorporateAction) -> None:
    # A dividend leaves the shares as they are: its mark is too high by the dividend, on the safe
    # side, and to refuse every order until the next price would be dear for that.
    counts = not action.withdrawn and action.kind is not ActionKind.CASH_DIVIDEND
    values = (action.action_id, action.revision, action.instrument, action.ex_date, counts)
    cursor.execute(_ACT, values)


def _mark(cursor: Cursor, event: BarClosed) -> None:
    bar = event.bar
    values = (bar.instrument, bar.close, event.currency, event.sequence, bar.closed_at)
    cursor.execute(_MARK, values)


def _list(cursor: Cursor, event: InstrumentListed) -> None:
    listing = event.instrument
    cursor.execute(_LIST, (listing.symbol, listing.currency, event.recorded_at))
