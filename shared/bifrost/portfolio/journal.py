"""The journal: what changed an account's books, each event at its place.

Fills are in the order of their sessions, those of one session in their account's sequence: venues
report a session of one instrument after a later one of another. A cash flow or a choice of lots
is a note. A flow stands after the fill that it says was booked last, so its session is no earlier
than that fill's, and earlier sessions that come later stand before it. Choices stand first, since
each says itself after which fill it counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from bifrost.events import (
    CashChanged,
    CashDeposited,
    CashWithdrawn,
    Event,
    FillRecorded,
    LotSelectionChanged,
)
from bifrost.portfolio.ledger import fill_reference
from bifrost.portfolio.sessions import BEFORE_ALL, SessionOf

# Cash of a corporate action is no event of its own: whoever plays the action makes it again.
CORPORATE_ACTION = "corporate_action"

Journaled = FillRecorded | CashDeposited | CashWithdrawn | CashChanged | LotSelectionChanged


@dataclass(frozen=True, slots=True)
class Step:
    """An event at its place among those of its account.

    session: the exchange's; a note's is no earlier than that of any fill booked before it.
    """

    place: int
    is_note: bool
    session: date
    event: Journaled


def step_of(event: Journaled, session: date) -> Step:
    """Give the event its place."""
    match event:
        case FillRecorded():
            return Step(event.sequence, False, session, event)
        case CashChanged() | LotSelectionChanged():
            return Step(event.after_fill, True, session, event)
        case _:
            return Step(0, False, session, event)


def in_order(events: Iterable[Event], session_of: SessionOf) -> list[Step]:
    """Sort the events of one account, in any order and with repeats, into its journal.

    One execution that its venue reported twice is one step. What changes no books is left out.
    """
    unique = {event.event_id: event for event in events}.values()
    steps = [
        step_of(event, session_of(event.occurred_at))
        for event in unique
        if isinstance(event, Journaled) and not _is_of_action(event)
    ]
    heard: set[str] = set()
    made = []
    reached = BEFORE_ALL
    for step in sorted(steps, key=_as_booked):
        if isinstance(step.event, FillRecorded):
            reference = fill_reference(step.event.fill)
            if reference in heard:
                continue
            heard.add(reference)
            reached = max(reached, step.session)
        made.append(replace(step, session=max(step.session, reached)) if step.is_note else step)
    return sorted(made, key=_order)


def undone_by(steps: Iterable[Step], through: date) -> frozenset[str]:
    """Name the transactions that a later one reverses, as of the end of the session."""
    return frozenset(
        step.event.reverses
        for step in steps
        if isinstance(step.event, CashChanged) and step.event.reverses and step.session <= through
    )


def currency_of(steps: Iterable[Step]) -> str:
    """Return the account's currency, in which its deposits and its fills are."""
    for step in steps:
        match step.event:
            case CashChanged() as event:
                return event.account_currency
            case CashDeposited() | CashWithdrawn() as event:
                return event.currency
            case FillRecorded() as event:
                return event.fill.currency
    return "USD"


def _is_of_action(event: Journaled) -> bool:
    return isinstance(event, CashChanged) and event.kind == CORPORATE_ACTION


def _as_booked(step: Step) -> tuple[int, bool, datetime, str]:
    return step.place, step.is_note, step.event.recorded_at, step.event.event_id


def _order(step: Step) -> tuple[bool, date, tuple[int, bool, datetime, str]]:
    return not isinstance(step.event, LotSelectionChanged), step.session, _as_booked(step)
