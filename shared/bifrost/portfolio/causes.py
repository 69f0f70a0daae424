"""Why a break is there, as far as our own books can tell, and who has to act on it.

What was imported was traded elsewhere, so the venue does not hold it: a difference of exactly
that much is explained. A difference of anything else is not, however near it comes.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from bifrost.core.money import EXACT
from bifrost.portfolio.reconciliation import BreakKind
from bifrost.portfolio.statement_file import ThreeWays


class Cause(StrEnum):
    """What a break comes from."""

    FILLS_UNDER_WAY = "fills_under_way"
    IMPORTED_HISTORY = "imported_history"
    STATEMENT_DIFFERS = "statement_differs"
    LEDGER_DIFFERS = "ledger_differs"
    UNEXPLAINED = "unexplained"


_OWNERS = {
    Cause.FILLS_UNDER_WAY: "execution",
    Cause.IMPORTED_HISTORY: "account",
    Cause.STATEMENT_DIFFERS: "account",
    Cause.LEDGER_DIFFERS: "portfolio",
    Cause.UNEXPLAINED: "portfolio",
}


def cause_of(
    kind: BreakKind, subject: str, ours: Decimal, theirs: Decimal, imported: Mapping[str, Decimal]
) -> Cause:
    """Name the cause of one break with the venue.

    imported: what imports that stand have added, and what corporate actions made of that since,
    by currency and by instrument.
    """
    if kind is BreakKind.PENDING:
        return Cause.FILLS_UNDER_WAY
    difference = EXACT.subtract(ours, theirs)
    if imported.get(subject) == difference:
        return Cause.IMPORTED_HISTORY
    return Cause.UNEXPLAINED


def cause_of_three(row: ThreeWays, imported: Mapping[str, Decimal]) -> Cause:
    """Name the cause of one break with a statement: who stands alone, where one of three does.

    What was imported the venue cannot have, so it is held against the venue with that added.
    """
    if row.venue is None:
        return Cause.STATEMENT_DIFFERS
    with_imports = EXACT.add(row.venue, imported.get(row.subject, Decimal(0)))
    if row.ledger in (row.venue, with_imports):
        return Cause.STATEMENT_DIFFERS
    if row.statement in (row.venue, with_imports):
        return Cause.LEDGER_DIFFERS
    return Cause.UNEXPLAINED


def owner_of(cause: Cause) -> str:
    """Say who has to act: a capability, or the account's own owner."""
    return _OWNERS[cause]
