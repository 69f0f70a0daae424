"""A break: something that a book of ours and the venue's own books say differently.

It is a row with an age: it opens when a comparison finds it, and only a comparison that does not
find it closes it. Nothing is ever changed in a book so that a break goes away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

PENDING = "pending"
# How long one and the same fill may be under way before somebody has to look.
UNDER_WAY_MAX = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Break:
    """An open break of one book.

    subject: a currency, an instrument, an order, a fill, or the stream that is under way.
    cause, owner: why it is there, as far as the book can tell, and who has to act on it.
    detail: what the two numbers do not say.
    venue: of a statement's break the third side, as of the statement's day; None is unknown.
    """

    account_id: str
    book: str
    kind: str
    subject: str
    ours: Decimal
    theirs: Decimal
    first_seen: datetime
    last_seen: datetime
    cause: str
    owner: str
    detail: str = ""
    venue: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison left open.

    is_settled: nothing of it may be news under way, so comparing again in a moment is of no use.
    """

    breaks: tuple[Break, ...]
    is_settled: bool


def is_stuck(one: Break, now: datetime, stands: timedelta = UNDER_WAY_MAX) -> bool:
    """Say whether fills have been under way for so long that they will not come by themselves.

    A pending break is as old as the last fill that came: a busy account is behind, not stuck.
    """
    return one.kind == PENDING and now - one.first_seen >= stands


def is_settled(found: Iterable[tuple[str, str]], known: Iterable[Break]) -> bool:
    """Say whether what was found, by kind and subject, has been found before and is not pending.

    What is new may be two books between which an event travels: it is a break only if it is still
    there a little later.
    """
    before = {(one.kind, one.subject) for one in known}
    return all(kind != PENDING and (kind, subject) in before for kind, subject in found)
