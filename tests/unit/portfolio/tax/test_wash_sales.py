"""Promises which shares replace which under §1091, day by day, and where the loss goes."""

from datetime import date, timedelta

import pytest

from bifrost.portfolio.tax.elections import Couple, LotOrder
from tests.unit.portfolio.tax.builders import losses, lots, told

SOLD = date(2016, 2, 29)
BOUGHT = "2015-06-01 buy 100 1000"
LOSS = f"{SOLD} sell 100 800"


@pytest.mark.parametrize(
    ("days", "washed"), [(-31, 0), (-30, 1), (-1, 1), (0, 1), (30, 1), (31, 0)]
)
@pytest.mark.parametrize("sold", [SOLD, date(2015, 3, 1), date(2016, 3, 1), date(2015, 12, 31)])
def test_the_window_is_thirty_days_on_both_sides_and_the_day_itself(
    sold: date, days: int, washed: int
) -> None:
    bought = sold + timedelta(days)
    rows = ["2014-06-01 buy 100 1000", f"{sold} sell 100 800"]
    rows.insert(1 if days < 0 else 2, f"{bought} buy 100 790")

    found = told(*rows)

    assert losses(found) == (("0.00", "200.00", "0.00") if washed else ("200.00", "0.00", "0.00"))


def test_a_purchase_earlier_on_the_day_of_the_sale_replaces_too() -> None:
    found = told(BOUGHT, f"{SOLD} buy 100 790", LOSS)

    assert losses(found) == ("0.00", "200.00", "0.00")
    assert lots(found) == [("100", "990.00")]


def test_fewer_shares_bought_than_sold_wash_their_part_only() -> None:
    found = told(BOUGHT, LOSS, "2016-03-01 buy 30 240")

    assert losses(found) == ("140.00", "60.00", "0.00")
    assert lots(found) == [("30", "300.00")]


def test_more_shares_bought_than_sold_split_the_lot() -> None:
    found = told(BOUGHT, LOSS, "2016-03-01 buy 150 1200")

    assert lots(found) == [("100", "1000.00"), ("50", "400.00")]
    held = (SOLD - date(2015, 6, 1)).days
    starts = [one.holding_period_start for one in found.lots]
    assert starts == [date(2016, 3, 1) - timedelta(held), date(2016, 3, 1)]


def test_each_share_replaces_once() -> None:
    found = told(
        BOUGHT, "2015-06-02 buy 100 1000", LOSS, "2016-03-01 buy 100 700", "2016-03-02 sell 100 700"
    )

    assert losses(found, 0) == ("0.00", "200.00", "0.00")
    assert losses(found, 1) == ("300.00", "0.00", "0.00")


def test_the_rest_of_the_shares_sold_from_replaces_what_was_bought_long_before() -> None:
    found = told(BOUGHT, "2016-02-20 buy 10 70", f"{SOLD} sell 110 880")

    assert losses(found) == ("200.00", "0.00", "0.00")


def test_a_chain_carries_the_loss_and_the_holding_period_on() -> None:
    found = told(
        BOUGHT,
        LOSS,
        "2016-03-10 buy 100 790",
        "2016-04-10 sell 100 600",
        "2016-05-10 buy 100 610",
    )

    assert losses(found, 0) == ("0.00", "200.00", "0.00")
    assert losses(found, 1) == ("0.00", "390.00", "0.00")
    assert lots(found) == [("100", "1000.00")]
    held = (SOLD - date(2015, 6, 1)).days + (date(2016, 4, 10) - date(2016, 3, 10)).days
    assert found.lots[0].holding_period_start == date(2016, 5, 10) - timedelta(held)


def test_a_gain_by_cost_that_is_a_loss_by_adjusted_basis_is_washed_again() -> None:
    found = told(
        BOUGHT, LOSS, "2016-03-10 buy 100 700", "2016-04-10 sell 100 750", "2016-04-11 buy 100 760"
    )

    assert str(found.sales[1].gain) == "-150.00"
    assert losses(found, 1) == ("0.00", "150.00", "0.00")
    assert lots(found) == [("100", "910.00")]


def test_a_gain_is_never_washed() -> None:
    found = told(BOUGHT, f"{SOLD} sell 100 1200", "2016-03-01 buy 100 1200")

    assert losses(found) == ("0.00", "0.00", "0.00")
    assert lots(found) == [("100", "1200.00")]


def test_a_sale_of_a_gain_and_a_loss_together_washes_the_loss_alone() -> None:
    found = told(
        "2015-01-05 buy 50 250", "2015-02-05 buy 50 500", f"{SOLD} sell 100 800",
        "2016-03-01 buy 100 800",
    )  # fmt: skip

    assert str(found.sales[0].gain) == "50.00"
    assert losses(found) == ("0.00", "100.00", "0.00")
    assert str(found.allowed_pnl) == "150.00"


def test_day_trades_of_one_lot_of_money_put_each_loss_into_the_next() -> None:
    day = "2016-03-01"
    found = told(
        f"{day} buy 100 1000", f"{day} sell 100 900", f"{day} buy 100 900", f"{day} sell 100 850"
    )

    assert [losses(found, at) for at in (0, 1)] == [
        ("0.00", "100.00", "0.00"),
        ("150.00", "0.00", "0.00"),
    ]


def test_shares_bought_before_and_sold_before_the_loss_replace_nothing() -> None:
    found = told(
        BOUGHT,
        "2016-02-20 buy 100 700 al.other.cash",
        "2016-02-25 sell 100 750 al.other.cash",
        LOSS,
    )

    assert losses(found) == ("200.00", "0.00", "0.00")


def test_a_replacement_in_another_account_of_the_owner_carries_the_loss() -> None:
    found = told(BOUGHT, LOSS, "2016-03-01 buy 100 790 al.other.margin")

    assert losses(found) == ("0.00", "200.00", "0.00")
    assert found.lots[0].account == "other"


@pytest.mark.parametrize("kind", ["ira", "roth_ira"])
def test_a_replacement_in_an_ira_loses_the_loss(kind: str) -> None:
    # Rev. Rul. 2008-5: basis 1,000, sold for 600, 400 gone.
    found = told(BOUGHT, f"{SOLD} sell 100 600", f"2016-03-01 buy 100 600 al.ret.{kind}")

    assert losses(found) == ("0.00", "0.00", "400.00")
    assert lots(found) == [("100", "600.00")]
    assert found.lots[0].holding_period_start == date(2016, 3, 1)
    assert [str(n) for n in (found.economic_pnl, found.allowed_pnl, found.forfeited)] == [
        "-400.00", "0.00", "-400.00",
    ]  # fmt: skip


def test_a_loss_inside_an_ira_is_not_washed() -> None:
    found = told(
        "2015-06-01 buy 100 1000 al.ret.ira", f"{SOLD} sell 100 800 al.ret.ira",
        "2016-03-01 buy 100 800 al.ret.ira",
    )  # fmt: skip

    assert losses(found) == ("200.00", "0.00", "0.00")


@pytest.mark.parametrize(("linked", "washed"), [(True, "200.00"), (False, "0.00")])
def test_a_spouse_is_one_taxpayer_and_a_stranger_is_not(linked: bool, washed: str) -> None:
    rows = (BOUGHT, LOSS, "2016-03-01 buy 100 790 bo.main.cash")

    found = told(*rows, spouses=(Couple("al", "bo"),) if linked else ())

    assert found.sales[0].disallowed_loss.to_eng_string() == washed


@pytest.mark.parametrize(
    ("since", "until", "washed"),
    [
        ("2016-02-29", "2016-03-01", "200.00"),
        ("2016-03-01", None, "0.00"),
        (None, "2016-02-29", "0.00"),
    ],
)
def test_a_spouses_purchase_replaces_only_if_they_were_married_then_and_at_the_sale(
    since: str | None, until: str | None, washed: str
) -> None:
    rows = (BOUGHT, LOSS, "2016-03-01 buy 100 790 bo.main.cash")
    days = [date.fromisoformat(one) if one else None for one in (since, until)]

    found = told(*rows, spouses=(Couple("al", "bo", *days),))

    assert str(found.sales[0].disallowed_loss) == washed
    assert found.economic_pnl == found.allowed_pnl + found.deferred + found.forfeited


def test_what_one_bought_before_the_wedding_replaces_no_loss_of_the_other() -> None:
    rows = (BOUGHT, "2016-02-10 buy 100 790 bo.main.cash", LOSS)

    for since, washed in ((date(2016, 2, 10), "200.00"), (date(2016, 2, 11), "0.00")):
        found = told(*rows, spouses=(Couple("al", "bo", since),))
        assert str(found.sales[0].disallowed_loss) == washed


def test_two_owners_accounts_of_one_name_are_two_accounts() -> None:
    found = told(
        BOUGHT, "2015-06-02 buy 100 500 bo.main.cash", "2015-08-01 sell 100 900 bo.main.cash"
    )

    assert str(found.sales[0].gain) == "400.00"
    assert lots(found) == [("100", "1000.00")]


@pytest.mark.parametrize(
    ("method", "gain"), [(LotOrder.FIFO, "-200.00"), (LotOrder.LIFO, "100.00"),
                         (LotOrder.HIFO, "-400.00")]
)  # fmt: skip
def test_the_method_chooses_the_shares_sold(method: LotOrder, gain: str) -> None:
    found = told(
        "2015-01-01 buy 100 1000", "2015-02-01 buy 100 1200", "2015-03-01 buy 100 700",
        f"{SOLD} sell 100 800", method=method,
    )  # fmt: skip

    assert str(found.sales[0].gain) == gain


@pytest.mark.parametrize(("value", "washed"), [("ignore", "0.00"), ("count", "100.00")])
def test_the_rest_of_one_purchase_is_a_replacement_only_by_choice(value: str, washed: str) -> None:
    # Rev. Rul. 56-602.
    rows = ("2016-02-20 buy 100 1000", f"{SOLD} sell 50 400")

    found = told(*rows, policy={"rest_of_purchase": value})

    assert str(found.sales[0].disallowed_loss) == washed


@pytest.mark.parametrize(("value", "washed"), [("count", "100.00"), ("ignore", "0.00")])
def test_shares_bought_before_those_sold_replace_unless_chosen_otherwise(
    value: str, washed: str
) -> None:
    found = told(
        "2016-02-10 buy 100 900", "2016-02-20 buy 100 900", f"{SOLD} sell 100 800",
        method=LotOrder.LIFO, policy={"earlier_purchases": value},
    )  # fmt: skip

    assert str(found.sales[0].disallowed_loss) == washed
