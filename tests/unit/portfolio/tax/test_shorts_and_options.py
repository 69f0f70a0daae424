"""Promises for what is not simply stock: short sales under §1091(e), and options on the stock."""

import pytest

from tests.unit.portfolio.tax.builders import OPTION, OTHER_CALL, PUT, losses, lots, told

SHORT = "al.main.margin"


def test_a_loss_on_closing_a_short_goes_into_the_next_short() -> None:
    found = told(
        f"2016-01-04 sell 100 1000 {SHORT}", f"2016-02-01 buy 100 1200 {SHORT}",
        f"2016-02-10 sell 100 1150 {SHORT}", f"2016-06-01 buy 100 900 {SHORT}",
    )  # fmt: skip

    assert losses(found, 0) == ("0.00", "200.00", "0.00")
    assert str(found.sales[1].gain) == "50.00"
    assert str(found.allowed_pnl) == "50.00"


@pytest.mark.parametrize(("day", "washed"), [("2016-03-02", "200.00"), ("2016-03-03", "0.00")])
def test_the_window_of_a_short_counts_from_its_close(day: str, washed: str) -> None:
    found = told(
        f"2016-01-04 sell 100 1000 {SHORT}", f"2016-02-01 buy 100 1200 {SHORT}",
        f"{day} sell 100 1150 {SHORT}",
    )  # fmt: skip

    assert str(found.sales[0].disallowed_loss) == washed
    assert lots(found)[0][0] == "-100"


def test_a_loss_on_a_short_goes_into_a_sale_of_the_same_stock() -> None:
    found = told(
        "2015-01-04 buy 100 500 al.box.cash", f"2016-01-04 sell 100 1000 {SHORT}",
        f"2016-02-01 buy 100 1200 {SHORT}", "2016-02-10 sell 100 1150 al.box.cash",
    )  # fmt: skip

    assert losses(found, 0) == ("0.00", "200.00", "0.00")
    assert str(found.sales[1].gain) == "450.00"
    assert found.economic_pnl == found.allowed_pnl


def test_a_loss_on_a_short_before_1984_was_allowed() -> None:
    found = told(
        f"1984-01-04 sell 100 1000 {SHORT}", f"1984-02-01 buy 100 1200 {SHORT}",
        f"1984-02-10 sell 100 1150 {SHORT}",
    )  # fmt: skip

    assert losses(found, 0) == ("200.00", "0.00", "0.00")


def test_an_open_short_is_a_lot_below_zero_and_its_sale_realised_nothing() -> None:
    found = told(f"2016-01-04 sell 100 1000 {SHORT}", f"2016-02-01 buy 40 480 {SHORT}")

    assert (str(found.sales[0].quantity), str(found.sales[0].gain)) == ("40", "-80.00")
    assert lots(found) == [("-60", "-600.00")]


def test_a_purchase_that_covers_and_goes_long_is_both() -> None:
    found = told(f"2016-01-04 sell 40 400 {SHORT}", f"2016-02-01 buy 100 900 {SHORT}")

    assert str(found.sales[0].gain) == "40.00"
    assert lots(found) == [("60", "540.00")]


def test_shares_bought_to_cover_replace_nothing() -> None:
    found = told(
        "2015-01-05 buy 100 1000 al.box.cash", f"2016-01-04 sell 100 900 {SHORT}",
        "2016-02-01 sell 100 800 al.box.cash", f"2016-02-10 buy 100 800 {SHORT}",
    )  # fmt: skip

    assert losses(found) == ("200.00", "0.00", "0.00")


def test_a_call_bought_replaces_a_hundred_shares() -> None:
    found = told(
        "2015-06-01 buy 150 1500", "2016-01-04 sell 150 1200", f"2016-01-10 buy 1 100 {OPTION}"
    )

    assert losses(found) == ("100.00", "200.00", "0.00")
    assert lots(found) == [("1", "300.00")]


def test_a_put_bought_replaces_nothing() -> None:
    found = told(
        "2015-06-01 buy 100 1000", "2016-01-04 sell 100 800", f"2016-01-10 buy 1 100 {PUT}"
    )

    assert losses(found) == ("200.00", "0.00", "0.00")


def test_half_a_contract_may_replace_fifty_shares() -> None:
    found = told(
        "2015-06-01 buy 50 500", "2016-01-04 sell 50 400", f"2016-01-10 buy 1 100 {OPTION}"
    )

    assert lots(found) == [("0.5", "150.00"), ("0.5", "50.00")]


@pytest.mark.parametrize(
    ("bought", "policy", "washed"),
    [
        (f"1 60 {OPTION.replace('   ', '')}", {}, "40.00"),
        (f"1 60 {OTHER_CALL}", {}, "0.00"),
        ("100 900", {}, "0.00"),
        (f"1 60 {OTHER_CALL}", {"option_losses": "underlying"}, "40.00"),
        ("100 900", {"option_losses": "underlying"}, "40.00"),
        (f"1 60 {PUT}", {"option_losses": "underlying"}, "0.00"),
        (f"1 60 {OPTION}", {"option_losses": "allow"}, "0.00"),
    ],
)
def test_what_replaces_a_call_is_the_same_call_or_by_choice_its_stock(
    bought: str, policy: dict[str, str], washed: str
) -> None:
    found = told(
        f"2015-12-01 buy 1 100 {OPTION}", f"2016-01-04 sell 1 60 {OPTION}",
        f"2016-01-05 buy {bought}", policy=policy,
    )  # fmt: skip

    assert str(found.sales[0].disallowed_loss) == washed


def test_a_loss_on_an_option_before_1988_was_allowed() -> None:
    rows = [f"1988-10-01 buy 1 100 {OPTION}", f"1988-11-10 sell 1 60 {OPTION}"]
    rows += [f"1988-11-11 buy 1 60 {OPTION}"]

    assert losses(told(*rows)) == ("40.00", "0.00", "0.00")


def test_what_is_left_of_an_option_is_named_as_it_was_written() -> None:
    found = told(f"2015-12-01 buy 1 100 {OPTION}")

    assert [one.instrument for one in found.lots] == [" ".join(OPTION.split())]
