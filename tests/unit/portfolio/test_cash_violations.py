"""Good faith and free-riding violations, by the examples that brokers publish and by the rule.

Sources: Fidelity, "Trading restrictions" (two good faith examples, as T+1 has them); DriveWealth,
"Good faith violation" (the third); Firstrade, "Margin tutorials" (a purchase that cost more than
there was); Regulation T, 12 CFR 220.8(c).
"""

from datetime import date, datetime
from decimal import Decimal

from bifrost.portfolio.cash_violations import (
    Trade,
    Transfer,
    Violation,
    ViolationKind,
    violations,
)
from tests.unit.portfolio.test_settlement import BY

MONDAY, TUESDAY, WEDNESDAY = "2024-06-03", "2024-06-04", "2024-06-05"
LATER = date(2024, 7, 31)


def at(day: str, hour: int) -> datetime:
    """An hour of a day, in UTC: 14 is the morning in New York, 19 near the close."""
    return datetime.fromisoformat(f"{day}T{hour}:00:00+00:00")


def bought(day: str, hour: int, name: str, amount: int, size: int = 100) -> Trade:
    return Trade(f"buy-{name}", at(day, hour), name, Decimal(size), Decimal(-amount))


def sold(day: str, hour: int, name: str, amount: int, size: int = 100) -> Trade:
    return Trade(f"sell-{name}-{day}", at(day, hour), name, Decimal(-size), Decimal(amount))


def paid_in(day: str, amount: int) -> Transfer:
    return Transfer(at(day, 16), Decimal(amount))


def found(
    *happened: Trade | Transfer, settled: int = 0, held: str = "", as_of: date = LATER
) -> tuple[Violation, ...]:
    before = {held: Decimal(100)} if held else {}
    return violations(happened, BY, as_of, settled=Decimal(settled), held=before)


def test_fidelity_1_sold_before_the_sale_that_paid_for_it_settled() -> None:
    (one,) = found(
        sold(MONDAY, 14, "XYZ", 10_000),
        bought(MONDAY, 18, "ABC", 10_000),
        sold(MONDAY, 19, "ABC", 10_100),
        held="XYZ",
    )

    assert (one.kind, one.instrument) == (ViolationKind.GOOD_FAITH, "ABC")
    assert (one.purchase, one.sale) == ("buy-ABC", f"sell-ABC-{MONDAY}")
    assert one.amount == 10_000
    assert one.clean_from == date(2024, 6, 4)
    assert one.frozen_until is None


def test_fidelity_1_sold_on_the_day_it_settles_breaks_nothing() -> None:
    assert not found(
        sold(MONDAY, 14, "XYZ", 10_000),
        bought(MONDAY, 18, "ABC", 10_000),
        sold(TUESDAY, 14, "ABC", 10_100),
        held="XYZ",
    )


def test_fidelity_2_a_round_trip_with_settled_cash_is_none_and_the_next_one_is() -> None:
    first = (bought(MONDAY, 14, "XYZ", 10_000), sold(MONDAY, 16, "XYZ", 10_500))

    assert not found(*first, settled=10_000)
    (one,) = found(
        *first,
        bought(MONDAY, 18, "ABC", 10_500),
        sold(MONDAY, 19, "ABC", 10_600),
        settled=10_000,
    )
    assert (one.kind, one.instrument) == (ViolationKind.GOOD_FAITH, "ABC")
    assert one.amount == 10_500


def test_drivewealth_3_a_purchase_partly_with_unsettled_proceeds() -> None:
    (one,) = found(
        sold(MONDAY, 14, "OLD", 5_000),
        bought(MONDAY, 15, "Y", 15_000),
        sold(MONDAY, 18, "Y", 15_100),
        settled=10_000,
        held="OLD",
    )

    assert one.instrument == "Y"
    assert one.amount == 5_000


def test_settled_cash_that_comes_before_the_sale_pays_for_the_purchase() -> None:
    assert not found(
        sold(MONDAY, 14, "XYZ", 10_000),
        bought(MONDAY, 15, "ABC", 10_000),
        paid_in(MONDAY, 10_000),
        sold(MONDAY, 19, "ABC", 10_100),
        held="XYZ",
    )


def test_a_purchase_sold_and_never_paid_is_free_riding_and_freezes_for_90_days() -> None:
    (one,) = found(bought(MONDAY, 14, "ABC", 10_000), sold(WEDNESDAY, 14, "ABC", 10_500))

    assert one.kind is ViolationKind.FREE_RIDING
    assert one.amount == 10_000
    assert (one.sold_on, one.frozen_until) == (date(2024, 6, 5), date(2024, 9, 3))
    assert one.clean_from is None


def test_a_purchase_sold_unpaid_may_be_paid_within_settlement_and_two_business_days() -> None:
    trades = (bought(MONDAY, 14, "ABC", 10_000), sold(TUESDAY, 14, "ABC", 10_500))

    assert not found(*trades, paid_in("2024-06-06", 10_000))
    assert len(found(*trades, paid_in("2024-06-07", 10_000))) == 1
    assert not found(*trades, as_of=date(2024, 6, 6))


def test_firstrade_a_purchase_that_cost_more_than_there_was() -> None:
    purchase = bought(MONDAY, 14, "ABC", 1_300)

    (one,) = found(purchase, sold(WEDNESDAY, 14, "ABC", 1_400), settled=1_000)
    assert one.kind is ViolationKind.FREE_RIDING
    assert one.amount == 300
    assert not found(
        purchase, paid_in(TUESDAY, 300), sold(WEDNESDAY, 14, "ABC", 1_400), settled=1_000
    )


def test_proceeds_withdrawn_before_the_payment_end_its_grace() -> None:
    trades = (bought(MONDAY, 14, "ABC", 10_000), sold(TUESDAY, 13, "ABC", 10_500))
    out = Transfer(at(TUESDAY, 15), Decimal(-500))

    assert len(found(*trades, out, paid_in("2024-06-05", 10_500))) == 1


def test_what_was_held_before_is_paid_for() -> None:
    assert not found(sold(MONDAY, 14, "XYZ", 100), sold(MONDAY, 15, "OTHER", 100), held="XYZ")
