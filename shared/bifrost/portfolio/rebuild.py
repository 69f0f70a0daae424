"""The books as the events alone tell them: what the stored books must equal to the last digit.

Of a corporate action only its highest revision counts, so books rebuilt after a correction are
the books in which the wrong revision never was; `correction` says which transactions lead there
from the books as they were posted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from bifrost.events import CorporateActionAnnounced, CorporateActionCorrected, Event
from bifrost.portfolio.corporate_actions.change import reversed_entries
from bifrost.portfolio.replaying import (
    Player,
    Rebuilt,
    SessionOf,
    Transaction,
    action_reference,
    utc_session,
)


@dataclass(frozen=True, slots=True)
class Correction:
    """What leads from the books as posted to the right ones: first undo, then write anew."""

    reversals: tuple[Transaction, ...]
    transactions: tuple[Transaction, ...]


def rebuild(
    events: Iterable[Event],
    *,
    session_of: SessionOf = utc_session,
    through: date = date.max,
) -> Rebuilt:
    """Fold the events of one account, in any order and with repeats, into its books.

    session_of: in which session a fill happened. through: the last session that counts; cash
    that came from outside counts always.
    """
    player = Player(events, session_of, through)
    for _ in player.play():
        pass
    return player.books


def transactions(
    events: Iterable[Event], *, session_of: SessionOf = utc_session
) -> Iterator[Transaction]:
    """Yield what the ledger holds after these events, in the order in which it happened."""
    return Player(events, session_of, date.max).play()


def correction(
    posted: Iterable[Event],
    corrected: CorporateActionCorrected | CorporateActionAnnounced,
    *,
    session_of: SessionOf = utc_session,
) -> Correction:
    """Return the transactions by which the corrected action takes the place of the posted one.

    Fills since then may have closed other lots at another basis: those too are reversed and
    written anew, and nothing else is. References name the action and its new revision.
    """
    events = list(posted)
    before = {t.reference: t for t in transactions(events, session_of=session_of)}
    after = {t.reference: t for t in transactions([*events, corrected], session_of=session_of)}
    cause = action_reference(corrected.action)
    undone = [old for name, old in before.items() if after.get(name) != old]
    anew = [new for name, new in after.items() if before.get(name) != new]
    return Correction(
        tuple(
            Transaction(f"{cause}:undo:{t.reference}", t.session, reversed_entries(t.entries))
            for t in reversed(undone)
        ),
        tuple(Transaction(f"{cause}:{t.reference}", t.session, t.entries) for t in anew),
    )
