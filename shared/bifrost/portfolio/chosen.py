"""How lots are chosen as of some moment of a history, and what each order has closed of them."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.money import EXACT
from bifrost.events import LotSelectionChanged
from bifrost.portfolio.closing import still_named
from bifrost.portfolio.corporate_actions.allocation import QUANTITY_INCREMENT, rounded
from bifrost.portfolio.corporate_actions.change import BookChange
from bifrost.portfolio.lot_selection import LotMethod, Method, Selection, standing_method
from bifrost.portfolio.lots import Closure, Lot, LotPart


@dataclass(frozen=True, slots=True)
class Standing:
    """A standing method, and the session in which it was chosen."""

    method: Method
    since: date


@dataclass(slots=True)
class Chosen:
    """Choices, all of a journal's, and what fills of its orders have closed.

    standing: by instrument the methods from a place on, in their order; the account's under "".
    by_order: the newest of each order, which counts for all its fills: none is made once one of
    them is booked. place: of the fill that is about to close lots.
    """

    place: int = 0
    standing: dict[str, list[Standing]] = field(default_factory=dict)
    by_order: dict[str, Selection] = field(default_factory=dict)
    since: dict[str, date] = field(default_factory=dict)
    closed: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def selections(
        self, _: str, order_id: str, instrument: str
    ) -> tuple[Selection | None, LotMethod]:
        """Return the order's own selection, and the instrument's standing method."""
        standing = standing_method(self._in_force(instrument), self._in_force(""))
        return self.by_order.get(order_id), standing

    def closed_by(self, _: str, order_id: str) -> dict[str, Decimal]:
        """Return how much of each lot the order's fills have closed."""
        return self.closed.get(order_id, {})

    def choose(self, event: LotSelectionChanged, session: date) -> None:
        """Hold the choice for the fills after its place; its quantities are as of its session."""
        if not event.order_id:
            method = Method(event.after_fill, LotMethod(event.method), event.security)
            self.standing.setdefault(event.instrument, []).append(Standing(method, session))
            return
        parts = tuple(LotPart(part.lot_id, part.quantity) for part in event.parts)
        self.by_order[event.order_id] = Selection(LotMethod(event.method), parts)
        self.since[event.order_id] = session

    def close(self, order_id: str, closures: Iterable[Closure]) -> None:
        """Remember what a fill of an order closed that had named its lots."""
        own = self.by_order.get(order_id)
        if not order_id or own is None or not own.parts:
            return
        done = self.closed.setdefault(order_id, {})
        for one in closures:
            done[one.lot_id] = EXACT.add(done.get(one.lot_id, Decimal(0)), abs(one.quantity))

    def left(self) -> dict[str, Selection]:
        """Return what each order still has named."""
        return {
            order_id: replace(one, parts=still_named(one.parts, self.closed.get(order_id, {})))
            for order_id, one in self.by_order.items()
            if one.parts
        }

    def methods(self) -> dict[str, Method]:
        """Return the newest method of each instrument that has one of its own."""
        return {name: made[-1].method for name, made in self.standing.items() if name and made}

    def follow(self, change: BookChange) -> None:
        """Let what was named before the action mean the same part of the position after it."""
        if change.action.rename:
            self._follow_rename(change.action, change.action.rename.new_instrument)
        for order_id, selection in self.left().items():
            if self.since[order_id] < change.action.ex_date:
                parts = rescaled(selection.parts, change)
                self.by_order[order_id] = replace(selection, parts=parts)
                self.closed.pop(order_id, None)

    def _follow_rename(self, action: CorporateAction, name: str) -> None:
        """What was chosen of the old name before that day is of the shares, whatever they are."""
        old = [
            one for one in self.standing.get(action.instrument, []) if one.since < action.ex_date
        ]
        both = (*self.standing.get(name, []), *old)
        self.standing[name] = sorted(both, key=lambda one: one.method.after_fill)

    def _in_force(self, instrument: str) -> LotMethod | None:
        made = self.standing.get(instrument, [])
        number = bisect_left(made, self.place, key=lambda one: one.method.after_fill)
        return made[number - 1].method.method if number else None


def rescaled(parts: Sequence[LotPart], change: BookChange) -> tuple[LotPart, ...]:
    """Multiply named parts as the action multiplied their lots; a lot that ended is not named."""
    before, after = _by_id(change.before), _by_id(change.after)
    made = []
    for part in parts:
        if part.lot_id not in before:
            made.append(part)
        elif part.lot_id in after:
            ratio = Fraction(after[part.lot_id].quantity) / Fraction(before[part.lot_id].quantity)
            size = rounded(Fraction(part.quantity) * ratio, QUANTITY_INCREMENT)
            made.append(LotPart(part.lot_id, size))
    return tuple(part for part in made if part.quantity)


def _by_id(lots: Iterable[Lot]) -> Mapping[str, Lot]:
    return {lot.lot_id: lot for lot in lots}
