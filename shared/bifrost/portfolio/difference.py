"""What leads from the books as they stand to the right ones: reversals, new postings, revised lots.

History comes in pages, each compared with what stands of it: what that takes in statements and in
memory grows with the pages, not with the transactions. Lots are written once, when all of history
is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bifrost.core.errors import ConflictError
from bifrost.core.money import EXACT, exact_sum
from bifrost.events import CashChanged, Event, FillRecorded, PositionCause
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.acting import action_draft, described
from bifrost.portfolio.corporate_actions.change import BookChange, emptied, reversed_entries
from bifrost.portfolio.drafting import PAYMENT, Draft, fill_draft, postings_of
from bifrost.portfolio.ledger import Posting, fill_reference
from bifrost.portfolio.lots import Closure, Lot
from bifrost.portfolio.ports import Books, Posted
from bifrost.portfolio.rebuilt import Transaction
from bifrost.portfolio.replaying import action_reference
from bifrost.portfolio.telling import NONE, Amounts, Moment, Teller, dawn, moved, paid

Closures = Sequence[Closure]


@dataclass(frozen=True, slots=True)
class _Standing:
    """A transaction that stands, and what it closed, by lot."""

    posted: Posted
    closures: Closures

    def is_as(self, right: Transaction | None) -> bool:
        """Say whether nothing of it has to change."""
        return (
            right is not None
            and self.posted.entries == right.entries
            and self.closures == by_lot(right.closures)
        )


class Difference:
    """Finds it and posts it, page by page; `finish` comes last.

    late: a fill that is in the journal and not in the books yet.
    """

    def __init__(
        self, books: Books, account: Account, moment: Moment, late: FillRecorded | None
    ) -> None:
        self._books = books
        self._account = account
        self._moment = moment
        self._late = fill_reference(late.fill) if late else ""
        self._last: Posting | None = None
        self._filled: Posting | None = None
        self._cash = Decimal(0)
        self._before = _own(books.revisions.all_open(account.account_id))
        self._found: list[str] = []

    def post(self, right: Mapping[str, Transaction], gone: Iterable[str] = ()) -> dict[str, str]:
        """Let a page stand as it is right; return its transactions by what they stand for.

        right: transactions by reference, in their order. gone: references of what stands no more.
        """
        standing = self._standing([*right, *gone])
        wrong = {name: one for name, one in standing.items() if not one.is_as(right.get(name))}
        kept = {
            name: one.posted.transaction_id for name, one in standing.items() if name not in wrong
        }
        anew = {name: one for name, one in right.items() if name not in kept}
        same = {
            name
            for name, one in wrong.items()
            if name in anew and one.closures == by_lot(anew[name].closures)
        }
        opened = [lot for one in anew.values() for lot in one.opened]
        self._found += self._books.revisions.found(self._account.account_id, opened)
        self._reverse(wrong, untold=same)
        early = {name for name, one in wrong.items() if not one.posted.is_market_time}
        return kept | self._write(anew, untold=same, early=early)

    def finish(self, right: Mapping[str, Lot]) -> None:
        """Revise the lots to what is right, and tell of what changed net.

        Raises ConflictError where no posting would say why: the books were wrong before.
        """
        names = {*(lot.lot_id for lot in self._before), *self._found, *right}
        stored = self._books.lots.named(self._account.account_id, sorted(names))
        pairs = [(lot, right.get(lot.lot_id, emptied(lot))) for lot in stored]
        changed = [(old, new) for old, new in pairs if old != new]
        posting = self._last or self._filled
        if changed and posting is None:
            raise ConflictError(f"lots of {self._account.account_id} differ without a posting")
        if posting is not None:
            self._books.revisions.revise(posting.transaction_id, changed)
        self._tell()

    def _standing(self, names: Sequence[str]) -> dict[str, _Standing]:
        posted = self._books.ledger.standing(self._account.account_id, names)
        found = self._books.revisions.closures_of([one.transaction_id for one in posted])
        return {one.origin: _Standing(one, found.get(one.transaction_id, ())) for one in posted}

    def _reverse(self, wrong: Mapping[str, _Standing], untold: set[str]) -> None:
        # The latest first, as steps are taken back.
        found = sorted(wrong.values(), key=lambda one: one.posted.place, reverse=True)
        negated = [[closure.negated() for closure in one.closures] for one in found]
        postings = self._post([_reversal(one.posted) for one in found], negated)
        told = [
            (posting, closures)
            for one, posting, closures in zip(found, postings, negated, strict=True)
            if one.posted.origin not in untold
        ]
        names = sorted({one.lot_id for _, closures in told for one in closures})
        lots = {lot.lot_id: lot for lot in self._books.lots.named(self._account.account_id, names)}
        events: list[Event] = []
        for posting, closures in told:
            pairs = [(lots[one.lot_id], one) for one in closures]
            events += self._teller(posting).closures(pairs)
        self._books.facts.publish(*events)

    def _write(
        self, anew: Mapping[str, Transaction], untold: set[str], early: set[str]
    ) -> dict[str, str]:
        """Post them; early: those of before the market had a time."""
        drafts = [
            replace(_draft(one), is_market_time=name not in early) for name, one in anew.items()
        ]
        postings = self._post(drafts, [one.closures for one in anew.values()])
        events: list[Event] = []
        for one, posting in zip(anew.values(), postings, strict=True):
            if one.reference not in untold:
                pairs = zip(one.closed, one.closures, strict=True)
                events += self._teller(posting).closures(pairs)
        self._books.facts.publish(*events)
        return dict(zip(anew, (one.transaction_id for one in postings), strict=True))

    def _post(self, drafts: Sequence[Draft], closures: Sequence[Closures]) -> list[Posting]:
        books, account_id = self._books, self._account.account_id
        if not drafts:
            return []
        postings = postings_of(books, self._moment, account_id, drafts)
        books.ledger.post_all(postings)
        books.lots.close_all(list(zip(postings, closures, strict=True)))
        for one in postings:
            if one.reference == self._late:
                self._filled = one
            else:
                self._last = one
                self._cash = EXACT.add(self._cash, paid(one.entries))
        return postings

    def _tell(self) -> None:
        """Tell what changed net, and of the late fill what a fill by itself changes."""
        after = self._books.revisions.all_open(self._account.account_id)
        changes = _less(_sums(_own(after)), _sums(self._before))
        told: list[Event] = []
        if self._filled is not None:
            by_fill = moved(self._filled.entries)
            changes = _less(changes, by_fill)
            told += self._teller(self._filled).positions(PositionCause.FILL, by_fill, after)
        if self._last is not None:
            teller = self._teller(self._last)
            told += teller.positions(PositionCause.CORRECTION, changes, after)
            told += teller.cash(self._cash, "", self._moment.ids.new())
        self._books.facts.publish(*told)

    def _teller(self, posting: Posting) -> Teller:
        return Teller(self._account, self._moment, posting.transaction_id, posting.occurred_at)


def by_lot(closures: Closures) -> Closures:
    """Put closures in the order in which they are read back."""
    return tuple(sorted(closures, key=lambda one: one.lot_id))


def _own(lots: Iterable[Lot]) -> list[Lot]:
    return [lot for lot in lots if lot.sequence > 0]


def _reversal(wrong: Posted) -> Draft:
    return Draft(
        "reversal",
        f"reversal:{wrong.transaction_id}",
        "what came before it has changed",
        reversed_entries(wrong.entries),
        wrong.occurred_at,
        strategy_id=wrong.strategy_id,
        reverses=wrong.transaction_id,
        is_market_time=wrong.is_market_time,
    )


def _draft(one: Transaction) -> Draft:
    match one.cause:
        case FillRecorded() as recorded:
            return fill_draft(recorded, one.entries)
        case CashChanged() as event:
            text = f"return of capital of {event.instrument}: {event.amount} {event.currency}"
            return Draft(event.kind, one.reference, text, one.entries, event.occurred_at)
        case BookChange() as change if one.reference == action_reference(change.action):
            return action_draft(change)
        case BookChange() as change:
            text = f"paid for {described(change.action)}"
            return Draft(PAYMENT, one.reference, text, one.entries, dawn(one.session))
        case None:
            raise AssertionError(f"{one.reference} depends on nothing")


def _sums(lots: Iterable[Lot]) -> dict[str, Amounts]:
    by_instrument: dict[str, list[Lot]] = {}
    for lot in lots:
        by_instrument.setdefault(lot.instrument, []).append(lot)
    return {
        name: (exact_sum(lot.quantity for lot in own), exact_sum(lot.cost for lot in own))
        for name, own in by_instrument.items()
    }


def _less(changes: Mapping[str, Amounts], others: Mapping[str, Amounts]) -> dict[str, Amounts]:
    changed = {}
    for name in dict.fromkeys((*changes, *others)):
        (quantity, cost), (other_quantity, other_cost) = (
            changes.get(name, NONE),
            others.get(name, NONE),
        )
        changed[name] = EXACT.subtract(quantity, other_quantity), EXACT.subtract(cost, other_cost)
    return changed
