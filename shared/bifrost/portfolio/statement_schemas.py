"""The JSON of statements, and of what the last comparison left open."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bifrost.core.breaks import Break
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.money import AMOUNT_MAX
from bifrost.portfolio.reconciling import StatementRequest
from bifrost.portfolio.schemas import Count
from bifrost.portfolio.statements import Key, RefusedAction, Run, Statement
from bifrost.wire.dates import MarketDate

# With its quoting it stays inside the body that any address takes.
ROWS_MAX = 1000


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StatementRow(_Shape):
    """One line: cash of a currency, or what is held of an instrument."""

    kind: Literal["cash", "position"]
    subject: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9.-]{0,31}$")]
    amount: Annotated[Count, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX, decimal_places=8)]


class StatementBody(_Shape):
    """What a broker said of an account as of a day's end.

    Of cash and of positions what it does not name there is none, if it names any of the kind.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2012-01-31",
                    "rows": [
                        {"kind": "cash", "subject": "USD", "amount": "1234.56"},
                        {"kind": "position", "subject": "AAPL", "amount": "10"},
                    ],
                }
            ]
        },
    )

    as_of: MarketDate
    rows: Annotated[list[StatementRow], Field(min_length=1, max_length=ROWS_MAX)]

    def to_request(self, owner: str, account_id: str, key: str) -> StatementRequest:
        """Read the body as its caller's wish; raise InvalidInputError naming what is wrong."""
        said: dict[Key, Decimal] = {}
        problems = []
        for place, row in enumerate(self.rows):
            field = f"rows.{place}.subject"
            if row.kind == "cash" and not (len(row.subject) == 3 and row.subject.isalpha()):
                fix = "send a currency of three capital letters"
                problems.append(FieldProblem(field, f"is {row.subject}", fix))
            elif (row.kind, row.subject) in said:
                problems.append(FieldProblem(field, "is there twice", "state it once"))
            said[row.kind, row.subject] = row.amount
        if problems:
            raise InvalidInputError(*problems)
        return StatementRequest(owner, account_id, self.as_of, said, key)


class StatementSheet(_Shape):
    """A stored statement."""

    statement_id: str
    account_id: str
    as_of: date
    recorded_at: datetime
    rows: list[StatementRow]

    @classmethod
    def of(cls, kept: Statement) -> "StatementSheet":
        """Show a statement."""
        return cls(
            statement_id=kept.statement_id,
            account_id=kept.account_id,
            as_of=kept.as_of,
            recorded_at=kept.recorded_at,
            rows=_rows(kept.said),
        )


class BreakSheet(_Shape):
    """An open break: why it is there, how long, and who has to act on it.

    venue: of a statement's break what the venue said then; null is unknown.
    """

    book: str
    kind: str
    subject: str
    ours: Count
    theirs: Count
    cause: str
    owner: str
    detail: str
    venue: Count | None
    first_seen: datetime
    last_seen: datetime
    age_seconds: int

    @classmethod
    def of(cls, one: Break, now: datetime) -> "BreakSheet":
        """Show a break with its age."""
        names = cls.model_fields.keys() - {"age_seconds"}
        age = max(int((now - one.first_seen).total_seconds()), 0)
        return cls(**{name: getattr(one, name) for name in names}, age_seconds=age)


class UnfollowedActionSheet(_Shape):
    """A corporate action that the account's books could not follow, and what to do."""

    action_id: str
    revision: int
    instrument: str
    reason: str
    recorded_at: datetime

    @classmethod
    def of(cls, one: RefusedAction) -> "UnfollowedActionSheet":
        """Show a refusal."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


class ReconciliationSheet(_Shape):
    """The last comparison of an account's books; before the first all of it is null or empty.

    statement: what a comparison holds the account against beside the venue.
    refused_actions: corporate actions that portfolio's books could not follow, as of now.
    """

    account_id: str
    compared_at: datetime | None
    statement: StatementSheet | None
    breaks: list[BreakSheet]
    refused_actions: list[UnfollowedActionSheet]

    @classmethod
    def of(
        cls,
        account_id: str,
        run: Run | None,
        statement: Statement | None,
        refused: Iterable[RefusedAction],
        *,
        now: datetime,
    ) -> "ReconciliationSheet":
        """Show a comparison as of now."""
        return cls(
            account_id=account_id,
            compared_at=None if run is None else run.compared_at.astimezone(UTC),
            statement=None if statement is None else StatementSheet.of(statement),
            breaks=[] if run is None else [BreakSheet.of(one, now) for one in run.breaks],
            refused_actions=[UnfollowedActionSheet.of(one) for one in refused],
        )


def _rows(said: Mapping[Key, Decimal]) -> list[StatementRow]:
    return [
        StatementRow(kind="cash" if kind == "cash" else "position", subject=subject, amount=amount)
        for (kind, subject), amount in said.items()
    ]
