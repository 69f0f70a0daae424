"""What a snapshot of an instrument says, and since when each part of it could be known.

No numpy here: who reads what is stored does not wait for it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    """A number, and the instant from which on it could be known."""

    value: float
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Reported(Known):
    """A number that a company reported of a period; currency is empty for counts."""

    period_end: date
    currency: str


@dataclass(frozen=True, slots=True)
class EarningsReport:
    """Earnings per share, announced for or told at `earnings_at`; an unknown part is None."""

    earnings_at: datetime
    eps_estimate: float | None
    eps_actual: float | None
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Setup:
    """A pattern of the last bars that a rule of this name saw at the close."""

    name: str
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What could be known of an instrument, by the last session that had closed.

    session: of its last bar. A value that the bars do not suffice for is left out: unknown is
    never zero. last_earnings has happened, next_earnings has not.
    """

    instrument: str
    session: date
    overview: Mapping[str, Known] = field(default_factory=dict)
    technicals: Mapping[str, Known] = field(default_factory=dict)
    fundamentals: Mapping[str, Reported] = field(default_factory=dict)
    last_earnings: EarningsReport | None = None
    next_earnings: EarningsReport | None = None
    setups: tuple[Setup, ...] = ()


def written(snapshot: Snapshot) -> dict[str, Any]:
    """Return it as JSON types. Its floats are statistics: the codec of events refuses them."""
    plain: dict[str, Any] = _plain(asdict(snapshot))
    return plain


def read_written(plain: Mapping[str, Any]) -> Snapshot:
    """Read what `written` made."""
    return Snapshot(
        instrument=plain["instrument"],
        session=date.fromisoformat(plain["session"]),
        overview={name: _known(one) for name, one in plain["overview"].items()},
        technicals={name: _known(one) for name, one in plain["technicals"].items()},
        fundamentals={name: _reported(one) for name, one in plain["fundamentals"].items()},
        last_earnings=_earnings(plain["last_earnings"]),
        next_earnings=_earnings(plain["next_earnings"]),
        setups=tuple(Setup(one["name"], _instant(one)) for one in plain["setups"]),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _instant(plain: Mapping[str, Any], name: str = "known_at") -> datetime:
    return datetime.fromisoformat(plain[name])


def _known(plain: Mapping[str, Any]) -> Known:
    return Known(plain["value"], _instant(plain))


def _reported(plain: Mapping[str, Any]) -> Reported:
    period_end = date.fromisoformat(plain["period_end"])
    return Reported(plain["value"], _instant(plain), period_end, plain["currency"])


def _earnings(plain: Mapping[str, Any] | None) -> EarningsReport | None:
    if plain is None:
        return None
    told = (plain["eps_estimate"], plain["eps_actual"])
    return EarningsReport(_instant(plain, "earnings_at"), *told, _instant(plain))
