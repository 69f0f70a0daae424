"""Whatever the lots: shares follow the ratio, basis is kept, and entries balance."""

from decimal import Decimal
from fractions import Fraction
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.corporate_actions import (
    CashDividend,
    Delisting,
    DividendKind,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
    Terms,
)
from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.portfolio.corporate_actions.allocation import QUANTITY_INCREMENT
from bifrost.portfolio.corporate_actions.change import DUE, BookChange
from bifrost.portfolio.corporate_actions.effects import apply_action
from bifrost.portfolio.ledger import CASH, REALISED
from bifrost.portfolio.lots import Lot
from tests.action_builders import action, lot

POSITIVE = st.decimals("0.001", 5000, places=3)
PER_SHARE = st.decimals("0.0001", 20, places=4)
VALUE = st.decimals(0, 900, places=2)
IN_LIEU = st.none() | VALUE
WHOLE = st.integers(1, 40).map(Decimal)
NEW = st.just("NEW")

SPLITS = (
    st.tuples(WHOLE, WHOLE, IN_LIEU).filter(lambda of: of[0] != of[1]).map(lambda of: Split(*of))
)
STOCK_DIVIDENDS = st.builds(StockDividend, PER_SHARE, IN_LIEU)
SPIN_OFFS = st.builds(SpinOff, NEW, PER_SHARE, st.decimals(0, 1, places=6), VALUE, IN_LIEU)
STOCK_MERGERS = st.builds(Merger, st.just(Decimal(0)), NEW, PER_SHARE, st.none(), IN_LIEU)
MIXED_MERGERS = st.builds(Merger, POSITIVE, NEW, PER_SHARE, VALUE, st.none())
ANY: st.SearchStrategy[Terms] = st.one_of(
    SPLITS,
    STOCK_DIVIDENDS,
    SPIN_OFFS,
    STOCK_MERGERS,
    MIXED_MERGERS,
    st.builds(CashDividend, st.sampled_from(DividendKind), POSITIVE),
    st.builds(Merger, POSITIVE),
    st.just(Rename("NEW")),
    st.builds(Delisting, IN_LIEU),
)


def _held(sizes: list[tuple[Decimal, Decimal]], sign: int) -> list[Lot]:
    return [lot(n, sign * size, sign * cost) for n, (size, cost) in enumerate(sizes, start=1)]


LONG = st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=6).map(lambda s: _held(s, 1))
LOTS = st.tuples(st.lists(st.tuples(POSITIVE, POSITIVE), max_size=6), st.sampled_from((1, -1))).map(
    lambda of: _held(*of)
)
BOXED = st.lists(st.tuples(POSITIVE, POSITIVE), max_size=3).map(
    lambda sizes: [
        lot(number, sign * size, sign * cost)
        for number, (sign, (size, cost)) in enumerate(product((1, -1), sizes), start=1)
    ]
)


def total(lots: tuple[Lot, ...] | list[Lot]) -> Decimal:
    """All their shares."""
    return exact_sum(one.quantity for one in lots)


def basis(lots: tuple[Lot, ...] | list[Lot]) -> Decimal:
    """All their cost."""
    return exact_sum(one.cost for one in lots)


def posted(change: BookChange, *accounts: str) -> Decimal:
    """What the ledger accounts gain by it."""
    return exact_sum(e.amount for e in change.entries if e.ledger_account in accounts)


@given(ANY, LOTS)
def test_every_action_balances_and_moves_positions_as_it_moves_lots(
    terms: Terms, lots: list[Lot]
) -> None:
    change = apply_action(action(terms), lots)

    assert exact_sum(entry.amount for entry in change.entries) == 0
    assert exact_sum(entry.amount for entry in change.payment) == 0
    for name in ("AAPL", "NEW"):
        own = [e for e in change.entries if e.ledger_account == f"assets:positions:{name}"]
        after = [one for one in change.after if one.instrument == name]
        before = [one for one in change.before if one.instrument == name]
        assert exact_sum(e.amount for e in own) == EXACT.subtract(basis(after), basis(before))
        shares = exact_sum(e.quantity for e in own if e.quantity is not None)
        assert shares == EXACT.subtract(total(after), total(before))


@given(ANY, BOXED)
def test_lots_of_both_signs_change_only_with_a_line_that_says_so(
    terms: Terms, lots: list[Lot]
) -> None:
    change = apply_action(action(terms), lots)

    assert change.entries or not (change.revised or change.opened)
    assert exact_sum(entry.amount for entry in change.entries) == 0


@given(ANY, LOTS)
def test_basis_is_conserved_in_lots_or_used_up_by_what_was_realised(
    terms: Terms, lots: list[Lot]
) -> None:
    change = apply_action(action(terms), lots)

    used = exact_sum(one.cost for one in change.realisations)
    assert EXACT.add(basis(change.after), used) == basis(lots)
    assert posted(change, REALISED) == EXACT.minus(change.realised)


@given(st.one_of(SPLITS, STOCK_DIVIDENDS), LOTS)
def test_shares_are_what_was_held_times_the_ratio_less_what_was_paid_out(
    terms: Split | StockDividend, lots: list[Lot]
) -> None:
    change = apply_action(action(terms), lots)

    paid = exact_sum(one.quantity for one in change.realisations)
    exact = Fraction(total(lots)) * terms.ratio
    off = abs(Fraction(total(change.after)) + Fraction(paid) - exact)
    assert off <= Fraction(QUANTITY_INCREMENT) / 2
    assert abs(paid) < 1
    if terms.cash_in_lieu is not None:
        assert total(change.after) == total(change.after).to_integral_value()


@given(st.one_of(SPLITS, STOCK_DIVIDENDS), LONG, VALUE)
def test_a_split_at_its_theoretical_price_conserves_value(
    terms: Split | StockDividend, lots: list[Lot], price: Decimal
) -> None:
    change = apply_action(action(terms), lots)

    price_after = Fraction(price) / terms.ratio
    paid = exact_sum(one.quantity for one in change.realisations)
    worth = (Fraction(total(change.after)) + Fraction(paid)) * price_after
    assert abs(worth - Fraction(total(lots)) * Fraction(price)) <= price_after / 10**12


@given(MIXED_MERGERS, LONG)
def test_cash_in_a_merger_is_a_gain_or_reduces_the_basis_and_never_a_loss(
    terms: Merger, lots: list[Lot]
) -> None:
    change = apply_action(action(terms), lots)

    cash = exact_product(total(lots), terms.cash_per_share)
    assert posted(change, CASH, DUE) == cash
    assert all(0 <= one.realised <= one.proceeds for one in change.realisations)
    # IRC §358(a)(1): basis after = before - cash + gain.
    assert basis(change.after) == EXACT.add(EXACT.subtract(basis(lots), cash), change.realised)


@given(ANY, LOTS)
def test_no_lot_changes_its_age(terms: Terms, lots: list[Lot]) -> None:
    change = apply_action(action(terms), lots)

    ages = {one.lot_id: (one.opened_at, one.sequence) for one in lots}
    assert all(
        (one.opened_at, one.sequence) == ages[one.lot_id.partition("/")[0]] for one in change.after
    )
