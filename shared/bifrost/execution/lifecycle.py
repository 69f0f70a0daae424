"""The order's lifecycle as one table: where an order goes when something happens to it.

What is not in the table changes nothing, so an event that comes late or twice never moves an
order backwards. Where an order is in two states at once, the one with the higher precedence of
FIX (order state precedence, FIX 4.4 volume 4, appendix D) shows: pending cancel over filled in
part, cancelled over filled in part, filled over cancelled. Only the venue's fill brings an ended
order back: the venue traded, whatever we had written.
"""

from decimal import Decimal
from enum import StrEnum

from bifrost.core.orders import OrderStatus as S


class Happening(StrEnum):
    """What can happen to an order; the last word of the comment says who does it."""

    CHECKED = "checked"  # every check of ours passed: we
    SENT = "submitted"  # the intent to send is committed: we
    REFUSED = "refused"  # a rule said no before it was sent: we
    WITHDRAWN = "withdrawn"  # cancelled before it was sent: the caller
    NO_ANSWER = "unknown"  # sent, and nothing came back: nobody
    ACKNOWLEDGED = "accepted"  # it has the order: the venue
    REJECTED = "rejected"  # it does not want it: the venue
    PARTLY_FILLED = "partially_filled"  # a trade that leaves some open: the venue
    FILLED = "filled"  # the trade that completes it: the venue
    CANCEL_ASKED = "pending_cancel"  # the caller
    CANCEL_REFUSED = "cancel_refused"  # the venue
    CANCELLED = "cancelled"  # on our word or unsolicited: the venue
    EXPIRED = "expired"  # its time in force ran out: the venue
    HALTED = "suspended"  # trading in it is halted: the venue
    RESUMED = "resumed"  # the venue
    REPLACE_ASKED = "pending_replace"  # the caller
    REPLACE_ANSWERED = "replaced"  # accepted or refused: the venue


_NOT_SENT = (S.RECEIVED, S.CHECKED)
# Nobody's word yet, but a word of the venue's counts: it knows more than we do.
_UNANSWERED = (*_NOT_SENT, S.SUBMITTED, S.UNKNOWN)
_PENDING = (S.PENDING_CANCEL, S.PENDING_REPLACE)
_OPEN = (*_UNANSWERED, S.ACCEPTED, S.PARTIALLY_FILLED, *_PENDING, S.SUSPENDED)
_NEVER_WORKED = (S.REJECTED, S.REFUSED)


def _all(sources: tuple[S, ...], target: S) -> dict[S, S]:
    return dict.fromkeys(sources, target)


TABLE: dict[Happening, dict[S, S]] = {
    Happening.CHECKED: {S.RECEIVED: S.CHECKED},
    Happening.SENT: {S.CHECKED: S.SUBMITTED},
    Happening.REFUSED: _all(_NOT_SENT, S.REFUSED),
    Happening.WITHDRAWN: _all(_NOT_SENT, S.CANCELLED),
    Happening.NO_ANSWER: {S.SUBMITTED: S.UNKNOWN},
    Happening.ACKNOWLEDGED: _all(_UNANSWERED, S.ACCEPTED),
    # An order that has traded was not rejected, whatever a late message says.
    Happening.REJECTED: _all((*_UNANSWERED, S.ACCEPTED, *_PENDING, S.SUSPENDED), S.REJECTED),
    Happening.PARTLY_FILLED: _all((*_UNANSWERED, S.ACCEPTED, *_NEVER_WORKED), S.PARTIALLY_FILLED),
    Happening.FILLED: _all((*_OPEN, *_NEVER_WORKED, S.CANCELLED, S.EXPIRED), S.FILLED),
    Happening.CANCEL_ASKED: _all(
        (S.ACCEPTED, S.PARTIALLY_FILLED, S.PENDING_REPLACE, S.SUSPENDED), S.PENDING_CANCEL
    ),
    Happening.CANCEL_REFUSED: {S.PENDING_CANCEL: S.ACCEPTED},
    Happening.CANCELLED: _all(_OPEN, S.CANCELLED),
    Happening.EXPIRED: _all(_OPEN, S.EXPIRED),
    Happening.HALTED: _all((S.ACCEPTED, S.PARTIALLY_FILLED), S.SUSPENDED),
    Happening.RESUMED: {S.SUSPENDED: S.ACCEPTED},
    Happening.REPLACE_ASKED: _all((S.ACCEPTED, S.PARTIALLY_FILLED), S.PENDING_REPLACE),
    Happening.REPLACE_ANSWERED: {S.PENDING_REPLACE: S.ACCEPTED},
}


def after(status: S, happening: Happening, *, filled: Decimal = Decimal(0)) -> S:
    """Return where an order that stands at `status` goes; `status` itself where nothing changes.

    filled: all it has filled so far; an order that goes back to work after fills is partly filled.
    """
    target = TABLE[happening].get(status, status)
    if target is S.ACCEPTED and target is not status and filled > 0:
        return S.PARTIALLY_FILLED
    return target
