"""What execution copies from others' events: accounts, instruments, and the market's last word."""

from dataclasses import asdict
from datetime import datetime

from bifrost.adapters.postgres.database import Row, Statements
from bifrost.core.instruments import Instrument
from bifrost.core.money import Price
from bifrost.execution.records import Account, Mark, Round, Strategy

_LIST = """
INSERT INTO execution.instruments (symbol, mic, currency, tick_size, lot_size, name)
VALUES (%(symbol)s, %(mic)s, %(currency)s, %(tick_size)s, %(lot_size)s, %(name)s)
ON CONFLICT (symbol) DO UPDATE SET mic = excluded.mic, currency = excluded.currency,
    tick_size = excluded.tick_size, lot_size = excluded.lot_size, name = excluded.name
"""
_KEEP_STRATEGY = """
INSERT INTO execution.strategies AS s (strategy_id, account_id, name, is_archived, revision)
VALUES (%(strategy_id)s, %(account_id)s, %(name)s, %(is_archived)s, %(revision)s)
ON CONFLICT (strategy_id) DO UPDATE SET name = excluded.name,
    is_archived = excluded.is_archived, revision = excluded.revision
WHERE s.revision < excluded.revision
"""
_MARK = """
INSERT INTO execution.marks AS m (instrument, price, occurred_at) VALUES (%s, %s, %s)
ON CONFLICT (instrument) DO UPDATE
SET price = excluded.price, occurred_at = excluded.occurred_at
WHERE m.occurred_at <= excluded.occurred_at
"""
_BEGIN = """
INSERT INTO execution.reconciliation_round (stamp, after) VALUES (%s, '')
ON CONFLICT (is_the_one) DO UPDATE SET stamp = excluded.stamp, after = excluded.after
"""
_TIME = """
INSERT INTO execution.market_time AS t (venue, occurred_at) VALUES (%s, %s)
ON CONFLICT (venue) DO UPDATE SET occurred_at = greatest(t.occurred_at, excluded.occurred_at)
"""


class PostgresListings:
    """Accounts, strategies and instruments, through one cursor."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def account(self, account_id: str) -> Account | None:
        """Return the account."""
        query = "SELECT * FROM execution.accounts WHERE account_id = %s"
        row = self._statements.execute(query, (account_id,)).fetchone()
        return None if row is None else Account(**row)

    def accounts(self, *, after: str, limit: int) -> list[str]:
        """Return the ids of accounts past `after`, in their order."""
        query = (
            "SELECT account_id FROM execution.accounts WHERE account_id > %s"
            " ORDER BY account_id LIMIT %s"
        )
        rows = self._statements.execute(query, (after, limit)).fetchall()
        return [row["account_id"] for row in rows]

    def open_account(self, account: Account) -> None:
        """Keep the account; a known one stays as it is."""
        self._statements.execute(
            "INSERT INTO execution.accounts (account_id, owner, currency) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (account.account_id, account.owner, account.currency),
        )

    def instrument(self, symbol: str) -> Instrument | None:
        """Return the instrument."""
        query = "SELECT * FROM execution.instruments WHERE symbol = %s"
        row = self._statements.execute(query, (symbol,)).fetchone()
        return None if row is None else Instrument(**row)

    def list_instrument(self, instrument: Instrument) -> None:
        """Keep the instrument's terms, new or changed."""
        self._statements.execute(_LIST, asdict(instrument))

    def strategy(self, strategy_id: str) -> Strategy | None:
        """Return the strategy."""
        query = "SELECT * FROM execution.strategies WHERE strategy_id = %s"
        row = self._statements.execute(query, (strategy_id,)).fetchone()
        return None if row is None else Strategy(**row)

    def keep_strategy(self, strategy: Strategy) -> None:
        """Keep the strategy, unless a later revision of it is known."""
        self._statements.execute(_KEEP_STRATEGY, asdict(strategy))


class PostgresRounds:
    """The round of reconciliations, through one cursor."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def begin(self, stamp: str) -> None:
        """Begin a round of that name, in place of one that is not through."""
        self._statements.execute(_BEGIN, (stamp,))

    def current(self) -> Round | None:
        """Return the round that is not through; None where there is none."""
        query = "SELECT stamp, after FROM execution.reconciliation_round WHERE after IS NOT NULL"
        row = self._statements.execute(query).fetchone()
        return None if row is None else Round(**row)

    def move(self, round_: Round, after: str | None) -> None:
        """Note how far the round is; None where it is through.

        A newer round stays as it is, and so does one that somebody else has moved.
        """
        query = (
            "UPDATE execution.reconciliation_round SET after = %s WHERE stamp = %s AND after = %s"
        )
        self._statements.execute(query, (after, round_.stamp, round_.after))


class PostgresMarket:
    """The market as far as its bars have come, through one cursor."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def time(self, venue: str) -> datetime | None:
        """Return the market's time: the latest close seen; None before the first bar."""
        query = "SELECT occurred_at FROM execution.market_time WHERE venue = %s"
        row = self._statements.execute(query, (venue,)).fetchone()
        if row is None:
            return None
        instant: datetime = row["occurred_at"]
        return instant

    def close(self, venue: str, mark: Mark) -> None:
        """Keep the instrument's last price and move the market's time, never backwards."""
        self._statements.execute(_MARK, (mark.instrument, mark.price, mark.occurred_at))
        self._statements.execute(_TIME, (venue, mark.occurred_at))

    def mark(self, instrument: str) -> Mark | None:
        """Return the instrument's last price."""
        query = "SELECT * FROM execution.marks WHERE instrument = %s"
        row = self._statements.execute(query, (instrument,)).fetchone()
        return None if row is None else _mark(row)

    def marks(self, *, after: str, limit: int) -> list[Mark]:
        """Return the last prices of the instruments past `after`, by symbol."""
        query = "SELECT * FROM execution.marks WHERE instrument > %s ORDER BY instrument LIMIT %s"
        return [_mark(row) for row in self._statements.execute(query, (after, limit)).fetchall()]


def _mark(row: Row) -> Mark:
    return Mark(row["instrument"], Price(row["price"]), row["occurred_at"])
