"""An account's books rebuilt from its events alone, in any order and with repeats.

Nothing stored is asked: what the books say has to be what this says.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from bifrost.core.corporate_actions import CorporateAction
from bifrost.events import CorporateActionAnnounced, CorporateActionCorrected, Event
from bifrost.portfolio.journal import currency_of, in_order, undone_by
from bifrost.portfolio.rebuilt import Rebuilt, Transaction
from bifrost.portfolio.replaying import Player
from bifrost.portfolio.sessions import SessionOf, utc_session


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
