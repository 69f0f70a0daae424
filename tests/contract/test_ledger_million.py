"""A million entries: each currency sums to zero to the digit, balances are their entries' sums.

They are written by the application's role through every trigger and constraint, and read back as a
stream: neither this process nor the server ever holds them all.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.core.money import EXACT, exact_sum
from tests.contract.ledger_desk import LedgerDesk

ENTRIES = 1_000_000
LINES = 4
BATCH = 10_000

# Fills in two currencies, of amounts that no double holds.
_TRANSACTIONS = """
INSERT INTO portfolio.ledger_transactions (transaction_id, account_id, kind, occurred_at,
    is_market_time, recorded_at, reference, description, event_id, entries)
SELECT 't-' || n, %(account_id)s, 'test', now(), true, now(), 't-' || n, '', '', 4
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
"""
_ENTRIES = """
INSERT INTO portfolio.ledger_entries (transaction_id, ledger_account, currency, amount)
SELECT 't-' || n, line.account, CASE WHEN mod(n, 7) = 0 THEN 'EUR' ELSE 'USD' END, line.amount
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n,
    LATERAL (SELECT mod(n * 7919, 1000003) + n * 0.000000000001 AS paid,
        mod(n, 13) * 0.01 AS fee, mod(n * 31, 997) - 498.000000007 AS gain) f,
    LATERAL (VALUES ('assets:cash', -paid - fee), ('assets:positions', paid + gain),
        ('income:realised', -gain), ('expenses:commission', fee)) AS line (account, amount)
"""
_READ = "COPY (SELECT ledger_account, currency, amount FROM portfolio.ledger_entries) TO STDOUT"


def write(database: Database, account_id: str, batches: range) -> None:
    """Write batches of transactions, each committed."""
    for first in batches:
        values = {"account_id": account_id, "first": first, "last": first + BATCH - 1}
        with database.transaction() as cursor:
            cursor.execute(_TRANSACTIONS, values)
            cursor.execute(_ENTRIES, values)


def stream(database: Database) -> Iterator[tuple[str, str, str]]:
    """Read every entry, as the server sends them: COPY spares an object for each row."""
    with database.transaction() as cursor, cursor.copy(_READ) as entries:
        yield from entries.rows()


def test_a_million_entries_sum_to_zero_and_to_the_balances(
    make_database: Callable[[str], Database],
) -> None:
    writers = [LedgerDesk(make_database("portfolio"), CountedIds(name)) for name in "ab"]
    transactions = ENTRIES // LINES
    with ThreadPoolExecutor(len(writers)) as threads:
        done = [
            threads.submit(
                write,
                desk.database,
                desk.open_account(key=f"k-{number}"),
                range(1 + number * BATCH, transactions, len(writers) * BATCH),
            )
            for number, desk in enumerate(writers)
        ]
    assert [one.exception() for one in done] == [None, None]

    entries = 0
    sums: dict[tuple[str, str], Decimal] = {}
    for ledger_account, currency, amount in stream(writers[0].database):
        entries += 1
        key = ledger_account, currency
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), Decimal(amount))

    assert entries == ENTRIES
    for currency in ("USD", "EUR"):
        assert exact_sum(amount for (_, one), amount in sums.items() if one == currency) == 0
    kept = writers[0].rows(
        "SELECT ledger_account, currency, sum(amount) AS amount"
        " FROM portfolio.balances GROUP BY 1, 2"
    )
    assert {(one["ledger_account"], one["currency"]): one["amount"] for one in kept} == sums
