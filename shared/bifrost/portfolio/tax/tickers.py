"""Names that two companies had, the one after the other: shares of both are not one security.

META was a fund's until 2022-01-31 and is Facebook's since 2022-06-09. What traded by a name before
another stock was renamed to it is the other company's, unless some of it is held as the rename
comes: then the holder has known it by that name already, and it goes on as one.
"""

from collections.abc import Sequence

from bifrost.portfolio.tax.counting import Effect, Row, count
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.identity import security_of
from bifrost.portfolio.tax.kept import Act
from bifrost.portfolio.tax.positions import Positions


def counted(trades: Sequence[Trade], acts: Sequence[Act]) -> tuple[list[Row], list[Effect]]:
    """Return the rows as today sees them, and the actions between them.

    Raises InvalidInputError at a sale of what an account has not got.
    """
    rows, effects = count(trades, acts)
    found = _taken_over(rows, effects)
    return count(trades, acts, found) if found else (rows, effects)


def _taken_over(rows: Sequence[Row], effects: Sequence[Effect]) -> set[str]:
    """Return the renames to a name that rows had before and nobody holds, by action id."""
    renames = [one for one in effects if one.act.action.rename]
    if not renames:
        return set()
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        first.setdefault(security_of(row.trade.instrument).underlying, place)

    def is_known(effect: Effect) -> bool:
        return first.get(effect.act.action.new_instrument, effect.place) < effect.place

    positions, found, played = Positions(), set(), 0
    for one in effects if any(map(is_known, renames)) else ():
        action = one.act.action
        for place in range(played, one.place):
            positions.move(rows[place], place)
        played = one.place
        if action.rename and is_known(one) and not positions.holds(action.new_instrument):
            found.add(action.action_id)
        positions.apply(one)
    return found
