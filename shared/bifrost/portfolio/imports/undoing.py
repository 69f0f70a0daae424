"""What undoing an import does to the lots: each of its transactions is turned around, last first.

A lot that a transaction closed from gets back what was taken; the lot that it opened is closed at
its own cost, so that nothing is realised by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bifrost.core.errors import ConflictError
from bifrost.core.money import EXACT
from bifrost.portfolio.imports.records import ClosureMade
from bifrost.portfolio.lots import Closure, Lot, LotChange


def turned_around(
    closures: Sequence[ClosureMade], opened: Lot | None, lots: Mapping[str, Lot]
) -> LotChange:
    """Return the opposite of what a fill did to its lots, as they are now.

    closures: what it closed. opened: the lot that it opened, as it was then.
    Raises ConflictError where that lot is no longer whole.
    """
    made: list[Closure] = []
    remaining: list[Lot] = []
    for one in closures:
        lot = lots[one.lot_id]
        made.append(
            Closure(
                one.lot_id,
                EXACT.minus(one.quantity),
                EXACT.minus(one.cost),
                EXACT.minus(one.proceeds),
            )
        )
        remaining.append(
            replace(
                lot,
                quantity=EXACT.add(lot.quantity, one.quantity),
                cost=EXACT.add(lot.cost, one.cost),
            )
        )
    if opened is not None:
        now = lots[opened.lot_id]
        if (now.quantity, now.cost) != (opened.quantity, opened.cost):
            raise ConflictError(
                f"lot {now.lot_id} of {now.instrument} holds {_sized(now)},"
                f" it was opened with {_sized(opened)}:"
                " undo first what has changed it since"
            )
        made.append(Closure(now.lot_id, now.quantity, now.cost, now.cost))
        remaining.append(
            replace(
                now,
                quantity=EXACT.subtract(now.quantity, now.quantity),
                cost=EXACT.subtract(now.cost, now.cost),
            )
        )
    return LotChange(tuple(made), tuple(remaining), None)


def _sized(lot: Lot) -> str:
    return f"{EXACT.normalize(lot.quantity):f} at {EXACT.normalize(lot.cost):f}"
