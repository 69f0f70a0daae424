"""Actions on lots that were imported: met as they come, undone where they were corrected.

No journal tells of an import, so its history cannot be played again. Where lots have changed since
an action's day they are left as they are, and what a person has to do is kept beside them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import ConflictError
from bifrost.core.money import exact_sum
from bifrost.events import PositionCause
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.acting import Acting
from bifrost.portfolio.corporate_actions.change import emptied, reversed_entries
from bifrost.portfolio.drafting import Draft, posting_of
from bifrost.portfolio.ledger import Posting
from bifrost.portfolio.lots import Lot
from bifrost.portfolio.ports import Applied, Books, Posted
from bifrost.portfolio.sessions import BEFORE_ALL, utc_session
from bifrost.portfolio.telling import Moment, Teller, moved


def undo_corrected(books: Books, account: Account, moment: Moment) -> None:
    """Undo what stands no more on imported lots, the last first."""
    applied = _applied(books, account.account_id, BEFORE_ALL)
    for action, one in sorted(applied, key=lambda pair: pair[0].place, reverse=True):
        newest = books.actions.newest(one.action_id)
        if newest.revision != action.revision:
            try:
                with books.attempt():
                    _undo(books, account, moment, one, newest)
            except ConflictError as error:
                reason = f"{one.action_id} of {newest.instrument} cannot be undone: {error}"
                books.actions.refuse(account.account_id, newest, reason, moment.now)


def apply_unmet(books: Books, account: Account, moment: Moment, through: date) -> None:
    """Apply what imported lots have not met by the session, in the order of its days."""
    account_id, met = account.account_id, set[str]()
    while True:
        # An action may bring the instrument of another: what is left is asked for again.
        unmet = [
            one for one in books.actions.unmet(account_id, through) if one.action_id not in met
        ]
        if not unmet:
            return
        action = min(unmet, key=lambda one: one.place)
        met.add(action.action_id)
        lots, has_changed = _as_of(books, account_id, action)
        if has_changed:
            books.actions.refuse(account_id, action, _came_late(action), moment.now)
        elif lots and _is_spanned(books, account_id, action):
            books.actions.refuse(account_id, action, _spanned(action), moment.now)
        else:
            Acting(books, account, moment).apply(action, lots)


def take_back(
    books: Books, account: Account, moment: Moment, instruments: Iterable[str], since: int
) -> None:
    """Take back what actions did to imported lots of these instruments, the last first.

    since: a place in the ledger; what was done before it stays. What lots have changed since, and
    all before that, stays as well. The actions are met again by what is there then.
    """
    reached, own = set(instruments), list[Applied]()
    for action, one in sorted(
        _applied(books, account.account_id, BEFORE_ALL), key=lambda pair: pair[0].place
    ):
        if action.instrument in reached:
            reached.update({action.new_instrument} - {None})
            own.append(one)
    for one in reversed(own):
        done = _done(books, account.account_id, one)
        if done.wrong.place < since:
            continue
        if not done.is_untouched:
            return
        _take_back(books, account, moment, one, done, "the import of its lots was undone")


def _as_of(books: Books, account_id: str, action: CorporateAction) -> tuple[list[Lot], bool]:
    """Return the imported lots that the action is about, and whether they have changed since.

    A later action that was applied says what a lot was before it; the first of them what it was
    as this one's day began.
    """
    held = {lot.lot_id: lot for lot in books.revisions.all_open(account_id) if lot.sequence < 0}
    then, changed = dict(held), set[str]()
    later = [
        pair
        for pair in _applied(books, account_id, action.ex_date)
        if pair[0].place > action.place and pair[0].action_id != action.action_id
    ]
    for _, one in sorted(later, key=lambda pair: pair[0].place, reverse=True):
        if one.transaction_id is None:
            continue
        for old, _ in books.revisions.revised_by(one.transaction_id):
            then[old.lot_id] = old
            changed.add(old.lot_id)
    own = [lot for lot in then.values() if lot.instrument == action.instrument]
    names = [lot.lot_id for lot in own]
    if changed & set(names):
        return own, True
    return [held[name] for name in names], False


def _applied(books: Books, account_id: str, since: date) -> list[tuple[CorporateAction, Applied]]:
    return [
        (books.actions.revision(one.action_id, one.revision), one)
        for one in books.actions.applied(account_id, since)
        if one.is_imported
    ]


def _is_spanned(books: Books, account_id: str, action: CorporateAction) -> bool:
    """Say whether trades were imported from both sides of what changes shares."""
    last = books.imports.last_traded(account_id).get(action.instrument)
    return action.cash_dividend is None and last is not None and action.ex_date <= utc_session(last)


def _spanned(action: CorporateAction) -> str:
    return (
        f"{action.action_id} of {action.instrument} comes between trades of one import: undo that,"
        f" import the rows before {action.ex_date}, and the later ones after that"
    )


def _came_late(action: CorporateAction) -> str:
    return (
        f"revision {action.revision} of {action.action_id} came after imported lots of"
        f" {action.instrument} had changed since {action.ex_date}: book what it brought by hand,"
        " or undo the import and import it again"
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """What an action did to imported lots: its transaction, and they before it and now.

    is_untouched: every lot is as the action left it.
    """

    wrong: Posted
    before: Mapping[str, Lot]
    now: Mapping[str, Lot]
    is_untouched: bool


def _done(books: Books, account_id: str, applied: Applied) -> _Done:
    if applied.transaction_id is None:
        raise AssertionError(f"{applied.action_id} changed lots without a transaction")
    pairs = books.revisions.revised_by(applied.transaction_id)
    before = {old.lot_id: old for old, _ in pairs}
    children = [f"{name}/{applied.action_id}" for name in before]
    now = {lot.lot_id: lot for lot in books.lots.named(account_id, [*before, *children])}
    wrong = books.ledger.transaction(account_id, applied.transaction_id)
    is_untouched = _is_untouched(wrong, {new.lot_id: new for _, new in pairs}, now)
    return _Done(wrong, before, now, is_untouched)


def _undo(
    books: Books, account: Account, moment: Moment, applied: Applied, newest: CorporateAction
) -> None:
    account_id = account.account_id
    done = _done(books, account_id, applied)
    # Undone and not met again, what cash it brought would be missing.
    if not done.is_untouched or (not newest.withdrawn and _as_of(books, account_id, newest)[1]):
        reason = (
            f"revision {newest.revision} corrects {applied.action_id} of {newest.instrument},"
            " whose imported lots have changed since: undo what changed them, or the import,"
            " and import it again"
        )
        books.actions.refuse(account_id, newest, reason, moment.now)
        return
    _take_back(books, account, moment, applied, done, "its corporate action was corrected")


def _take_back(
    books: Books, account: Account, moment: Moment, applied: Applied, done: _Done, why: str
) -> None:
    account_id, now = account.account_id, done.now
    posting = _reverse(books, moment, account_id, done.wrong, why)
    restored = [(now[name], done.before.get(name, emptied(now[name]))) for name in now]
    books.revisions.revise(
        posting.transaction_id, [(old, new) for old, new in restored if old != new]
    )
    if applied.payment_id is not None:
        payment = books.ledger.transaction(account_id, applied.payment_id)
        _reverse(books, moment, account_id, payment, why)
    books.actions.forget(account_id, [applied.action_id], is_imported=True)
    teller = Teller(account, moment, posting.transaction_id, posting.occurred_at)
    books.facts.publish(
        *teller.positions(
            PositionCause.CORRECTION,
            moved(posting.entries),
            books.revisions.all_open(account_id),
            is_imported=True,
        ),
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


def _reverse(books: Books, moment: Moment, account_id: str, wrong: Posted, why: str) -> Posting:
    draft = Draft(
        "reversal",
        f"reversal:{wrong.transaction_id}",
        why,
        reversed_entries(wrong.entries),
        wrong.occurred_at,
        reverses=wrong.transaction_id,
    )
    posting = posting_of(books, moment, account_id, draft)
    books.ledger.post(posting)
    closed = books.revisions.closures_of([wrong.transaction_id]).get(wrong.transaction_id, ())
    negated = [one.negated() for one in closed]
    if negated:
        books.lots.close(posting, negated)
    return posting
