"""Pages of a list. A reader asks for one more than it shows: so it knows whether there is more."""

from collections.abc import Sequence
from typing import TypeVar

R = TypeVar("R")


def page_of(found: Sequence[R], limit: int) -> tuple[Sequence[R], R | None]:
    """Cut `limit` + 1 read rows to a page, and return the row from which the next one goes on."""
    shown = found[:limit]
    return shown, shown[-1] if len(found) > limit else None
