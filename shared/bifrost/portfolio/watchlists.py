"""Watchlists: instruments that an owner keeps an eye on, in an order of its own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bifrost.core.errors import FieldProblem, InvalidInputError


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A named list; each instrument stands in it once, in its owner's order."""

    watchlist_id: str
    owner: str
    name: str
    instruments: tuple[str, ...]
    recorded_at: datetime
    version: int = 1
    place: int = 0


@dataclass(frozen=True, slots=True)
class NewWatchlist:
    """What somebody asks for."""

    owner: str
    name: str
    instruments: tuple[str, ...]


def require_known(wanted: Sequence[str], known: Collection[str]) -> None:
    """Raise InvalidInputError naming each instrument that is not listed."""
    fix = "send symbols of `GET /v1/instruments`"
    unknown = [
        FieldProblem(f"instruments.{place}", f"{symbol} is not listed", fix)
        for place, symbol in enumerate(wanted)
        if symbol not in known
    ]
    if unknown:
        raise InvalidInputError(*unknown)
