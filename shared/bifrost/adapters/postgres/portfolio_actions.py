"""Corporate actions in portfolio's schema, and how far each account has met them."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from bifrost.adapters.postgres.account_actions import ALL, BROKEN, CONCERNING, HEARD
from bifrost.adapters.postgres.database import Cursor
from bifrost.core.codec import from_json, to_json
from bifrost.portfolio.ports import Applied, Outlook

if TYPE_CHECKING:
    from bifrost.core.corporate_actions import CorporateAction

# Market's clock is one: the session of the newest bar, whatever its instrument.
_MARKET = "(SELECT session FROM portfolio.marks ORDER BY occurred_at DESC LIMIT 1)"

# What dividends imported lots had their file says, until the last row that it has of them.
_IS_NEW = """
(a.action ->> 'cash_dividend' IS NULL OR a.ex_date > coalesce((
    SELECT (max(t.occurred_at) AT TIME ZONE 'UTC')::date
    FROM portfolio.import_rows r JOIN portfolio.imports i USING (import_id)
        JOIN portfolio.ledger_transactions t USING (transaction_id)
    WHERE r.account_id = {account} AND i.undone_at IS NULL
        AND r.activity ->> 'instrument' = a.instrument), '0001-01-01'))
"""
_MEETS = f"""
EXISTS (
    SELECT 1 FROM portfolio.lots l
    WHERE l.account_id = {{account}} AND l.instrument = a.instrument AND l.quantity <> 0
        AND (l.opened_sequence > 0
            OR a.ex_date > (l.opened_at AT TIME ZONE 'UTC')::date AND {_IS_NEW})
)
"""

# Ever held, whatever is left: what is late may have met it.
_HELD = """
EXISTS (
    SELECT 1 FROM portfolio.balances b
    WHERE b.account_id = {account} AND b.instrument = {instrument} AND b.quantity IS NOT NULL
)
"""

_OUTLOOK = f"""
WITH own AS (
    SELECT coalesce(max(through), '0001-01-01') AS through, coalesce(max(seen), 0) AS seen,
        {_MARKET} AS market, (SELECT coalesce(max(position), 0)
            FROM portfolio.corporate_actions) AS newest
    FROM portfolio.account_sessions WHERE account_id = %(account)s
)
SELECT own.*,
    (SELECT min(c.ex_date) FROM portfolio.corporate_actions c
        WHERE c.action_id IN (
            SELECT n.action_id FROM portfolio.corporate_actions n
            WHERE n.position > own.seen AND (
                EXISTS (SELECT 1 FROM portfolio.account_actions d
                    WHERE d.account_id = %(account)s AND d.action_id = n.action_id)
                OR n.ex_date <= own.through
                    AND {_HELD.format(account="%(account)s", instrument="n.instrument")}))
    ) AS stale_since,
    EXISTS (SELECT 1 FROM portfolio.standing_actions a
        WHERE a.ex_date > %(session)s AND a.ex_date <= own.through
            AND (a.instrument = %(instrument)s
                OR {_HELD.format(account="%(account)s", instrument="a.instrument")}))
    OR EXISTS (SELECT 1 FROM portfolio.journal j
        WHERE j.account_id = %(account)s AND j.session > %(session)s AND j.is_note
            AND j.detail_type = 'CashChanged.v1'
            AND j.detail ->> 'kind' = 'return_of_capital')
    OR EXISTS (SELECT 1 FROM portfolio.journal j
        WHERE j.account_id = %(account)s AND j.detail_type <> 'LotSelectionChanged.v1'
            AND j.session > %(session)s AND own.through > %(session)s
            AND j.detail_type = 'FillRecorded.v1'
            AND j.detail -> 'fill' ->> 'instrument' = %(instrument)s) AS is_passed,
    (SELECT coalesce(json_agg(a.action), '[]') FROM portfolio.standing_actions a
        WHERE a.ex_date > own.through AND a.ex_date <= greatest(%(session)s, own.market)
            AND {_MEETS.format(account="%(account)s")}
    ) AS due,
    EXISTS (SELECT 1 FROM portfolio.account_actions d
        WHERE d.account_id = %(account)s AND d.due <> 0 AND d.payment_id IS NULL
            AND d.paid_on <= greatest(%(session)s, own.market)
    ) AS has_unpaid
FROM own
"""

_UNPAID = """
SELECT * FROM portfolio.account_actions
WHERE account_id = %s AND due <> 0 AND payment_id IS NULL AND paid_on <= %s
ORDER BY paid_on, action_id
"""

_ADVANCE = """
INSERT INTO portfolio.account_sessions AS kept (account_id, through, seen) VALUES (%s, %s, %s)
ON CONFLICT (account_id) DO UPDATE SET through = greatest(kept.through, EXCLUDED.through),
    seen = greatest(kept.seen, EXCLUDED.seen)
"""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('portfolio.corporate_actions', 0))"

_PUT = """
INSERT INTO portfolio.corporate_actions
    (action_id, revision, instrument, new_instrument, ex_date, withdrawn, action, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (action_id, revision) DO NOTHING
"""

# Who holds what an action is about and has not met it; whom a payment is due to.
_DUE = f"""
SELECT b.account_id FROM portfolio.standing_actions a
    JOIN portfolio.balances b ON b.instrument = a.instrument AND b.quantity IS NOT NULL
    LEFT JOIN portfolio.account_sessions s USING (account_id)
WHERE a.ex_date > %(since)s AND a.ex_date <= {_MARKET}
    AND a.ex_date > coalesce(s.through, '0001-01-01')
    AND {_MEETS.format(account="b.account_id")}
UNION
SELECT account_id FROM portfolio.account_actions
WHERE due <> 0 AND payment_id IS NULL AND paid_on <= {_MARKET}
"""

# Whose books follow a revision that stands no more, or came after its day.
_STALE = """
SELECT d.account_id FROM portfolio.corporate_actions n
    JOIN portfolio.account_actions d USING (action_id)
    JOIN portfolio.account_sessions s USING (account_id)
WHERE n.position > s.seen
UNION
SELECT s.account_id FROM portfolio.corporate_actions n
    JOIN portfolio.balances b ON b.instrument = n.instrument AND b.quantity IS NOT NULL
    JOIN portfolio.account_sessions s ON s.account_id = b.account_id
WHERE n.position > s.seen AND n.ex_date <= s.through
"""

# Whose next fill is here and waits: it came late, or while the account was held.
_HELD_BACK = """
SELECT a.account_id FROM portfolio.early_events e JOIN portfolio.streams s USING (stream)
    JOIN portfolio.accounts a ON s.stream = 'fills:' || a.account_id
WHERE e.sequence = s.next_sequence
"""

# Whoever has seen the newest revision, and reached its day, is there.
_WAITING_FOR = f"""
WITH newest AS (
    SELECT * FROM portfolio.corporate_actions WHERE action_id = %(action_id)s
    ORDER BY revision DESC LIMIT 1
)
SELECT d.account_id FROM newest n JOIN portfolio.account_actions d USING (action_id)
    LEFT JOIN portfolio.account_sessions s USING (account_id)
WHERE n.position > coalesce(s.seen, 0)
UNION
SELECT b.account_id FROM newest n JOIN portfolio.balances b USING (instrument)
    LEFT JOIN portfolio.account_sessions s USING (account_id)
WHERE b.quantity IS NOT NULL AND n.ex_date <= greatest({_MARKET}, s.through)
    AND (n.position > coalesce(s.seen, 0) OR n.ex_date > coalesce(s.through, '0001-01-01'))
"""

_PAGE = """
SELECT account_id FROM ({accounts}) waiting WHERE account_id > %(after)s
ORDER BY account_id LIMIT %(limit)s
"""

# What imported lots are called, and what they were until an action's day.
_UNMET = f"""
WITH imported AS MATERIALIZED (
    SELECT lot_id, instrument, quantity, (opened_at AT TIME ZONE 'UTC')::date AS opened
    FROM portfolio.lots WHERE account_id = %(account)s AND opened_sequence < 0
), named (instrument, opened, until) AS (
    SELECT instrument, opened, 'infinity'::date FROM imported WHERE quantity <> 0
    UNION
    SELECT r.instrument_before, opened, d.ex_date
    FROM imported JOIN portfolio.lot_revisions r USING (lot_id)
        JOIN portfolio.account_actions d USING (transaction_id)
)
SELECT a.action FROM portfolio.standing_actions a
WHERE a.ex_date <= %(through)s AND {_IS_NEW.format(account="%(account)s")}
    AND EXISTS (SELECT 1 FROM named
        WHERE instrument = a.instrument AND a.ex_date > opened AND a.ex_date <= until)
    AND NOT EXISTS (SELECT 1 FROM portfolio.account_actions d
        WHERE d.account_id = %(account)s AND d.action_id = a.action_id AND d.is_imported)
"""

_RECORD = """
INSERT INTO portfolio.account_actions (account_id, action_id, revision, ex_date, transaction_id,
    is_imported, due, paid_on, payment_id)
VALUES (%(account_id)s, %(action_id)s, %(revision)s, %(ex_date)s, %(transaction_id)s,
    %(is_imported)s, %(due)s, %(paid_on)s, %(payment_id)s)
ON CONFLICT (account_id, action_id, is_imported) DO UPDATE SET revision = EXCLUDED.revision,
    ex_date = EXCLUDED.ex_date, transaction_id = EXCLUDED.transaction_id, due = EXCLUDED.due,
    paid_on = EXCLUDED.paid_on, payment_id = EXCLUDED.payment_id
"""

_REFUSE = """
INSERT INTO portfolio.action_refusals
    (account_id, action_id, revision, reason, recorded_at, is_broken)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


class PostgresActions:
    """ActionStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def put(self, action: "CorporateAction", at: datetime) -> None:
        """Keep a revision; one that is known is kept as it was."""
        # One after the other: whoever has seen a place has seen all before it.
        self._cursor.execute(_LOCK)
        self._cursor.execute(
            _PUT,
            (
                action.action_id,
                action.revision,
                action.instrument,
                action.new_instrument,
                action.ex_date,
                action.withdrawn,
                json.dumps(to_json(action)),
                at,
            ),
        )

    def revision(self, action_id: str, revision: int) -> "CorporateAction":
        """Return a revision that is kept."""
        row = self._cursor.execute(
            "SELECT action FROM portfolio.corporate_actions WHERE action_id = %s AND revision = %s",
            (action_id, revision),
        ).fetchone()
        if row is None:
            raise AssertionError(f"revision {revision} of {action_id} has vanished")
        return _action(row["action"])

    def newest(self, action_id: str) -> "CorporateAction":
        """Return the action's highest revision, withdrawn or not."""
        row = self._cursor.execute(
            "SELECT action FROM portfolio.corporate_actions WHERE action_id = %s"
            " ORDER BY revision DESC LIMIT 1",
            (action_id,),
        ).fetchone()
        if row is None:
            raise AssertionError(f"{action_id} has vanished")
        return _action(row["action"])

    def outlook(self, account_id: str, session: date, instrument: str = "") -> Outlook:
        """Say in one statement what the account has met, and what waits for it."""
        row = self._cursor.execute(
            _OUTLOOK, {"account": account_id, "session": session, "instrument": instrument}
        ).fetchone()
        if row is None:
            raise AssertionError("an aggregate has a row")
        return Outlook(
            through=row["through"],
            seen=row["seen"],
            newest=row["newest"],
            market=row["market"],
            stale_since=row["stale_since"],
            is_passed=row["is_passed"],
            due=tuple(_action(one) for one in row["due"]),
            has_unpaid=row["has_unpaid"],
        )

    def advance(self, account_id: str, through: date, newest: int) -> None:
        """Say that the account has met every action up to the session, as known by then."""
        self._cursor.execute(_ADVANCE, (account_id, through, newest))

    def due(self, since: date, after: str, limit: int) -> list[str]:
        """Name accounts past `after` that an action later than `since` waits for, or a payment."""
        return self._page(_DUE, {"since": since, "after": after, "limit": limit})

    def behind(self, after: str, limit: int) -> list[str]:
        """Name accounts past `after` that something waits for, corrections and fills too."""
        values = {"since": date.min, "after": after, "limit": limit}
        return self._page(f"{_DUE} UNION {_STALE} UNION {_HELD_BACK}", values)

    def waiting_for(self, action_id: str, after: str, limit: int) -> list[str]:
        """Name accounts past `after` that an action waits for whose day has come."""
        return self._page(_WAITING_FOR, {"action_id": action_id, "after": after, "limit": limit})

    def _page(self, accounts: str, values: dict[str, object]) -> list[str]:
        rows = self._cursor.execute(_PAGE.format(accounts=accounts), values).fetchall()
        return [row["account_id"] for row in rows]

    def unmet(self, account_id: str, through: date) -> "list[CorporateAction]":
        """Return standing actions that lots which were imported have not met by the session."""
        rows = self._cursor.execute(_UNMET, {"account": account_id, "through": through}).fetchall()
        return [_action(row["action"]) for row in rows]

    def concerning(
        self, account_id: str, outlook: Outlook | None = None
    ) -> "list[CorporateAction]":
        """Return the standing actions on what the account's fills can have led to."""
        values = {"account": account_id, "newest": outlook.newest if outlook else ALL}
        rows = self._cursor.execute(CONCERNING, values).fetchall()
        return [_action(row["action"]) for row in rows]

    def heard(self, account_id: str, outlook: Outlook) -> "list[CorporateAction]":
        """Return the newest revisions that the account has not met, in the order they came."""
        values = {
            "account": account_id,
            "seen": outlook.seen,
            "newest": outlook.newest,
            "through": outlook.through,
        }
        rows = self._cursor.execute(HEARD, values).fetchall()
        return [_action(row["action"]) for row in rows]

    def broken(self, account_id: str) -> dict[str, str]:
        """Say why the account's books could not keep what they are without."""
        rows = self._cursor.execute(BROKEN, (account_id,)).fetchall()
        return {row["action_id"]: row["reason"] for row in rows}

    def applied(self, account_id: str, since: date) -> list[Applied]:
        """Return what actions with an ex-date from `since` on have changed in the account."""
        rows = self._cursor.execute(
            "SELECT * FROM portfolio.account_actions WHERE account_id = %s AND ex_date >= %s"
            " ORDER BY ex_date, action_id",
            (account_id, since),
        ).fetchall()
        return [Applied(**row) for row in rows]

    def unpaid(self, account_id: str, session: date) -> list[Applied]:
        """Return what is to be paid by the session and is not."""
        rows = self._cursor.execute(_UNPAID, (account_id, session)).fetchall()
        return [Applied(**row) for row in rows]

    def record(self, applied: Applied) -> None:
        """Keep what an action changed, in the place of what was known of it."""
        self._cursor.execute(
            _RECORD, {one.name: getattr(applied, one.name) for one in fields(Applied)}
        )

    def forget(
        self, account_id: str, action_ids: Sequence[str], *, is_imported: bool = False
    ) -> None:
        """Actions that changed nothing, as it is known now, of own or of imported lots."""
        self._cursor.execute(
            "DELETE FROM portfolio.account_actions"
            " WHERE account_id = %s AND action_id = ANY(%s) AND is_imported = %s",
            (account_id, list(action_ids), is_imported),
        )

    def refuse(
        self,
        account_id: str,
        action: "CorporateAction",
        reason: str,
        at: datetime,
        *,
        is_broken: bool = False,
    ) -> None:
        """Keep why an action could not be applied; broken, it concerns the account no more."""
        values = (account_id, action.action_id, action.revision, reason, at, is_broken)
        self._cursor.execute(_REFUSE, values)


def _action(stored: Any) -> "CorporateAction":
    # Most of what a cold task books, no issuer has acted on.
    from bifrost.core.corporate_actions import CorporateAction

    return from_json(CorporateAction, stored)
