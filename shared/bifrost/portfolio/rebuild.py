"""An account's books rebuilt from its events, and what a correction of one of them changes.

A corporate action that a vendor corrects is not undone by arithmetic: after it other lots were
closed at another basis, and what was rounded cannot be divided back. So both histories are played,
and the difference is posted: reversals of what should not be there, then what should.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from bifrost.core.corporate_actions import CorporateAction
from bifrost.events import CorporateActionAnnounced, CorporateActionCorrected, Event
from bifrost.portfolio.corporate_actions.change import reversed_entries
from bifrost.portfolio.journal import currency_of, in_order, undone_by
from bifrost.portfolio.rebuilt import Rebuilt, Transaction
from bifrost.portfolio.replaying import Player, action_reference
from bifrost.portfolio.sessions import SessionOf, utc_session


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
    player = player_of(events, session_of, through)
    for _ in player.play():
        pass
    return player.books


def transactions(
    events: Iterable[Event], *, session_of: SessionOf = utc_session
) -> Iterator[Transaction]:
    """Yield what the ledger holds after these events, in the order in which it happened."""
    return player_of(events, session_of).play()


def player_of(
    events: Iterable[Event], session_of: SessionOf = utc_session, through: date = date.max
) -> Player:
    """Sort the events of one account and return who plays them."""
    known = list(events)
    steps = in_order(known, session_of)
    return Player(
        steps,
        standing_actions(known),
        currency=currency_of(steps),
        undone=undone_by(steps, through),
        through=through,
    )


def standing_actions(events: Iterable[Event]) -> list[CorporateAction]:
    """Return each action's highest revision, without those that were withdrawn."""
    newest: dict[str, CorporateAction] = {}
    for event in events:
        if isinstance(event, CorporateActionAnnounced | CorporateActionCorrected):
            known = newest.get(event.action.action_id)
            if known is None or event.action.revision > known.revision:
                newest[event.action.action_id] = event.action
    return [action for action in newest.values() if not action.withdrawn]


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
