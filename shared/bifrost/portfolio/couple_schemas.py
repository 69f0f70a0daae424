"""The JSON of who is whose spouse: what the caller says, and nothing else of the other person."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bifrost.portfolio.couples import Declared, Marriage
from bifrost.portfolio.tax.delimited import YEARS
from bifrost.wire.dates import MarketDate
from bifrost.wire.identifiers import Identifier

_FIRST, _LAST = date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31)
Day = Annotated[MarketDate, Field(ge=_FIRST, le=_LAST)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SpouseBody(_Shape):
    """Who your spouse is: `owner` is what the spouse's own GET shows as `you`.

    since, until: the first and the last day of the marriage; null where it has none.
    """

    owner: Identifier
    since: Day | None = None
    until: Day | None = None

    def to_marriage(self) -> Marriage:
        """Read the body."""
        return Marriage(self.owner, self.since, self.until)


class SpouseSheet(_Shape):
    """What you say of your spouse; `version` is what `ETag` says and `If-Match` expects.

    you: what your spouse has to send as `owner`. spouse: null where you say nothing. stands: your
    spouse says it of you, too, and tax reports look across both from the later first day that you
    two have said to the earlier last one. Before, it is the same whoever was named.
    """

    you: str
    spouse: SpouseBody | None
    stands: bool
    version: int
    recorded_at: datetime | None

    @classmethod
    def of(cls, found: Declared) -> "SpouseSheet":
        """Show what is said."""
        said = found.declaration
        one = said.marriage
        return cls(
            you=said.owner,
            spouse=SpouseBody(owner=one.spouse, since=one.since, until=one.until) if one else None,
            stands=found.stands,
            version=said.version,
            recorded_at=said.recorded_at,
        )
