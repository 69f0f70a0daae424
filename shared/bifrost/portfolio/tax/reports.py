"""Tax reports over the desk's own books: wash sales, Form 8949, a preview, and a broker's 1099-B.

All accounts of one owner, and of the spouse where both have said that they are married. A wash
sale statement has the sales and lots of both; Form 8949, unless it is joint, and a comparison with
a broker have the asker's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from bifrost.core.errors import ConflictError, FieldProblem, InvalidInputError
from bifrost.core.money import exact_sum
from bifrost.portfolio.lot_selection import LotMethod, Sale, Selection, select
from bifrost.portfolio.lots import Lot, LotPart
from bifrost.portfolio.ports import Clock
from bifrost.portfolio.tax.desk import DeskHistory, Excluded, history_of
from bifrost.portfolio.tax.desk_rows import DeskRows, LotRow, TooManyTradesError
from bifrost.portfolio.tax.elections import Couple, Elections
from bifrost.portfolio.tax.form_1099b import BrokerRow, Reconciliation, reconcile
from bifrost.portfolio.tax.form_8949 import Form8949Row, Reported, form_8949
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.household import Whose, couples_in
from bifrost.portfolio.tax.identity import security_of
from bifrost.portfolio.tax.kept import Pick
from bifrost.portfolio.tax.policy import Policy
from bifrost.portfolio.tax.preview import Preview, Wish, preview
from bifrost.portfolio.tax.shares import ZERO
from bifrost.portfolio.tax.statement import Statement, statement
from bifrost.portfolio.tax.wash_sales import wash_sales

# A request has 30 s: on a core of their own 100,000 trades take 40, and it may have half of one.
TRADES_MAX = 25_000


class TaxReader(Protocol):
    """One owner's books, with those of the spouse where a marriage stands."""

    def rows(self, otherwise: date, most: int, family: str | None = None) -> DeskRows:
        """Return all; today is the market's, or `otherwise` before its first bar.

        most: trades, of both together; raises TooManyTradesError where there are more.
        family: a stock; then at least what has to do with it: options, and what actions made of it.
        """

    def price(self, instrument: str) -> Decimal | None:
        """Return the instrument's last price in USD; None where there is none."""


class Standing(Protocol):
    """How an account's sales choose their lots."""

    def standing(self, account_id: str, instrument: str) -> LotMethod:
        """Return the instrument's standing method; raise NotFoundError for another's account."""


@dataclass(frozen=True, slots=True)
class SaleWish:
    """A sale that somebody considers; without a price at the last one, without a day today."""

    account_id: str
    instrument: str
    quantity: Decimal
    price: Decimal | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class DeskStatement:
    """A statement of the desk's books, and what it does not tell.

    couple: whose books, who asks first. spouses: accounts of the other.
    """

    statement: Statement
    excluded: tuple[Excluded, ...]
    couple: Couple | None = None
    spouses: frozenset[str] = frozenset()

    def whose(self, account_id: str) -> Whose:
        """Say whose account it is."""
        return Whose.SPOUSE if account_id in self.spouses else Whose.MINE


class TaxReports:
    """Tells one owner."""

    def __init__(self, owner: str, reader: TaxReader, standing: Standing, clock: Clock) -> None:
        self._owner = owner
        self._reader = reader
        self._standing = standing
        self._clock = clock

    def wash_sales(
        self, year: int | None, policy: Mapping[str, str], instrument: str | None = None
    ) -> DeskStatement:
        """Match every loss of the history; lines of a year's sales only, totals of all.

        instrument: then of its family alone. Raises InvalidInputError where there are too many
        trades for one report, here and below.
        """
        rows, history = self._whole(instrument)
        trades = history.trades
        books = wash_sales(trades, _elections(policy, trades, rows.couple), history.kept)
        others = {one.account_id for one in rows.accounts if one.owner != self._owner}
        told = statement(trades, books, year)
        return DeskStatement(told, history.excluded, rows.couple, frozenset(others))

    def form_8949(
        self,
        year: int,
        reported: Reported,
        policy: Mapping[str, str],
        instrument: str | None = None,
        *,
        joint: bool = False,
    ) -> tuple[list[Form8949Row], tuple[Excluded, ...]]:
        """Return the rows of a year; joint: the spouse's, too."""
        rows, history = self._whole(instrument)
        trades = history.trades
        books = wash_sales(trades, _elections(policy, trades, rows.couple), history.kept)
        told = [one for one in books.disposals if joint or one.sale.owner == self._owner]
        return form_8949(told, year, reported), history.excluded

    def reconcile(
        self,
        broker: Sequence[BrokerRow],
        year: int,
        policy: Mapping[str, str],
        instrument: str | None = None,
    ) -> tuple[Reconciliation, tuple[Excluded, ...]]:
        """Compare a broker's 1099-B with the books; its accounts are named by our ids.

        instrument: then what both have of its family.
        """
        rows, history = self._whole(instrument)
        if instrument is not None:
            family = history.families.of(instrument)
            broker = [one for one in broker if history.families.of(one.key[1]) == family]
        elections = _elections(policy, history.trades, rows.couple)
        found = reconcile(history.trades, broker, year, elections, history.kept, owner=self._owner)
        return found, history.excluded

    def preview(self, wish: SaleWish, policy: Mapping[str, str]) -> Preview:
        """Say what a sale would realise, of the lots that the account's method would close.

        Raises NotFoundError, InvalidInputError, and ConflictError where its trades are left out.
        """
        method = self._standing.standing(wish.account_id, wish.instrument)
        rows, history = self._history(security_of(wish.instrument).underlying)
        lots = [
            one
            for one in rows.lots
            if (one.account_id, one.instrument) == (wish.account_id, wish.instrument)
        ]
        _check_kept(history, wish.instrument)
        _check_held(lots, wish)
        told = self._told(wish, rows.today)
        trades = history.of_family(wish.instrument)
        if told.on < trades[-1].on:
            problem = f"the last trade was on {trades[-1].on}"
            raise _refused("on", problem, "preview a later day, or that one")
        at = datetime.combine(told.on, datetime.min.time(), UTC).replace(hour=20)
        parts = _chosen(lots, Sale(told.quantity, told.price, at), method)
        shares = sum((_shares(history, one) for one in parts), ZERO)
        told = replace(told, scale=shares / Fraction(told.quantity))
        picks = tuple(_pick(history, one, told.scale) for one in parts)
        line = trades[-1].line + 1
        averaged = {**history.kept.averaged}
        if method is LotMethod.AVERAGE_COST:
            own = (history.held[one.lot_id] for one in lots if one.sequence > 0 and one.quantity)
            averaged[line] = frozenset((one.line, one.via) for one in own)
        picks_of = {**history.kept.picks, line: picks}
        kept = replace(history.kept, picks=picks_of, averaged=averaged)
        return preview(trades, told, _elections(policy, trades, rows.couple), kept)

    def _whole(self, instrument: str | None) -> tuple[DeskRows, DeskHistory]:
        return self._history(security_of(instrument).underlying if instrument else None)

    def _history(self, family: str | None) -> tuple[DeskRows, DeskHistory]:
        try:
            rows = self._reader.rows(self._clock.now().date(), TRADES_MAX, family)
        except TooManyTradesError as found:
            raise _too_many(found.args[0], family) from None
        return rows, history_of(rows, family)

    def _told(self, wish: SaleWish, today: date) -> Wish:
        price = wish.price if wish.price is not None else self._reader.price(wish.instrument)
        if price is None:
            raise _refused("price", f"{wish.instrument} has no price yet", "send one")
        on = wish.on or today
        return Wish(wish.account_id, wish.instrument, wish.quantity, price, on, self._owner)


def _elections(
    policy: Mapping[str, str], trades: Sequence[Trade], couple: Couple | None
) -> Elections:
    return Elections(spouses=couples_in(trades, couple), policy=Policy(dict(policy)))


def _check_kept(history: DeskHistory, instrument: str) -> None:
    if history.is_excluded(instrument):
        why = "; ".join(f"{one.instrument}: {one.message}" for one in history.excluded)
        raise ConflictError(f"trades in {instrument} cannot be told as tax: {why}")


def _check_held(lots: Sequence[LotRow], wish: SaleWish) -> None:
    held = exact_sum(one.quantity for one in lots)
    if not lots:
        problem = f"account {wish.account_id} never held {wish.instrument}"
        raise _refused("instrument", problem, "name an instrument that it holds")
    if wish.quantity > held:
        problem = f"account {wish.account_id} holds {max(held, Decimal(0)):f} {wish.instrument}"
        raise _refused("quantity", problem, "sell what is held: an open short realises nothing")


def _chosen(lots: Sequence[LotRow], sale: Sale, method: LotMethod) -> tuple[LotPart, ...]:
    held = [
        Lot(one.lot_id, one.instrument, one.currency, one.opened_at, one.sequence, one.quantity,
            one.cost)
        for one in lots
        if one.quantity > 0
    ]  # fmt: skip
    return select(held, sale, Selection(method), method)


def _shares(history: DeskHistory, part: LotPart) -> Fraction:
    return Fraction(part.quantity) * history.held[part.lot_id].shares


def _pick(history: DeskHistory, part: LotPart, scale: Fraction) -> Pick:
    lot = history.held[part.lot_id]
    return Pick(lot.line, _shares(history, part) / scale, lot.via)


def _too_many(trades: int, family: str | None) -> InvalidInputError:
    told = f"trades, and one report tells {TRADES_MAX}"
    if family is None:
        fix = "name one instrument after the other: a report is of it and what it has to do with"
        return _refused("instrument", f"the books have {trades} {told}", fix)
    problem = f"{family}, and what it has to do with, has {trades} {told}"
    fix = "write these trades to a file: without --desk, bifrost tax reads it however long it is"
    return _refused("instrument", problem, fix)


def _refused(field: str, message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem(field, message, fix))
