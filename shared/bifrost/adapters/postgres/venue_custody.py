"""Corporate actions in the paper venue's books, in SQL; whoever writes here holds its lock.

What an action touches is its component: every instrument that actions, whatever their revision,
turn into another of it. Nothing outside a component can change by an action in it.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bifrost.adapters.postgres.database import Cursor
from bifrost.adapters.postgres.venue import WORKING
from bifrost.backtest.entitlements import Traded
from bifrost.core.bars import Bar
from bifrost.core.codec import from_json, to_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.instruments import Instrument

# A session is the newest bar's; the venue has no calendar.
_MARKET = "SELECT session FROM venue.tape ORDER BY closed_at DESC LIMIT 1"
_FIRST = "SELECT session FROM venue.tape ORDER BY closed_at LIMIT 1"
_AGENDA = f"""
WITH market AS ({_MARKET}), first AS ({_FIRST})
SELECT market.session,
    EXISTS (SELECT FROM venue.corporate_actions
        WHERE state = 'waiting' AND ex_date <= market.session) AS is_action_due,
    EXISTS (SELECT FROM venue.entitlements
        WHERE NOT is_paid AND paid_on <= market.session) AS is_payment_due,
    NOT EXISTS (SELECT FROM venue.tape
        WHERE session = %(session)s AND instrument <> %(instrument)s) AS begins_session,
    EXISTS (SELECT FROM venue.orders o
        WHERE o.instrument = %(instrument)s AND o.{WORKING}
        AND coalesce(o.adjusted_through, first.session) < (
            SELECT max(ex_date) FROM venue.corporate_actions
            WHERE instrument = %(instrument)s AND state = 'standing')) AS is_behind,
    EXISTS (SELECT FROM venue.corporate_actions
        WHERE (instrument = %(instrument)s OR new_instrument = %(instrument)s)
        AND state = 'standing' AND ex_date > %(session)s) AS is_past
FROM market, first
"""
_BEHIND = f"""
SELECT DISTINCT o.instrument FROM venue.orders o
JOIN venue.corporate_actions a ON a.instrument = o.instrument AND a.state = 'standing'
WHERE o.{WORKING} AND a.ex_date > coalesce(o.adjusted_through, ({_FIRST}))
"""
_SETTLE = """
UPDATE venue.corporate_actions SET state = 'standing'
WHERE state = 'waiting' AND ex_date <= %s RETURNING action
"""
_REVISIONS = """
SELECT revision, state, action FROM venue.corporate_actions WHERE action_id = %s
"""
_RETIRE = """
UPDATE venue.corporate_actions SET state = 'past' WHERE action_id = %s AND state <> 'past'
"""
_ADD = """
INSERT INTO venue.corporate_actions
    (action_id, revision, instrument, new_instrument, ex_date, state, action)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_COMPONENT = """
WITH RECURSIVE component (instrument) AS (
    SELECT unnest(%s::text[])
    UNION
    SELECT other.instrument FROM component c CROSS JOIN LATERAL (
        SELECT new_instrument AS instrument FROM venue.corporate_actions a
            WHERE a.instrument = c.instrument AND new_instrument <> ''
        UNION
        SELECT a.instrument FROM venue.corporate_actions a
            WHERE a.new_instrument = c.instrument AND a.new_instrument <> '') other)
SELECT instrument FROM component
"""
_STANDING = """
SELECT action FROM venue.corporate_actions WHERE instrument = ANY(%s) AND state = 'standing'
"""
_TRADED = """
SELECT r.account_id, a.currency, r.instrument, r.session,
    sum(CASE o.side WHEN 'buy' THEN r.quantity ELSE -r.quantity END) AS quantity
FROM venue.reports r JOIN venue.orders o USING (client_order_id)
JOIN venue.accounts a ON a.account_id = r.account_id
WHERE r.kind = 'trade' AND r.instrument = ANY(%s)
GROUP BY 1, 2, 3, 4 ORDER BY 1
"""
_ENTITLED = """
SELECT account_id, action_id, amount, paid_on, is_paid FROM venue.entitlements
WHERE action_id IN (SELECT action_id FROM venue.corporate_actions WHERE instrument = ANY(%s))
"""
_ENTITLE = """
INSERT INTO venue.entitlements (account_id, action_id, amount, paid_on, is_paid)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT (account_id, action_id) DO UPDATE
SET amount = excluded.amount, paid_on = excluded.paid_on, is_paid = excluded.is_paid
"""
_PAY = """
WITH paid AS (
    UPDATE venue.entitlements SET is_paid = true WHERE NOT is_paid AND paid_on <= %s
    RETURNING account_id, amount),
sums AS (SELECT account_id, sum(amount) AS amount FROM paid GROUP BY account_id)
UPDATE venue.accounts a SET cash = a.cash + sums.amount FROM sums
WHERE a.account_id = sums.account_id
"""
_POSITION = """
INSERT INTO venue.positions AS p (account_id, instrument, quantity) VALUES (%s, %s, %s)
ON CONFLICT (account_id, instrument) DO UPDATE SET quantity = excluded.quantity
WHERE p.quantity <> excluded.quantity
"""
# Shares that only a withdrawn action had brought.
_GONE = """
UPDATE venue.positions SET quantity = 0
WHERE account_id = %s AND instrument = ANY(%s) AND quantity <> 0
"""
_LIST = """
INSERT INTO venue.instruments (symbol, mic, currency, tick_size, lot_size, name)
VALUES (%(symbol)s, %(mic)s, %(currency)s, %(tick_size)s, %(lot_size)s, %(name)s)
ON CONFLICT (symbol) DO UPDATE SET mic = excluded.mic, currency = excluded.currency,
    tick_size = excluded.tick_size, lot_size = excluded.lot_size, name = excluded.name
"""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a bar finds to be done before it is matched.

    session: the market's. begins_session: it is the first one of its own.
    is_behind: an order of its instrument came while an action was being applied.
    is_past: its instrument's shares have become others since this bar closed.
    """

    session: date
    is_action_due: bool
    is_payment_due: bool
    begins_session: bool
    is_behind: bool
    is_past: bool


@dataclass(frozen=True, slots=True)
class AccountTrades:
    """What an account traded in a component."""

    account_id: str
    currency: str
    trades: tuple[Traded, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """Cash that an action entitles an account to; `is_paid` once it is in the account's cash."""

    account_id: str
    action_id: str
    amount: Decimal
    paid_on: date
    is_paid: bool


class VenueCustodyBooks:
    """Actions, positions and what is due, within one transaction."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def agenda(self, bar: Bar) -> Agenda:
        """Say what is to be done before this bar, which is on the tape, is matched."""
        values = {"instrument": bar.instrument, "session": bar.session}
        (row,) = self._cursor.execute(_AGENDA, values).fetchall()
        return Agenda(**row)

    def market_session(self) -> date | None:
        """Return the newest bar's session; None before the first."""
        row = self._cursor.execute(_MARKET).fetchone()
        return row["session"] if row else None

    def list_instrument(self, instrument: Instrument) -> None:
        """Keep its terms."""
        self._cursor.execute(_LIST, asdict(instrument))

    def revisions(self, action_id: str) -> dict[int, tuple[str, CorporateAction]]:
        """Return the action's known revisions with their states."""
        rows = self._cursor.execute(_REVISIONS, (action_id,)).fetchall()
        return {
            row["revision"]: (row["state"], from_json(CorporateAction, row["action"]))
            for row in rows
        }

    def retire(self, action_id: str) -> None:
        """Let no revision of the action stand or wait."""
        self._cursor.execute(_RETIRE, (action_id,))

    def add(self, action: CorporateAction, state: str) -> None:
        """Keep a new revision."""
        self._cursor.execute(
            _ADD,
            (
                action.action_id,
                action.revision,
                action.instrument,
                action.new_instrument,
                action.ex_date,
                state,
                json.dumps(to_json(action)),
            ),
        )

    def settle(self, session: date) -> list[CorporateAction]:
        """Let every action stand whose ex-date has begun; return those that do now."""
        rows = self._cursor.execute(_SETTLE, (session,)).fetchall()
        return _actions(row["action"] for row in rows)

    def component(self, instruments: Collection[str]) -> list[str]:
        """Return every instrument that actions connect with these."""
        rows = self._cursor.execute(_COMPONENT, (list(instruments),)).fetchall()
        return [row["instrument"] for row in rows]

    def standing(self, component: Sequence[str]) -> list[CorporateAction]:
        """Return the actions in force on these instruments."""
        rows = self._cursor.execute(_STANDING, (component,)).fetchall()
        return _actions(row["action"] for row in rows)

    def traded(self, component: Sequence[str]) -> list[AccountTrades]:
        """Return what each account traded of these instruments."""
        found: dict[tuple[str, str], list[Traded]] = {}
        for row in self._cursor.execute(_TRADED, (component,)).fetchall():
            trade = Traded(row["session"], row["instrument"], row["quantity"])
            found.setdefault((row["account_id"], row["currency"]), []).append(trade)
        return [AccountTrades(*key, tuple(trades)) for key, trades in found.items()]

    def entitled(self, component: Sequence[str]) -> list[Due]:
        """Return what actions on these instruments, past ones too, have entitled accounts to."""
        return [Due(**row) for row in self._cursor.execute(_ENTITLED, (component,)).fetchall()]

    def hold(
        self, account_id: str, component: Sequence[str], positions: dict[str, Decimal]
    ) -> None:
        """Set an account's positions in a component; what is not named there is not held."""
        gone = [name for name in component if name not in positions]
        self._cursor.execute(_GONE, (account_id, gone))
        self._cursor.executemany(
            _POSITION, [(account_id, name, quantity) for name, quantity in positions.items()]
        )

    def entitle(self, dues: Iterable[Due], void: Iterable[Due]) -> None:
        """Write what is due, and take back what was not."""
        self._cursor.executemany(
            "DELETE FROM venue.entitlements WHERE account_id = %s AND action_id = %s",
            [(one.account_id, one.action_id) for one in void],
        )
        rows = [(d.account_id, d.action_id, d.amount, d.paid_on, d.is_paid) for d in dues]
        self._cursor.executemany(_ENTITLE, rows)

    def move_cash(self, amounts: dict[str, Decimal]) -> None:
        """Add to each account's cash."""
        self._cursor.executemany(
            "UPDATE venue.accounts SET cash = cash + %s WHERE account_id = %s",
            [(amount, account_id) for account_id, amount in amounts.items()],
        )

    def pay(self, session: date) -> None:
        """Pay what is due by the session."""
        self._cursor.execute(_PAY, (session,))

    def behind(self) -> list[str]:
        """Return the instruments of orders that an action in force has passed by."""
        return [row["instrument"] for row in self._cursor.execute(_BEHIND).fetchall()]


def _actions(stored: Iterable[Any]) -> list[CorporateAction]:
    return [from_json(CorporateAction, one) for one in stored]
