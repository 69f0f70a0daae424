"""Our orders and fills against the venue's own: every difference is named, none is corrected.

An order that moved after the venue was asked is left to the next comparison, and one that the
venue has not answered yet may be on either side; neither is a difference.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bifrost.core.money import EXACT
from bifrost.core.orders import OrderStatus
from bifrost.core.statements import StatedOrder

OWNER = "execution"
_ZERO = Decimal(0)
# What our tables keep of a price or a commission.
_KEPT = Decimal("1e-8")
_UNANSWERED = (
    OrderStatus.RECEIVED,
    OrderStatus.CHECKED,
    OrderStatus.SUBMITTED,
    OrderStatus.UNKNOWN,
)
# A status of ours that says no more than that the venue still works the order.
_EITHER = (
    *_UNANSWERED[2:],
    OrderStatus.PENDING_CANCEL,
    OrderStatus.PENDING_REPLACE,
    OrderStatus.SUSPENDED,
)


class BreakKind(StrEnum):
    """What differs."""

    ORDER = "order"
    FILL = "fill"


class Cause(StrEnum):
    """How it differs."""

    NOT_AT_VENUE = "not_at_venue"
    NOT_OURS = "not_ours"
    ENDED_HERE = "ended_here"
    TERMS_DIFFER = "terms_differ"
    QUANTITY_DIFFERS = "quantity_differs"
    STATUS_DIFFERS = "status_differs"


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order as we keep it, in the venue's words; nothing is left of one that has ended."""

    stated: StatedOrder
    account_id: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class TradeSaid:
    """A trade as one side keeps it; `report` is its place in the venue's reports."""

    execution_id: str
    client_order_id: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    report: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One order (its open quantity) or one fill (its quantity) that is not the same there."""

    kind: BreakKind
    subject: str
    ours: Decimal
    theirs: Decimal
    cause: Cause
    detail: str = ""


def compare_orders(
    account_id: str,
    ours: Iterable[OwnOrder],
    theirs: Iterable[StatedOrder],
    asked_at: datetime,
) -> tuple[Difference, ...]:
    """Return every order that differs, by its id.

    ours: the account's open orders, and any order of ours that the venue names.
    """
    mine = {one.stated.client_order_id: one for one in ours}
    venues = {one.client_order_id: one for one in theirs}
    found = []
    for name in sorted(mine.keys() | venues.keys()):
        own, stated = mine.get(name), venues.get(name)
        if own is not None and own.moved_at > asked_at:
            continue
        difference = _order_difference(account_id, name, own, stated)
        if difference is not None:
            found.append(difference)
    return tuple(found)


def compare_fills(
    ours: Mapping[str, TradeSaid], theirs: Mapping[str, TradeSaid]
) -> tuple[Difference, ...]:
    """Return every fill that differs, by its execution id."""
    pairs = ((name, ours.get(name), theirs.get(name)) for name in sorted({*ours, *theirs}))
    found = (_fill_difference(*pair) for pair in pairs)
    return tuple(one for one in found if one is not None)


def agreed_up_to(
    upto: int,
    found: Iterable[Difference],
    ours: Mapping[str, TradeSaid],
    theirs: Mapping[str, TradeSaid],
) -> int:
    """Return the last report up to which the fills agree: what comes before is not read again."""
    reports = (
        side[one.subject].report for one in found for side in (ours, theirs) if one.subject in side
    )
    return min(reports, default=upto + 1) - 1


def _order_difference(
    account_id: str, name: str, own: OwnOrder | None, stated: StatedOrder | None
) -> Difference | None:
    mine = _ZERO if own is None else own.stated.left
    venues = _ZERO if stated is None else stated.left
    told: tuple[Cause, str] | None = None
    if own is None:
        told = Cause.NOT_OURS, "the venue works an order that we never wrote down"
    elif stated is None:
        if own.stated.status not in _UNANSWERED:
            told = Cause.NOT_AT_VENUE, f"it is {own.stated.status} here"
    elif own.account_id != account_id:
        told = Cause.TERMS_DIFFER, f"account {own.account_id} here"
    else:
        told = _told_otherwise(own.stated, stated)
    return None if told is None else Difference(BreakKind.ORDER, name, mine, venues, *told)


def _told_otherwise(own: StatedOrder, stated: StatedOrder) -> tuple[Cause, str] | None:
    if own.status.is_terminal:
        return Cause.ENDED_HERE, f"{own.status} here, {stated.status} there"
    for what in ("instrument", "side"):
        here, there = getattr(own, what), getattr(stated, what)
        if here != there:
            return Cause.TERMS_DIFFER, f"{what} {here} here, {there} there"
    if own.left != stated.left:
        return Cause.QUANTITY_DIFFERS, ""
    if own.status not in (*_EITHER, stated.status):
        return Cause.STATUS_DIFFERS, f"{own.status} here, {stated.status} there"
    return None


def _fill_difference(
    name: str, own: TradeSaid | None, stated: TradeSaid | None
) -> Difference | None:
    if own is None or stated is None:
        mine = _ZERO if own is None else own.quantity
        venues = _ZERO if stated is None else stated.quantity
        cause = Cause.NOT_OURS if own is None else Cause.NOT_AT_VENUE
        told = own or stated
        detail = "" if told is None else f"order {told.client_order_id}"
        return Difference(BreakKind.FILL, name, mine, venues, cause, detail)
    told_otherwise = [
        f"{what} {here} here, {there} there"
        for what in ("client_order_id", "price", "commission")
        for here, there in ((_kept(getattr(own, what)), _kept(getattr(stated, what))),)
        if here != there
    ]
    if own.quantity != stated.quantity:
        cause = Cause.QUANTITY_DIFFERS
    elif told_otherwise:
        cause = Cause.TERMS_DIFFER
    else:
        return None
    detail = "; ".join(told_otherwise)
    return Difference(BreakKind.FILL, name, own.quantity, stated.quantity, cause, detail)


def _kept(value: Decimal | str) -> str:
    """Return the value as our tables keep it, without the zeros that they add."""
    if isinstance(value, str):
        return value
    return format(EXACT.normalize(EXACT.quantize(value, _KEPT)), "f")
