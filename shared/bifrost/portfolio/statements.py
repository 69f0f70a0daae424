"""Statements that people bring, and what the last comparison left open.

A statement is what a broker said of an account as of a day's end. It is kept as it came; the next
one supersedes it and changes nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from bifrost.core.breaks import Break
from bifrost.portfolio.reconciliation import Explained

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said, by kind (cash, position) and subject.

    Of a kind that it names what it does not name there is none; of any other it says nothing.
    """

    statement_id: str
    account_id: str
    as_of: date
    recorded_at: datetime
    said: Mapping[Key, Decimal]


@dataclass(frozen=True, slots=True)
class Run:
    """The last comparison of an account, with what every book left open."""

    account_id: str
    compared_at: datetime
    breaks: tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class RefusedAction:
    """A corporate action that an account's books could not follow, and what a person has to do."""

    action_id: str
    revision: int
    instrument: str
    reason: str
    recorded_at: datetime


class BreakStore(Protocol):
    """Keeps differences between the venue's books and ours."""

    def open(self, account_id: str) -> list[Break]:
        """Return the open breaks, the oldest first."""

    def see(self, account_id: str, found: tuple[Explained, ...], at: datetime) -> list[Break]:
        """Write what is seen now, close what is not, and return every open break."""


class StatementStore(Protocol):
    """Keeps statements, for ever."""

    def add(self, statement: Statement) -> None:
        """Write a new one."""

    def find(self, account_id: str, statement_id: str) -> Statement:
        """Return one; raise NotFoundError where there is none."""

    def standing(self, account_id: str) -> Statement | None:
        """Return the one of the latest day, of two for one day the later written."""

    def ledger_as_of(self, statement: Statement) -> dict[Key, Decimal]:
        """Return what the ledger says as of the statement's day, whatever was written since."""


class RunStore(Protocol):
    """Keeps each account's last comparison."""

    def keep(self, run: Run) -> None:
        """Write it in place of the one before."""


class StatementReader(Protocol):
    """Reads one owner's statements and comparisons."""

    def last_run(self, account_id: str) -> Run | None:
        """Return the last comparison; None before the first."""

    def standing(self, account_id: str) -> Statement | None:
        """Return the statement that comparisons hold the account against."""

    def refused_actions(self, account_id: str) -> list[RefusedAction]:
        """Return the newest corporate actions that the account's books do not follow."""
