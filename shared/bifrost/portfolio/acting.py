"""Corporate actions on one account's stored books, within a transaction that holds the account.

What is due meets the lots as they are: nothing of the account is later. What is later, or was
corrected, is played again (`correcting`). The desk's own lots and imported ones meet an action
apart: a transaction each, so that either is corrected without the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import ConflictError
from bifrost.events import PositionCause
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.chosen import rescaled
from bifrost.portfolio.corporate_actions.change import BookChange, payment_entries
from bifrost.portfolio.corporate_actions.effects import apply_action, refusal
from bifrost.portfolio.drafting import PAYMENT, Draft, posting_of
from bifrost.portfolio.journal import CORPORATE_ACTION
from bifrost.portfolio.lot_selection import LotMethod, Method, Selection
from bifrost.portfolio.lots import Lot
from bifrost.portfolio.ports import Applied, Books, Outlook
from bifrost.portfolio.replaying import action_reference, payment_reference
from bifrost.portfolio.telling import Moment, Teller, dawn, moved, paid


class Acting:
    """Applies what is due to one account, and pays what is to be paid."""

    def __init__(self, books: Books, account: Account, moment: Moment) -> None:
        self._books = books
        self._account = account
        self._moment = moment

    def meet(self, outlook: Outlook, through: date) -> None:
        """Let the desk's own lots meet what is due: each action once, day by day."""
        account_id, known = self._account.account_id, outlook
        waiting = [one for one in outlook.due if one.ex_date <= through]
        while waiting:
            action = min(waiting, key=lambda one: one.place)
            lots = self._books.revisions.all_open(account_id)
            self.apply(action, [lot for lot in lots if lot.sequence > 0])
            if action.new_instrument:
                known = self._books.actions.outlook(account_id, through)
            waiting = [
                one for one in known.due if one.ex_date <= through and one.place > action.place
            ]

    def apply(self, action: CorporateAction, lots: Sequence[Lot]) -> None:
        """Apply an action to these lots as they are; what does not fit is kept as refused.

        lots: all the desk's own, or imported ones.
        """
        account_id = self._account.account_id
        reason = refusal(action, lots)
        if reason:
            self._books.actions.refuse(account_id, action, reason, self._moment.now)
            return
        change = apply_action(action, lots)
        if not change.entries:
            return
        try:
            with self._books.attempt():
                self._write(change)
        except ConflictError as error:
            # Nobody foresaw it: whatever else the account does goes on without this action.
            reason = f"{action.action_id} of {action.instrument} does not fit the books: {error}"
            is_broken = not _is_imported(change)
            self._books.actions.refuse(
                account_id, action, reason, self._moment.now, is_broken=is_broken
            )

    def pay(self, through: date) -> None:
        """Turn what is due by the session into cash."""
        books, account_id = self._books, self._account.account_id
        for one in books.actions.unpaid(account_id, through):
            action = books.actions.revision(one.action_id, one.revision)
            posting = posting_of(
                self._books,
                self._moment,
                account_id,
                Draft(
                    PAYMENT,
                    _named(payment_reference(action), is_imported=one.is_imported),
                    f"paid for {described(action)}",
                    payment_entries(action, one.due),
                    dawn(one.paid_on),
                ),
            )
            books.ledger.post(posting)
            books.actions.record(replace(one, payment_id=posting.transaction_id))
            if not one.is_imported:
                teller = Teller(
                    self._account, self._moment, posting.transaction_id, dawn(one.paid_on)
                )
                books.facts.publish(*teller.cash(one.due, action.instrument, posting.event_id))

    def _write(self, change: BookChange) -> None:
        books, account_id, action = self._books, self._account.account_id, change.action
        posting = posting_of(books, self._moment, account_id, action_draft(change))
        books.ledger.post(posting)
        books.revisions.found(account_id, change.opened)
        closures = [closure for _, closure in change.closed]
        if closures:
            books.lots.close(posting, closures)
        books.revisions.revise(posting.transaction_id, change.revised)
        self._rename(change)
        books.actions.record(applied_of(account_id, change, posting.transaction_id))
        teller = Teller(self._account, self._moment, posting.transaction_id, posting.occurred_at)
        now_open = books.revisions.all_open(account_id)
        is_imported = _is_imported(change)
        # No venue here holds what was imported, so none pays for it: its cash is told to nobody.
        cash = Decimal(0) if is_imported else paid(change.entries)
        books.facts.publish(
            *teller.positions(
                PositionCause.CORPORATE_ACTION,
                moved(change.entries),
                now_open,
                is_imported=is_imported,
            ),
            *teller.closures(change.closed),
            *teller.cash(cash, action.instrument, posting.event_id),
        )

    def _rename(self, change: BookChange) -> None:
        """Let what orders have named of the lots mean the same part of them."""
        named = self._books.revisions.still_named(self._account.account_id)
        anew = {
            order_id: replace(one, parts=rescaled(one.parts, change))
            for order_id, one in named.items()
        }
        rechoose(self._books, self._account.account_id, self._moment, _different(named, anew))
        if change.action.rename:
            names = (change.action.instrument, change.action.rename.new_instrument)
            carry_method(self._books, self._account.account_id, names)


def keep_methods(books: Books, account_id: str, right: Mapping[str, Method], at: datetime) -> None:
    """Write the instruments' own methods that are not as a history played again has them."""
    kept = books.methods.of(account_id)
    for name in {**kept, **right}:
        method = right.get(name, Method(0, LotMethod.ACCOUNT))
        if kept.get(name) != method:
            books.methods.keep(account_id, name, method, at)


def carry_method(books: Books, account_id: str, names: tuple[str, str]) -> None:
    """Let an instrument's own method follow its shares to their new name, unless it has a newer."""
    old, new = names
    kept = books.methods.of(account_id)
    if old in kept and (new not in kept or kept[new].after_fill <= kept[old].after_fill):
        books.methods.carry(account_id, old, new)


def action_draft(change: BookChange) -> Draft:
    """Draft what an action changes as of its ex-date."""
    action = change.action
    return Draft(
        CORPORATE_ACTION,
        _named(action_reference(action), is_imported=_is_imported(change)),
        described(action),
        change.entries,
        dawn(action.ex_date),
    )


def described(action: CorporateAction) -> str:
    """Say in a line what the action was."""
    return f"{action.kind.replace('_', ' ')} of {action.instrument} on {action.ex_date}"


def applied_of(
    account_id: str, change: BookChange, transaction_id: str, payment_id: str | None = None
) -> Applied:
    """Say what is kept of an action that changed an account."""
    return Applied(
        account_id=account_id,
        action_id=change.action.action_id,
        revision=change.action.revision,
        ex_date=change.action.ex_date,
        transaction_id=transaction_id,
        is_imported=_is_imported(change),
        due=change.due,
        paid_on=change.action.paid_on,
        payment_id=payment_id,
    )


def rechoose(
    books: Books, account_id: str, moment: Moment, selections: Mapping[str, Selection]
) -> None:
    """Write what orders have named anew."""
    if selections:
        after_fill = books.facts.fills_applied(account_id)
        books.revisions.rechoose(account_id, selections, after_fill, moment.now)


def _is_imported(change: BookChange) -> bool:
    return any(lot.sequence < 0 for lot in change.before)


def _named(reference: str, *, is_imported: bool) -> str:
    return f"{reference}:imported" if is_imported else reference


def _different(old: Mapping[str, Selection], new: Mapping[str, Selection]) -> dict[str, Selection]:
    return {name: one for name, one in new.items() if old.get(name) != one}
