"""The JSON by which owners change what they have: names, portfolios, watchlists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bifrost.portfolio.portfolios import NewPortfolio, PortfolioKind
from bifrost.portfolio.schemas import Name
from bifrost.portfolio.watchlists import NewWatchlist, Watchlist
from bifrost.wire.identifiers import Identifier

INSTRUMENTS_MAX = 500


def _each_once(symbols: Sequence[str]) -> Sequence[str]:
    repeated = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
    if repeated:
        raise PydanticCustomError("unique", "comes twice: {symbol}", {"symbol": repeated[0]})
    return symbols


Symbol = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9.-]{0,31}$", examples=["AAPL"])]
Symbols = Annotated[
    tuple[Symbol, ...], Field(max_length=INSTRUMENTS_MAX), AfterValidator(_each_once)
]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccountChange(_Shape):
    """What of an account may change: its name. What it is stays."""

    name: Name


class PortfolioBody(_Shape):
    """A portfolio to make: one that gathers others, or a strategy in an account's portfolio.

    parent_id: the portfolio it stands in; a strategy needs one.
    """

    name: Name
    kind: PortfolioKind = PortfolioKind.PORTFOLIO
    parent_id: Identifier | None = None

    def to_new_portfolio(self, owner: str) -> NewPortfolio:
        """Read the body as its owner's wish."""
        return NewPortfolio(owner=owner, **self.model_dump())


class PortfolioChange(_Shape):
    """What of a portfolio may change; what is left out stays.

    parent_id: the portfolio to stand in; null takes it out of the one where it is.
    """

    name: Name = Field(default="", validate_default=False)
    parent_id: Identifier | None = None

    def to_changes(self) -> dict[str, str | None]:
        """Return what was sent."""
        return self.model_dump(exclude_unset=True)


class WatchlistBody(_Shape):
    """A watchlist, whole: its instruments in the order in which they are to be shown."""

    name: Name
    instruments: Symbols = ()

    def to_new_watchlist(self, owner: str) -> NewWatchlist:
        """Read the body as its owner's wish."""
        return NewWatchlist(owner, self.name, self.instruments)


class WatchlistSheet(_Shape):
    """A watchlist; `version` is what `ETag` says and `If-Match` expects, there in quotes."""

    watchlist_id: str
    name: str
    instruments: list[str]
    version: int
    recorded_at: datetime

    @classmethod
    def of(cls, watchlist: Watchlist) -> "WatchlistSheet":
        """Show a watchlist."""
        shown = {name: getattr(watchlist, name) for name in cls.model_fields}
        return cls(**{**shown, "instruments": list(watchlist.instruments)})


class WatchlistPage(_Shape):
    """Watchlists, oldest first; `next_cursor` is null on the last page."""

    items: list[WatchlistSheet]
    next_cursor: str | None
