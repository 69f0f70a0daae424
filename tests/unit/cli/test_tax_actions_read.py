"""Promises of the files of `bifrost tax … --actions`: what stands in them counts as it stands, and
what cannot be believed is refused by line and column.
"""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bifrost.cli.main import app
from tests.unit.cli.acted_files import (
    Capture,
    asked,
    files,
    lots,
    refused,
    told,
    written,
)
from tests.unit.cli.command_tree import run


def test_the_last_revision_stands_and_a_withdrawn_one_never_was(tmp_path: Path) -> None:
    split = "2014-02-03 XYZ split old_shares=1"
    rows = ["2014-01-06 buy 5 XYZ 100"]
    twice = [f"{split} new_shares=2 action_id=s", f"{split} new_shares=3 revision=2 action_id=s"]
    gone = f"{split} new_shares=3 revision=3 withdrawn=true action_id=s"

    assert lots(told(tmp_path, rows, *twice)) == [("XYZ", "15", "100.00")]
    assert lots(told(tmp_path, rows, *twice, gone)) == [("XYZ", "5", "100.00")]


def test_actions_on_what_nobody_held_and_cash_for_all_shares_change_nothing(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        ["2014-01-06 buy 5 XYZ 100"],
        "2014-02-03 ABC merger new_instrument=XYZ shares_per_share=1",
        "2014-02-03 XYZ cash_dividend amount_per_share=1 dividend_kind=qualified",
        "2014-03-03 XYZ merger cash_per_share=30",
        "2014-04-07 XYZ delisting",
    )

    assert lots(found) == [("XYZ", "5", "100.00")]


def test_an_action_on_what_no_row_names_is_said(capfd: Capture, tmp_path: Path) -> None:
    actions = written(
        "2014-02-03 XYZ rename new_instrument=N",
        "2014-03-03 N rename new_instrument=M",
        "2014-02-03 ABC split new_shares=2 old_shares=1",
    )
    done = run(
        capfd,
        "tax",
        "wash-sales",
        *files(tmp_path, ["2014-01-06 buy 5 XYZ 100"], actions),
        "--json",
    )

    assert done.code == 0
    assert done.err == "no row is in ABC: what was done to it changes nothing\n"


def test_a_preview_sells_what_an_action_brought(capfd: Capture, tmp_path: Path) -> None:
    rows = ["2014-01-06 buy 100 PAR 2000"]
    action = "2014-03-03 PAR spin_off new_instrument=KID shares_per_share=0.5 basis_share=0.25"
    more = ("--sell", "cash:KID:50", "--price", "12", "--on")
    before = refused(capfd, tmp_path, "preview", rows, written(action), *more, "2014-03-02")
    done = asked(tmp_path, "preview", rows, written(action), *more, "2014-03-03")

    assert "'cash' holds 0 KID" in before
    assert json.loads(done.stdout)["sale"]["gain"] == "100.00"


def test_a_1099b_is_compared_with_what_actions_made(tmp_path: Path) -> None:
    broker = tmp_path / "broker.csv"
    broker.write_text("account,instrument,date_sold,quantity,proceeds,cost_basis,"
                      "wash_sale_disallowed\ncash,KID,2014-03-10,50,600,500,0\n")  # fmt: skip
    done = asked(
        tmp_path,
        "reconcile-1099b",
        ["2014-01-06 buy 100 PAR 2000", "2014-03-10 sell 50 KID 600"],
        written("2014-03-03 PAR spin_off new_instrument=KID shares_per_share=0.5 basis_share=0.25"),
        str(broker),
        "--year",
        "2014",
    )

    assert json.loads(done.stdout) == {"compared": 1, "agreed": 1, "differences": []}


@pytest.mark.parametrize(
    ("actions", "says"),
    [
        (["2014-02-03 XYZ split new_shares=2"], "actions, line 2, column old_shares"),
        (["2014-02-30 XYZ rename new_instrument=N"], "actions, line 2, column ex_date"),
        (["2014-02-03 XYZ rename new_instrument=XYZ"], "actions, line 2, column rename"),
        (["2014-02-03 XYZ rename new_instrument=N currency=EUR"],
         "actions, line 2, column currency"),
        (["2014-02-03 XYZ rename new_instrument=N", "2014-02-03 XYZ rename new_instrument=M"],
         "actions, line 3, column ex_date"),
        (["2014-02-03 XYZ spin_off new_instrument=N shares_per_share=1 basis_share=1.5"],
         "actions, line 2, column spin_off"),
        (["2014-02-03 XYZ merger new_instrument=N shares_per_share=1 cash_per_share=1"],
         "actions, line 2, column merger"),
        (["2014-02-03 XYZ rename new_instrument=N"], "line 3, column instrument"),
        (["2014-02-03 XYZ spin_off new_instrument=N shares_per_share=0.1 basis_share=0.1",
          "2014-02-04 XYZ split new_shares=1 old_shares=2"], "line 3, column quantity"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named_by_line_and_column(
    capfd: Capture, tmp_path: Path, actions: list[str], says: str
) -> None:
    rows = ["2014-01-06 buy 5 XYZ 100", "2014-03-03 sell 5 XYZ 120"]

    assert says in refused(capfd, tmp_path, "wash-sales", rows, written(*actions))


def test_a_sale_of_a_name_that_ended_is_no_short_sale(capfd: Capture, tmp_path: Path) -> None:
    rows = ["2014-01-06 buy 5 XYZ 100 margin", "2014-03-03 sell 5 XYZ 120 margin"]
    actions = written("2014-02-03 XYZ rename new_instrument=N")

    assert "XYZ is N since 2014-02-03" in refused(capfd, tmp_path, "wash-sales", rows, actions)


def test_the_desks_books_need_no_file_of_actions() -> None:
    done = CliRunner().invoke(app, ["tax", "wash-sales", "--desk", "--actions", "a.csv"])

    assert done.exit_code == 2
    assert "the desk's books know what issuers did" in " ".join(done.output.split())


def test_a_fund_is_sold_at_its_average_basis_and_the_rest_by_the_method(tmp_path: Path) -> None:
    rows = [
        "2012-01-03 buy 10 VTI 100",
        "2012-01-03 buy 10 IBM 100",
        "2012-02-03 buy 10 VTI 140",
        "2012-02-03 buy 10 IBM 140",
        "2012-09-03 sell 5 VTI 100",
        "2012-09-03 sell 5 IBM 100",
    ]
    paths = files(tmp_path, rows, [])[:1]
    more = ("--method", "hifo", "--method", "VTI=average", "--json")
    done = CliRunner().invoke(app, ["tax", "wash-sales", *paths, *more])

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    assert [(one["instrument"], one["basis"]) for one in found["sales"]] == [
        ("VTI", "60.00"),
        ("IBM", "70.00"),
    ]
