"""Promises of `bifrost tax preview`, `form-8949` and `reconcile-1099b`."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.command_tree import Done, run

HEADER = "date,owner,account,account_kind,instrument,side,quantity,amount"
BROKER = "account,instrument,date_sold,quantity,proceeds,cost_basis,wash_sale_disallowed"
# A loss of 200 on 2014-03-03, of which 150 goes to 60 shares bought in another account.
TRADES = (
    "2013-01-07,al,main,cash,XYZ,buy,100,1000",
    "2014-02-20,al,other,cash,XYZ,buy,60,540",
    "2014-03-03,al,main,cash,XYZ,sell,80,600",
)

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trades(tmp_path: Path) -> Path:
    return written(tmp_path / "trades.csv", HEADER, *TRADES)


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def answer(done: Done) -> Any:
    assert done.code == 0, done.err
    return done.answer


def preview(
    capfd: Capture, file: Path, *more: str, sell: str = "main:XYZ:20", on: str = "2014-03-10"
) -> Done:
    options = ("--sell", sell, "--price", "7", "--on", on)
    return run(capfd, "tax", "preview", str(file), *options, *more, "--json")


def test_a_preview_says_what_is_put_off_and_the_first_day_on_which_nothing_is(
    capfd: Capture, tmp_path: Path
) -> None:
    bought = "2014-03-08,al,other,cash,XYZ,buy,30,240"
    file = written(tmp_path / "trades.csv", HEADER, *TRADES, bought)

    found = answer(preview(capfd, file))

    assert found["sale"]["gain"] == "-60.00"
    assert found["sale"]["disallowed_loss"] == "30.00"
    assert found["first_clean_day"] == "2014-04-08"
    assert found["rebuy_from"] == "2014-04-10"
    assert answer(preview(capfd, file, on="2014-04-07"))["sale"]["disallowed_loss"] == "30.00"
    assert answer(preview(capfd, file, on="2014-04-08"))["sale"]["disallowed_loss"] == "0.00"


def test_a_preview_of_a_gain_is_clean_at_once(capfd: Capture, tmp_path: Path) -> None:
    file = written(tmp_path / "trades.csv", HEADER, "2013-03-10,al,main,cash,XYZ,buy,100,100")

    found = answer(preview(capfd, file))

    assert (found["first_clean_day"], found["rebuy_from"]) == ("2014-03-10", None)
    assert [lot["term"] for lot in found["lots"]] == ["short"]
    later = answer(preview(capfd, file, on="2014-03-11"))
    assert [lot["term"] for lot in later["lots"]] == ["long"]


def test_a_preview_names_what_an_ira_would_cost(capfd: Capture, tmp_path: Path) -> None:
    bought = "2014-03-08,al,ret,roth_ira,XYZ,buy,30,240"
    file = written(tmp_path / "trades.csv", HEADER, *TRADES, bought)

    assert answer(preview(capfd, file))["sale"]["forfeited_loss"] == "30.00"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sell": "main:XYZ:21"}, "sell: 'main' holds 20 XYZ"),
        ({"sell": "main:ABC:1"}, "sell: 'main' holds 0 ABC"),
        ({"sell": "nowhere:XYZ:1"}, "sell: 'nowhere' is an account of nobody"),
        ({"sell": "main:XYZ"}, "--sell: 'main:XYZ' cannot be read"),
        ({"sell": "main:XYZ:-1"}, "--sell"),
        ({"sell": "main:XYZ:0"}, "--sell"),
        ({"on": "2014-03-02"}, "sell: the file goes on to 2014-03-03"),
        ({"on": "2014-02-30"}, "--on: '2014-02-30' is no date"),
    ],
)
def test_a_preview_that_cannot_be_is_refused(
    capfd: Capture, trades: Path, given: dict[str, str], said: str
) -> None:
    done = preview(capfd, trades, **given)

    assert done.code == 2
    assert done.error["detail"].startswith(said)


def test_a_preview_of_a_file_without_a_row_is_refused(capfd: Capture, tmp_path: Path) -> None:
    done = preview(capfd, written(tmp_path / "trades.csv", HEADER))

    assert done.code == 2
    assert done.error["detail"].startswith("sell: 'main' is an account of nobody")


def test_a_preview_at_no_price_is_refused(capfd: Capture, trades: Path) -> None:
    for price in ("-1", "NaN", "1e3", "1" + "0" * 30):
        done = run(
            capfd, "tax", "preview", str(trades), "--sell=main:XYZ:1", f"--price={price}",
            "--on=2014-03-10", "--json",
        )  # fmt: skip

        assert (done.code, done.error["errors"][0]["field"]) == (2, "--price")


def test_a_preview_asks_whose_account_where_two_owners_have_one(
    capfd: Capture, tmp_path: Path
) -> None:
    bought = "2014-03-08,bo,main,cash,XYZ,buy,50,80"
    file = written(tmp_path / "trades.csv", HEADER, *TRADES, bought)

    assert preview(capfd, file).error["detail"] == "sell: 'main' is an account of al, bo"
    assert answer(preview(capfd, file, "--owner", "bo"))["sale"]["basis"] == "32.00"


def form(capfd: Capture, file: Path, *more: str) -> Done:
    return run(capfd, "tax", "form-8949", str(file), "--year", "2014", *more)


def test_form_8949_has_the_box_the_dates_and_code_w(capfd: Capture, trades: Path) -> None:
    found = answer(form(capfd, trades, "--json"))

    assert found == {
        "year": 2014,
        "rows": [
            {
                "owner": "al",
                "account": "main",
                "box": "D",
                "description": "80 sh. XYZ",
                "date_acquired": "2013-01-07",
                "date_sold": "2014-03-03",
                "proceeds": "600.00",
                "cost_basis": "800.00",
                "code": "W",
                "adjustment": "150.00",
                "gain": "-50.00",
            }
        ],
    }


def test_form_8949_as_csv_has_the_same_rows(capfd: Capture, trades: Path) -> None:
    rows = answer(form(capfd, trades, "--json"))["rows"]

    assert list(csv.DictReader(io.StringIO(form(capfd, trades, "--csv").out))) == rows
    both = form(capfd, trades, "--csv", "--json")
    assert (both.code, both.error["errors"][0]["field"]) == (2, "--csv")


@pytest.mark.parametrize(("reported", "box"), [("no_basis", "E"), ("nothing", "F")])
def test_form_8949_follows_what_the_broker_reported(
    capfd: Capture, trades: Path, reported: str, box: str
) -> None:
    rows = answer(form(capfd, trades, "--reported", reported, "--json"))["rows"]

    assert [row["box"] for row in rows] == [box]
    assert form(capfd, trades, "--reported", "all").code == 2


def test_form_8949_counts_the_holding_period_with_its_tack_on(
    capfd: Capture, tmp_path: Path
) -> None:
    file = written(
        tmp_path / "t.csv", HEADER, "2012-12-03,al,main,cash,XYZ,buy,10,100",
        "2013-12-02,al,main,cash,XYZ,sell,10,80", "2013-12-20,al,main,cash,XYZ,buy,10,80",
        "2014-01-06,al,main,cash,XYZ,sell,10,120",
    )  # fmt: skip

    (row,) = answer(form(capfd, file, "--json"))["rows"]

    assert (row["box"], row["date_acquired"], row["cost_basis"]) == ("D", "2013-12-20", "100.00")


def test_form_8949_leaves_out_iras_and_other_years(capfd: Capture, tmp_path: Path) -> None:
    file = written(
        tmp_path / "t.csv", HEADER, "2013-01-07,al,ret,ira,XYZ,buy,10,100",
        "2013-01-07,al,main,cash,XYZ,buy,10,100", "2013-12-31,al,main,cash,XYZ,sell,5,60",
        "2014-01-02,al,ret,ira,XYZ,sell,10,90", "2015-01-02,al,main,cash,XYZ,sell,5,60",
    )  # fmt: skip

    assert answer(form(capfd, file, "--json"))["rows"] == []


def test_a_short_sale_is_of_the_year_in_which_it_was_closed(capfd: Capture, tmp_path: Path) -> None:
    file = written(
        tmp_path / "t.csv", HEADER, "2012-12-30,al,main,margin,XYZ,sell,10,100",
        "2014-01-06,al,main,margin,XYZ,buy,10,80",
    )  # fmt: skip

    (row,) = answer(form(capfd, file, "--json"))["rows"]

    assert (row["box"], row["date_sold"], row["gain"]) == ("A", "2014-01-06", "20.00")
    assert row["description"] == "10 XYZ (short sale)"


def reconcile(capfd: Capture, trades: Path, tmp_path: Path, *rows: str) -> Done:
    broker = written(tmp_path / "broker.csv", BROKER, *rows)
    return run(
        capfd, "tax", "reconcile-1099b", str(trades), str(broker), "--year", "2014", "--json"
    )


def test_a_1099b_that_says_the_same_agrees(capfd: Capture, trades: Path, tmp_path: Path) -> None:
    rows = ("main,XYZ,2014-03-03,50,375,500,150.00", "main,XYZ,2014-03-03,30,225,300,0")

    found = answer(reconcile(capfd, trades, tmp_path, *rows))

    assert found == {"compared": 1, "agreed": 1, "differences": []}


def test_what_a_broker_could_not_see_is_said_to_be_so(
    capfd: Capture, trades: Path, tmp_path: Path
) -> None:
    found = answer(reconcile(capfd, trades, tmp_path, "main,XYZ,2014-03-03,80,600,800,0"))

    assert found["differences"] == [
        {
            "account": "main",
            "instrument": "XYZ",
            "date_sold": "2014-03-03",
            "figure": "wash_sale_disallowed",
            "ours": "150.00",
            "broker": "0.00",
            "difference": "-150.00",
            "cause": "one_account_view",
        }
    ]


def test_other_differences_are_not_explained_away(
    capfd: Capture, trades: Path, tmp_path: Path
) -> None:
    found = answer(
        reconcile(capfd, trades, tmp_path, "main,XYZ,2014-03-03,80,601,800,150",
                  "main,ABC,2014-03-03,1,1,1,0")
    )  # fmt: skip

    assert [(one["instrument"], one["figure"], one["cause"]) for one in found["differences"]] == [
        ("ABC", "quantity", "only_broker"),
        ("ABC", "proceeds", "only_broker"),
        ("ABC", "cost_basis", "only_broker"),
        ("XYZ", "proceeds", "unexplained"),
    ]
    missing = answer(reconcile(capfd, trades, tmp_path))
    assert {one["cause"] for one in missing["differences"]} == {"only_ours"}


def test_a_broken_line_of_the_1099b_is_named(capfd: Capture, trades: Path, tmp_path: Path) -> None:
    done = reconcile(capfd, trades, tmp_path, "main,XYZ,2014-03-03,80,x,800,150")

    assert done.code == 2
    assert done.error["errors"][0]["field"] == "1099-B, line 2, column 5 (proceeds)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("preview", "--sell", "main:XYZ:20", "--price", "7", "--on", "2014-03-10"), "rebuy_from"),
        (("form-8949", "--year", "2014"), "80 sh. XYZ"),
        (("form-8949", "--year", "2010"), "no sales in 2010"),
    ],
)
def test_without_json_each_prints_lines_for_a_person(
    capfd: Capture, trades: Path, words: tuple[str, ...], said: str
) -> None:
    done = run(capfd, "tax", words[0], str(trades), *words[1:])

    assert done.code == 0, done.err
    assert said in done.out
