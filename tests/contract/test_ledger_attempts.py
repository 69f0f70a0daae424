"""Ten thousand attempts by SQL, as portfolio's own role, to unbalance or change the ledger: none.

Each attempt is a statement of its own with its constraints checked at its end, in a savepoint, so
that ten thousand take seconds; that a COMMIT checks the same is `test_ledger_balance`'s promise.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from tests.builders import fill, fill_recorded, seeded
from tests.contract.ledger_desk import LedgerDesk

ATTEMPTS = 10_000
UNBALANCED, FORBIDDEN = "23514", "42501"
TABLES = (
    "ledger_transactions",
    "ledger_entries",
    "balances",
    "lots",
    "lot_closures",
    "lot_totals",
    "lot_adjustments",
    "lot_selections",
    "lot_revisions",
    "journal",
    "corporate_actions",
    "action_refusals",
    "settlement_cycles",
)

# Runs each statement in a savepoint; answers the code with which it was refused, or 'kept'.
_TRY = """
CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
    EXECUTE statement;
    SET CONSTRAINTS ALL IMMEDIATE;
    RETURN 'kept';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $body$
"""

Attempt = tuple[str, str]


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> LedgerDesk:
    """A ledger with a deposit, two purchases and a sale of a part."""
    made = LedgerDesk(make_database("portfolio"))
    account_id = made.open_account()
    made.deposit(account_id, "10000", "d-1")
    for number, (size, at) in enumerate((("10", "100"), ("5", "110"), ("-12", "120")), 1):
        one = fill(number, size, at, account_id=account_id)
        made.service.hear_fill(fill_recorded(one, number))
    return made


class Attacker:
    """Writes statements that a faulty program, or a bad one, might send."""

    def __init__(self, draw: Random, account_id: str, kept: str) -> None:
        self._draw = draw
        self._account_id = account_id
        self._kept = kept
        self._number = 0

    def attempt(self) -> Attempt:
        """Draw one, and the code with which it has to be refused."""
        ways = (
            self.unbalanced, self.two_currencies, self.undeclared, self.not_a_number,
            self.added_later, self.false_reversal, self.own_balance, self.lots_apart,
            self.changed, self.overwritten, self.unguarded,
        )  # fmt: skip
        return self._draw.choice(ways)()

    def unbalanced(self) -> Attempt:
        amounts = [self._amount() for _ in range(self._draw.randint(2, 6))]
        off = self._draw.choice([Decimal("1E-12"), Decimal("-0.01"), Decimal(10) ** 9])
        amounts[-1] = off - sum(amounts[:-1])
        return self.post([("assets:cash", "USD", str(one)) for one in amounts]), UNBALANCED

    def two_currencies(self) -> Attempt:
        amount = self._amount()
        lines = [("assets:cash", "USD", str(amount)), ("equity:fx", "EUR", str(-amount))]
        return self.post(lines), UNBALANCED

    def undeclared(self) -> Attempt:
        lines = [("a", "USD", "1"), ("b", "USD", "-1")]
        return self.post(lines, declared=self._draw.choice([3, 4, 100])), UNBALANCED

    def not_a_number(self) -> Attempt:
        one, other = self._draw.choice([("NaN", "NaN"), ("Infinity", "-Infinity"), ("NaN", "0")])
        return self.post([("a", "USD", one), ("b", "USD", other)]), UNBALANCED

    def added_later(self) -> Attempt:
        amount = self._amount()
        values = f"('{self._kept}', 'a', 'USD', {amount}), ('{self._kept}', 'b', 'USD', {-amount})"
        return (
            "INSERT INTO portfolio.ledger_entries"
            f" (transaction_id, ledger_account, currency, amount) VALUES {values}",
            UNBALANCED,
        )

    def false_reversal(self) -> Attempt:
        amount = abs(self._amount()) + 20_000
        lines = [("assets:cash", "USD", str(-amount)), ("equity:capital", "USD", str(amount))]
        return self.post(lines, kind="reversal", reverses=self._kept), UNBALANCED

    def own_balance(self) -> Attempt:
        return (
            self._draw.choice(
                [
                    f"UPDATE portfolio.balances SET amount = amount + {self._amount()}",
                    "DELETE FROM portfolio.balances",
                    f"INSERT INTO portfolio.balances VALUES ('{self._account_id}', 'x', 'USD')",
                    "UPDATE portfolio.lot_totals SET quantity = quantity + 1",
                ]
            ),
            FORBIDDEN,
        )

    def lots_apart(self) -> Attempt:
        part = Decimal(self._draw.randint(1, 99)).scaleb(-2)
        column = self._draw.choice(["cost", "quantity, cost"])
        changed = ", ".join(f"{name} = {name} * {part}" for name in column.split(", "))
        return f"UPDATE portfolio.lots SET {changed} WHERE quantity <> 0", UNBALANCED

    def changed(self) -> Attempt:
        table = self._draw.choice(["ledger_transactions", "ledger_entries", "lot_closures"])
        how = self._draw.choice(
            [
                "UPDATE {t} SET transaction_id = transaction_id",
                "DELETE FROM {t}",
                "DELETE FROM {t} WHERE false",
                "TRUNCATE {t} CASCADE",
            ]
        )
        return how.format(t=f"portfolio.{table}"), FORBIDDEN

    def overwritten(self) -> Attempt:
        values = f"'{self._kept}', '{self._account_id}', 'x', now(), true, now(), 'r', '', '', 2"
        return (
            "INSERT INTO portfolio.ledger_transactions (transaction_id, account_id, kind,"
            " occurred_at, is_market_time, recorded_at, reference, description, event_id, entries)"
            f" VALUES ({values}) ON CONFLICT (transaction_id) DO UPDATE SET kind = 'x'",
            FORBIDDEN,
        )

    def unguarded(self) -> Attempt:
        return (
            self._draw.choice(
                [
                    "ALTER TABLE portfolio.ledger_entries DISABLE TRIGGER ALL",
                    "ALTER TABLE portfolio.ledger_transactions DISABLE TRIGGER USER",
                    "DROP TRIGGER ledger_entries_as_declared ON portfolio.ledger_entries",
                    "SET LOCAL session_replication_role = replica",
                    "DROP FUNCTION portfolio.refuse_unbalanced() CASCADE",
                    "CREATE OR REPLACE FUNCTION portfolio.refuse_change() RETURNS trigger"
                    " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                    "CREATE RULE quiet AS ON INSERT TO portfolio.ledger_entries DO INSTEAD NOTHING",
                    "DROP TABLE portfolio.ledger_entries CASCADE",
                    "INSERT INTO portfolio.settlement_cycles VALUES ('2026-01-01', 0, 'me')",
                ]
            ),
            FORBIDDEN,
        )

    def _amount(self) -> Decimal:
        return Decimal(self._draw.randint(-(10**12), 10**12)).scaleb(-8) or Decimal(1)

    def post(
        self,
        lines: list[tuple[str, str, str]],
        *,
        declared: int | None = None,
        kind: str = "test",
        reverses: str | None = None,
    ) -> str:
        """Write a transaction in one statement."""
        self._number += 1
        name = f"x-{self._number}"
        undone = f"'{reverses}'" if reverses else "NULL"
        values = ", ".join(
            f"('{name}', '{account}', '{currency}', '{amount}'::numeric)"
            for account, currency, amount in lines
        )
        return (
            "WITH t AS (INSERT INTO portfolio.ledger_transactions (transaction_id, account_id,"
            " kind, occurred_at, is_market_time, recorded_at, reference, description, event_id,"
            f" entries, reverses) VALUES ('{name}', '{self._account_id}', '{kind}', now(), true,"
            f" now(), '{name}', 'x', '', {declared or len(lines)}, {undone}))"
            " INSERT INTO portfolio.ledger_entries"
            f" (transaction_id, ledger_account, currency, amount) VALUES {values}"
        )


def state(desk: LedgerDesk) -> dict[str, list[Any]]:
    """Every row that the books hold."""
    return {
        table: desk.rows(f"SELECT t::text AS row FROM portfolio.{table} t ORDER BY 1")
        for table in TABLES
    }


def test_ten_thousand_unbalanced_or_changing_statements_are_all_refused(desk: LedgerDesk) -> None:
    before = state(desk)
    (first, *_) = desk.rows(
        "SELECT account_id, transaction_id FROM portfolio.ledger_transactions ORDER BY position"
    )
    attacker = Attacker(seeded(20261121), first["account_id"], first["transaction_id"])
    attempts = [attacker.attempt() for _ in range(ATTEMPTS)]

    with desk.database.transaction() as cursor:
        cursor.execute(_TRY)
        answers = cursor.execute(
            "SELECT pg_temp.attempt(statement) AS code"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS a (statement, place) ORDER BY place",
            ([statement for statement, _ in attempts],),
        ).fetchall()

    wrong = Counter(
        (statement[:60], expected, answer["code"])
        for (statement, expected), answer in zip(attempts, answers, strict=True)
        if answer["code"] != expected
    )
    assert not wrong, wrong.most_common(5)
    assert len(answers) == ATTEMPTS
    assert state(desk) == before


def test_a_balanced_attempt_is_kept_by_the_same_means(desk: LedgerDesk) -> None:
    (first, *_) = desk.rows("SELECT account_id FROM portfolio.accounts")
    attacker = Attacker(seeded(1), first["account_id"], "none")
    honest = attacker.post([("a", "USD", "1.5"), ("b", "USD", "-1.5")])

    with desk.database.transaction() as cursor:
        cursor.execute(_TRY)
        row = cursor.execute("SELECT pg_temp.attempt(%s) AS code", (honest,)).fetchone()

    assert row == {"code": "kept"}
