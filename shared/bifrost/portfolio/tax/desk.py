"""The desk's own books as a tax history: its trades, and what the books say beside them.

A trade's amount is its cash, so commissions are in it. Each sale closes what the books closed with
it, by the account's method or the lots named for its order, and each account's lots meet the
actions that they met in the books. Where what is known of an account is not all that happened to
its lots, all trades in that stock, in what it came of and became, and in options on these are left
out, and it is said: a wash sale there could reach any of them.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.money import EXACT
from bifrost.core.orders import Side
from bifrost.portfolio.tax.desk_rows import AccountRow, DeskRows
from bifrost.portfolio.tax.families import Families
from bifrost.portfolio.tax.fitting import when_met
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.household import told_of
from bifrost.portfolio.tax.kept import Act, BasisChange, Kept, LotName, Pick
from bifrost.portfolio.tax.reaching import reaching
from bifrost.portfolio.tax.told import Book, Fitted, Reason, Repaid, Told, Unfit, When

_SAYS = {
    Reason.OTHER_CURRENCY: "it was traded in another currency than USD",
    Reason.SOLD_SHORT: "more was sold than held in an account that may not sell short",
    Reason.CAPITAL_WITHOUT_LOTS: "capital of it came back when none of it was held",
    Reason.ACTION_OUTDATED: "its lots follow a revision that stands no more",
    Reason.NOT_FOLLOWED: (
        "its lots did not follow what changed its shares, `bifrost reconcile` says why and what"
        " to do"
    ),
    Reason.LOTS_APART: "imported lots and the desk's own in one account stand against each other",
    Reason.LOTS_CHANGED: "its lots are not what its trades and its issuer's actions left",
}


@dataclass(frozen=True, slots=True)
class Excluded:
    """Trades in `instrument` and in options on it that no report tells, and why.

    account: whose books are the reason.
    """

    account: str
    instrument: str
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class HeldLot:
    """An open lot as a `Pick` names it. shares: behind one of its, as `Told.scale`."""

    line: int
    via: tuple[str, ...]
    shares: Fraction


@dataclass(frozen=True, slots=True)
class DeskHistory:
    """held: by lot. families: what has to do with what."""

    trades: tuple[Trade, ...]
    kept: Kept
    held: Mapping[str, HeldLot]
    excluded: tuple[Excluded, ...]
    families: Families

    def is_excluded(self, instrument: str) -> bool:
        """Say whether trades in it are left out."""
        family = self.families.of(instrument)
        return any(self.families.of(one.instrument) == family for one in self.excluded)

    def of_family(self, instrument: str) -> list[Trade]:
        """Return the trades that a trade in the instrument has to do with."""
        family = self.families.of(instrument)
        return [one for one in self.trades if self.families.of(one.instrument) == family]


def history_of(rows: DeskRows, alone: str | None = None) -> DeskHistory:
    """Tell the books, of whichever owners; alone: of what has to do with that stock."""
    families = Families(Act(0, one) for one in reaching(rows))
    actions: dict[str, list[CorporateAction]] = defaultdict(list)
    for action in rows.actions:
        actions[families.of(action.instrument)].append(action)
    books = [
        (family, book)
        for family, book in _books(rows, families)
        if alone is None or family == families.of(alone)
    ]
    played = [
        (family, book.account, told_of(book, actions[family], rows.couple))
        for family, book in books
    ]
    left_out = {family for family, _, one in played if one.unfit}
    whole = [(account, one) for family, account, one in played if family not in left_out]
    told = sorted((trade for _, one in whole for trade in one.trades), key=_when)
    lines = {one.lot_id: line for line, one in enumerate(told, start=1) if one.lot_id}
    became = ((one, one.new_instrument or one.instrument) for one in rows.actions)
    acted = [one for one, name in became if families.of(name) not in left_out]
    return DeskHistory(
        trades=tuple(_trade(one, line) for line, one in enumerate(told, start=1)),
        kept=Kept(
            {line: _picks(one, lines) for line, one in enumerate(told, start=1) if one.taken},
            _changes([change for _, one in whole for change in one.repaid], told, lines),
            _acts(acted, whole, told),
            _averaged(told, lines),
        ),
        held={
            name: HeldLot(lines[lot.origin.lot_id], lot.origin.via, lot.shares)
            for _, one in whole
            for name, lot in one.held.items()
        },
        excluded=tuple(_all_excluded(played, books)),
        families=families,
    )


def _books(rows: DeskRows, families: Families) -> list[tuple[str, Book]]:
    """Part the rows by family and account."""
    accounts = {one.account_id: one for one in rows.accounts}
    books: dict[tuple[str, str], Book] = {}

    def of(account_id: str, instrument: str) -> Book:
        key = families.of(instrument), account_id
        if key not in books:
            books[key] = Book(accounts[account_id])
        return books[key]

    for trade in rows.trades:
        of(trade.account_id, trade.instrument).trades.append(trade)
    traded = {one.lot_id: one.instrument for one in rows.trades if one.lot_id}
    for lot in rows.lots:
        # What a rename named and its withdrawal closed has that name still.
        name = lot.instrument if lot.quantity else traded.get(lot.lot_id, lot.instrument)
        of(lot.account_id, name).lots.append(lot)
    for capital in rows.capitals:
        of(capital.account_id, capital.instrument).capitals.append(capital)
    for met in rows.met:
        of(met.account_id, met.instrument).met.append(met)
    return [(family, book) for (family, _), book in sorted(books.items(), key=_key)]


def _key(entry: tuple[tuple[str, str], Book]) -> tuple[str, str]:
    return entry[0]


def _when(told: Told) -> When:
    return told.when


def _trade(told: Told, line: int) -> Trade:
    side = Side.BUY if told.quantity > 0 else Side.SELL
    return Trade(
        line=line,
        on=told.on,
        owner=told.account.owner,
        account=told.account.account_id,
        kind=told.account.kind,
        instrument=told.instrument,
        side=side,
        quantity=abs(told.quantity),
        amount=told.amount if side is Side.SELL else EXACT.minus(told.amount),
        scale=told.scale,
    )


def _picks(told: Told, lines: Mapping[str, int]) -> tuple[Pick, ...]:
    return tuple(
        Pick(lines[part.origin.lot_id], part.quantity, part.origin.via) for part in told.taken
    )


def _averaged(
    told: Sequence[Told], lines: Mapping[str, int]
) -> dict[int, frozenset[LotName] | None]:
    return {
        line: frozenset((lines[lot.lot_id], lot.via) for lot in one.averaged)
        for line, one in enumerate(told, start=1)
        if one.averaged
    }


def _changes(
    repaid: Iterable[Repaid], told: Sequence[Told], lines: Mapping[str, int]
) -> tuple[BasisChange, ...]:
    return tuple(
        BasisChange(
            _line_after(one.when, told),
            one.on,
            lines[one.origin.lot_id],
            -one.amount,
            one.origin.via,
        )
        for one in sorted(repaid, key=lambda one: one.when)
    )


def _acts(
    actions: Iterable[CorporateAction],
    whole: Sequence[tuple[AccountRow, Fitted]],
    told: Sequence[Told],
) -> tuple[Act, ...]:
    """Tell what changes shares or their basis; what pays cash for all of them is sales."""
    made = []
    for action in sorted(actions, key=lambda one: one.place):
        missed = {
            (account.owner, account.account_id)
            for account, one in whole
            if action.action_id in one.missed
        }
        others = {(account.owner, account.account_id) for account, _ in whole} - missed
        accounts = frozenset(others) if missed else None
        made.append(Act(_line_after(when_met(action), told), action, accounts))
    return tuple(made)


def _line_after(when: When, told: Sequence[Told]) -> int:
    return bisect_left(told, when, key=_when) + 1


def _all_excluded(
    played: Iterable[tuple[str, AccountRow, Fitted]], books: Iterable[tuple[str, Book]]
) -> Iterator[Excluded]:
    """Name each stock that is left out: what could not be told, then what has to do with it."""
    found = [
        (family, _excluded(account, one.unfit)) for family, account, one in played if one.unfit
    ]
    yield from (one for _, one in found)
    named = {one.instrument for _, one in found}
    reasons = dict(reversed(found))
    names = {(family, name) for family, book in books for name in book.stocks()}
    for family, name in sorted(names):
        if family in reasons and name not in named:
            why = reasons[family]
            says = f"it has to do with {why.instrument}, and there {why.message}"
            yield replace(why, instrument=name, message=says)


def _excluded(account: AccountRow, unfit: Unfit) -> Excluded:
    says = _SAYS[unfit.reason]
    if unfit.action is not None:
        action = unfit.action
        says = f"{says}: {action.kind.replace('_', ' ')} of {action.instrument}, {action.ex_date}"
    return Excluded(account.account_id, unfit.instrument, unfit.reason, says)
