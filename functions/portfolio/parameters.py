"""What portfolio's addresses take, the same wherever it stands in one."""

from typing import Annotated

from fastapi import Path, Query

from bifrost.wire.identifiers import ID_PATTERN

AccountId = Annotated[str, Path(pattern=ID_PATTERN, description="The account.")]
PortfolioId = Annotated[str, Path(pattern=ID_PATTERN, description="The portfolio.")]
TransactionId = Annotated[str, Path(pattern=ID_PATTERN, description="The transaction.")]
OrderId = Annotated[str, Path(pattern=ID_PATTERN, description="The order.")]
WatchlistId = Annotated[str, Path(pattern=ID_PATTERN, description="The watchlist.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many to show.")]
Cursor = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before."),
]
Archived = Annotated[bool, Query(description="Show the archived too.")]
