"""The lots of one account, as its journal played again makes and ends them.

The rows of lots say what they are now: a split or a correction writes them anew, and a correction
stamps all that it changes with its last posting. The journal is what proves the books, so it
tells what they were, too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from bifrost.core.money import EXACT
from bifrost.events import CashChanged, FillRecorded
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.corporate_actions.change import BookChange
from bifrost.portfolio.lot_history import NOBODYS, NOTHING, LotLine, LotRecord, Span
from bifrost.portfolio.lots import Closure, Lot
from bifrost.portfolio.rebuilt import Transaction
from bifrost.portfolio.replaying import Player, action_reference
from bifrost.portfolio.telling import dawn

Undone = Mapping[str, Sequence[tuple[datetime | None, LotLine]]]


def play_lots(
    player: Player,
    span: Span,
    stamps: Mapping[str, datetime | None],
    undone: Undone,
) -> Iterator[LotRecord]:
    """Play one account's journal; yield each lot once nothing more happens to it.

    stamps: by reference, when each return of capital stands in the ledger; None is before the
    market had a time. undone: by lot, what flows did that were reversed, and what their reversals
    did: the journal as it is played is without both.
    """
    playing = _Playing(player, span, stamps, undone)
    for made in player.play():
        for lot_id in playing.take(made):
            if not playing.lots[lot_id].quantity:
                yield playing.lots.pop(lot_id)
    yield from playing.lots.values()


class _Playing:
    """The lots that are open as far as the journal is played."""

    def __init__(
        self, player: Player, span: Span, stamps: Mapping[str, datetime | None], undone: Undone
    ) -> None:
        self._player = player
        self._span = span
        self._stamps = stamps
        self._undone = undone
        self.lots: dict[str, LotRecord] = {}

    def take(self, made: Transaction) -> Iterable[str]:
        """Add a transaction that is in the player's books; return the lots that it touched."""
        match made.cause:
            case FillRecorded() as recorded:
                return self._fill(recorded, made.closures, made.opened)
            case BookChange() as change if made.reference == action_reference(change.action):
                return self._act(change)
            case CashChanged() as event if event.kind == CashFlowKind.RETURN_OF_CAPITAL:
                self._return_capital(made.reference, event.instrument)
        return ()

    def _fill(
        self, recorded: FillRecorded, closures: Sequence[Closure], opened: Sequence[Lot]
    ) -> list[str]:
        fill, trader = recorded.fill, recorded.strategy_id
        counts = self._span.reaches(fill.occurred_at)
        for one in closures:
            self._add(one.lot_id, _closed(fill.instrument, one), counts, trader)
        for lot in opened:
            self._open(lot, frozenset({trader}))
            self._add(lot.lot_id, LotLine(lot.instrument, lot.quantity, lot.cost), counts, trader)
        if any(one.rule for one in closures):
            # An average basis moves costs between lots, and of lots that it closes nothing of.
            self._rebase(fill.instrument, (one.lot_id for one in closures), counts, trader)
        return [one.lot_id for one in closures]

    def _act(self, change: BookChange) -> set[str]:
        counts = self._span.reaches(dawn(change.action.ex_date))
        for lot in change.opened:
            parent = lot.lot_id.removesuffix(f"/{change.action.action_id}")
            self._open(lot, self.lots[parent].traders)
        for lot, one in change.closed:
            self._add(one.lot_id, LotLine(lot.instrument, realised=one.realised), counts)
        before = {lot.lot_id: lot for lot in change.before}
        after = {lot.lot_id: lot for lot in change.after}
        for lot_id, old in before.items():
            if after.get(lot_id) != old:
                gone = LotLine(old.instrument, EXACT.minus(old.quantity), EXACT.minus(old.cost))
                self._add(lot_id, gone, counts)
        for lot_id, new in after.items():
            if before.get(lot_id) != new:
                self._add(lot_id, LotLine(new.instrument, new.quantity, new.cost), counts)
        return {*before, *(lot.lot_id for lot in change.opened)}

    def _return_capital(self, reference: str, instrument: str) -> None:
        counts = self._span.reaches(self._stamps.get(reference))
        self._rebase(instrument, (), counts)

    def _rebase(
        self,
        instrument: str,
        closed: Iterable[str],
        counts: tuple[bool, ...],
        trader: str | None = None,
    ) -> None:
        """Take over the costs of lots where the transaction says them of all together only."""
        costs = dict.fromkeys(closed, NOTHING)
        costs |= {lot.lot_id: lot.cost for lot in self._player.books.lots_of(instrument)}
        for lot_id, cost in costs.items():
            moved = EXACT.subtract(cost, self.lots[lot_id].cost)
            if moved:
                self._add(lot_id, LotLine(instrument, cost=moved), counts, trader)

    def _open(self, lot: Lot, traders: frozenset[str]) -> None:
        made = self.lots[lot.lot_id] = LotRecord(
            lot.lot_id, lot.currency, traders or NOBODYS, tuple({} for _ in self._span.ends)
        )
        for at, line in self._undone.get(lot.lot_id, ()):
            made.take(line, self._span.reaches(at))

    def _add(
        self, lot_id: str, line: LotLine, counts: tuple[bool, ...], trader: str | None = None
    ) -> None:
        lot = self.lots[lot_id]
        lot.quantity = EXACT.add(lot.quantity, line.quantity)
        lot.cost = EXACT.add(lot.cost, line.cost)
        lot.take(line, counts, trader)


def _closed(instrument: str, one: Closure) -> LotLine:
    return LotLine(instrument, EXACT.minus(one.quantity), EXACT.minus(one.cost), one.realised)
