"""What imports need from portfolio's books."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from bifrost.core.corporate_actions import CorporateAction
from bifrost.portfolio.imports.records import Booked, ClosureMade, Import
from bifrost.portfolio.lots import Lot

if TYPE_CHECKING:
    # It names these stores among portfolio's own.
    from bifrost.portfolio.ports import Posted


class ImportStore(Protocol):
    """Keeps imports and the rows that they booked."""

    def add(self, made: Import, rows: Sequence[Booked]) -> None:
        """Write an import and its rows; never changed but for being undone."""

    def locked(self, account_id: str, import_id: str) -> Import:
        """Return it, held until the transaction's end; raise NotFoundError where none is."""

    def rows(self, import_id: str) -> list[Booked]:
        """Return the import's rows, as they were booked."""

    def undo(self, import_id: str, reason: str, at: datetime) -> None:
        """Mark it as undone."""

    def known(self, account_id: str, hashes: Sequence[str]) -> dict[str, int]:
        """Return how often each of these contents was imported and not undone."""

    def booked_otherwise(self, account_id: str, first: date, last: date) -> "list[Posted]":
        """Return what was booked in these days by no import and not reversed, with its entries."""

    def traded_otherwise(self, account_id: str, instruments: Sequence[str]) -> list[str]:
        """Return which of these instruments the desk itself has traded in the account."""

    def last_traded(self, account_id: str) -> dict[str, datetime]:
        """Return when each instrument was last traded by an import that stands."""

    def issued(
        self, account_id: str, instruments: Sequence[str]
    ) -> list[tuple[CorporateAction, bool]]:
        """Return the actions of these instruments that stand, with whether what was imported here
        has met them.
        """

    def next_sequence(self, account_id: str) -> int:
        """Return the place of the account's next imported lot: before every lot of the desk."""

    def closures(self, import_id: str) -> list[ClosureMade]:
        """Return what each transaction of the import closed of which lot."""

    def lots(self, account_id: str, import_id: str) -> list[Lot]:
        """Return the lots that the import opened or closed from, as they are now."""

    def opened(self, import_id: str) -> list[Lot]:
        """Return the lots that the import opened, as they were then."""

    def totals(self, account_id: str) -> dict[str, Decimal]:
        """Return what imports that stand add, in cash by currency and by instrument, and what
        corporate actions made of it.
        """

    def depending(self, account_id: str, import_id: str) -> list[str]:
        """Name what came after the import and closed or changed lots of its instruments."""
