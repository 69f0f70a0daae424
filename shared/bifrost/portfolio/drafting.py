"""Postings of corporate actions and of corrections: their words, their day, their reference."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bifrost.portfolio.ledger import Entry, Posting, fill_reference
from bifrost.portfolio.ports import Books
from bifrost.portfolio.telling import Moment

if TYPE_CHECKING:
    from bifrost.events import FillRecorded

PAYMENT = "corporate_action_payment"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a posting says by itself."""

    kind: str
    reference: str
    description: str
    entries: tuple[Entry, ...]
    occurred_at: datetime
    order_id: str | None = None
    strategy_id: str = ""
    reverses: str | None = None


def posting_of(books: Books, moment: Moment, account_id: str, draft: Draft) -> Posting:
    """Make the posting; where its reference is taken it stands for what had it."""
    transaction_id = moment.ids.new()
    reference, stands_for = draft.reference, ""
    if books.ledger.find(account_id, reference) is not None:
        reference, stands_for = f"correction:{transaction_id}", reference
    return Posting(
        transaction_id=transaction_id,
        account_id=account_id,
        kind=draft.kind,
        reference=reference,
        description=draft.description,
        event_id=moment.ids.new(),
        occurred_at=draft.occurred_at,
        recorded_at=moment.now,
        entries=draft.entries,
        reverses=draft.reverses,
        order_id=draft.order_id,
        strategy_id=draft.strategy_id,
        stands_for=stands_for,
    )


def fill_draft(recorded: "FillRecorded", entries: tuple[Entry, ...]) -> Draft:
    """Draft what a fill changes."""
    fill = recorded.fill
    return Draft(
        "fill",
        fill_reference(fill),
        f"{fill.side} {fill.quantity} {fill.instrument} at {fill.price}",
        entries,
        fill.occurred_at,
        order_id=fill.order_id,
        strategy_id=recorded.strategy_id,
    )
