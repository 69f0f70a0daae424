"""The journal: what changed an account's books, each event at its place.

Fills have their account's sequence. A cash flow or a choice of lots is a note: it stands after the
fill that it says was booked last. Deposits and withdrawals stand first, because nothing depends
on when they came.
"""

from collections.abc import Iterable
from dataclasses import dataclass
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
from bifrost.portfolio.sessions import SessionOf

# Cash of a corporate action is no event of its own: whoever plays the action makes it again.
CORPORATE_ACTION = "corporate_action"

Journaled = FillRecorded | CashDeposited | CashWithdrawn | CashChanged | LotSelectionChanged


@dataclass(frozen=True, slots=True)
class Step:
    """An event at its place among those of its account; `session` is the exchange's."""

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
    for step in sorted(steps, key=_order):
        if isinstance(step.event, FillRecorded):
            reference = fill_reference(step.event.fill)
            if reference in heard:
                continue
            heard.add(reference)
        made.append(step)
    return made


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


def _order(step: Step) -> tuple[int, bool, datetime, str]:
    return step.place, step.is_note, step.event.recorded_at, step.event.event_id
