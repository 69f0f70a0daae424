"""Books put right by playing an account's journal again: a corrected action, or a late fill.

What was posted and would not be posted now is reversed, what is missing is written, and the lots
become those of the history in which the error never was. Reversals and what takes their place
keep the day of what they are about; the wall's clock says when they were written.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from bifrost.core.money import EXACT, exact_sum
from bifrost.events import CashChanged, Event, FillRecorded, PositionCause
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.acting import action_draft, applied_of, described, rechoose
from bifrost.portfolio.corporate_actions.change import BookChange, emptied, reversed_entries
from bifrost.portfolio.drafting import PAYMENT, Draft, fill_draft, posting_of
from bifrost.portfolio.ledger import Posting, fill_reference
from bifrost.portfolio.lots import Closure, Lot
from bifrost.portfolio.ports import Applied, Books, Outlook, Posted
from bifrost.portfolio.rebuilt import Transaction
from bifrost.portfolio.replaying import Player, action_reference, payment_reference
from bifrost.portfolio.telling import NONE, Amounts, Moment, Teller, dawn, moved, paid

_CAPITAL = "return_of_capital"


class Correcting:
    """Plays one account's journal again, and posts the difference to what stands."""

    def __init__(self, books: Books, account: Account, moment: Moment) -> None:
        self._books = books
        self._account = account
        self._moment = moment

    def correct(
        self, outlook: Outlook, through: date, since: date, late: FillRecorded | None = None
    ) -> None:
        """Put the books right from the session `since` on; `late` is in the journal already."""
        books, account_id = self._books, self._account.account_id
        player = Player(
            books.journal.stream(account_id),
            books.actions.concerning(account_id),
            currency=self._account.currency,
            undone=books.journal.undone(account_id, through),
            through=through,
        )
        right = _from(player.play(), since)
        applied = [one for one in books.actions.applied(account_id, since) if not one.is_imported]
        posted = self._posted(right, applied)
        closures = books.revisions.closures_of([one.transaction_id for one in posted.values()])
        wrong = [
            one
            for name, one in posted.items()
            if name not in right
            or one.entries != right[name].entries
            or closures.get(one.transaction_id, ()) != _by_lot(right[name].closures)
        ]
        kept = {name: one.transaction_id for name, one in posted.items() if one not in wrong}
        anew = {name: one for name, one in right.items() if name not in kept}
        difference = _Difference(books, self._account, self._moment, late)
        written = difference.post(wrong, anew, closures, player.books.lots)
        self._keep(right, applied, kept | written)
        self._choose(player)
        for action in books.actions.concerning(account_id):
            if action.action_id in player.books.refused:
                reason = player.books.refused[action.action_id]
                books.actions.refuse(account_id, action, reason, self._moment.now)
        books.actions.advance(account_id, through, outlook.newest)

    def _posted(
        self, right: Mapping[str, Transaction], applied: Sequence[Applied]
    ) -> dict[str, Posted]:
        """Return what stands of what was played, and of actions that changed something."""
        names = dict.fromkeys(right)
        for one in applied:
            action = self._books.actions.revision(one.action_id, one.revision)
            names |= dict.fromkeys((action_reference(action), payment_reference(action)))
        found = self._books.ledger.standing(self._account.account_id, list(names))
        return {one.origin: one for one in found}

    def _keep(
        self,
        right: Mapping[str, Transaction],
        applied: Sequence[Applied],
        written: Mapping[str, str],
    ) -> None:
        """Keep what each action changed, as it is known now."""
        store, account_id = self._books.actions, self._account.account_id
        changes = [
            one.cause
            for one in right.values()
            if isinstance(one.cause, BookChange)
            and one.reference == action_reference(one.cause.action)
        ]
        for change in changes:
            transaction_id = written[action_reference(change.action)]
            payment_id = written.get(payment_reference(change.action))
            store.record(applied_of(account_id, change, transaction_id, payment_id))
        known = {change.action.action_id for change in changes}
        store.forget(account_id, [one.action_id for one in applied if one.action_id not in known])

    def _choose(self, player: Player) -> None:
        stored = self._books.revisions.still_named(self._account.account_id)
        left = player.chosen.left()
        different = {name: one for name, one in left.items() if stored.get(name) != one}
        rechoose(self._books, self._account.account_id, self._moment, different)


class _Difference:
    """Posts what leads from the books as they stand to the right ones."""

    def __init__(
        self, books: Books, account: Account, moment: Moment, late: FillRecorded | None
    ) -> None:
        self._books = books
        self._account = account
        self._moment = moment
        self._late = fill_reference(late.fill) if late else ""
        self._last: Posting | None = None
        self._filled: Posting | None = None
        self._told: list[Event] = []
        self._cash: list[Decimal] = []

    def post(
        self,
        wrong: Sequence[Posted],
        anew: Mapping[str, Transaction],
        closures: Mapping[str, tuple[Closure, ...]],
        right_lots: Mapping[str, Lot],
    ) -> dict[str, str]:
        """Write it all; return the new transactions by what they stand for."""
        books, account_id = self._books, self._account.account_id
        before = [one for one in books.revisions.all_open(account_id) if one.sequence > 0]
        for one in anew.values():
            books.revisions.found(account_id, one.opened)
        for old in sorted(wrong, key=lambda one: one.place, reverse=True):
            same = anew.get(old.origin)
            closed = closures.get(old.transaction_id, ())
            self._reverse(old, closed, is_told=same is None or _by_lot(same.closures) != closed)
        old_closures = {one.origin: closures.get(one.transaction_id, ()) for one in wrong}
        written = {
            name: self._write(
                one, is_told=name not in old_closures or old_closures[name] != _by_lot(one.closures)
            )
            for name, one in anew.items()
        }
        touched = {lot.lot_id for lot in before} | {
            lot.lot_id for one in anew.values() for lot in one.opened
        }
        self._revise(sorted(touched | set(right_lots)), right_lots)
        self._tell(before, anew)
        return written

    def _reverse(self, old: Posted, closed: Sequence[Closure], *, is_told: bool) -> None:
        draft = Draft(
            "reversal",
            f"reversal:{old.transaction_id}",
            "what came before it has changed",
            reversed_entries(old.entries),
            old.occurred_at,
            strategy_id=old.strategy_id,
            reverses=old.transaction_id,
        )
        negated = [one.negated() for one in closed]
        posting = self._last = self._post(draft, negated)
        if is_told:
            ids = [one.lot_id for one in closed]
            known = {
                lot.lot_id: lot for lot in self._books.lots.named(self._account.account_id, ids)
            }
            lots = [known[one.lot_id] for one in closed]
            self._told += self._teller(posting).closures(zip(lots, negated, strict=True))

    def _write(self, one: Transaction, *, is_told: bool) -> str:
        posting = self._post(_draft(one), one.closures)
        if is_told:
            pairs = zip(one.closed, one.closures, strict=True)
            self._told += self._teller(posting).closures(pairs)
        if one.reference == self._late:
            self._filled = posting
            self._cash.append(EXACT.minus(paid(one.entries)))
        else:
            self._last = posting
        return posting.transaction_id

    def _post(self, draft: Draft, closures: Sequence[Closure]) -> Posting:
        posting = posting_of(self._books, self._moment, self._account.account_id, draft)
        self._books.ledger.post(posting)
        if closures:
            self._books.lots.close(posting, closures)
        self._cash.append(paid(posting.entries))
        return posting

    def _revise(self, lot_ids: Sequence[str], right: Mapping[str, Lot]) -> None:
        stored = self._books.lots.named(self._account.account_id, list(lot_ids))
        pairs = [(lot, right.get(lot.lot_id, emptied(lot))) for lot in stored]
        changed = [(old, new) for old, new in pairs if old != new]
        posting = self._last or self._filled
        if changed and posting is None:
            raise AssertionError(f"lots of {self._account.account_id} differ without a posting")
        if posting is not None:
            self._books.revisions.revise(posting.transaction_id, changed)

    def _tell(self, before: Sequence[Lot], anew: Mapping[str, Transaction]) -> None:
        """Tell what changed net, and of the late fill what a fill by itself changes."""
        after = self._books.revisions.all_open(self._account.account_id)
        changes = _changes(before, (lot for lot in after if lot.sequence > 0))
        if self._filled is not None:
            by_fill = moved(anew[self._late].entries)
            changes = _changes_less(changes, by_fill)
            filled = self._teller(self._filled)
            self._told += filled.positions(PositionCause.FILL, by_fill, after)
        if self._last is not None:
            teller = self._teller(self._last)
            self._told += teller.positions(PositionCause.CORRECTION, changes, after)
            self._told += teller.cash(exact_sum(self._cash), "", self._moment.ids.new())
        self._books.facts.publish(*self._told)

    def _teller(self, posting: Posting) -> Teller:
        return Teller(self._account, self._moment, posting.transaction_id, posting.occurred_at)


def _from(played: Iterable[Transaction], since: date) -> dict[str, Transaction]:
    """Keep what may depend on what happened since then; what was played before cannot."""
    kept: dict[str, Transaction] = {}
    is_affected = False
    for one in played:
        is_affected = is_affected or (one.cause is not None and one.session >= since)
        if is_affected and _may_differ(one):
            kept[one.reference] = one
    return kept


def _may_differ(one: Transaction) -> bool:
    if isinstance(one.cause, CashChanged):
        return one.cause.kind == _CAPITAL
    return one.cause is not None


def _by_lot(closures: Sequence[Closure]) -> tuple[Closure, ...]:
    return tuple(sorted(closures, key=lambda one: one.lot_id))


def _draft(one: Transaction) -> Draft:
    match one.cause:
        case FillRecorded() as recorded:
            return fill_draft(recorded, one.entries)
        case CashChanged() as event:
            text = f"return of capital of {event.instrument}: {event.amount} {event.currency}"
            return Draft(_CAPITAL, one.reference, text, one.entries, event.occurred_at)
        case BookChange() as change if one.reference == action_reference(change.action):
            return action_draft(change)
        case BookChange() as change:
            text = f"paid for {described(change.action)}"
            return Draft(PAYMENT, one.reference, text, one.entries, dawn(one.session))
        case None:
            raise AssertionError(f"{one.reference} depends on nothing")


def _changes(before: Iterable[Lot], after: Iterable[Lot]) -> dict[str, Amounts]:
    old, new = _sums(before), _sums(after)
    return _changes_less(new, old)


def _changes_less(
    changes: Mapping[str, Amounts], others: Mapping[str, Amounts]
) -> dict[str, Amounts]:
    names = dict.fromkeys((*changes, *others))
    return {name: _less(changes.get(name, NONE), others.get(name, NONE)) for name in names}


def _sums(lots: Iterable[Lot]) -> dict[str, Amounts]:
    sums: dict[str, Amounts] = {}
    for lot in lots:
        quantity, cost = sums.get(lot.instrument, NONE)
        sums[lot.instrument] = (EXACT.add(quantity, lot.quantity), EXACT.add(cost, lot.cost))
    return sums


def _less(one: Amounts, other: Amounts) -> Amounts:
    return EXACT.subtract(one[0], other[0]), EXACT.subtract(one[1], other[1])
