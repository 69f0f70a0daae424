"""The JSON of imports and of what an export is made from."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bifrost.portfolio.exports import activity_of, to_record
from bifrost.portfolio.imports.activities import Activity
from bifrost.portfolio.imports.formats import Format
from bifrost.portfolio.imports.mapping import to_mapping
from bifrost.portfolio.imports.records import Import, LotHistory, Preview
from bifrost.portfolio.imports.service import ImportRequest, UndoRequest
from bifrost.portfolio.imports.source import Problem
from bifrost.portfolio.ports import Posted
from bifrost.portfolio.schemas import Amount, Count, Name, OwedSheet

# With its quoting it stays inside the body that any address takes.
TEXT_MAX = 50_000
ROWS_SHOWN = 200


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ImportBody(_Shape):
    """A file: its format, its text, and how it differs from the format.

    mapping: `columns`, `kinds`, `constants`, `delimiter`, `decimal`, `dates`, `skip`.
    """

    format: Format
    text: Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]
    mapping: dict[str, Any] = {}

    def to_request(self, owner: str, account_id: str) -> ImportRequest:
        """Read the body as its caller's wish."""
        return ImportRequest(owner, account_id, self.format, self.text, to_mapping(self.mapping))


class UndoBody(_Shape):
    """Why an import is undone; the reversing transactions carry it."""

    reason: Name

    def to_request(self, owner: str, account_id: str, import_id: str) -> UndoRequest:
        """Read the body as its caller's wish."""
        return UndoRequest(owner, account_id, import_id, self.reason)


class ImportSheet(_Shape):
    """An import; each of its transactions in the ledger has its id as `event_id`."""

    import_id: str
    account_id: str
    format: str
    added: int
    duplicates: int
    skipped: int
    recorded_at: datetime
    undone_at: datetime | None
    undo_reason: str

    @classmethod
    def of(cls, made: Import) -> "ImportSheet":
        """Show an import."""
        return cls(**{name: getattr(made, name) for name in cls.model_fields})


class ImportPage(_Shape):
    """Imports, newest first; `next_cursor` is null on the last page."""

    items: list[ImportSheet]
    next_cursor: str | None


class RowSheet(_Shape):
    """A row of a file by the columns of our own format, and the line it stands on."""

    line: int
    activity: dict[str, str]

    @classmethod
    def of(cls, activity: Activity) -> "RowSheet":
        """Show a row."""
        return cls(line=activity.line, activity=to_record(activity))


class ProblemSheet(_Shape):
    """What keeps a file from being imported, and where it stands."""

    line: int
    column: str
    message: str
    fix: str

    @classmethod
    def of(cls, problem: Problem) -> "ProblemSheet":
        """Show a problem."""
        return cls(**{name: getattr(problem, name) for name in cls.model_fields})


class ImportPreviewSheet(_Shape):
    """What an import would do; nothing was written. With a problem it would be refused whole.

    added_rows and duplicate_rows show the first 200 of each. overdrawn: what the account would
    owe afterwards; that is booked, for it has happened.
    """

    added: int
    duplicates: int
    skipped: int
    problems: list[ProblemSheet]
    added_rows: list[RowSheet]
    duplicate_rows: list[RowSheet]
    overdrawn: list[OwedSheet]

    @classmethod
    def of(cls, preview: Preview) -> "ImportPreviewSheet":
        """Show a preview."""
        return cls(
            added=len(preview.added),
            duplicates=len(preview.duplicates),
            skipped=preview.skipped,
            problems=[ProblemSheet.of(one) for one in preview.problems],
            added_rows=[RowSheet.of(one) for one in preview.added[:ROWS_SHOWN]],
            duplicate_rows=[RowSheet.of(one) for one in preview.duplicates[:ROWS_SHOWN]],
            overdrawn=[
                OwedSheet(currency=one.currency, amount=one.amount, owed_as=one.owed_as)
                for one in preview.overdrawn
            ],
        )


class ActivitySheet(_Shape):
    """A transaction that stands, told by the columns of our own format.

    activity: null where no row of a file can tell of it, such as a split.
    """

    transaction_id: str
    kind: str
    description: str
    activity: dict[str, str] | None

    @classmethod
    def of(cls, posted: Posted, imported: Activity | None) -> "ActivitySheet":
        """Show a transaction as what was imported, or as what its entries say."""
        told = imported or activity_of(posted)
        return cls(
            transaction_id=posted.transaction_id,
            kind=posted.kind,
            description=posted.description,
            activity=to_record(told) if told else None,
        )


class ActivityPage(_Shape):
    """Transactions that stand, oldest first; `next_cursor` is null on the last page."""

    items: list[ActivitySheet]
    next_cursor: str | None


class LotHistorySheet(_Shape):
    """A lot as it was opened, what is left of it, and each part that was closed."""

    lot_id: str
    instrument: str
    currency: str
    opened_at: datetime
    opened_quantity: Count
    opened_cost: Amount
    quantity: Count
    cost: Amount
    closures: list[dict[str, str]]

    @classmethod
    def of(cls, lot: LotHistory) -> "LotHistorySheet":
        """Show a lot."""
        plain = {name: getattr(lot, name) for name in cls.model_fields if name != "closures"}
        return cls(**plain, closures=[dict(one) for one in lot.closures])


class LotHistoryPage(_Shape):
    """Lots in the order in which they close; `next_cursor` is null on the last page."""

    items: list[LotHistorySheet]
    next_cursor: str | None
