"""The JSON of a rebuild."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from bifrost.portfolio.rebuilding import Rebuild


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
    """

    account_id: str
    through: date | None
    transactions: int
    lots: int
    has_imports: bool
    agrees: bool
    differences: list[DifferenceSheet]
    refused_actions: list[RefusedActionSheet]

    @classmethod
    def of(cls, made: Rebuild) -> "RebuildSheet":
        """Show a rebuild."""
        return cls(
            account_id=made.account_id,
            through=None if made.through == date.min else made.through,
            transactions=made.transactions,
            lots=made.lots,
            has_imports=made.has_imports,
            agrees=not made.differences,
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
