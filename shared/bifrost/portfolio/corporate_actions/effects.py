"""Each corporate action as a pure function over an account's lots.

Signed lots need no second case: what a long lot receives a short one owes. The age of a lot never
changes: shares received for shares have their holding period (IRC §1223(1), (4)).
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    Delisting,
    DividendKind,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.money import AMOUNT_MAX, EXACT, exact_product, exact_sum
from bifrost.portfolio.cash_flows import INCOME, CashFlowKind
from bifrost.portfolio.corporate_actions.allocation import (
    Realisation,
    basis_part,
    by_age,
    times,
    without_fraction,
)
from bifrost.portfolio.corporate_actions.change import BookChange, change_of
from bifrost.portfolio.lots import Lot

DIVIDENDS = {
    DividendKind.ORDINARY: INCOME[CashFlowKind.DIVIDEND_ORDINARY],
    DividendKind.QUALIFIED: INCOME[CashFlowKind.DIVIDEND_QUALIFIED],
}
# What a short seller owes the lender; neither income nor part of the short's price.
OWED_ON_SHORTS = "expenses:dividends_on_shorts"

FRACTION_RULE = "IRC §1001, a fraction sold for cash: Rev. Rul. 66-365"
CASH_MERGER_RULE = "IRC §1001, all shares sold for cash"
BOOT_RULE = "IRC §356(a)(1), lot by lot: Rev. Rul. 68-23; no loss: §356(c)"
CAPITAL_RULE = "IRC §301(c)(3), what exceeds the basis"
WORTHLESS_RULE = "IRC §165(g)(1), worthless"
LIQUIDATION_RULE = "IRC §331, paid in liquidation"


def apply_action(action: CorporateAction, lots: Sequence[Lot]) -> BookChange:
    """Return what the action does to an account's lots.

    lots: the account's open lots as the ex-date begins, of any instrument. Raises ValueError for
    an action that was withdrawn: it never was, so there is nothing to apply; and for one with a
    `refusal`.
    """
    if action.withdrawn:
        raise ValueError(f"{action.action_id} was withdrawn by {action.vendor}")
    reason = refusal(action, lots)
    if reason:
        raise ValueError(reason)
    return _effect(action, _own(action, lots))


def refusal(action: CorporateAction, lots: Sequence[Lot]) -> str:
    """Say why the action does not fit these lots, and what to do; empty where it does."""
    others = {lot.currency for lot in lots if lot.instrument == action.instrument}
    others.discard(action.currency)
    if others:
        return (
            f"{action.action_id} of {action.instrument} is in {action.currency}, the lots are in"
            f" {', '.join(sorted(others))}: import a revision in their currency"
        )
    change = _effect(action, _own(action, lots))
    if abs(change.cash) > AMOUNT_MAX:
        return (
            f"{action.action_id} of {action.instrument} moves {change.cash:f} {action.currency},"
            f" more cash than an account can hold, {AMOUNT_MAX:f}: import a revision, or withdraw"
            " it"
        )
    if any(lot.quantity == 0 and lot.cost != 0 for lot in change.after):
        return (
            f"{action.action_id} of {action.instrument} leaves a cost without a share:"
            " import a revision with another ratio, or withdraw it"
        )
    return ""


def _own(action: CorporateAction, lots: Sequence[Lot]) -> list[Lot]:
    return [lot for lot in by_age(lots) if lot.instrument == action.instrument]


def _effect(action: CorporateAction, own: list[Lot]) -> BookChange:
    match action.terms:
        case Split() | StockDividend() as terms:
            return _split(action, terms, own)
        case CashDividend() as terms:
            return _cash_dividend(action, terms, own)
        case SpinOff() as terms:
            return _spin_off(action, terms, own)
        case Merger() as terms:
            return _merger(action, terms, own)
        case Rename() as terms:
            renamed = [replace(lot, instrument=terms.new_instrument) for lot in own]
            return change_of(action, own, renamed)
        case terms:
            return _delisting(action, terms, own)


def _split(action: CorporateAction, terms: Split | StockDividend, lots: list[Lot]) -> BookChange:
    # A stock dividend is a split in all but name: IRC §305(a), its basis is over all: §307(a).
    scaled = times(lots, terms.ratio)
    after, paid = without_fraction(scaled, terms.cash_in_lieu, FRACTION_RULE)
    return change_of(action, lots, after, paid)


def _cash_dividend(action: CorporateAction, terms: CashDividend, lots: list[Lot]) -> BookChange:
    # After a merger lots of both signs may be there: the long ones earn, the short ones owe.
    held = exact_sum(lot.quantity for lot in lots if lot.quantity > 0)
    short = exact_sum(lot.quantity for lot in lots if lot.quantity < 0)
    owed = (OWED_ON_SHORTS, exact_product(short, terms.amount_per_share))
    if terms.kind is DividendKind.RETURN_OF_CAPITAL:
        return _return_of_capital(action, terms.amount_per_share, lots, owed)
    earned = exact_product(held, terms.amount_per_share)
    return change_of(action, lots, lots, (), ((DIVIDENDS[terms.kind], earned), owed))


def _return_of_capital(
    action: CorporateAction, per_share: Decimal, lots: list[Lot], owed: tuple[str, Decimal]
) -> BookChange:
    """Reduce each lot's basis, and only what exceeds it is a gain: IRC §301(c)(2) and (3)."""
    after, paid = [], []
    for lot in lots:
        if lot.quantity < 0:
            after.append(lot)
            continue
        cash = exact_product(lot.quantity, per_share)
        used = min(cash, lot.cost)
        after.append(replace(lot, cost=EXACT.subtract(lot.cost, used)))
        paid.append(Realisation(lot.lot_id, lot.instrument, Decimal(0), used, cash, CAPITAL_RULE))
    return change_of(action, lots, after, paid, (owed,))


def _spin_off(action: CorporateAction, terms: SpinOff, lots: list[Lot]) -> BookChange:
    """Move part of each lot's basis to a lot of the new instrument, as old: IRC §355, §358."""
    after, children = [], []
    for lot in lots:
        moved = basis_part(lot, terms.basis_moved)
        after.append(replace(lot, cost=EXACT.subtract(lot.cost, moved)))
        children.append(
            replace(
                lot,
                lot_id=f"{lot.lot_id}/{action.action_id}",
                instrument=terms.new_instrument,
                cost=moved,
            )
        )
    received = times(children, Fraction(terms.shares_per_share))
    kept, paid = without_fraction(received, terms.cash_in_lieu, FRACTION_RULE)
    return change_of(action, lots, [*after, *kept], paid)


def _merger(action: CorporateAction, terms: Merger, lots: list[Lot]) -> BookChange:
    if not terms.new_instrument:
        return _paid_out(action, terms.cash_per_share, lots, CASH_MERGER_RULE)
    boots = [_boot(lot, terms) for lot in lots] if terms.cash_per_share else []
    bases = {boot.lot_id: boot.cost for boot in boots}
    carried = [
        replace(
            lot,
            instrument=terms.new_instrument,
            cost=EXACT.subtract(lot.cost, bases.get(lot.lot_id, Decimal(0))),
        )
        for lot in lots
    ]
    received = times(carried, Fraction(terms.shares_per_share))
    kept, paid = without_fraction(received, terms.cash_in_lieu, FRACTION_RULE)
    return change_of(action, lots, kept, [*boots, *paid])


def _boot(lot: Lot, terms: Merger) -> Realisation:
    """Recognise the gain on a lot up to its cash; the new basis is the old less cash plus gain.

    IRC §356(a)(1), §356(c) and §358(a)(1). A short lot closes nothing here: what it owes in cash
    moves its cost and is settled when it is covered.
    """
    cash = exact_product(lot.quantity, terms.cash_per_share)
    worth = exact_product(terms.shares_per_share, terms.share_value or Decimal(0))
    value = exact_product(lot.quantity, worth)
    gain = EXACT.subtract(EXACT.add(cash, value), lot.cost)
    recognised = min(max(gain, Decimal(0)), cash) if lot.quantity > 0 else Decimal(0)
    used = EXACT.subtract(cash, recognised)
    return Realisation(lot.lot_id, lot.instrument, Decimal(0), used, cash, BOOT_RULE)


def _delisting(action: CorporateAction, terms: Delisting, lots: list[Lot]) -> BookChange:
    if terms.final_value is None:
        return change_of(action, lots, lots)
    rule = LIQUIDATION_RULE if terms.final_value else WORTHLESS_RULE
    return _paid_out(action, terms.final_value, lots, rule)


def _paid_out(
    action: CorporateAction, per_share: Decimal, lots: list[Lot], rule: str
) -> BookChange:
    paid = [
        Realisation(
            lot.lot_id,
            lot.instrument,
            lot.quantity,
            lot.cost,
            exact_product(lot.quantity, per_share),
            rule,
        )
        for lot in lots
    ]
    return change_of(action, lots, [], paid)
