"""What an account's trades and the actions it met made of its lots, played and proved.

Trades, returns of capital and issuers' actions are played through the books' own rules and the
lots that the books say each closed. What is left must be what the books hold, in quantity and
cost, and what each action realised what it says: then no more has happened to the lots than is
told, and a report of it is right. If not, it says why.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    SpinOff,
)
from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.portfolio.cash_flows import return_capital
from bifrost.portfolio.corporate_actions.allocation import Realisation
from bifrost.portfolio.corporate_actions.change import BookChange
from bifrost.portfolio.corporate_actions.effects import WORTHLESS_RULE, apply_action, refusal
from bifrost.portfolio.lot_selection import AVERAGE_RULE, averaged
from bifrost.portfolio.lots import Lot
from bifrost.portfolio.tax.acted_rows import before_payment, by_lot, ratio_of, written
from bifrost.portfolio.tax.desk_rows import CapitalRow, PartClosed, TradeRow
from bifrost.portfolio.tax.shares import ZERO
from bifrost.portfolio.tax.told import (
    Book,
    Fitted,
    OpenLot,
    Origin,
    Reason,
    Repaid,
    Taken,
    Told,
    Unfit,
    When,
)

CURRENCY = "USD"
_ACTS, _TRADED, _DAY_IS_OVER = range(3)


def fitted(book: Book, actions: Iterable[CorporateAction], *, is_whole: bool = True) -> Fitted:
    """Play a book; actions: those that stand, of its family.

    is_whole: whether it goes up to today, where it must end in the stored lots.
    """
    player = _Player(book, actions, is_whole=is_whole)
    try:
        player.play()
    except _UnfitError as unfit:
        player.told.unfit = unfit.args[0]
    return player.told


def when_met(action: CorporateAction) -> When:
    """Return the place of an action: before what is traded on its ex-date."""
    return action.ex_date, _ACTS, (*action.place, 0)


@dataclass(frozen=True, slots=True)
class _Cash:
    """What an issuer closed for cash."""

    day: date
    instrument: str
    quantity: Decimal
    amount: Decimal


class _UnfitError(Exception):
    """It does not add up; `args` has the `Unfit`."""


@dataclass(slots=True)
class _Open:
    """A lot as it stands. shares: exactly, of its sign."""

    lot: Lot
    shares: Fraction
    origin: Origin


class _Player:
    def __init__(self, book: Book, actions: Iterable[CorporateAction], *, is_whole: bool) -> None:
        self._book = book
        self._is_whole = is_whole
        self._actions = {one.action_id: one for one in actions}
        self._known = {one.lot_id: one for one in book.lots}
        self._met = {(one.action_id, one.is_imported): one for one in book.met}
        self._open: dict[str, _Open] = {}
        # How many lots are open, by instrument, and whether they are long.
        self._sides: Counter[tuple[str, bool]] = Counter()
        self.told = Fitted()

    def play(self) -> None:
        for one in self._book.met:
            action = self._actions.get(one.action_id)
            if action is None or action.revision != one.revision:
                raise _UnfitError(Unfit(Reason.ACTION_OUTDATED, one.instrument, action))
        for when, step in _steps(self._book, self._actions.values()):
            match step:
                case TradeRow():
                    self._trade(when, step)
                case CapitalRow():
                    self._repay(when, step)
                case _:
                    self._act(step)
        if self._is_whole:
            self._compare()
        for name, held in self._open.items():
            self.told.held[name] = OpenLot(held.origin, held.shares / Fraction(held.lot.quantity))

    def _trade(self, when: When, row: TradeRow) -> None:
        if row.currency != CURRENCY:
            raise _UnfitError(Unfit(Reason.OTHER_CURRENCY, row.instrument))
        sharing = self._average(row)
        # One fill disposes of its lots oldest first, whatever chose them.
        taken = tuple(self._take(one, row) for one in sorted(row.closures, key=self._age))
        opens = EXACT.add(row.quantity, exact_sum(one.quantity for one in row.closures))
        if opens:
            self._begin(row, opens)
        self._tell(when, row, taken, row.lot_id if opens else "", sharing)

    def _age(self, part: PartClosed) -> tuple[int, str]:
        known = self._known.get(part.lot_id)
        return known.sequence if known else 0, part.lot_id

    def _average(self, row: TradeRow) -> frozenset[Origin]:
        """Give lots the average basis where the books sold at it; return which."""
        if all(part.rule != AVERAGE_RULE for part in row.closures):
            return frozenset()
        lots = [
            one.lot
            for one in self._open.values()
            if one.lot.instrument == row.instrument
            and one.lot.quantity > 0
            # Imported ones have the basis that their house says.
            and one.lot.sequence > 0
        ]
        for lot in averaged(lots):
            self._open[lot.lot_id].lot = lot
        return frozenset(self._open[lot.lot_id].origin for lot in lots)

    def _take(self, part: PartClosed, row: TradeRow) -> Taken:
        """Close a part of a lot by a trade in its name, which is of the other sign."""
        one = self._open.get(part.lot_id)
        if (
            one is None
            or one.lot.instrument != row.instrument
            or part.quantity * one.lot.quantity <= 0
            or part.quantity * row.quantity >= 0
            or abs(part.quantity) > abs(one.lot.quantity)
        ):
            raise self._changed(row.instrument)
        rest = replace(
            one.lot,
            quantity=EXACT.subtract(one.lot.quantity, part.quantity),
            cost=EXACT.subtract(one.lot.cost, part.cost),
        )
        return self._reduce(one, rest)

    def _reduce(self, one: _Open, rest: Lot) -> Taken:
        """Leave `rest` of a lot; return what that takes."""
        left = one.shares * Fraction(rest.quantity) / Fraction(one.lot.quantity)
        part = EXACT.subtract(one.lot.quantity, rest.quantity)
        taken = Taken(one.origin, abs(one.shares - left), abs(Fraction(part)))
        one.lot, one.shares = rest, left
        if not rest.quantity:
            del self._open[rest.lot_id]
            self._sides[rest.instrument, part > 0] -= 1
            if rest.cost:
                raise self._changed(rest.instrument)
        return taken

    def _begin(self, row: TradeRow, opens: Decimal) -> None:
        known = self._known.get(row.lot_id)
        closed = exact_sum(one.cost for one in row.closures)
        if known is None or row.lot_id in self._open or opens * row.quantity < 0:
            raise self._changed(row.instrument)
        if self._sides[row.instrument, opens < 0]:
            # The matcher closes all of the other sign first.
            raise _UnfitError(Unfit(Reason.LOTS_APART, row.instrument))
        if opens < 0 and not self._book.account.kind.may_short:
            raise _UnfitError(Unfit(Reason.SOLD_SHORT, row.instrument))
        lot = Lot(
            known.lot_id,
            row.instrument,
            row.currency,
            known.opened_at,
            known.sequence,
            opens,
            EXACT.add(row.cost, closed),
        )
        self._open[row.lot_id] = _Open(lot, Fraction(opens), Origin(row.lot_id))
        self._sides[row.instrument, opens > 0] += 1

    def _repay(self, when: When, row: CapitalRow) -> None:
        if row.currency != CURRENCY:
            raise _UnfitError(Unfit(Reason.OTHER_CURRENCY, row.instrument))
        named = [name for name in row.lots if self._is_imported(name)] and row.lots
        lots = [
            one.lot
            for one in self._open.values()
            if one.lot.instrument == row.instrument
            and one.lot.quantity > 0
            # A correction spreads it over the desk's own lots, whichever it named before.
            and (one.lot.lot_id in named if named else one.lot.sequence > 0)
        ]
        if not lots:
            raise _UnfitError(Unfit(Reason.CAPITAL_WITHOUT_LOTS, row.instrument))
        held = Fraction(exact_sum(one.quantity for one in lots))
        for lot in return_capital(lots, row.amount).lots:
            self._open[lot.lot_id].lot = lot
            share = Fraction(row.amount) * Fraction(lot.quantity) / held
            origin = self._open[lot.lot_id].origin
            self.told.repaid.append(Repaid(when, row.day, origin, share))

    def _act(self, action: CorporateAction) -> None:
        """Have own lots meet an action, then imported ones, as far as the books say so."""
        held = dict(self._open)
        outcomes = [self._meet(action, is_imported=one) for one in (False, True)]
        if False not in outcomes:
            return
        self.told.missed.add(action.action_id)
        if True not in outcomes:
            # Whether what was traded since is counted as before it or as after it, nobody knows.
            if ratio_of(action) != 1 and not isinstance(action.terms, SpinOff):
                raise _UnfitError(Unfit(Reason.NOT_FOLLOWED, action.instrument, action))
            return
        if not isinstance(action.terms, CashDividend):
            raise _UnfitError(Unfit(Reason.LOTS_APART, action.instrument, action))
        # An import's own rows have told its dividends: so each lot that met it is named.
        for one in held.values():
            is_imported = one.lot.sequence < 0
            if one.lot.instrument == action.instrument and outcomes[is_imported]:
                self._capital(action.terms, one, when_met(action), action.ex_date)

    def _capital(self, terms: CashDividend, one: _Open, when: When, on: date) -> None:
        if one.lot.quantity > 0:
            cash = exact_product(one.lot.quantity, terms.amount_per_share)
            self.told.repaid.append(Repaid(when, on, one.origin, Fraction(cash)))

    def _meet(self, action: CorporateAction, *, is_imported: bool) -> bool | None:
        """Say whether the lots have met it; None where there were none that it could change."""
        lots = [one.lot for one in self._open.values() if (one.lot.sequence < 0) == is_imported]
        is_fit = not refusal(action, lots)
        change = apply_action(action, lots) if is_fit else None
        met = self._met.get((action.action_id, is_imported))
        if met is None:
            return None if change is not None and not change.entries else False
        if change is None or written(change) != sorted(met.closures, key=by_lot):
            raise self._changed(action.instrument, action)
        if change.action.currency != CURRENCY:
            raise _UnfitError(Unfit(Reason.OTHER_CURRENCY, action.instrument))
        self._follow(change)
        return True

    def _follow(self, change: BookChange) -> None:
        """Let the lots become what the action made of them; tell what it closed for cash."""
        action = change.action
        ratio = ratio_of(action)
        for lot in change.opened:
            name = lot.lot_id.removesuffix(f"/{action.action_id}")
            parent = self._open[name]
            origin = Origin(parent.origin.lot_id, (*parent.origin.via, action.action_id))
            self._open[lot.lot_id] = _Open(lot, parent.shares * ratio, origin)
        after = {lot.lot_id: lot for lot in change.after}
        for lot in change.before:
            one = self._open[lot.lot_id]
            paid = [r for r in change.realisations if r.lot_id == lot.lot_id]
            one.lot = before_payment(after.get(lot.lot_id), lot, paid)
            one.shares *= 1 if isinstance(action.terms, SpinOff) else ratio
        lots = (one.lot for one in self._open.values())
        self._sides = Counter((lot.instrument, lot.quantity > 0) for lot in lots)
        sold = [one for one in change.realisations if one.quantity]
        for is_long in (True, False):
            own = [one for one in sold if (one.quantity > 0) == is_long]
            if own:
                self._pay_out(action, own)

    def _pay_out(self, action: CorporateAction, sold: Sequence[Realisation]) -> None:
        taken = []
        for part in sold:
            one = self._open[part.lot_id]
            rest = replace(
                one.lot,
                quantity=EXACT.subtract(one.lot.quantity, part.quantity),
                cost=EXACT.subtract(one.lot.cost, part.cost),
            )
            taken.append(self._reduce(one, rest))
        quantity = EXACT.minus(exact_sum(one.quantity for one in sold))
        when: When = (action.ex_date, _ACTS, (*action.place, 1))
        on = action.ex_date
        if sold[0].rule == WORTHLESS_RULE:
            # As if sold on the last day of the year: §165(g)(1).
            on = on.replace(month=12, day=31)
            when = (on, _DAY_IS_OVER, action.place)
        amount = exact_sum(one.proceeds for one in sold)
        self._tell(when, _Cash(on, sold[0].instrument, quantity, amount), taken, "")

    def _tell(
        self,
        when: When,
        row: "TradeRow | _Cash",
        taken: Sequence[Taken],
        lot_id: str,
        sharing: frozenset[Origin] = frozenset(),
    ) -> None:
        quantity = abs(Fraction(row.quantity))
        rounded = quantity - sum((one.rounded for one in taken), ZERO)
        scale = (rounded + sum((one.quantity for one in taken), ZERO)) / quantity
        self.told.trades.append(
            Told(
                when,
                row.day,
                self._book.account,
                row.instrument,
                row.quantity,
                row.amount,
                lot_id,
                tuple(replace(one, quantity=one.quantity / scale) for one in taken),
                scale,
                sharing,
            )
        )

    def _compare(self) -> None:
        for name, one in self._open.items():
            if name not in self._known:
                raise self._changed(one.lot.instrument)
        for row in self._book.lots:
            held = self._open.get(row.lot_id)
            if (held is None) == bool(row.quantity):
                raise self._changed(row.instrument)
            if held is not None and (
                (held.lot.instrument, held.lot.quantity, held.lot.cost)
                != (row.instrument, row.quantity, row.cost)
            ):
                raise self._changed(row.instrument)

    def _is_imported(self, lot_id: str) -> bool:
        known = self._known.get(lot_id)
        return known is not None and known.sequence < 0

    def _changed(self, instrument: str, action: CorporateAction | None = None) -> _UnfitError:
        return _UnfitError(Unfit(Reason.LOTS_CHANGED, instrument, action))


def _steps(
    book: Book, actions: Iterable[CorporateAction]
) -> Iterator[tuple[When, TradeRow | CapitalRow | CorporateAction]]:
    """Put everything in the order in which it happened."""
    steps: list[tuple[When, TradeRow | CapitalRow | CorporateAction]] = [
        (when_met(one), one) for one in actions
    ]
    opened = {one.lot_id: one for one in book.trades}
    steps += [(_when_traded(one, opened), one) for one in book.trades]
    steps += [((one.day, _TRADED, (one.occurred_at, one.place, 0)), one) for one in book.capitals]
    yield from sorted(steps, key=_first)


def _when_traded(row: TradeRow, opened: Mapping[str, TradeRow]) -> When:
    """Of an instant, what was booked first; but what a late word opened before what closed it."""
    lots = (opened.get(part.lot_id) for part in row.closures)
    same = (one.place for one in lots if one and one.occurred_at == row.occurred_at)
    place = max((row.place, *same))
    return row.day, _TRADED, (row.occurred_at, place, int(place != row.place))


def _first(step: tuple[When, object]) -> When:
    return step[0]
