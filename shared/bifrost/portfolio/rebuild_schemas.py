"""The JSON of a rebuild."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from bifrost.portfolio.rebuilding import Rebuild
from bifrost.portfolio.rebuilds import RebuildState, RebuildTask


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DifferenceSheet(_Shape):
    """A number that is stored otherwise than the journal makes it."""

    what: str
    subject: str
    stored: str
    rebuilt: str


class RefusedActionSheet(_Shape):
    """A corporate action that does not fit the account, and what to do."""

    action_id: str
    reason: str


class RebuildSheet(_Shape):
    """The books that the journal makes, beside the stored ones; nothing was changed.

    through: the session up to which it was played; null before the first one.
    has_imports: no journal tells of an import, so neither its lots nor any balance is compared.
    differences: the first thousand of `differences_found`; of a rebuild older than
        the account's newest twenty, none.
    """

    account_id: str
    through: date | None
    transactions: int
    lots: int
    has_imports: bool
    agrees: bool
    differences_found: int
    differences: list[DifferenceSheet]
    refused_actions: list[RefusedActionSheet]

    @classmethod
    def of(cls, made: Rebuild, found: int) -> "RebuildSheet":
        """Show a rebuild that found so many differences."""
        return cls(
            account_id=made.account_id,
            through=None if made.through == date.min else made.through,
            transactions=made.transactions,
            lots=made.lots,
            has_imports=made.has_imports,
            agrees=not found,
            differences_found=found,
            differences=[
                DifferenceSheet(
                    what=one.what, subject=one.subject, stored=one.stored, rebuilt=one.rebuilt
                )
                for one in made.differences
            ],
            refused_actions=[
                RefusedActionSheet(action_id=name, reason=reason)
                for name, reason in sorted(made.refused.items())
            ],
        )


class RebuildTaskSheet(_Shape):
    """A rebuild that was asked for: how far it is, and at its end what it found or why it failed.

    played, total: steps of the account's journal; total is null until the work has begun.
    begun_at: the instant as of which the books are read; null before.
    cause: null unless it failed. result: null until it is done.
    """

    rebuild_id: str
    account_id: str
    state: RebuildState
    played: int
    total: int | None
    requested_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    cause: str | None
    result: RebuildSheet | None

    @classmethod
    def of(cls, task: RebuildTask) -> "RebuildTaskSheet":
        """Show a rebuild as it stands."""
        return cls(
            rebuild_id=task.rebuild_id,
            account_id=task.account_id,
            state=task.state,
            played=task.played,
            total=task.total,
            requested_at=task.requested_at,
            begun_at=task.begun_at,
            ended_at=task.ended_at,
            cause=task.cause or None,
            result=None if task.made is None else RebuildSheet.of(task.made, task.differences),
        )
