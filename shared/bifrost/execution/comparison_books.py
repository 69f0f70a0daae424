"""What comparing needs of execution's own books: ports, each one role of one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from bifrost.core.breaks import Break
from bifrost.execution.halting import BreakLimits
from bifrost.execution.reconciliation import Difference, OwnOrder, TradeSaid


@dataclass(frozen=True, slots=True)
class Due:
    """An account whose comparison was claimed: by its last fill, and by how often it was."""

    account_id: str
    fill_sequence: int
    claims: int


class Evidence(Protocol):
    """Our own side of what the venue states, and the breaks between the two."""

    def orders(self, account_id: str, named: Sequence[str]) -> list[OwnOrder]:
        """Return the account's open orders, and those of any account with these ids."""

    def trades(self, account_id: str, venue: str, *, after: int, upto: int) -> list[TradeSaid]:
        """Return the account's fills that the venue reported after `after` and up to `upto`."""

    def open_breaks(self, account_id: str) -> list[Break]:
        """Return the open breaks, the oldest first."""

    def see(self, account_id: str, found: Sequence[Difference], at: datetime) -> list[Break]:
        """Write what is seen now, close what is not, and return every open break."""


class Comparisons(Protocol):
    """How far each account has been compared; one row each."""

    def agreed(self, account_id: str) -> int:
        """Return the venue's report up to which the account's fills have agreed."""

    def agree(self, account_id: str, report: int) -> None:
        """Note that they agree up to there; never backwards."""

    def claim_due(self, now: datetime, limit: int) -> list[Due]:
        """Claim accounts that must be compared now: one comparison of each at a time.

        Those with fills that no comparison has begun with, those whose comparison never ended,
        and those whose last one left something that may have passed since, ever more patiently.
        """

    def end(self, account_id: str, *, is_clean: bool, now: datetime) -> None:
        """Note that a comparison ended, and whether it left anything that may pass."""

    def limits(self, now: datetime) -> BreakLimits | None:
        """Return how large a break may be; None where nothing is in force."""

    def prices(self, instruments: Sequence[str]) -> dict[str, Decimal]:
        """Return the last prices of those that have one."""

    def begin_session(self, session: date) -> None:
        """Begin a round of every account, unless this session or a later one has begun one."""
