"""What each corporate action does to lots and ledger, by worked examples and the law's own."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bifrost.core.corporate_actions import (
    Delisting,
    DividendKind,
    Merger,
    Rename,
    SpinOff,
    StockDividend,
    Terms,
)
from bifrost.core.money import exact_sum
from bifrost.portfolio.corporate_actions.change import DUE, BookChange
from bifrost.portfolio.corporate_actions.effects import BOOT_RULE, apply_action
from bifrost.portfolio.ledger import CASH, REALISED, Posting
from bifrost.portfolio.lots import Lot
from tests.action_builders import EX_DATE, action, dividend, lot, split
from tests.builders import ACCOUNT, FIRST_CLOSE, WALL


def booked(change: BookChange) -> dict[str, Decimal]:
    """What each ledger account gains; a posting of it refuses to be out of balance."""
    if change.entries:
        Posting(
            transaction_id="t",
            account_id=ACCOUNT,
            kind="corporate_action",
            reference="r",
            description="",
            event_id="e",
            occurred_at=FIRST_CLOSE,
            recorded_at=WALL,
            entries=change.entries,
        )
    names = {entry.ledger_account for entry in change.entries}
    return {
        name: exact_sum(e.amount for e in change.entries if e.ledger_account == name)
        for name in names
    }


def of(terms: Terms, *lots: Lot) -> BookChange:
    """Apply terms to lots of AAPL."""
    return apply_action(action(terms), lots)


def numbers(change: BookChange) -> list[tuple[Decimal, Decimal]]:
    """Quantity and cost of the lots after it."""
    return [(one.quantity, one.cost) for one in change.after]


def test_a_split_multiplies_shares_and_leaves_basis_and_age() -> None:
    change = of(split("4", "1"), lot(1, "10", "1000"), lot(2, "5", "600"))

    assert numbers(change) == [(40, 1000), (20, 600)]
    assert [one.opened_at for one in change.after] == [FIRST_CLOSE, FIRST_CLOSE]
    assert booked(change) == {"assets:positions:AAPL": 0}
    assert [entry.quantity for entry in change.entries] == [-15, 60]


def test_a_reverse_split_pays_the_accounts_last_fraction_with_its_gain() -> None:
    change = of(split("1", "8", in_lieu="16"), lot(1, "12", "120"), lot(2, "7", "35"))

    # 19 shares become 2.375; the 0.375 comes from the oldest lot, which has 1.5 for 120.
    assert numbers(change) == [(Decimal("1.125"), 90), (Decimal("0.875"), 35)]
    assert [(one.quantity, one.cost, one.proceeds) for one in change.realisations] == [
        (Decimal("0.375"), 30, 6)
    ]
    assert change.realised == -24
    assert booked(change) == {"assets:positions:AAPL": -30, CASH: 6, "income:realised": 24}


def test_fractions_are_of_the_account_and_not_of_each_lot() -> None:
    change = of(split("3", "2", in_lieu="9"), lot(1, "1", "10"), lot(2, "1", "20"))

    assert numbers(change) == [(Decimal("1.5"), 10), (Decimal("1.5"), 20)]
    assert change.realisations == ()


def test_fractions_are_kept_where_nobody_pays_them() -> None:
    change = of(split("1", "3"), lot(1, "1", "10"), lot(2, "1", "10"), lot(3, "1", "10"))

    assert exact_sum(one.quantity for one in change.after) == 1


def test_a_stock_dividend_spreads_the_basis_over_all_shares() -> None:
    change = of(StockDividend(Decimal("0.05"), Decimal(20)), lot(1, "110", "1100"))

    # 115.5 shares; half of one is sold for 10 at a basis of 0.5 of 1100 / 115.5.
    assert change.after[0].quantity == 115
    assert change.realised == 10 - Decimal("4.761904761905")
    assert change.after[0].cost + change.realisations[0].cost == 1100


def test_a_dividend_is_income_and_touches_no_lot() -> None:
    held = lot(1, "10", "1000")

    change = of(dividend("0.82"), held)

    assert change.after == (held,)
    assert booked(change) == {CASH: Decimal("8.2"), "income:dividends:qualified": Decimal("-8.2")}
    assert change.realised == 0


def test_a_dividend_paid_later_is_due_until_then() -> None:
    paid = action(dividend("1"), pay_date=EX_DATE + timedelta(days=7))

    change = apply_action(paid, [lot(1, "10", "1000")])

    assert booked(change) == {DUE: 10, "income:dividends:qualified": -10}
    assert [(one.ledger_account, one.amount) for one in change.payment] == [(CASH, 10), (DUE, -10)]


def test_a_short_position_owes_the_dividend() -> None:
    change = of(dividend("2"), lot(1, "-10", "-1000"))

    assert booked(change) == {CASH: -20, "expenses:dividends_on_shorts": 20}


def test_a_return_of_capital_reduces_each_basis_and_then_is_a_gain() -> None:
    returned = dividend("12", DividendKind.RETURN_OF_CAPITAL)

    change = of(returned, lot(1, "10", "100"), lot(2, "10", "300"))

    assert numbers(change) == [(10, 0), (10, 180)]
    assert change.realised == 20
    assert booked(change) == {
        "assets:positions:AAPL": -220,
        CASH: 240,
        "income:realised": -20,
    }


def test_a_spin_off_moves_its_share_of_basis_and_keeps_the_age() -> None:
    terms = SpinOff("BRND", Decimal("0.25"), Decimal("0.2"), Decimal(40), Decimal(42))

    change = of(terms, lot(1, "10", "1000"), lot(2, "100", "20000"))

    # 27.5 shares of BRND: half of one from the oldest lot, which has 2.5 for 200.
    assert numbers(change) == [(10, 800), (100, 16000), (2, 160), (25, 4000)]
    assert [one.lot_id for one in change.after[2:]] == ["lot-1/a-1", "lot-2/a-1"]
    assert {one.opened_at for one in change.after} == {FIRST_CLOSE}
    assert change.realised == 21 - 40
    assert [e.instrument for e in change.entries if e.ledger_account == REALISED] == ["BRND"]
    assert booked(change) == {
        "assets:positions:AAPL": -4200,
        "assets:positions:BRND": 4160,
        CASH: 21,
        "income:realised": 19,
    }


def test_a_merger_for_stock_carries_basis_and_age_over() -> None:
    terms = Merger(new_instrument="BIG", shares_per_share=Decimal("0.5"))

    change = of(terms, lot(1, "10", "1000"))

    assert [(one.instrument, one.lot_id, one.quantity, one.cost) for one in change.after] == [
        ("BIG", "lot-1", 5, 1000)
    ]
    assert change.realised == 0
    assert booked(change) == {"assets:positions:AAPL": -1000, "assets:positions:BIG": 1000}


def test_a_merger_for_cash_closes_every_lot() -> None:
    change = of(Merger(cash_per_share=Decimal(54)), lot(1, "10", "400"), lot(2, "1", "60"))

    assert change.after == ()
    assert [one.realised for one in change.realisations] == [140, -6]
    assert booked(change) == {"assets:positions:AAPL": -460, CASH: 594, "income:realised": -134}


@pytest.mark.parametrize(
    ("cost", "recognised", "basis"),
    [
        # 10 shares receive 300 in cash and 10 shares worth 1,000 altogether.
        ("400", 300, 400),  # a gain of 900: all the cash is recognised
        ("1100", 200, 1000),  # a gain of 200: no more than that
        ("1300", 0, 1000),  # no gain: the cash reduces the basis
        ("2000", 0, 1700),  # a loss of 700 is not recognised: §356(c)
    ],
)
def test_cash_beside_stock_is_a_gain_only_as_far_as_there_is_one(
    cost: str, recognised: int, basis: int
) -> None:
    terms = Merger(Decimal(30), "BIG", Decimal(1), Decimal(100))

    change = of(terms, lot(1, "10", cost))

    assert change.realised == recognised
    assert numbers(change) == [(10, basis)]
    assert change.realisations[0].rule == BOOT_RULE
    assert booked(change)[CASH] == 300


def test_a_loss_on_one_lot_does_not_reduce_the_gain_on_another() -> None:
    terms = Merger(Decimal(30), "BIG", Decimal(1), Decimal(100))

    change = of(terms, lot(1, "10", "400"), lot(2, "10", "2000"))

    assert [one.realised for one in change.realisations] == [300, 0]


def test_a_rename_moves_the_position_and_nothing_else() -> None:
    held = lot(1, "10", "1000")

    change = of(Rename("META"), held)

    (after,) = change.after
    assert (after.lot_id, after.instrument, after.quantity, after.cost) == (
        held.lot_id,
        "META",
        10,
        1000,
    )
    assert booked(change) == {"assets:positions:AAPL": -1000, "assets:positions:META": 1000}


def test_a_delisting_that_pays_nothing_loses_the_basis() -> None:
    change = of(Delisting(Decimal(0)), lot(1, "10", "1000"))

    assert change.after == ()
    assert change.realised == -1000
    assert booked(change) == {"assets:positions:AAPL": -1000, "income:realised": 1000}


@pytest.mark.parametrize(
    ("terms", "held"),
    [
        (Delisting(Decimal(0)), {}),
        (SpinOff("SPUN", Decimal("0.5"), Decimal("0.2")), {"SPUN": 5}),
    ],
)
def test_shares_whose_whole_cost_came_back_can_go_or_come_for_nothing(
    terms: Terms, held: dict[str, int]
) -> None:
    change = of(terms, lot(1, "10", "0"))

    assert set(booked(change).values()) == {Decimal(0)}
    moved = {one.instrument: one.quantity for one in change.entries if one.quantity}
    assert moved == (held or {"AAPL": -10})


def test_a_delisting_of_unknown_value_leaves_the_shares() -> None:
    held = lot(1, "10", "1000")

    change = of(Delisting(), held)

    assert (change.after, change.entries) == ((held,), ())


def test_other_instruments_are_not_touched() -> None:
    change = of(split("2", "1"), lot(1, "10", "1000", instrument="IBM"))

    assert (change.before, change.after, change.entries) == ((), (), ())


def test_a_withdrawn_action_is_not_applied() -> None:
    with pytest.raises(ValueError, match="a-1 was withdrawn by vendor"):
        apply_action(action(split("2", "1"), withdrawn=True), [lot(1, "1", "1")])


def test_an_action_in_another_currency_than_its_lots_is_refused() -> None:
    with pytest.raises(ValueError, match="is in EUR"):
        apply_action(action(dividend("1"), currency="EUR"), [lot(1, "1", "1")])


def test_an_action_that_leaves_a_cost_without_a_share_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves a cost without a share"):
        apply_action(action(split("1", "100000000000000")), [lot(1, "10", "1000")])

    assert of(split("1", "1000", "5"), lot(1, "10", "1000")).after == ()


def test_a_change_is_not_made_to_lots_that_are_not_as_it_found_them() -> None:
    held = lot(1, "10", "1000")
    change = of(split("2", "1"), held)

    assert change.apply_to({held.lot_id: held}) == {held.lot_id: lot(1, "20", "1000")}
    with pytest.raises(ValueError, match="lot lot-1 has changed since"):
        change.apply_to({held.lot_id: lot(1, "9", "900")})
