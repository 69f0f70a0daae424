"""Answers that come in pages: all of them, or how far they went.

A page that fails after good ones is no failure of the whole and no end of it: what came is kept,
and said to be a part. A token that leads to a page seen before would go on for ever.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bifrost.adapters.vendors.calls import NotAnsweredError, VendorCalls
from bifrost.adapters.vendors.fields import ChangedShapeError
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, Partial, RateLimited

R = TypeVar("R")
PAGES_MAX = 10_000
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows, and what to ask for the next ones with; empty where they are the last."""

    rows: Sequence[R]
    next: str


def _never(_: int) -> bool:
    return False


def all_pages(
    calls: VendorCalls,
    fetch: Callable[[str], Page[R]],
    starts_at: Callable[[R], datetime],
    *,
    none: str,
    enough: Callable[[int], bool] = _never,
) -> Answer[list[R]]:
    """Read page after page, oldest row first.

    fetch: makes one request for the page of a token (empty: the first) and reads it strictly.
    starts_at: when a row happened. none: what to say where the vendor has no rows.
    enough: says of how many rows there are whether more are left to another question.
    """
    rows: list[R] = []
    seen: set[str] = set()
    token = ""
    while True:
        trouble = _next_page(calls, fetch, token, rows)
        if not isinstance(trouble, Page):
            return _part(rows, starts_at, trouble)
        rows += trouble.rows
        seen.add(token)
        token = trouble.next
        if not token:
            return Found(rows) if rows else Absent(none)
        if enough(len(rows)) and (begun := _before_last(rows, starts_at)):
            return Found(begun, until=starts_at(rows[-1]))
        if token in seen or len(seen) >= PAGES_MAX:
            stuck = Failed(f"{calls.vendor.name} names a next page that it sent already", True)
            return _part(rows, starts_at, stuck)


def _next_page(
    calls: VendorCalls, fetch: Callable[[str], Page[R]], token: str, before: list[R]
) -> Page[R] | Absent | RateLimited | Failed:
    def send() -> Page[R]:
        try:
            return fetch(token)
        except ChangedShapeError as error:
            changed = f"{calls.vendor.name} answers in another shape: {error}"
            raise NotAnsweredError(Failed(changed, retryable=False)) from error

    try:
        return calls.read(send)
    except NotAnsweredError as error:
        if isinstance(error.answer, Absent) and before:
            lost = f"{calls.vendor.name} knows its next page no more: {error.answer.reason}"
            return Failed(lost, retryable=True)
        return error.answer


def _part(
    rows: list[R],
    starts_at: Callable[[R], datetime],
    trouble: Absent | RateLimited | Failed,
) -> Answer[list[R]]:
    """Keep what came before the trouble, but for its last instant, which may have more rows."""
    kept = _before_last(rows, starts_at)
    return Partial(kept, starts_at(rows[-1]), trouble.reason) if kept else trouble


def _before_last(rows: list[R], starts_at: Callable[[R], datetime]) -> list[R]:
    """Return the rows of all instants but the last."""
    last = starts_at(rows[-1]) if rows else None
    return [row for row in rows if starts_at(row) != last]
