"""Whom a vendor means by the symbol that an action leads to, and what comes of one we do not know.

A vendor names what is spun off or taken over by its symbol of that day; whose that was, dated
terms say. A claim that lacks a number moves nothing, so it may name what nobody has listed yet;
one that might stand has to wait until it is listed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from bifrost.core.corporate_actions import CorporateAction
from bifrost.data.ports import Listing
from bifrost.data.providers.told_actions import ActionsTold, LeftOut
from bifrost.data.reference.ports import ReferenceBook
from bifrost.data.reference.terms import Terms, resolve

# Vendors name the day on which they processed a change of name, not that of the change.
_NEAR = timedelta(days=10)


class LeadingBooks(ReferenceBook, Protocol):
    """What is listed, and who had a symbol when."""

    def listing(self, symbol: str) -> Listing | None:
        """Return the listing; None where there is none."""


def by_key(books: LeadingBooks, instrument: str, told: ActionsTold) -> ActionsTold:
    """Return what was told with our keys for symbols, and without what cannot be taken.

    A change of name that our terms know is no news, and left out without a word.
    """
    symbols = {one.new_instrument for one in told.actions if one.new_instrument}
    symbols |= {one.other_symbol for one in told.left_out if one.other_symbol}
    terms = books.standing_terms([instrument], sorted(symbols)) if symbols else ()
    named = [_named(one, terms) for one in told.actions]
    taken = [one for one in named if isinstance(one, CorporateAction)]
    unlisted = [one for one in taken if _waits(one, books)]
    return ActionsTold(
        tuple(one for one in taken if one not in unlisted),
        (
            *(one for one in told.left_out if not _is_known(one, instrument, terms)),
            *(one for one in named if isinstance(one, LeftOut)),
            *(_left_out(one, f"{one.new_instrument} is not listed: list it") for one in unlisted),
        ),
    )


def _named(one: CorporateAction, terms: Sequence[Terms]) -> CorporateAction | LeftOut:
    """Say whose symbol it leads to; where nobody is known to have had it, it stays the symbol."""
    symbol = one.new_instrument
    key = resolve(terms, symbol, one.ex_date) if symbol else None
    if key is None or key == symbol:
        return one
    if key == one.instrument:
        return _left_out(one, f"it leads to {symbol}, which {key} itself was called then")
    led: Any = one.terms
    lead: dict[str, Any] = {one.kind.value: replace(led, new_instrument=key)}
    return replace(one, **lead)


def _waits(one: CorporateAction, books: LeadingBooks) -> bool:
    is_open = not one.new_instrument or bool(one.lacks)
    return not is_open and books.listing(one.new_instrument) is None


def _left_out(one: CorporateAction, why: str) -> LeftOut:
    return LeftOut(one.kind.value, one.ex_date, why)


def _is_known(one: LeftOut, instrument: str, terms: Iterable[Terms]) -> bool:
    """Say whether it is a change of name between two symbols that the instrument has had."""
    days = (one.on - _NEAR, one.on + _NEAR)
    rows = list(terms)
    return bool(one.other_symbol) and any(
        resolve(rows, one.other_symbol, day) == instrument for day in days
    )
