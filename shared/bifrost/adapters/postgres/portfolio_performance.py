"""P&L read for people: sums over sets, each answer one statement and so one instant of the books.

What the balances say is the whole life; the end of a range is the balances less what was booked
after it. Only strategies, which have no balances of their own, are summed from their entries, and
what issuers did is shared out first (`portfolio_strategies`).
Which ledger account is which part is said once, in `portfolio/pnl.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.adapters.postgres.portfolio_strategies import (
    BOOKED,
    SHARED_BY_POSITION,
    SHARED_BY_STRATEGY,
    STRATEGY,
    WHOSE,
)
from bifrost.adapters.postgres.portfolio_strategy_sessions import (
    STRATEGY_SESSIONS,
    to_strategy_session,
    values_of,
)
from bifrost.core.codec import from_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.money import EXACT
from bifrost.portfolio.ledger import CAPITAL
from bifrost.portfolio.performance import (
    BookFlow,
    Close,
    PnlAsked,
    PnlBy,
    PnlFound,
    PnlGroup,
    PriceOfSession,
    Scope,
    StrategySession,
)
from bifrost.portfolio.pnl import PART_OF, POSITIONS, Pnl

_POSITION, _MONEY, _CAPITAL = "position", "money", "capital"
_SHARED, _UNATTRIBUTED = "shared", "unattributed"
_NOW = "infinity"
_PARTS = tuple(dict.fromkeys(part for _, part in PART_OF))


def _part_of(ledger_account: str) -> str:
    tops = (("assets", _MONEY), ("liabilities", _MONEY), *PART_OF, (CAPITAL, _CAPITAL))
    cases = " ".join(
        f"WHEN {ledger_account} = '{top}' OR starts_with({ledger_account}, '{top}:') THEN '{part}'"
        for top, part in tops
    )
    # What is no part shows its own name, and is a fault of ours.
    first = f"WHEN starts_with({ledger_account}, '{POSITIONS}') THEN '{_POSITION}'"
    return f"CASE {first} {cases} ELSE {ledger_account} END"


_LINE = (
    "SELECT e.n, e.until, {name} AS name, b.instrument, b.currency, "
    + _part_of("b.ledger_account")
    + " AS part"
)

_KEPT = (
    _LINE
    + """, b.amount, b.quantity
FROM ends e CROSS JOIN portfolio.balances b JOIN books p USING (account_id)
"""
)

_LESS_LATER = (
    "UNION ALL "
    + _LINE
    + """, -b.amount, -b.quantity
FROM ends e
JOIN portfolio.ledger_transactions t ON t.occurred_at > e.until AND t.is_market_time
JOIN books p USING (account_id) JOIN portfolio.ledger_entries b USING (transaction_id)
"""
)

_BOOKED = _LINE + ", b.amount, b.quantity FROM ends e" + BOOKED

# Parts are worked out once a line, and most lines added up before anything is asked of them.
_VALUED = (
    """
WITH RECURSIVE ends AS (
    SELECT n, until FROM unnest(%(ends)s::timestamptz[]) WITH ORDINALITY AS one (until, n)
), books AS (
    SELECT portfolio_id, account_id FROM portfolio.portfolios
    WHERE kind = 'portfolio' AND account_id = ANY(%(accounts)s)
), {whose}lines AS MATERIALIZED ({lines}), sums AS (
    SELECT n, until, name, part, currency,
        CASE WHEN part IN ('position', 'shared', 'unattributed') THEN instrument ELSE '' END
            AS held,
        sum(amount) AS amount, sum(quantity) AS quantity
    FROM lines GROUP BY n, until, name, part, currency, held
), valued AS MATERIALIZED (
    SELECT s.*, m.price, s.currency = %(currency)s AS is_own
    FROM sums s LEFT JOIN {marks}
), pnl AS (
    SELECT n, grouping(name) = 1 AS is_all, name, """
    + ", ".join(f"-sum(amount) FILTER (WHERE part = '{one}' AND is_own) AS {one}" for one in _PARTS)
    + """,
        sum(coalesce(price * quantity, 0) - amount)
            FILTER (WHERE part = 'position' AND is_own) AS price_unrealised,
        array_agg(held) FILTER (WHERE quantity <> 0 AND price IS NULL) AS unpriced,
        array_agg(quantity) FILTER (WHERE quantity <> 0 AND price IS NULL) AS unpriced_quantities,
        array_agg(currency || ' ' || held)
            FILTER (WHERE NOT is_own AND part IN ('money', 'position')) AS unrated,
        array_agg(CASE WHEN amount = 0 THEN coalesce(quantity, 0) ELSE amount END)
            FILTER (WHERE NOT is_own AND part IN ('money', 'position')) AS unrated_amounts,
        array_agg(held) FILTER (WHERE part = 'unattributed') AS unattributed,
        array_agg(held) FILTER (WHERE part = 'shared') AS shared,
        array_agg(part) FILTER (WHERE part <> ALL(%(parts)s)) AS unknown
    FROM valued GROUP BY GROUPING SETS ((n, name), (n))
)
"""
)

_NEWEST = """portfolio.newest_marks m
        ON m.instrument = s.held AND m.currency = s.currency AND s.quantity <> 0"""

_AS_OF = """LATERAL (
        SELECT price FROM portfolio.marks
        WHERE instrument = s.held AND currency = s.currency AND occurred_at <= s.until
            AND s.quantity <> 0
        ORDER BY occurred_at DESC LIMIT 1
    ) m ON true"""

_PAGE = """
SELECT * FROM pnl
WHERE is_all OR %(after)s::text IS NULL OR name COLLATE "C" > %(after)s
ORDER BY is_all DESC, name COLLATE "C", n LIMIT %(rows)s
"""

# Both numbers of what is held are those of its position: the database holds lots and entries equal.
_LOTS = """
SELECT 'all' AS kind, '' AS instrument, name, price_realised, price_unrealised, fx_realised,
    dividend, interest, fee, tax, unpriced, unpriced_quantities, unrated, unrated_amounts, unknown
FROM pnl WHERE is_all
UNION ALL
SELECT 'lots', '', '', sum(c.proceeds - c.cost), 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL
FROM portfolio.lots l JOIN portfolio.lot_closures c USING (lot_id)
WHERE l.account_id = ANY(%(accounts)s) AND l.currency = %(currency)s
UNION ALL (
    SELECT 'lot', l.instrument, l.lot_id,
        CASE WHEN l.currency = %(currency)s THEN c.realised END,
        CASE WHEN l.currency = %(currency)s
            THEN coalesce(m.price * l.quantity, 0) - l.cost END,
        0, 0, 0, 0, 0,
        CASE WHEN l.quantity <> 0 AND m.price IS NULL THEN ARRAY[l.instrument] END,
        ARRAY[l.quantity],
        CASE WHEN l.quantity <> 0 AND l.currency <> %(currency)s THEN ARRAY[l.currency] END,
        ARRAY[l.quantity],
        NULL
    FROM (
        SELECT * FROM portfolio.lots
        WHERE account_id = ANY(%(accounts)s)
            AND (%(after)s::text IS NULL OR lot_id COLLATE "C" > %(after)s)
        ORDER BY lot_id COLLATE "C" LIMIT %(rows)s
    ) l
    LEFT JOIN LATERAL (
        SELECT sum(proceeds - cost) AS realised FROM portfolio.lot_closures
        WHERE lot_id = l.lot_id
    ) c ON true
    LEFT JOIN portfolio.newest_marks m
        ON m.instrument = l.instrument AND m.currency = l.currency AND l.quantity <> 0
    ORDER BY l.lot_id COLLATE "C"
)
"""

_NAMES = {
    PnlBy.PORTFOLIO: "p.portfolio_id",
    PnlBy.POSITION: "b.instrument",
    PnlBy.STRATEGY: STRATEGY,
    PnlBy.LOT: "''",
}

_CLOSE = """
SELECT session, occurred_at FROM portfolio.marks WHERE session <= %s
ORDER BY session DESC, occurred_at DESC LIMIT 1
"""

_FLOWS = """
SELECT CASE WHEN t.is_market_time THEN t.occurred_at END AS occurred_at,
    -coalesce(sum(e.amount) FILTER (WHERE e.ledger_account = 'equity:capital'), 0) AS paid_in,
    coalesce(sum(e.amount) FILTER (WHERE e.ledger_account = 'expenses:fees'), 0) AS fee
FROM portfolio.ledger_transactions t JOIN portfolio.ledger_entries e USING (transaction_id)
WHERE t.account_id = ANY(%s) AND e.currency = %s
    AND e.ledger_account IN ('equity:capital', 'expenses:fees')
GROUP BY 1 ORDER BY 1 NULLS FIRST
"""

_PRICES = """
WITH own AS NOT MATERIALIZED (
    SELECT session, price, occurred_at FROM portfolio.marks
    WHERE instrument = %(instrument)s AND currency = %(currency)s
)
SELECT DISTINCT ON (session) session, price FROM own
WHERE session >= coalesce((
        SELECT session FROM own WHERE session <= %(opened)s ORDER BY occurred_at DESC LIMIT 1
    ), '-infinity')
    AND session <= greatest(%(closed)s, (SELECT session FROM own ORDER BY occurred_at LIMIT 1))
ORDER BY session, occurred_at DESC
"""

# As the view `standing_actions` has it, which is not the reader's to ask.
_ACTIONS = """
SELECT DISTINCT ON (action_id) action_id, withdrawn, action FROM portfolio.corporate_actions
WHERE action_id IN (SELECT action_id FROM portfolio.corporate_actions WHERE instrument = %s)
ORDER BY action_id, revision DESC
"""

_STRATEGIES = """
WITH RECURSIVE below AS (
    SELECT portfolio_id FROM portfolio.portfolios WHERE portfolio_id = %s AND kind = 'strategy'
    UNION
    SELECT p.portfolio_id
    FROM below JOIN portfolio.portfolios p ON p.parent_id = below.portfolio_id
)
SELECT portfolio_id FROM below ORDER BY portfolio_id
"""


class PostgresPerformance:
    """PerformanceReader: sees its owner's rows and no other's."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def close(self, *, until: date) -> Close | None:
        """Return the last close not after a day; None where there is none."""
        rows = self._all(_CLOSE, (until,))
        return Close(**rows[0]) if rows else None

    def first_session(self) -> date | None:
        """Return the first session that is known."""
        first: date | None = self._all("SELECT min(session) AS day FROM portfolio.marks")[0]["day"]
        return first

    def strategies(self, portfolio_id: str) -> tuple[str, ...]:
        """Name the strategy and those that divide it."""
        return tuple(row["portfolio_id"] for row in self._all(_STRATEGIES, (portfolio_id,)))

    def pnl(self, asked: PnlAsked) -> PnlFound:
        """Return the P&L in the accounts' currency."""
        if asked.is_of_lots_then:
            # Whoever asks for lots as they stand plays no journal.
            from bifrost.adapters.postgres.portfolio_lot_pnl import PostgresLotPnl

            return PostgresLotPnl(self._database, self._owner).pnl(asked)
        ends = [
            end.occurred_at.isoformat() if end else _NOW
            for end in ((asked.closed, asked.opened) if asked.opened else (asked.closed,))
        ]
        values = {
            "ends": ends,
            "accounts": list(asked.scope.accounts),
            "strategies": list(asked.scope.strategies),
            "currency": asked.scope.currency,
            "parts": [_POSITION, _MONEY, _CAPITAL, _SHARED, _UNATTRIBUTED, *_PARTS],
            "after": asked.after,
            "rows": asked.limit if asked.by is PnlBy.LOT else (asked.limit + 1) * len(ends),
        }
        rows = self._all(_query(asked), values)
        return _by_lot(rows, asked) if asked.by is PnlBy.LOT else _found(rows, asked.by)

    def strategy_sessions(self, scope: Scope) -> list[StrategySession]:
        """Return each session from the strategies' first trade on, oldest first."""
        rows = self._all(STRATEGY_SESSIONS, values_of(scope))
        return [to_strategy_session(row) for row in rows]

    def flows(self, scope: Scope) -> list[BookFlow]:
        """Return what came from outside and what fees took, in the accounts' currency."""
        rows = self._all(_FLOWS, (list(scope.accounts), scope.currency))
        return [BookFlow(**row) for row in rows]

    def prices(
        self, instrument: str, currency: str, between: tuple[date, date]
    ) -> list[PriceOfSession]:
        """Return the last price of each session, oldest first, from the one known as it opens."""
        opened, closed = between
        asked = {"instrument": instrument, "currency": currency, "opened": opened, "closed": closed}
        return [PriceOfSession(**row) for row in self._all(_PRICES, asked)]

    def actions(self, instrument: str) -> list[CorporateAction]:
        """Return what the issuer did, as it stands."""
        rows = self._all(_ACTIONS, (instrument,))
        read = [from_json(CorporateAction, row["action"]) for row in rows if not row["withdrawn"]]
        return [one for one in read if one.instrument == instrument]

    def _all(self, query: str, values: Any = ()) -> list[Row]:
        with self._database.as_reader(READER, self._owner) as statements:
            return statements.execute(query, values).fetchall()


def _query(asked: PnlAsked) -> str:
    by = PnlBy.STRATEGY if asked.scope.strategies and asked.by is PnlBy.PORTFOLIO else asked.by
    whose = ""
    if by is PnlBy.STRATEGY or asked.scope.strategies:
        whose = WHOSE
        lines = _BOOKED + (SHARED_BY_STRATEGY if by is PnlBy.STRATEGY else SHARED_BY_POSITION)
    elif asked.opened or asked.closed:
        lines = _KEPT + _LESS_LATER
    else:
        lines = _KEPT
    page = _LOTS if asked.by is PnlBy.LOT else _PAGE
    marks = _AS_OF if asked.opened or asked.closed else _NEWEST
    return _VALUED.format(whose=whose, lines=lines.format(name=_NAMES[by]), marks=marks) + page


def _found(rows: Sequence[Row], by: PnlBy) -> PnlFound:
    total, groups = Pnl(), []
    for (is_all, name), ends in groupby(rows, lambda row: (row["is_all"], row["name"])):
        pnl = _of_range(ends)
        if is_all:
            total = pnl
        else:
            groups.append(PnlGroup(name, pnl, name if by is PnlBy.POSITION else ""))
    return PnlFound(total, tuple(groups))


def _by_lot(rows: Sequence[Row], asked: PnlAsked) -> PnlFound:
    """What no lot has is a group of its own, the first of the first page."""
    total = sum((_pnl(row) for row in rows if row["kind"] == "all"), Pnl())
    of_lots = sum((_pnl(row) for row in rows if row["kind"] == "lots"), Pnl())
    held = Pnl(price_unrealised=total.price_unrealised, unpriced=total.unpriced)
    rest = total - of_lots - held
    lots = [
        PnlGroup(row["name"], _pnl(row), row["instrument"]) for row in rows if row["kind"] == "lot"
    ]
    first = [PnlGroup("", _nobodys(rest))] if asked.after is None else []
    return PnlFound(total, (*first, *lots)[: asked.limit])


def _nobodys(pnl: Pnl) -> Pnl:
    """What lots hold needs its prices there; cash of another currency needs its rate here."""
    return replace(pnl, unpriced=pnl.unrated, unattributed=frozenset())


def _of_range(ends: Iterable[Row]) -> Pnl:
    """The end comes first, and the beginning, where there is one, is taken from it."""
    first, *others = (_pnl(row) for row in ends)
    return first - others[0] if others else first


def _pnl(row: Row) -> Pnl:
    if row["unknown"]:
        raise AssertionError(f"{row['unknown']} are no part of P&L: say which in pnl.py")
    parts = {part: row[part] for part in (*_PARTS, "price_unrealised") if row[part] is not None}
    unpriced = _left(row["unpriced"], row["unpriced_quantities"])
    unrated = {one.split()[0] for one in _left(row["unrated"], row["unrated_amounts"])}
    return Pnl(
        **parts,
        unpriced=frozenset({*unpriced, *unrated}),
        unrated=frozenset(unrated),
        unattributed=_unattributed(row),
    )


def _unattributed(row: Row) -> frozenset[str]:
    """Name what is not known of whom; what several share is known of all of them together.

    Lots are asked for of whole accounts only, of which everything is known.
    """
    shared = () if row.get("is_all") else row.get("shared")
    return frozenset({*(row.get("unattributed") or ()), *(shared or ())})


def _left(names: Sequence[str] | None, sizes: Sequence[Decimal] | None) -> list[str]:
    """Name what is left: long in one group and short in another needs no price for both."""
    left: dict[str, Decimal] = {}
    for name, size in zip(names or (), sizes or (), strict=False):
        left[name] = EXACT.add(left.get(name, Decimal(0)), size)
    return [name for name, size in left.items() if size]
