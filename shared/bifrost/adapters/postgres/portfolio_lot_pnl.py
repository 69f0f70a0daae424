"""P&L by lot of a range: the desk's own lots from their account's journal, imported ones from rows.

No journal tells of an import, but whatever changed an imported lot is a row of its own
transaction: sums of these rows up to an end are what it was. Everything is read as of one instant,
as its owner.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.portfolio_actions import PostgresActions
from bifrost.adapters.postgres.portfolio_journal import PostgresJournal
from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.portfolio.lot_history import (
    NOBODYS,
    NOTHING,
    Held,
    Key,
    LotLine,
    LotRecord,
    Lots,
    Span,
)
from bifrost.portfolio.lot_playing import play_lots
from bifrost.portfolio.lot_pnl import LotMarket, found, needed
from bifrost.portfolio.performance import PnlAsked, PnlBy, PnlFound
from bifrost.portfolio.pnl import POSITIONS, Pnl
from bifrost.portfolio.ports import Outlook
from bifrost.portfolio.replaying import Player

# As the stored books are: by the revisions that they know. A note's session may be past theirs.
_ACCOUNTS = """
SELECT a.account_id, a.currency, coalesce(s.seen, 0) AS seen, greatest(s.through,
    (SELECT max(session) FROM portfolio.journal
    WHERE account_id = a.account_id AND is_note AND detail_type = 'CashChanged.v1')) AS through
FROM portfolio.accounts a LEFT JOIN portfolio.account_sessions s USING (account_id)
WHERE a.account_id = ANY(%s) ORDER BY a.account_id
"""

_AT = "CASE WHEN t.is_market_time THEN t.occurred_at END AS at"

_CAPITAL = f"""
SELECT coalesce(nullif(t.stands_for, ''), t.reference) AS reference, {_AT}
FROM portfolio.ledger_transactions t
WHERE t.account_id = %s AND t.kind = 'return_of_capital' AND NOT EXISTS (
    SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
"""

# A reversal that a person asked for gives the lots back what the flow took, row by row.
_UNDONE = f"""
WITH adjusted AS MATERIALIZED (
    SELECT a.lot_id, a.cost_change, t.transaction_id, t.reverses, {_AT}
    FROM portfolio.ledger_transactions t JOIN portfolio.lot_adjustments a USING (transaction_id)
        JOIN portfolio.lots l USING (lot_id)
    WHERE t.account_id = %s AND l.opened_sequence > 0 AND a.cost_change <> 0
)
SELECT one.lot_id, one.cost_change, one.at, (
    SELECT min(e.instrument) FROM portfolio.ledger_entries e
    WHERE e.transaction_id = one.transaction_id AND starts_with(e.ledger_account, '{POSITIONS}')
) AS instrument
FROM adjusted one
WHERE one.reverses IS NOT NULL
    OR EXISTS (SELECT 1 FROM adjusted u WHERE u.reverses = one.transaction_id)
ORDER BY one.lot_id
"""

# A fill's closures move shares; an action says by revisions what became of each lot, and by
# closures what it realised. A spun-off lot is called by its parent and the action that made it.
_IMPORTED = f"""
DECLARE imported NO SCROLL CURSOR FOR
WITH ends AS (
    SELECT n, until FROM unnest(%(ends)s::timestamptz[]) WITH ORDINALITY AS one (until, n)
), own AS MATERIALIZED (
    SELECT lot_id, account_id, currency, opened_quantity, opened_cost FROM portfolio.lots
    WHERE account_id = ANY(%(accounts)s) AND opened_sequence < 0
), written AS MATERIALIZED (
    SELECT t.transaction_id, t.account_id, t.position, t.occurred_at, t.is_market_time,
        coalesce(o.kind, t.kind) = 'corporate_action' AS is_action,
        coalesce(nullif(t.stands_for, ''), t.reference) AS reference, (
            SELECT min(e.instrument) FROM portfolio.ledger_entries e
            WHERE e.transaction_id = t.transaction_id
                AND starts_with(e.ledger_account, '{POSITIONS}')) AS instrument
    FROM portfolio.ledger_transactions t
        LEFT JOIN portfolio.ledger_transactions o ON o.transaction_id = t.reverses
    WHERE t.account_id IN (SELECT account_id FROM own)
        AND coalesce(o.kind, t.kind) IN ('fill', 'corporate_action', 'return_of_capital')
), acts AS (
    SELECT w.*, a.action_id, a.new_instrument
    FROM written w JOIN portfolio.corporate_actions a
        ON w.reference = 'action:' || a.action_id || ':' || a.revision || ':imported'
), lines AS (
    SELECT o.lot_id, w.transaction_id, w.position AS place, w.instrument,
        o.opened_quantity AS quantity, o.opened_cost AS cost, 0 AS realised
    FROM own o JOIN written w ON w.account_id = o.account_id AND w.reference = o.lot_id
    UNION ALL (
        SELECT DISTINCT ON (o.lot_id) o.lot_id, a.transaction_id, a.position, a.new_instrument,
            o.opened_quantity, o.opened_cost, 0
        FROM acts a JOIN own o ON o.account_id = a.account_id
            JOIN own parent ON o.lot_id = parent.lot_id || '/' || a.action_id
        ORDER BY o.lot_id, a.position
    )
    UNION ALL
    SELECT lot_id, w.transaction_id, w.position, w.instrument,
        CASE WHEN w.is_action THEN 0 ELSE -c.quantity END,
        CASE WHEN w.is_action THEN 0 ELSE -c.cost END, c.proceeds - c.cost
    FROM own JOIN portfolio.lot_closures c USING (lot_id) JOIN written w USING (transaction_id)
    UNION ALL
    SELECT lot_id, w.transaction_id, w.position, w.instrument, 0, a.cost_change, 0
    FROM own JOIN portfolio.lot_adjustments a USING (lot_id) JOIN written w USING (transaction_id)
    WHERE a.cost_change <> 0
    UNION ALL
    SELECT lot_id, w.transaction_id, w.position + half.place, half.instrument, half.quantity,
        half.cost, 0
    FROM own JOIN portfolio.lot_revisions r USING (lot_id) JOIN written w USING (transaction_id)
        CROSS JOIN LATERAL (VALUES
            (0.5, r.instrument_before, -r.quantity_before, -r.cost_before),
            (0.6, r.instrument, r.quantity, r.cost)) AS half (place, instrument, quantity, cost)
)
SELECT l.lot_id, o.currency, e.n, l.instrument, sum(l.quantity) AS quantity, sum(l.cost) AS cost,
    sum(l.realised) AS realised, count(*) AS lines, max(l.place) AS place
FROM lines l JOIN own o USING (lot_id) JOIN written w USING (transaction_id)
    JOIN ends e ON w.occurred_at <= e.until OR NOT w.is_market_time
GROUP BY l.lot_id, o.currency, e.n, l.instrument
ORDER BY l.lot_id, place
"""

_POSITIONS = f"""
WITH ends AS (
    SELECT n, until FROM unnest(%(ends)s::timestamptz[]) WITH ORDINALITY AS one (until, n)
)
SELECT n, instrument, currency, sum(quantity) AS quantity, sum(amount) AS cost FROM (
    SELECT e.n, b.instrument, b.currency, coalesce(b.quantity, 0) AS quantity, b.amount
    FROM ends e CROSS JOIN portfolio.balances b
    WHERE b.account_id = ANY(%(accounts)s) AND starts_with(b.ledger_account, '{POSITIONS}')
    UNION ALL
    SELECT e.n, b.instrument, b.currency, -coalesce(b.quantity, 0), -b.amount
    FROM ends e
    JOIN portfolio.ledger_transactions t ON t.occurred_at > e.until AND t.is_market_time
    JOIN portfolio.ledger_entries b USING (transaction_id)
    WHERE t.account_id = ANY(%(accounts)s) AND starts_with(b.ledger_account, '{POSITIONS}')
) moved
GROUP BY n, instrument, currency HAVING sum(quantity) <> 0 OR sum(amount) <> 0
"""

_PRICES = """
SELECT k.n, k.instrument, k.currency, m.price
FROM unnest(%s::integer[], %s::text[], %s::text[], %s::timestamptz[])
    AS k (n, instrument, currency, until)
CROSS JOIN LATERAL (
    SELECT price FROM portfolio.marks
    WHERE instrument = k.instrument AND currency = k.currency AND occurred_at <= k.until
    ORDER BY occurred_at DESC LIMIT 1
) m
"""

_NOW = "infinity"
_PAGE = 500
# A request has 30 s: 99,500 take 8 on a core of their own, and it may have half of one.
STEPS_MAX = 125_000


class PostgresLotPnl:
    """P&L by lot between any two closes, and of a strategy's scope: as its owner sees it."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def pnl(self, asked: PnlAsked) -> PnlFound:
        """Return the P&L in the accounts' currency; the lots are those of the range.

        Raises InvalidInputError where more is journalled than can be played meanwhile.
        """
        with self._database.instant_as_reader(READER, self._owner) as cursor:
            _check_length(cursor, asked.scope.accounts)
            by_position = replace(asked, by=PnlBy.POSITION, after=None, limit=0)
            total = _SameInstant(cursor).pnl(by_position).total
            return _Reading(cursor, asked).found(total)


class _SameInstant(PostgresPerformance):
    """Reads within a transaction that is open already."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def _all(self, query: str, values: Any = ()) -> list[Row]:
        return self._cursor.execute(query, values).fetchall()


class _Reading:
    """Reads what one answer takes."""

    def __init__(self, cursor: Cursor, asked: PnlAsked) -> None:
        self._cursor = cursor
        self._asked = asked
        ends = (asked.closed, asked.opened) if asked.opened else (asked.closed,)
        self._span = Span(tuple(end.occurred_at if end else None for end in ends))
        self._untils = [end.isoformat() if end else _NOW for end in self._span.ends]

    def found(self, total: Pnl) -> PnlFound:
        """Return the page; total: of all that is asked for."""
        asked = self._asked
        strategies = frozenset(asked.scope.strategies)
        lots = Lots(strategies, asked.after or "", asked.limit)
        for account in self._all(_ACCOUNTS, (list(asked.scope.accounts),)):
            for lot in self._own(account):
                lots.take(lot)
        for lot in self._imported():
            lots.take(lot)
        positions = self._positions()
        prices = self._prices(needed(lots, positions))
        market = LotMarket(asked.scope.currency, prices, positions)
        return found(lots, total, market, is_first=asked.after is None, limit=asked.limit)

    def _own(self, account: Row) -> Iterator[LotRecord]:
        account_id, through = account["account_id"], account["through"] or date.min
        stamps = {row["reference"]: row["at"] for row in self._all(_CAPITAL, (account_id,))}
        undone = {
            lot_id: [
                (row["at"], LotLine(row["instrument"], cost=row["cost_change"])) for row in rows
            ]
            for lot_id, rows in groupby(
                self._all(_UNDONE, (account_id,)), lambda row: str(row["lot_id"])
            )
        }
        journal, known = PostgresJournal(self._cursor), _as_known(account["seen"], through)
        player = Player(
            journal.stream(account_id),
            PostgresActions(self._cursor).concerning(account_id, known),
            currency=account["currency"],
            undone=journal.undone(account_id, through),
            through=through,
        )
        yield from play_lots(player, self._span, stamps, undone)

    def _imported(self) -> Iterator[LotRecord]:
        values = {"ends": self._untils, "accounts": list(self._asked.scope.accounts)}
        with self._streamed(_IMPORTED, values) as rows:
            for _, lines in groupby(rows, lambda row: row["lot_id"]):
                yield self._record(list(lines))

    def _record(self, rows: list[Row]) -> LotRecord:
        held: tuple[dict[str, Held], ...] = tuple({} for _ in self._span.ends)
        lines, realised = [0] * len(held), [NOTHING] * len(held)
        for row in rows:
            end = row["n"] - 1
            held[end][row["instrument"]] = Held(row["quantity"], row["cost"])
            lines[end] += row["lines"]
            realised[end] += row["realised"]
        last = [row for row in rows if row["n"] == 1]
        return LotRecord(
            rows[0]["lot_id"],
            rows[0]["currency"],
            NOBODYS,
            held,
            last[-1]["instrument"],
            realised[0] - sum(realised[1:]),
            is_moved=lines[0] > sum(lines[1:]),
        )

    def _positions(self) -> dict[Key, Held]:
        values = {"ends": self._untils, "accounts": list(self._asked.scope.accounts)}
        return {
            (row["n"] - 1, row["instrument"], row["currency"]): Held(row["quantity"], row["cost"])
            for row in self._all(_POSITIONS, values)
        }

    def _prices(self, keys: set[Key]) -> dict[Key, Decimal]:
        asked = sorted(keys)
        columns = tuple([key[number] for key in asked] for number in range(3))
        untils = [self._untils[key[0]] for key in asked]
        rows = self._all(_PRICES, (*columns, untils))
        return {(row["n"], row["instrument"], row["currency"]): row["price"] for row in rows}

    @contextmanager
    def _streamed(self, declared: str, values: Any) -> Iterator[Iterator[Row]]:
        self._cursor.execute(declared, values)
        yield self._fetched()
        self._cursor.execute("CLOSE imported")

    def _fetched(self) -> Iterator[Row]:
        while rows := self._cursor.execute(f"FETCH {_PAGE} FROM imported").fetchall():
            yield from rows

    def _all(self, query: str, values: Any) -> list[Row]:
        return self._cursor.execute(query, values).fetchall()


def _check_length(cursor: Cursor, accounts: Iterable[str]) -> None:
    journal = PostgresJournal(cursor)
    steps = sum(journal.length(account_id) for account_id in accounts)
    if steps > STEPS_MAX:
        problem = f"lots of a range play the whole journal, {steps} steps; {STEPS_MAX} are told"
        fix = "ask by position, or by lot without a range, or of one account after the other"
        raise InvalidInputError(FieldProblem("by", problem, fix))


def _as_known(seen: int, through: date) -> Outlook:
    return Outlook(
        through=through,
        seen=seen,
        newest=seen,
        market=None,
        stale_since=None,
        is_passed=False,
        due=(),
        has_unpaid=False,
    )
