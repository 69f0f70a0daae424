"""The rule book of an order's date, and the log of what was decided by it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from bifrost.adapters.postgres.database import Database, Row, Statements
from bifrost.adapters.postgres.idempotency import canonical, text_hash
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.compliance.ports import Facts, Judgement, LoggedDecision
from bifrost.compliance.rulebook import Circumstances, Rule, effective_date
from bifrost.core.codec import from_json, to_json
from bifrost.core.decisions import Decision, Reason
from bifrost.core.orders import OrderIntent

if TYPE_CHECKING:
    from bifrost.events import AccountOpened

# Never changes: a decision's id is derived from its order's.
_DECISIONS = UUID("0c4f7a52-8f0e-5a69-b8a3-5f4c0a7f1d93")

# Read in one statement, so that the decision belongs to one instant of the book and the list.
# A row for each rule; without any rule one row, whose rule is empty.
_FACTS = """
SELECT rule.*,
    (SELECT array_agg(entry_id ORDER BY entry_id) FROM compliance.restricted_list
     WHERE instrument = %(instrument)s AND (account_id IS NULL OR account_id = %(account_id)s)
       AND effective_from <= %(as_of)s
       AND (effective_until IS NULL OR effective_until > %(as_of)s)) AS restricted,
    (SELECT reasons FROM compliance.decisions WHERE order_id = %(order_id)s) AS answered
FROM (VALUES (1)) AS always LEFT JOIN (
    SELECT DISTINCT ON (rule_id)
        rule_id, version, profile, effective_from, effective_until, source
    FROM compliance.rules
    WHERE profile = 'default' AND effective_from <= %(as_of)s
      AND (effective_until IS NULL OR effective_until > %(as_of)s)
    ORDER BY rule_id, version DESC) rule ON true
ORDER BY rule_id"""

_KEEP = """
INSERT INTO compliance.decisions (decision_id, order_id, account_id, accepted, reasons, rules,
    inputs, input_hash, code_version, occurred_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
RETURNING order_id"""

_ANSWERED = "SELECT reasons FROM compliance.decisions WHERE order_id = %s"

_OF_ORDER = """
SELECT d.* FROM compliance.decisions d JOIN compliance.accounts a USING (account_id)
WHERE d.order_id = %s AND a.owner = %s"""

_OPEN = """
INSERT INTO compliance.accounts (account_id, owner) VALUES (%s, %s)
ON CONFLICT (account_id) DO UPDATE SET owner = EXCLUDED.owner"""


class PostgresDockets:
    """Orders are judged here; nothing is locked, because nothing is used up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def open(self) -> Iterator["PostgresDocket"]:
        """Open a case: one statement reads it, one decides it, and each is atomic by itself."""
        with self._database.separately() as statements:
            yield PostgresDocket(statements)


class PostgresDocket:
    """One order's case."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def facts(self, order: OrderIntent) -> Facts:
        """Read the rules of the order's date and what they look at."""
        values = {
            "order_id": order.order_id,
            "account_id": order.account_id,
            "instrument": order.instrument,
            "as_of": effective_date(order),
        }
        rows = self._statements.execute(_FACTS, values).fetchall()
        answered = rows[0]["answered"]
        return Facts(
            rules=tuple(_rule(row) for row in rows if row["rule_id"] is not None),
            circumstances=Circumstances(tuple(rows[0]["restricted"] or ())),
            answered=None if answered is None else _decision_of(answered),
        )

    def keep(self, order: OrderIntent, judgement: Judgement) -> Decision:
        """Enter the decision; where another call was first, its decision stands."""
        inputs = canonical(judgement.inputs)
        values = (
            str(uuid5(_DECISIONS, order.order_id)),
            order.order_id,
            order.account_id,
            judgement.decision.accepted,
            json.dumps(to_json(judgement.decision.reasons)),
            json.dumps(to_json(judgement.rules)),
            inputs,
            text_hash(inputs),
            judgement.code_version,
            order.occurred_at,
        )
        if self._statements.execute(_KEEP, values).fetchone() is not None:
            return judgement.decision
        (row,) = self._statements.execute(_ANSWERED, (order.order_id,)).fetchall()
        return _decision_of(row["reasons"])


class PostgresDecisionLog:
    """What was decided, read by those it was decided for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_order(self, order_id: str, owner: str) -> list[LoggedDecision]:
        """Return the order's decisions if the account is the owner's."""
        rows = self._database.fetch_all(_OF_ORDER, (order_id, owner))
        return [_logged(row) for row in rows]


class PostgresOwnerBook:
    """Compliance's own copy of whose account is whose."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inbox = Inbox("compliance")

    def hear(self, event: "AccountOpened") -> None:
        """Copy the owner."""
        with self._database.transaction() as cursor:
            if self._inbox.once(cursor, event):
                cursor.execute(_OPEN, (event.account_id, event.owner))


def _rule(row: Row) -> Rule:
    return Rule(
        rule_id=row["rule_id"],
        version=row["version"],
        effective_from=row["effective_from"],
        effective_until=row["effective_until"],
        source=row["source"],
        profile=row["profile"],
    )


def _decision_of(reasons: list[object]) -> Decision:
    return Decision(tuple(from_json(Reason, reason) for reason in reasons))


def _logged(row: Row) -> LoggedDecision:
    return LoggedDecision(
        decision_id=row["decision_id"],
        order_id=row["order_id"],
        account_id=row["account_id"],
        decision=_decision_of(row["reasons"]),
        rules=row["rules"],
        input_hash=row["input_hash"],
        code_version=row["code_version"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
    )
