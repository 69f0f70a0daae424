"""Valuations from rows: as they were recorded, or from what was held."""

from collections.abc import Iterable

from bifrost.adapters.postgres.database import Row
from bifrost.portfolio.valuation import Balance, SessionValuation, Worth, value

WORTH = tuple(Worth.__dataclass_fields__)


def worth_of(rows: Iterable[Row]) -> Worth:
    """Value what an account held; a row without a ledger account says that it was nothing."""
    names = Balance.__dataclass_fields__
    lines = [
        Balance(**{name: row[name] for name in names}) for row in rows if row["ledger_account"]
    ]
    return Worth.of(value(lines))


def to_valuation(row: Row) -> SessionValuation:
    """Read a recorded valuation from its columns."""
    worth = Worth(**{**{name: row[name] for name in WORTH}, "unpriced": tuple(row["unpriced"])})
    return SessionValuation(row["session"], row["occurred_at"], worth)
