"""Corporate actions beside a file of trades: which of them stand, and between which rows they come.

An action comes before the first row of its ex-date, and is of everybody who holds its instrument;
one on what nobody held changes nothing. What an issuer closed for cash is a row of the trades. One
share for three leaves thirds, which no file can write: a sale of so many that what is left is a
whole number, but for the digits it lacks, is one of exactly so many.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.orders import Side
from bifrost.portfolio.tax.counting import count
from bifrost.portfolio.tax.delimited import PROBLEMS_MAX
from bifrost.portfolio.tax.history import Trade, unreadable
from bifrost.portfolio.tax.identity import security_of
from bifrost.portfolio.tax.kept import Act
from bifrost.portfolio.tax.positions import Positions

_CURRENCY = "USD"
_DIGITS_MAX = 8  # after the point, of a quantity in a file
_DIGITS_MIN = 3  # with fewer it is no rounded fraction, but what was sold


def acts_of(
    trades: Sequence[Trade], rows: Iterable[tuple[int, CorporateAction]]
) -> tuple[Act, ...]:
    """Place them; rows: each with its line.

    Raises InvalidInputError for an action in another currency than the trades' USD, and for a
    sale of a name that an action has ended.
    """
    newest: dict[str, tuple[int, CorporateAction]] = {}
    for line, action in rows:
        known = newest.get(action.action_id)
        if known is None or known[1].revision < action.revision:
            newest[action.action_id] = line, action
    standing = [one for one in newest.values() if not one[1].withdrawn]
    problems = [*_foreign(standing), *_sold_after_its_end(trades, [one for _, one in standing])]
    if problems:
        raise InvalidInputError(*problems[:PROBLEMS_MAX])
    return tuple(Act(_before(trades, action), action) for _, action in standing)


def unmet(trades: Iterable[Trade], acts: Sequence[Act]) -> list[str]:
    """Name the instruments of actions that no row names and no action brings: mistyped, perhaps."""
    known = {security_of(one.instrument).underlying for one in trades}
    known |= {one.action.new_instrument for one in acts}
    return sorted({one.action.instrument for one in acts} - known)


def with_exact_fractions(trades: Sequence[Trade], acts: Sequence[Act]) -> list[Trade]:
    """Return the trades, each rounded sale of a fraction scaled to the fraction itself.

    Raises InvalidInputError at a sale of what an account has not got.
    """
    rows, effects = count(trades, acts)
    positions, found, left = Positions(), [], effects[::-1]
    for place, row in enumerate(rows):
        while left and left[-1].place <= place:
            positions.apply(left.pop())
        scale = _exact(row.trade, positions.closable(row) / row.scale)
        positions.move(replace(row, scale=row.scale * scale), place)
        found.append(replace(row.trade, scale=scale) if scale != 1 else row.trade)
    return found


def _exact(trade: Trade, held: Fraction) -> Fraction:
    """The shares behind one of the quantity."""
    sold = Fraction(trade.quantity)
    digits = -int(trade.quantity.as_tuple().exponent)
    exact = held - round(held - sold)
    can_be_written = (held * 10**_DIGITS_MAX).denominator == 1
    if can_be_written or digits < _DIGITS_MIN or abs(exact - sold) >= Fraction(1, 10**digits):
        return Fraction(1)
    return exact / sold


def _before(trades: Sequence[Trade], action: CorporateAction) -> int:
    on_or_after = (one.line for one in trades if one.on >= action.ex_date)
    return next(on_or_after, trades[-1].line + 1 if trades else 1)


def _foreign(rows: Iterable[tuple[int, CorporateAction]]) -> Iterator[FieldProblem]:
    for line, action in rows:
        if action.currency != _CURRENCY:
            message = f"it is {action.currency}, the trades are in {_CURRENCY}"
            yield FieldProblem(f"actions, line {line}, column currency", message, "convert it")


def _sold_after_its_end(
    trades: Iterable[Trade], actions: Sequence[CorporateAction]
) -> Iterator[FieldProblem]:
    """A margin account would be taken to sell short what it holds under its new name."""
    ends = {
        one.instrument: one for one in actions if (one.merger or one.rename) and one.new_instrument
    }
    bought: set[str] = set()
    for trade in trades:
        end = ends.get(trade.instrument)
        if end is None or trade.on < end.ex_date:
            continue
        if trade.side is Side.BUY:
            bought.add(trade.instrument)
        elif trade.instrument not in bought:
            message = f"{trade.instrument} is {end.new_instrument} since {end.ex_date}"
            fix = "name it as it was on its day, or correct the action"
            yield unreadable(trade.line, "instrument", message, fix)
