"""Promises of `bifrost tax wash-sales`: the published examples come out, through the command."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli.main import app

HEADER = "date,owner,account,account_kind,instrument,side,quantity,amount"
SALE_KEYS = ["date", "instrument", "quantity", "proceeds", "basis", "gain", "allowed_loss",
             "disallowed_loss", "forfeited_loss"]  # fmt: skip
LOT_KEYS = ["account", "instrument", "acquired", "holding_period_start", "quantity", "basis"]
KEYS = ["sales", "lots", "economic_pnl", "allowed_pnl", "deferred", "forfeited"]


def tax(tmp_path: Path, *rows: str, more: tuple[str, ...] = ()) -> Any:
    """Run the command on such rows, of one cash account unless they name another."""
    file = tmp_path / "trades.csv"
    file.write_text("\n".join([HEADER, *map(full, rows)]) + "\n")
    done = CliRunner().invoke(app, ["tax", "wash-sales", str(file), *more, "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    assert list(found) == KEYS
    assert all(list(one) == SALE_KEYS for one in found["sales"])
    assert all(list(one) == LOT_KEYS for one in found["lots"])
    return found


def full(row: str) -> str:
    """`2014-01-09 sell 100 4000` in an account of one's own, or the whole row."""
    if "," in row:
        return row
    on, side, quantity, amount = row.split()
    return f"{on},al,main,cash,XYZ,{side},{quantity},{amount}"


def of_sale(found: Any, at: int = 0) -> tuple[str, str, str]:
    sale = found["sales"][at]
    return sale["allowed_loss"], sale["disallowed_loss"], sale["forfeited_loss"]


def bases(found: Any) -> list[str]:
    return [one["basis"] for one in found["lots"]]


def totals(found: Any) -> list[str]:
    return [found[name] for name in KEYS[2:]]


def test_publication_550_example_1(tmp_path: Path) -> None:
    found = tax(
        tmp_path, "2014-01-06 buy 100 1000", "2014-03-03 sell 100 750", "2014-03-10 buy 100 800"
    )

    assert of_sale(found) == ("0.00", "250.00", "0.00")
    assert bases(found) == ["1050.00"]
    assert totals(found) == ["-250.00", "0.00", "-250.00", "0.00"]


def test_publication_550_fewer_shares_bought_than_sold(tmp_path: Path) -> None:
    found = tax(
        tmp_path, "2013-09-26 buy 100 5000", "2013-12-19 buy 50 2750", "2013-12-27 buy 25 1125",
        "2014-01-09 sell 100 4000",
    )  # fmt: skip

    assert of_sale(found) == ("250.00", "750.00", "0.00")
    assert bases(found) == ["3250.00", "1375.00"]
    assert totals(found) == ["-1000.00", "-250.00", "-750.00", "0.00"]


def test_publication_550_more_shares_bought_than_sold(tmp_path: Path) -> None:
    days = ("2014-02-11", "2014-02-12", "2014-02-13", "2014-02-14")
    found = tax(
        tmp_path, "2013-02-06 buy 100 3000", "2014-02-06 sell 100 2000",
        *(f"{day} buy 50 1000" for day in days),
    )  # fmt: skip

    assert of_sale(found) == ("0.00", "1000.00", "0.00")
    assert bases(found) == ["1500.00", "1500.00", "1000.00", "1000.00"]


@pytest.mark.parametrize(("rebought", "basis"), [("90", "110.00"), ("70", "90.00")])
def test_regulation_1_1091_2_examples(tmp_path: Path, rebought: str, basis: str) -> None:
    found = tax(
        tmp_path, "2014-01-06 buy 1 100", "2014-06-02 sell 1 80", f"2014-06-20 buy 1 {rebought}"
    )

    assert of_sale(found) == ("0.00", "20.00", "0.00")
    assert bases(found) == [basis]


def test_revenue_ruling_2008_5(tmp_path: Path) -> None:
    found = tax(
        tmp_path, "2007-06-01 buy 100 1000", "2007-12-20 sell 100 600",
        "2007-12-21,al,ret,ira,XYZ,buy,100,600",
    )  # fmt: skip

    assert of_sale(found) == ("0.00", "0.00", "400.00")
    assert bases(found) == ["600.00"]
    assert totals(found) == ["-400.00", "0.00", "0.00", "-400.00"]


def test_the_lot_names_its_account_and_when_its_holding_period_began(tmp_path: Path) -> None:
    found = tax(
        tmp_path, "2013-09-26 buy 100 5000", "2014-01-09 sell 100 4000", "2014-01-10 buy 100 4000"
    )

    assert found["sales"] == [
        {
            "date": "2014-01-09",
            "instrument": "XYZ",
            "quantity": "100",
            "proceeds": "4000.00",
            "basis": "5000.00",
            "gain": "-1000.00",
            "allowed_loss": "0.00",
            "disallowed_loss": "1000.00",
            "forfeited_loss": "0.00",
        }
    ]
    assert found["lots"] == [
        {
            "account": "main",
            "instrument": "XYZ",
            "acquired": "2014-01-10",
            "holding_period_start": "2013-09-27",
            "quantity": "100",
            "basis": "5000.00",
        }
    ]


def test_spouses_are_linked_and_readings_chosen_by_option(tmp_path: Path) -> None:
    rows = (
        "2014-01-06 buy 100 1000", "2014-03-03 sell 100 750",
        "2014-03-10,bo,main,cash,XYZ,buy,60,480", "2014-03-11,cy,main,cash,XYZ,buy,1,9",
    )  # fmt: skip

    assert of_sale(tax(tmp_path, *rows)) == ("250.00", "0.00", "0.00")
    assert of_sale(tax(tmp_path, *rows, more=("--spouses", "al=bo"))) == (
        "100.00",
        "150.00",
        "0.00",
    )
    within = ("2014-03-01 buy 100 1000", "2014-03-03 sell 50 400")
    assert of_sale(tax(tmp_path, *within)) == ("100.00", "0.00", "0.00")
    counted = tax(tmp_path, *within, more=("--policy", "rest_of_purchase=count"))
    assert of_sale(counted) == ("0.00", "100.00", "0.00")


def test_thirds_are_exact_until_they_are_printed(tmp_path: Path) -> None:
    found = tax(
        tmp_path, "2014-01-06 buy 3 100", "2014-01-07 sell 1 30", "2014-01-08 sell 1 30",
        "2014-01-09 sell 1 30",
    )  # fmt: skip

    assert [one["gain"] for one in found["sales"]] == ["-3.33"] * 3
    assert found["economic_pnl"] == "-10.00"


def test_fractions_of_shares_are_shares(tmp_path: Path) -> None:
    found = tax(tmp_path, "2014-01-06 buy 0.5 50", "2014-03-03 sell 0.125 10")

    assert found["sales"][0]["quantity"] == "0.125"
    assert found["lots"][0]["quantity"] == "0.375"
    assert found["lots"][0]["basis"] == "37.50"


def test_a_file_without_trades_has_no_sales(tmp_path: Path) -> None:
    found = tax(tmp_path)

    assert (found["sales"], found["lots"]) == ([], [])
    assert totals(found) == ["0.00"] * 4


def test_without_json_the_same_is_a_table(tmp_path: Path) -> None:
    file = tmp_path / "trades.csv"
    file.write_text(f"{HEADER}\n{full('2014-01-06 buy 1 100')}\n{full('2014-06-02 sell 1 80')}\n")

    done = CliRunner().invoke(app, ["tax", "wash-sales", str(file)])

    assert done.exit_code == 0
    assert "allowed loss" in done.stdout
    assert "economic_pnl  -20.00" in done.stdout
    assert "no lots" in done.stdout
