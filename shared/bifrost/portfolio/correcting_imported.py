"""Corrected actions on lots that were imported: undone while nothing has touched them since.

No journal tells of an import, so its history cannot be played again. What was touched since is
left as it is, and what a person has to do is kept beside it.
"""

from collections.abc import Mapping
from dataclasses import replace

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.money import EXACT, exact_sum
from bifrost.events import PositionCause
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.acting import Acting
from bifrost.portfolio.corporate_actions.change import emptied, reversed_entries
from bifrost.portfolio.drafting import Draft, posting_of
from bifrost.portfolio.ledger import Posting
from bifrost.portfolio.lots import Lot
from bifrost.portfolio.ports import Applied, Books, Posted
from bifrost.portfolio.replaying import place_of
from bifrost.portfolio.sessions import BEFORE_ALL
from bifrost.portfolio.telling import Moment, Teller, moved, paid


def correct_imported(books: Books, account: Account, moment: Moment) -> None:
    """Undo what stands no more on imported lots, and apply what came late for them."""
    account_id = account.account_id
    for one in books.actions.applied(account_id, BEFORE_ALL):
        if not one.is_imported:
            continue
        newest = books.actions.newest(one.action_id)
        if newest.revision != one.revision:
            _undo(books, account, moment, one, newest)
    for action in sorted(books.actions.unmet(account_id), key=place_of):
        Acting(books, account, moment).apply(action)


def _undo(
    books: Books, account: Account, moment: Moment, applied: Applied, newest: CorporateAction
) -> None:
    account_id = account.account_id
    if applied.transaction_id is None:
        raise AssertionError(f"{applied.action_id} changed lots without a transaction")
    pairs = books.revisions.revised_by(applied.transaction_id)
    before = {old.lot_id: old for old, _ in pairs}
    children = [f"{name}/{applied.action_id}" for name in before]
    now = {lot.lot_id: lot for lot in books.lots.named(account_id, [*before, *children])}
    wrong = books.ledger.transaction(account_id, applied.transaction_id)
    if not _is_untouched(wrong, {new.lot_id: new for _, new in pairs}, now):
        reason = (
            f"revision {newest.revision} corrects {applied.action_id} of {newest.instrument},"
            " whose imported lots have changed since: undo what changed them, or the import,"
            " and import it again"
        )
        books.actions.refuse(account_id, newest, reason, moment.now)
        return
    posting = _reverse(books, moment, account_id, wrong)
    restored = [(now[name], before.get(name, emptied(now[name]))) for name in now]
    books.revisions.revise(
        posting.transaction_id, [(old, new) for old, new in restored if old != new]
    )
    cash = paid(posting.entries)
    if applied.payment_id is not None:
        payment = books.ledger.transaction(account_id, applied.payment_id)
        cash = EXACT.add(cash, paid(_reverse(books, moment, account_id, payment).entries))
    books.actions.forget(account_id, [applied.action_id])
    teller = Teller(account, moment, posting.transaction_id, posting.occurred_at)
    books.facts.publish(
        *teller.positions(
            PositionCause.CORRECTION,
            moved(posting.entries),
            books.revisions.all_open(account_id),
        ),
        *teller.cash(cash, newest.instrument, moment.ids.new()),
    )


def _is_untouched(wrong: Posted, after: Mapping[str, Lot], now: Mapping[str, Lot]) -> bool:
    """Say whether every lot is as the action left it; a spin-off's are what it posted."""
    if any(now.get(name) != lot for name, lot in after.items()):
        return False
    children = [lot for name, lot in now.items() if name not in after]
    posted = moved(wrong.entries)
    for name in {lot.instrument for lot in children}:
        own = [lot for lot in children if lot.instrument == name]
        quantity, cost = exact_sum(lot.quantity for lot in own), exact_sum(lot.cost for lot in own)
        if posted.get(name) != (quantity, cost):
            return False
    return True


def _reverse(books: Books, moment: Moment, account_id: str, wrong: Posted) -> Posting:
    draft = Draft(
        "reversal",
        f"reversal:{wrong.transaction_id}",
        "its corporate action was corrected",
        reversed_entries(wrong.entries),
        wrong.occurred_at,
        reverses=wrong.transaction_id,
    )
    posting = posting_of(books, moment, account_id, draft)
    books.ledger.post(posting)
    closed = books.revisions.closures_of([wrong.transaction_id]).get(wrong.transaction_id, ())
    negated = [
        replace(
            one,
            quantity=EXACT.minus(one.quantity),
            cost=EXACT.minus(one.cost),
            proceeds=EXACT.minus(one.proceeds),
        )
        for one in closed
    ]
    if negated:
        books.lots.close(posting, negated)
    return posting
