"""What an action did to an account: lots before and after, what was realised, what is posted.

A change keeps the lots that it found: what undoes it restores them to the last digit instead of
dividing what was multiplied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.corporate_actions.allocation import Realisation
from bifrost.portfolio.ledger import CASH, REALISED, Entry, position_account
from bifrost.portfolio.lots import Closure, Lot

# Owed between the ex-date, when the price falls, and the day of payment.
DUE = "assets:due:corporate_actions"


@dataclass(frozen=True, slots=True)
class BookChange:
    """One action on one account, ready to be posted.

    entries: as of the ex-date; cash that is paid later stands in DUE.
    payment: on the day of payment, DUE into cash; empty where that is the ex-date.
    Either is balanced, and empty where there is nothing to write.
    """

    action: CorporateAction
    before: tuple[Lot, ...]
    after: tuple[Lot, ...]
    realisations: tuple[Realisation, ...]
    entries: tuple[Entry, ...]
    payment: tuple[Entry, ...]

    @property
    def realised(self) -> Decimal:
        """The gain or loss that it realised; dividends are income and no part of it."""
        return exact_sum(one.realised for one in self.realisations)

    @property
    def due(self) -> Decimal:
        """What will be paid later (negative: owed, on a short position)."""
        return self.payment[0].amount if self.payment else Decimal(0)

    @property
    def cash(self) -> Decimal:
        """What it pays, at once or later (negative: what it takes)."""
        return exact_sum(one.amount for one in self.entries if one.ledger_account in (CASH, DUE))

    @property
    def closed(self) -> tuple[tuple[Lot, Closure], ...]:
        """What it closed, and what it realised without closing (quantity 0), each of which lot."""
        known = {lot.lot_id: lot for lot in (*self.opened, *self.before)}
        return tuple(
            (
                replace(known[one.lot_id], instrument=one.instrument),
                Closure(one.lot_id, one.quantity, one.cost, one.proceeds, one.rule),
            )
            for one in self.realisations
            if one.quantity or one.realised
        )

    @property
    def revised(self) -> tuple[tuple[Lot, Lot], ...]:
        """Each lot that it changed, before and after; one that ended is empty."""
        after = {lot.lot_id: lot for lot in self.after}
        pairs = ((old, after.get(old.lot_id, emptied(old))) for old in (*self.before, *self.opened))
        return tuple((old, new) for old, new in pairs if old != new)

    @property
    def opened(self) -> tuple[Lot, ...]:
        """The lots that it made, as they were before a fraction of them was paid out."""
        parents = {f"{lot.lot_id}/{self.action.action_id}": lot for lot in self.before}
        made = {lot.lot_id: lot for lot in self.after if lot.lot_id in parents}
        for one in self.realisations:
            if one.lot_id in parents:
                rest = made.get(one.lot_id)
                lot = rest or replace(
                    parents[one.lot_id],
                    lot_id=one.lot_id,
                    instrument=one.instrument,
                    quantity=Decimal(0),
                    cost=Decimal(0),
                )
                made[one.lot_id] = replace(
                    lot,
                    quantity=EXACT.add(lot.quantity, one.quantity),
                    cost=EXACT.add(lot.cost, one.cost),
                )
        return tuple(made.values())

    def apply_to(self, lots: Mapping[str, Lot]) -> dict[str, Lot]:
        """Return the account's lots after it; raise ValueError where they are not as it found them.

        Lots that a later fill has touched are not: then history has to be replayed
        (`portfolio.correcting`).
        """
        moved = dict(lots)
        for lot in self.before:
            if moved.pop(lot.lot_id, None) != lot:
                raise ValueError(f"lot {lot.lot_id} has changed since: replay its history")
        return moved | {lot.lot_id: lot for lot in self.after}


def emptied(lot: Lot) -> Lot:
    """Return the lot with nothing left."""
    return replace(lot, quantity=Decimal(0), cost=Decimal(0))


def reversed_entries(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Negate amounts and quantities, the last entry first."""
    return tuple(
        Entry(
            entry.ledger_account,
            entry.currency,
            EXACT.minus(entry.amount),
            entry.instrument,
            None if entry.quantity is None else EXACT.minus(entry.quantity),
        )
        for entry in reversed(entries)
    )


def change_of(
    action: CorporateAction,
    before: Sequence[Lot],
    after: Sequence[Lot],
    realisations: Sequence[Realisation] = (),
    income: Sequence[tuple[str, Decimal]] = (),
) -> BookChange:
    """Write the entries of a change of lots.

    income: ledger accounts and amounts of what was earned without touching a lot (negative: it
    was owed, on a short position).
    """
    proceeds = exact_sum(one.proceeds for one in realisations)
    cash = EXACT.add(proceeds, exact_sum(earned for _, earned in income))
    paid_later = action.paid_on > action.ex_date
    lines = [
        *_position_entries(action.currency, before, after),
        Entry(DUE if paid_later else CASH, action.currency, cash, action.instrument),
        *_gain_entries(action.currency, realisations),
        *(
            Entry(account, action.currency, EXACT.minus(earned), action.instrument)
            for account, earned in income
        ),
    ]
    return BookChange(
        action=action,
        before=tuple(before),
        after=tuple(after),
        realisations=tuple(realisations),
        entries=_written(lines),
        payment=payment_entries(action, cash) if paid_later and cash != 0 else (),
    )


def payment_entries(action: CorporateAction, cash: Decimal) -> tuple[Entry, ...]:
    """What was due becomes cash."""
    return (
        Entry(CASH, action.currency, cash),
        Entry(DUE, action.currency, EXACT.minus(cash), action.instrument),
    )


def _written(lines: Sequence[Entry]) -> tuple[Entry, ...]:
    kept = [_for_cash(line) for line in lines if line.amount != 0 or line.quantity]
    if len(kept) == 1:
        # Shares without a cost that come or go for nothing: the ledger wants to hear of what.
        (only,) = kept
        kept.append(Entry(REALISED, only.currency, Decimal(0), only.instrument))
    return tuple(kept)


def _for_cash(entry: Entry) -> Entry:
    # Cash has one balance a currency, whatever it was paid for.
    return replace(entry, instrument="") if entry.ledger_account == CASH else entry


def _gain_entries(currency: str, realisations: Sequence[Realisation]) -> list[Entry]:
    # By the instrument that was sold: a fraction of a spun-off share is none of its parent.
    names = dict.fromkeys(one.instrument for one in realisations)
    gains = {
        name: exact_sum(one.realised for one in realisations if one.instrument == name)
        for name in names
    }
    return [Entry(REALISED, currency, EXACT.minus(gain), name) for name, gain in gains.items()]


def _position_entries(currency: str, before: Sequence[Lot], after: Sequence[Lot]) -> list[Entry]:
    entries = []
    # Long and short apart: as much of both would be no line at all, though every lot moves.
    for name, is_long in product(_instruments((*before, *after)), (True, False)):
        old_quantity, old_cost = _total(before, name, is_long=is_long)
        quantity, cost = _total(after, name, is_long=is_long)
        account = position_account(name)
        if quantity == old_quantity:
            moved = EXACT.subtract(cost, old_cost)
            entries.append(Entry(account, currency, moved, name))
            continue
        # Out and in again: a split alone would be a line without an amount.
        out = (EXACT.minus(old_cost), EXACT.minus(old_quantity))
        for amount, shares in (out, (cost, quantity)):
            entries.append(Entry(account, currency, amount, name, shares))
    return entries


def _instruments(lots: Sequence[Lot]) -> list[str]:
    return sorted({lot.instrument for lot in lots})


def _total(lots: Sequence[Lot], instrument: str, *, is_long: bool) -> tuple[Decimal, Decimal]:
    own = [lot for lot in lots if lot.instrument == instrument and (lot.quantity > 0) == is_long]
    return exact_sum(lot.quantity for lot in own), exact_sum(lot.cost for lot in own)
