"""Promises of `bifrost tax … --actions`: published allocations and computations come out through
the command.
"""

import json
from pathlib import Path

import pytest

from tests.unit.cli.acted_files import (
    asked,
    lots,
    sales,
    told,
    written,
)


def test_phillips_66_takes_its_part_of_the_basis_and_the_age(tmp_path: Path) -> None:
    """ConocoPhillips' Form 8937 of 2012: 77.09 % stays; one PSX for two COP."""
    found = told(
        tmp_path,
        ["2011-06-01 buy 200 COP 14000"],
        "2012-05-01 COP spin_off new_instrument=PSX shares_per_share=0.5 basis_share=0.2291",
    )

    assert lots(found) == [("COP", "200", "10792.60"), ("PSX", "100", "3207.40")]
    assert [one["acquired"] for one in found["lots"]] == ["2011-06-01"] * 2
    assert found["economic_pnl"] == "0.00"


def test_a_basis_is_divided_by_the_values_after_the_spin_off(tmp_path: Path) -> None:
    """spinoffprofiles.com: 100 for A, worth 80 with four B at 10: 66.67 and four at 8.33."""
    found = told(
        tmp_path,
        ["2012-01-03 buy 1 A 100"],
        "2012-05-01 A spin_off new_instrument=B shares_per_share=4 basis_share=0.333333333333",
    )

    assert lots(found) == [("A", "1", "66.67"), ("B", "4", "33.33")]


def test_boot_is_a_gain_block_by_block_and_a_loss_is_none(tmp_path: Path) -> None:
    """Rev. Rul. 68-23, 1968-1 C.B. 144: 600 shares at 495 and 400 at 525 for 500 and 5 each."""
    found = told(
        tmp_path,
        ["1965-01-04 buy 600 Y 297000", "1966-01-04 buy 400 Y 210000"],
        "1967-06-01 Y merger new_instrument=X shares_per_share=1 cash_per_share=5 share_value=500",
    )

    assert sales(found) == [("Y", "0", "5000.00", "2000.00", "3000.00")]
    assert "356(a)(1)" in found["sales"][0]["rule"]
    assert lots(found) == [("X", "600", "297000.00"), ("X", "400", "208000.00")]
    assert found["allowed_pnl"] == "3000.00"


def test_boot_is_a_gain_up_to_the_boot(tmp_path: Path) -> None:
    """Reg. 1.356-1, its example of 100 in stock and 75 beside it for a basis of 85: 75 of 90."""
    found = told(
        tmp_path,
        ["1965-01-04 buy 1 Y 85"],
        "1967-06-01 Y merger new_instrument=X shares_per_share=1 cash_per_share=75 share_value=100",
    )

    assert sales(found) == [("Y", "0", "75.00", "0.00", "75.00")]
    assert lots(found) == [("X", "1", "85.00")]


def test_boot_is_judged_by_a_basis_that_a_wash_sale_raised(tmp_path: Path) -> None:
    """Pub. 550's 250 disallowed make a basis of 1,050; 12 of worth a share are 150 above it."""
    found = told(
        tmp_path,
        ["2014-01-06 buy 100 Y 1000", "2014-03-03 sell 100 Y 750", "2014-03-10 buy 100 Y 800"],
        "2014-06-02 Y merger new_instrument=X shares_per_share=0.5 cash_per_share=3 share_value=18",
    )

    assert sales(found)[-1] == ("Y", "0", "300.00", "150.00", "150.00")
    assert lots(found) == [("X", "50", "900.00")]
    assert [found[name] for name in ("economic_pnl", "allowed_pnl", "deferred")] == [
        "50.00", "150.00", "-100.00"]  # fmt: skip


def test_capital_returned_lowers_the_basis_and_the_rest_is_a_gain(tmp_path: Path) -> None:
    """IRC §301(c)(2) and (3), by hand: 10 a share come back of a basis of 6, of another of 12."""
    rows = ["2013-01-07 buy 10 XYZ 60", "2013-02-04 buy 10 XYZ 120"]
    action = "2014-06-02 XYZ cash_dividend amount_per_share=10 dividend_kind=return_of_capital"
    found = told(tmp_path, rows, action)
    done = asked(tmp_path, "form-8949", rows, written(action), "--year", "2014")

    assert sales(found) == [("XYZ", "0", "40.00", "0.00", "40.00")]
    assert lots(found) == [("XYZ", "10", "0.00"), ("XYZ", "10", "20.00")]
    (row,) = json.loads(done.stdout)["rows"]
    assert (row["box"], row["date_acquired"], row["gain"]) == ("D", "2013-01-07", "40.00")
    assert row["description"] == "XYZ: IRC §301(c)(3), what exceeds the basis"


def test_shares_of_a_spin_off_replace_nothing_and_are_replaced(tmp_path: Path) -> None:
    """Received, not bought (§1091(a)): the loss of 03-10 is free, that of 04-21 is washed."""
    found = told(
        tmp_path,
        [
            "2014-01-06 buy 100 KID 1000",
            "2014-01-06 buy 100 PAR 2000",
            "2014-03-10 sell 100 KID 900",
            "2014-04-21 sell 50 KID 400",
            "2014-05-01 buy 50 KID 450",
        ],
        "2014-03-03 PAR spin_off new_instrument=KID shares_per_share=1 basis_share=0.5",
    )

    losses = [(one["allowed_loss"], one["disallowed_loss"]) for one in found["sales"]]
    assert losses == [("100.00", "0.00"), ("0.00", "100.00")]
    assert lots(found) == [("PAR", "100", "1000.00"), ("KID", "50", "500.00"),
                           ("KID", "50", "550.00")]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "losses"),
    [((), ("0.00", "200.00")), (("--policy", "predecessors=distinct"), ("200.00", "0.00"))],
)
def test_a_successor_replaces_its_predecessor_unless_chosen_otherwise(
    tmp_path: Path, policy: tuple[str, ...], losses: tuple[str, str]
) -> None:
    found = told(
        tmp_path,
        ["2014-01-06 buy 100 OLD 1000", "2014-03-03 sell 100 OLD 800", "2014-03-10 buy 50 NEW 900"],
        "2014-03-05 OLD merger new_instrument=NEW shares_per_share=0.5",
        more=policy,
    )

    (sale,) = found["sales"]
    assert (sale["allowed_loss"], sale["disallowed_loss"]) == losses


@pytest.mark.parametrize("policy", [(), ("--policy", "predecessors=distinct")])
def test_a_rename_leaves_the_security_what_it_is(tmp_path: Path, policy: tuple[str, ...]) -> None:
    found = told(
        tmp_path,
        ["2022-05-02 buy 10 FB 2000", "2022-06-08 sell 10 FB 1900", "2022-06-10 buy 10 META 1750"],
        "2022-06-09 FB rename new_instrument=META",
        more=policy,
    )

    assert found["sales"][0]["disallowed_loss"] == "100.00"
    assert lots(found) == [("META", "10", "1850.00")]


def test_a_call_on_the_renamed_stock_replaces_it(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        ["2022-05-02 buy 100 FB 20000", "2022-06-08 sell 100 FB 19000",
         "2022-06-10 buy 1 META220617C00180000 900"],
        "2022-06-09 FB rename new_instrument=META",
    )  # fmt: skip

    assert found["sales"][0]["disallowed_loss"] == "1000.00"
    assert lots(found) == [("META220617C00180000", "1", "1900.00")]


def test_a_split_is_counted_between_a_sale_and_what_replaces_it(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        [
            "2020-08-03 buy 10 AAPL 4400",
            "2020-08-28 sell 10 AAPL 4000",
            "2020-09-01 buy 20 AAPL 2600",
        ],
        "2020-08-31 AAPL split new_shares=4 old_shares=1",
    )

    assert found["sales"][0]["disallowed_loss"] == "200.00"
    assert lots(found) == [("AAPL", "20", "2800.00")]


def test_a_short_owes_the_spin_off_and_is_covered_apart(tmp_path: Path) -> None:
    rows = ["2014-01-06 sell 100 PAR 2000 margin", "2014-04-07 buy 50 KID 300 margin",
            "2014-04-08 buy 100 PAR 1500 margin"]  # fmt: skip
    action = "2014-03-03 PAR spin_off new_instrument=KID shares_per_share=0.5 basis_share=0.25"
    found = told(tmp_path, rows, action)
    done = asked(tmp_path, "form-8949", rows, written(action), "--year", "2014")

    assert sales(found) == [("PAR", "100", "2000.00", "1800.00", "200.00")]
    described = [one["description"] for one in json.loads(done.stdout)["rows"]]
    assert described == ["50 KID (short sale)", "100 PAR (short sale)"]


def test_long_of_the_old_and_short_of_the_new_stay_two_things(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        [
            "2014-01-06 buy 100 OLD 1000 margin",
            "2014-01-06 sell 100 NEW 1100 margin",
            "2014-02-03 sell 40 OLD 500 margin",
            "2014-04-07 buy 30 NEW 600 margin",
            "2014-04-08 sell 20 NEW 500 margin",
        ],
        "2014-03-03 OLD merger new_instrument=NEW shares_per_share=1",
    )

    assert lots(found) == [("NEW", "40", "400.00"), ("NEW", "-70", "-770.00")]


def test_a_chain_of_actions_leads_to_the_last_name(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        ["2014-01-06 buy 100 PAR 2000", "2014-06-02 sell 10 LAST 1000"],
        "2014-02-03 PAR spin_off new_instrument=KID shares_per_share=1 basis_share=0.5",
        "2014-03-03 KID merger new_instrument=BIG shares_per_share=0.2",
        "2014-04-07 BIG rename new_instrument=LAST",
    )

    assert sales(found) == [("LAST", "10", "1000.00", "500.00", "500.00")]
    assert lots(found) == [("PAR", "100", "1000.00"), ("LAST", "10", "500.00")]


def test_a_fraction_sold_for_cash_is_a_row_and_one_without_stays_held(tmp_path: Path) -> None:
    rows = ["2014-01-06 buy 5 PAR 100"]
    action = "2014-02-03 PAR spin_off new_instrument=KID shares_per_share=0.5 basis_share=0.5"
    sold = told(tmp_path, [*rows, "2014-02-10 sell 0.5 KID 12"], action)

    assert lots(told(tmp_path, rows, action))[1] == ("KID", "2.5", "50.00")
    assert lots(sold)[1] == ("KID", "2", "40.00")
    assert sales(sold) == [("KID", "0.5", "12.00", "10.00", "2.00")]


@pytest.mark.parametrize("fraction", ["0.667", "0.6667", "0.66666667", "0.666", "0.66666666"])
def test_a_third_of_a_share_is_sold_whole_however_many_digits_it_has(
    tmp_path: Path, fraction: str
) -> None:
    """By hand: 50 become 16 2/3 at 36 each, whose two thirds cost 24."""
    found = told(
        tmp_path,
        [
            "2014-01-06 buy 50 XYZ 600",
            f"2014-02-10 sell {fraction} XYZ 20",
            "2014-03-10 sell 16 XYZ 700",
        ],
        "2014-02-03 XYZ split new_shares=1 old_shares=3",
    )

    assert lots(found) == []
    assert [one[1:] for one in sales(found)] == [
        (fraction, "20.00", "24.00", "-4.00"), ("16", "700.00", "576.00", "124.00")]  # fmt: skip


def test_a_fraction_that_can_be_written_is_what_is_written(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        ["2014-01-06 buy 5 XYZ 100", "2014-02-10 sell 0.501 XYZ 12"],
        "2014-02-03 XYZ split new_shares=1 old_shares=2",
    )

    assert lots(found) == [("XYZ", "1.999", "79.96")]
