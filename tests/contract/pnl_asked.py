"""P&L asked of a desk's stored books by lot or by position, between days of a test's market."""

from functools import reduce

from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
from bifrost.portfolio.performance import Close, PnlAsked, PnlBy, PnlFound, Scope
from bifrost.portfolio.pnl import Pnl
from tests.builders import closes_at, session
from tests.contract.acting_desk import ActingDesk

_NAMES = ("unpriced", "unrated", "unattributed")


def at(day: int | None) -> Close | None:
    """The day's close; None is the beginning, or now."""
    return None if day is None else Close(session(day), closes_at(day))


def asked(
    desk: ActingDesk,
    *strategies: str,
    by: PnlBy = PnlBy.LOT,
    opened: int | None = None,
    closed: int | None = None,
) -> PnlFound:
    """What the reader answers, of the account or of some strategies."""
    scope = Scope((desk.account_id,), strategies)
    reader = PostgresPerformance(desk.database, "ann")
    return reader.pnl(PnlAsked(scope, by, at(opened), at(closed), limit=200))


def parts(pnl: Pnl) -> dict[str, object]:
    """Its numbers, without what it names."""
    return {name: getattr(pnl, name) for name in Pnl.__dataclass_fields__ if name not in _NAMES}


def added(found: PnlFound) -> Pnl:
    """All groups together."""
    return reduce(Pnl.__add__, (one.pnl for one in found.groups), Pnl())
