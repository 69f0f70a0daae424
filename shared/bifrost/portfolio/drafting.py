"""Postings of corporate actions and of corrections: their words, their day, their reference."""

from collections.abc import Sequence
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
    is_market_time: bool = True


def posting_of(books: Books, moment: Moment, account_id: str, draft: Draft) -> Posting:
    """Make the posting; where its reference is taken it stands for what had it."""
    (posting,) = postings_of(books, moment, account_id, [draft])
    return posting


def postings_of(
    books: Books, moment: Moment, account_id: str, drafts: Sequence[Draft]
) -> list[Posting]:
    """Make the postings, in their order: however many, they are looked up at once."""
    taken = books.ledger.taken(account_id, [one.reference for one in drafts])
    return [_posting(one, moment, account_id, is_taken=one.reference in taken) for one in drafts]


def _posting(draft: Draft, moment: Moment, account_id: str, *, is_taken: bool) -> Posting:
    transaction_id = moment.ids.new()
    return Posting(
        transaction_id=transaction_id,
        account_id=account_id,
        kind=draft.kind,
        reference=f"correction:{transaction_id}" if is_taken else draft.reference,
        description=draft.description,
        event_id=moment.ids.new(),
        occurred_at=draft.occurred_at,
        recorded_at=moment.now,
        entries=draft.entries,
        reverses=draft.reverses,
        order_id=draft.order_id,
        strategy_id=draft.strategy_id,
        stands_for=draft.reference if is_taken else "",
        is_market_time=draft.is_market_time,
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
