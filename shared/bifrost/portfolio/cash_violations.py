"""What a cash account did that it may not: sold before it had paid, and paid by selling.

Good faith: a purchase made with proceeds that had not settled, and sold before they had; brokers
count these under Regulation T's good faith (12 CFR 220.8(a)). Free-riding: a purchase sold before
it was paid in full, and not paid by other money within the payment period, which is the settlement
cycle and two business days (220.2, 220.8(b)(1)); the account is frozen for 90 calendar days from
the sale (220.8(c)(1)), unless it was paid in time and the proceeds had not been withdrawn ((c)(2)).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.settlement import Settling, cycle_on, settles_on

FROZEN_FOR = timedelta(days=90)
_GRACE_DAYS = 2
_NOTHING = Decimal(0)


class ViolationKind(StrEnum):
    """Which rule was broken."""

    GOOD_FAITH = "good_faith"
    FREE_RIDING = "free_riding"


@dataclass(frozen=True, slots=True)
class Trade:
    """A purchase (quantity above zero, amount below) or a sale; amount is the change of cash."""

    reference: str
    occurred_at: datetime
    instrument: str
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Transfer:
    """Cash that came or went without a trade; it is there at once."""

    occurred_at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Violation:
    """One sale that broke a rule.

    purchase, sale: references of the trades.
    amount: how much of the purchase was not paid with settled cash.
    clean_from: the first day on which the sale would have broken nothing; None where only a
        payment helps.
    frozen_until: the last day on which purchases need settled cash first.
    """

    kind: ViolationKind
    instrument: str
    purchase: str
    sale: str
    sold_on: date
    amount: Decimal
    clean_from: date | None
    frozen_until: date | None


@dataclass(slots=True)
class _Piece:
    day: date
    amount: Decimal


@dataclass(slots=True)
class _Bought:
    reference: str
    quantity: Decimal
    unpaid: Decimal = _NOTHING
    due: date = date.max
    unsettled: list[_Piece] = field(default_factory=list)


@dataclass(slots=True)
class _Debt:
    """A purchase sold before it was paid: other money has until `due`."""

    violation: Violation
    left: Decimal
    due: date


@dataclass(slots=True)
class _Account:
    by: Settling
    settled: Decimal
    pending: list[_Piece] = field(default_factory=list)
    lots: dict[str, list[_Bought]] = field(default_factory=dict)
    debts: list[_Debt] = field(default_factory=list)
    found: list[Violation] = field(default_factory=list)

    def settle(self, today: date) -> None:
        """Let arrive what is due, and end the debts whose time is over."""
        arrived = exact_sum(piece.amount for piece in self.pending if piece.day <= today)
        self.pending = [piece for piece in self.pending if piece.day > today]
        self.settled = EXACT.add(self.settled, arrived)
        for debt in [debt for debt in self.debts if debt.due < today]:
            self.fail(debt)

    def fail(self, debt: _Debt) -> None:
        self.debts.remove(debt)
        self.settled = EXACT.subtract(self.settled, debt.left)
        self.found.append(debt.violation)

    def transfer(self, amount: Decimal) -> None:
        """Pay what is owed first; a withdrawal that takes unsettled proceeds ends every grace."""
        if amount < 0 and EXACT.add(self.settled, amount) < 0:
            for debt in list(self.debts):
                self.fail(debt)
        left = amount
        for debt in list(self.debts):
            paid = max(min(debt.left, left), _NOTHING)
            debt.left, left = EXACT.subtract(debt.left, paid), EXACT.subtract(left, paid)
            if debt.left == 0:
                self.debts.remove(debt)
        for bought in (one for lots in self.lots.values() for one in lots):
            paid = max(min(bought.unpaid, left), _NOTHING)
            bought.unpaid = EXACT.subtract(bought.unpaid, paid)
            left = EXACT.subtract(left, paid)
        self.settled = EXACT.add(self.settled, left)

    def buy(self, trade: Trade, today: date) -> None:
        """Pay with what has settled, then with what settles first, then owe the rest."""
        left = EXACT.minus(trade.amount)
        bought = _Bought(trade.reference, trade.quantity)
        paid = max(min(self.settled, left), _NOTHING)
        self.settled, left = EXACT.subtract(self.settled, paid), EXACT.subtract(left, paid)
        for piece in sorted(self.pending, key=lambda one: one.day):
            taken = min(piece.amount, left)
            if taken > 0:
                piece.amount = EXACT.subtract(piece.amount, taken)
                left = EXACT.subtract(left, taken)
                bought.unsettled.append(_Piece(piece.day, taken))
        bought.unpaid = max(left, _NOTHING)
        days = cycle_on(self.by.cycles, today).days + _GRACE_DAYS
        bought.due = self.by.calendar.business_day(today, days)
        self.lots.setdefault(trade.instrument, []).append(bought)

    def sell(self, trade: Trade, today: date) -> None:
        """Close the oldest purchases; each must have been paid."""
        left = EXACT.minus(trade.quantity)
        lots = self.lots.get(trade.instrument, [])
        while left > 0 and lots:
            bought = lots[0]
            taken = min(bought.quantity, left)
            bought.quantity, left = (
                EXACT.subtract(bought.quantity, taken),
                EXACT.subtract(left, taken),
            )
            self._check_good_faith(trade, bought, today)
            self._check_paid(trade, bought, today)
            if bought.quantity == 0:
                lots.pop(0)
        day = settles_on(self.by.cycles, self.by.calendar, today)
        self.pending.append(_Piece(day, trade.amount))

    def _check_good_faith(self, trade: Trade, bought: _Bought, today: date) -> None:
        unsettled = [piece for piece in bought.unsettled if piece.day > today]
        amount = exact_sum(piece.amount for piece in unsettled)
        bought.unsettled = []
        if amount == 0:
            return
        if amount <= self.settled:
            # Settled cash that came meanwhile pays for it; the proceeds are free again.
            self.settled = EXACT.subtract(self.settled, amount)
            self.pending += unsettled
            return
        clean_from = max(piece.day for piece in unsettled)
        self.found.append(
            Violation(
                ViolationKind.GOOD_FAITH,
                trade.instrument,
                bought.reference,
                trade.reference,
                today,
                amount,
                clean_from,
                None,
            )
        )

    def _check_paid(self, trade: Trade, bought: _Bought, today: date) -> None:
        paid = max(min(bought.unpaid, self.settled), _NOTHING)
        self.settled = EXACT.subtract(self.settled, paid)
        owed, bought.unpaid = EXACT.subtract(bought.unpaid, paid), _NOTHING
        if owed == 0:
            return
        violation = Violation(
            ViolationKind.FREE_RIDING,
            trade.instrument,
            bought.reference,
            trade.reference,
            today,
            owed,
            None,
            today + FROZEN_FOR,
        )
        self.debts.append(_Debt(violation, owed, bought.due))


def violations(
    happened: Iterable[Trade | Transfer],
    by: Settling,
    as_of: date,
    *,
    settled: Decimal = _NOTHING,
    held: Mapping[str, Decimal] | None = None,
) -> tuple[Violation, ...]:
    """Find what broke a rule, in the order in which it was decided.

    happened: in the order in which it did.
    settled, held: the cash and the positions before all of it, paid for.
    as_of: a purchase sold unpaid is free-riding only once its payment period is over.
    """
    account = _Account(by, settled)
    for instrument, quantity in (held or {}).items():
        account.lots[instrument] = [_Bought("", quantity)]
    for one in happened:
        today = by.calendar.trade_date(one.occurred_at)
        account.settle(today)
        if isinstance(one, Transfer):
            account.transfer(one.amount)
        elif one.quantity > 0:
            account.buy(one, today)
        else:
            account.sell(one, today)
    account.settle(as_of)
    return tuple(account.found)
