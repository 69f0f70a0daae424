"""Booking what the venue traded: into the lots as they are, or, where it came late, into history.

The fill's account is held from before its lots are read until all is kept, and however many lots a
fill closes, it takes the same number of statements.
"""

from datetime import date

from bifrost.events import FillRecorded, PositionCause
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.catching_up import follow, put_right
from bifrost.portfolio.closing import change_by
from bifrost.portfolio.drafting import fill_draft
from bifrost.portfolio.journal import step_of
from bifrost.portfolio.ledger import Posting, fill_entries, fill_reference
from bifrost.portfolio.lots import Lot, LotChange
from bifrost.portfolio.ports import Books, Outlook
from bifrost.portfolio.telling import Moment, Teller, moved

# Shorter than the shortest one.
NO_CORRECTION = -1


class Filling:
    """Books fills of one delivery."""

    def __init__(self, books: Books, moment: Moment) -> None:
        self._books = books
        self._moment = moment

    def book(self, recorded: FillRecorded, session: date, longest: int | None) -> bool:
        """Book a fill, once per execution; say whether it is.

        session: in which the exchange traded it. longest: a journal of more steps than these is
        not played again, and a fill that came late to it is not booked; None: any is played.
        """
        fill, books = recorded.fill, self._books
        account = books.accounts.locked(fill.account_id)
        if fill.currency != account.currency:
            raise ValueError(
                f"a fill in {fill.currency} of a {account.currency} account: no FX yet"
            )
        if books.ledger.find(account.account_id, fill_reference(fill)) is not None:
            return True
        outlook = books.actions.outlook(account.account_id, session, fill.instrument)
        if outlook.is_passed or outlook.stale_since is not None:
            return self._book_late(account, recorded, session, outlook, longest)
        if outlook.due or outlook.has_unpaid:
            follow(books, account, self._moment, outlook, session)
        self._book(account, recorded)
        books.journal.add(account.account_id, step_of(recorded, session), outlook)
        if outlook.market is not None and outlook.market > session:
            now = books.actions.outlook(account.account_id, session)
            if now.due or now.has_unpaid:
                follow(books, account, self._moment, now, outlook.market)
        return True

    def _book(self, account: Account, recorded: FillRecorded) -> None:
        fill, books = recorded.fill, self._books
        held = books.lots.open_lots(account.account_id, fill.instrument)
        # Imported shares are with another house: the venue here cannot have sold them.
        lots = [lot for lot in held if lot.sequence > 0]
        change = change_by(books.lots, fill, lots, recorded.sequence)
        posting = self._posting(recorded, change)
        books.ledger.post(posting)
        books.lots.change(posting, change)
        by_id = {lot.lot_id: lot for lot in lots}
        closed = [(by_id[one.lot_id], one) for one in change.closures]
        teller = Teller(account, self._moment, posting.transaction_id, posting.occurred_at)
        books.facts.publish(
            *teller.positions(PositionCause.FILL, moved(posting.entries), _after(held, change)),
            *teller.closures(closed),
        )

    def _book_late(
        self,
        account: Account,
        recorded: FillRecorded,
        session: date,
        outlook: Outlook,
        longest: int | None,
    ) -> bool:
        if longest is not None and self._books.journal.length(account.account_id) > longest:
            return False
        self._books.journal.add(account.account_id, step_of(recorded, session), outlook)
        through = outlook.by(session)
        put_right(self._books, account, self._moment, outlook, through, (recorded, session))
        return True

    def _posting(self, recorded: FillRecorded, change: LotChange) -> Posting:
        draft = fill_draft(recorded, fill_entries(recorded.fill, change))
        return Posting(
            transaction_id=self._moment.ids.new(),
            account_id=recorded.fill.account_id,
            kind=draft.kind,
            reference=draft.reference,
            description=draft.description,
            event_id=recorded.event_id,
            occurred_at=draft.occurred_at,
            recorded_at=self._moment.now,
            entries=draft.entries,
            order_id=draft.order_id,
            strategy_id=draft.strategy_id,
        )


def _after(lots: list[Lot], change: LotChange) -> list[Lot]:
    now = {lot.lot_id: lot for lot in (*lots, *change.averaged, *change.remaining)}
    opened = [change.opened] if change.opened else []
    return [*(lot for lot in now.values() if lot.quantity), *opened]
