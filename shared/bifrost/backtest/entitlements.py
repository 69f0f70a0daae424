"""What corporate actions make of a holding: shares and cash, as a custodian counts them.

A custodian knows totals and no lots, so nothing here knows of basis or gains. Two houses that
count alike agree on every share: a total is rounded once, half to even, to QUANTITY_INCREMENT, and
the last fraction of a share is paid out where the action says for how much. What a long position
receives a short one owes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    Delisting,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.money import EXACT, exact_product

QUANTITY_INCREMENT = Decimal("1E-12")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a holding becomes: `shares` by instrument, and `cash`, owed where it is negative.

    paid_on: the day of payment; until then the cash is due.
    """

    action_id: str
    shares: Mapping[str, Decimal]
    cash: Decimal
    paid_on: date


@dataclass(frozen=True, slots=True)
class Traded:
    """What an account bought (negative: sold) of an instrument in one session."""

    session: date
    instrument: str
    quantity: Decimal


@dataclass(slots=True)
class Holdings:
    """An account's positions, and the cash that each action entitles it to."""

    positions: dict[str, Decimal] = field(default_factory=dict)
    entitlements: list[Entitlement] = field(default_factory=list)

    def add(self, instrument: str, quantity: Decimal) -> None:
        """Move the position."""
        self.positions[instrument] = EXACT.add(self.positions.get(instrument, _NOTHING), quantity)

    def meet(self, action: CorporateAction) -> None:
        """Let the action happen to what is held."""
        held = self.positions.get(action.instrument, _NOTHING)
        if not held:
            return
        entitled = entitlement(action, held)
        self.positions[action.instrument] = _NOTHING
        for instrument, quantity in entitled.shares.items():
            self.add(instrument, quantity)
        if entitled.cash:
            self.entitlements.append(entitled)


def holdings_after(trades: Iterable[Traded], actions: Iterable[CorporateAction]) -> Holdings:
    """Play an account's trades and the standing actions, each before its ex-date's first trade."""
    holdings = Holdings()
    waiting = sorted(actions, key=lambda one: one.place, reverse=True)
    for trade in sorted(trades, key=lambda one: one.session):
        while waiting and waiting[-1].ex_date <= trade.session:
            holdings.meet(waiting.pop())
        holdings.add(trade.instrument, trade.quantity)
    while waiting:
        holdings.meet(waiting.pop())
    return holdings


def entitlement(action: CorporateAction, held: Decimal) -> Entitlement:
    """Return what `held` shares of the action's instrument become; withdrawn, it never was."""
    if action.withdrawn:
        raise ValueError(f"{action.action_id} was withdrawn by {action.vendor}")
    shares, cash = _outcome(action, held)
    return Entitlement(action.action_id, shares, cash, action.paid_on)


def _outcome(action: CorporateAction, held: Decimal) -> tuple[dict[str, Decimal], Decimal]:
    own = action.instrument
    match action.terms:
        case Split() | StockDividend() as terms:
            left, cash = _received(held, terms.ratio, terms.cash_in_lieu)
            return {own: left}, cash
        case CashDividend(amount_per_share=amount):
            return {own: held}, exact_product(held, amount)
        case SpinOff() as terms:
            child, cash = _received(held, Fraction(terms.shares_per_share), terms.cash_in_lieu)
            return {own: held, terms.new_instrument: child}, cash
        case Merger() as terms:
            return _merged(terms, held)
        case Rename(new_instrument=name):
            return {name: held}, _NOTHING
        case Delisting(final_value=value):
            return ({own: held}, _NOTHING) if value is None else ({}, exact_product(held, value))


def _merged(terms: Merger, held: Decimal) -> tuple[dict[str, Decimal], Decimal]:
    cash = exact_product(held, terms.cash_per_share)
    if not terms.new_instrument:
        return {}, cash
    left, in_lieu = _received(held, Fraction(terms.shares_per_share), terms.cash_in_lieu)
    return {terms.new_instrument: left}, EXACT.add(cash, in_lieu)


def _received(
    held: Decimal, ratio: Fraction, cash_in_lieu: Decimal | None
) -> tuple[Decimal, Decimal]:
    """Return the shares, and the cash for the last fraction of one; None keeps fractions."""
    steps = round(Fraction(held) * ratio / Fraction(QUANTITY_INCREMENT))
    total = exact_product(Decimal(steps), QUANTITY_INCREMENT)
    if cash_in_lieu is None:
        return total, _NOTHING
    whole = total.to_integral_value(rounding=ROUND_DOWN)
    return whole, exact_product(EXACT.subtract(total, whole), cash_in_lieu)
