"""P&L by lot of any range: what lots gained by their shares, costs and closures at its two ends.

The lots of an instrument have to add up to its position at either end. Where they do not, or where
of a lot that is meant others sold, no rule says which lot gained what: such a lot is named in
`unattributed`, and its gain stays with what belongs to no lot. So all groups add up to the whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bifrost.core.money import EXACT, exact_product
from bifrost.portfolio.lot_history import NOTHING, Held, Key, LotRecord, Lots, LotSums, Sums
from bifrost.portfolio.performance import PnlFound, PnlGroup
from bifrost.portfolio.pnl import Pnl


@dataclass(frozen=True, slots=True)
class LotMarket:
    """What lots are valued by.

    currency: the P&L's; nothing is known of another's rate. prices: by end, instrument and
    currency. positions: what the ledger holds, by the same.
    """

    currency: str
    prices: Mapping[Key, Decimal]
    positions: Mapping[Key, Held]

    def pnl(self, realised: Decimal, currency: str, held: Mapping[Key, Held]) -> Pnl:
        """Value what was gained: at the last end, less at the first."""
        gained, unpriced = NOTHING, set[str]()
        for (end, instrument, _), one in held.items():
            price = self.prices.get((end, instrument, currency))
            if one.quantity and price is None:
                unpriced.add(instrument)
            over = EXACT.subtract(exact_product(one.quantity, price or NOTHING), one.cost)
            gained = EXACT.add(gained, EXACT.minus(over) if end else over)
        if currency == self.currency:
            return Pnl(realised, gained, unpriced=frozenset(unpriced))
        is_held = any(one.quantity for one in held.values())
        unrated = frozenset({currency}) if is_held else frozenset()
        return Pnl(unpriced=frozenset(unpriced) | unrated, unrated=unrated)


def found(lots: Lots, total: Pnl, market: LotMarket, *, is_first: bool, limit: int) -> PnlFound:
    """Return the page: first what no lot is known to have, then the lots by their names.

    total: of all that is meant, whatever it is grouped by. is_first: the page begins.
    """
    unequal = differing((lots.whole, lots.shared, lots.others), market.positions)
    known, rest = LotSums(), LotSums()
    for names, sums in lots.whole.items():
        (rest if names & unequal else known).merge(sums)
    for sums in lots.shared.values():
        rest.merge(sums)
    groups = [
        PnlGroup(lot.lot_id, _of(lot, market, lots.is_shared(lot), unequal), lot.instrument)
        for lot in lots.page()
    ]
    unpriced = _unpriced(lots, known, rest, market)
    nobodys = [PnlGroup("", _rest(total, known, unpriced, market))] if is_first else []
    return PnlFound(total, (*nobodys, *groups)[:limit])


def differing(all_lots: Iterable[Sums], positions: Mapping[Key, Held]) -> frozenset[str]:
    """Name the instruments of which lots are not what the ledger holds."""
    added = LotSums()
    for one in all_lots:
        for sums in one.values():
            added.merge(sums)
    keys = {**added.held, **positions}
    flat = Held()
    return frozenset(
        key[1] for key in keys if added.held.get(key, flat) != positions.get(key, flat)
    )


def needed(lots: Lots, positions: Iterable[Key]) -> set[Key]:
    """Return the prices that are asked for."""
    sums = (*lots.whole.values(), *lots.shared.values())
    return {*positions, *(key for one in sums for key in one.held)}


def _of(lot: LotRecord, market: LotMarket, is_shared: bool, unequal: frozenset[str]) -> Pnl:
    if is_shared or lot.instruments & unequal:
        return Pnl(unattributed=lot.instruments & unequal or frozenset({lot.instrument}))
    held = {
        (end, instrument, lot.currency): one
        for end, by_instrument in enumerate(lot.held)
        for instrument, one in by_instrument.items()
    }
    return market.pnl(lot.realised, lot.currency, held)


def _rest(total: Pnl, known: LotSums, unpriced: frozenset[str], market: LotMarket) -> Pnl:
    """The whole less what lots are known to have gained."""
    of_lots = Pnl()
    for currency, realised in known.realised.items():
        held = {key: one for key, one in known.held.items() if key[2] == currency}
        of_lots += market.pnl(realised, currency, held)
    return replace(
        total - of_lots,
        unpriced=unpriced | total.unrated,
        unrated=total.unrated,
        unattributed=total.unattributed,
    )


def _unpriced(lots: Lots, known: LotSums, rest: LotSums, market: LotMarket) -> frozenset[str]:
    """Name what has no price of what is left of positions without the lots that are known.

    Of a strategy it is not known how much of a shared lot is left: its price matters always.
    """
    left, flat = {*rest.held}, Held()
    if not lots.strategies:
        left = {
            key
            for key in {*known.held, *market.positions}
            if known.held.get(key, flat).quantity != market.positions.get(key, flat).quantity
        }
    return frozenset(key[1] for key in left - {*market.prices})
