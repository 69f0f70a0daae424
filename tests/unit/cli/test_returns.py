"""`bifrost returns` prints three numbers of a file; of a cell that it cannot read it names the line
and the column, and then it prints no number.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.command_tree import Done, run

Capture = pytest.CaptureFixture[str]

EXCEL = """date,flow,value
2008-01-01,10000,10000
2008-03-01,-2750,7500
2008-10-30,-4250,4000
2009-02-15,-3250,2000
2009-04-01,0,2750
"""


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str | bytes, name: str = "flows.csv") -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def ask(capfd: Capture, path: str, *options: str) -> Done:
    return run(capfd, "returns", "--flows", path, "--json", *options)


def test_the_answer_is_three_numbers(capfd: Capture, written: Any) -> None:
    done = ask(capfd, written(EXCEL))

    assert done.code == 0
    assert set(done.answer) == {"twr", "mwr", "modified_dietz"}
    assert done.answer["mwr"] == pytest.approx(0.373362535, abs=1e-8)
    growth = (7500 / 7250) * (4000 / 3250) * (2000 / 750) * (2750 / 2000)
    assert done.answer["twr"] == pytest.approx(growth - 1, rel=1e-15)


def test_a_number_has_every_digit_of_its_double(capfd: Capture, written: Any) -> None:
    done = ask(capfd, written("date,flow,value\n2022-01-01,3,3\n2023-01-01,0,4\n"))

    assert done.answer["twr"] == 1 / 3
    assert '"twr": 0.3333333333333333,' in done.out


def test_what_cannot_be_computed_is_null_and_says_why(capfd: Capture, written: Any) -> None:
    done = ask(capfd, written("date,flow,value\n2022-01-01,100,100\n2022-06-01,-300,50\n"))

    assert done.code == 0
    assert done.answer["twr"] is None
    assert done.answer["failures"]["twr"]["cause"] == "negative_capital"
    assert "2022-06-01" in done.answer["failures"]["twr"]["message"]


def test_several_rates_are_listed(capfd: Capture, written: Any) -> None:
    pump = "date,flow,value\n2021-01-01,1600,1600\n2022-01-01,-10000,1\n2023-01-01,10000,0\n"

    failure = ask(capfd, written(pump)).answer["failures"]["mwr"]

    assert failure["cause"] == "several_rates"
    assert failure["rates"] == pytest.approx([0.25, 4.0])


def test_a_person_gets_a_table(capfd: Capture, written: Any) -> None:
    done = run(capfd, "returns", "--flows", written(EXCEL))

    assert done.code == 0
    assert "from the end of 2007-12-31 to the end of 2009-04-01" in done.out
    assert "money-weighted, per year     +37.336253%" in done.out


def test_a_failure_is_told_to_a_person_too(capfd: Capture, written: Any) -> None:
    done = run(capfd, "returns", "--flows", written("date,flow,value\n2022-01-01,10,11\n"))

    assert "money-weighted, per year: what the flows leave is all on 2022-01-01" in done.out


def test_a_range_says_what_it_covers(capfd: Capture, written: Any) -> None:
    done = ask(capfd, written(EXCEL), "--from", "2008-06-01", "--to", "2009-03-01")

    assert (done.answer["opened_on"], done.answer["closed_on"]) == ("2008-03-01", "2009-02-15")
    assert done.answer["twr"] == pytest.approx((4000 / 3250) * (2000 / 750) - 1)


def test_a_benchmark_stands_beside(capfd: Capture, written: Any) -> None:
    levels = written("date,value\n2007-12-31,100\n2009-01-30,80\n2009-04-01,110\n", "levels.csv")

    beside = ask(capfd, written(EXCEL), "--benchmark", levels).answer["benchmark"]

    assert beside["twr"] == pytest.approx(0.1)
    assert beside["excess"] == pytest.approx(beside["portfolio"] - 0.1)
    assert beside["tracking_error"] > 0


def test_a_benchmark_that_begins_too_late_says_so(capfd: Capture, written: Any) -> None:
    levels = written("date,value\n2009-01-30,80\n", "levels.csv")

    done = ask(capfd, written(EXCEL), "--benchmark", levels)

    assert done.answer["benchmark"] is None
    assert done.answer["failures"]["benchmark"]["cause"] == "benchmark_without_level"


def test_a_column_of_fees_adds_the_returns_gross_of_them(capfd: Capture, written: Any) -> None:
    text = "date,flow,value,fee\n2022-01-01,100,100,0\n2023-01-01,0,108,2\n"

    answer = ask(capfd, written(text)).answer

    assert (answer["twr"], answer["gross"]["twr"]) == (0.08, 0.1)
    assert answer["gross"]["mwr"] == pytest.approx(0.1)


@pytest.mark.parametrize("period", ["month", "quarter", "year"])
def test_modified_dietz_is_linked_on_request(capfd: Capture, written: Any, period: str) -> None:
    done = ask(capfd, written(EXCEL), "--linked", period)

    assert isinstance(done.answer["modified_dietz_linked"], float)


def test_a_spreadsheets_mark_and_empty_lines_are_read_over(capfd: Capture, written: Any) -> None:
    text = "\ufeff" + EXCEL.replace("\n", "\r\n").replace(",", ", ") + "\r\n,,\r\n"

    assert ask(capfd, written(text)).answer == ask(capfd, written(EXCEL)).answer


def test_rows_of_one_date_are_one_day(capfd: Capture, written: Any) -> None:
    halves = EXCEL.replace("2008-03-01,-2750,7500", "2008-03-01,-2000,7500\n2008-03-01,-750,7500")

    assert ask(capfd, written(halves)).answer == ask(capfd, written(EXCEL)).answer


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("", "line 1", "empty"),
        ("date,flow\n", "line 1", "value is missing"),
        ("date,flow,value,x\n", "line 1, column 4", "'x'"),
        ("date,flow,value,flow\n", "line 1, column 2", "'flow'"),
        ("date,flow,value\n", "line 2", "no row"),
        ("date,flow,value\n2022-01-01,1\n", "line 2, column 3", "2 cells"),
        ("date,flow,value\n2022-01-01,1,1,1\n", "line 2, column 4", "4 cells"),
        ("date,flow,value\n2022-02-30,1,1\n", "line 2, column 1 (date)", "no such day"),
        ("date,flow,value\n01/02/2022,1,1\n", "line 2, column 1 (date)", "no date"),
        ("date,flow,value\n0001-01-01,1,1\n", "line 2, column 1 (date)", "before 1800"),
        ("date,flow,value\n2022-01-01,x,1\n", "line 2, column 2 (flow)", "no number"),
        ("date,flow,value\n2022-01-01,NaN,1\n", "line 2, column 2 (flow)", "no number"),
        ("date,flow,value\n2022-01-01,1,\n", "line 2, column 3 (value)", "no number"),
        ("date,flow,value\n2022-01-01,\"1,000\",1\n", "line 2, column 2 (flow)", "no number"),
        ("date,flow,value\n2022-01-01,1,1e400\n", "line 2, column 3 (value)", "digits"),
        ("value,flow,date\n1,x,2022-01-01\n", "line 2, column 2 (flow)", "no number"),
        ("date,flow,value\n\n2022-01-02,1,1\n2022-01-01,1,1\n", "line 4, column 1 (date)", "come"),
        ("date,flow,value\n2022-01-02,1,1\n2022-01-02,1,2\n", "line 3, column 3 (value)", "ends"),
        ("date,flow,value\n2022-01-02,\"1,1\n", "line 2, column 1", "unexpected end"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_named(
    capfd: Capture, written: Any, text: str, field: str, says: str
) -> None:
    done = ask(capfd, written(text))

    assert done.code == 2
    assert done.error["errors"][0]["field"] == field
    assert says in done.error["errors"][0]["message"]
    assert field in done.err


def test_every_cell_that_cannot_be_read_is_named(capfd: Capture, written: Any) -> None:
    done = ask(capfd, written("date,flow,value\nx,y,1\n2022-01-01,1,z\n"))

    assert [one["field"] for one in done.error["errors"]] == [
        "line 2, column 1 (date)", "line 2, column 2 (flow)", "line 3, column 3 (value)",
    ]  # fmt: skip


@pytest.mark.parametrize("level", ["0", "-1", "x"])
def test_a_level_that_is_none_is_named(capfd: Capture, written: Any, level: str) -> None:
    path = written(f"date,value\n2022-01-01,{level}\n", "levels.csv")

    done = ask(capfd, written(EXCEL), "--benchmark", path)

    assert (done.code, done.error["errors"][0]["field"]) == (2, "line 2, column 2 (value)")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--from", "today"), "--from"),
        (("--to", "2022-02-30"), "--to"),
        (("--from", "2009-01-01", "--to", "2008-01-01"), "--to"),
        (("--from", "2030-01-01"), "--from"),
        (("--linked", "week"), "--linked"),
        (("--benchmark", "nowhere.csv"), "--benchmark"),
    ],
)
def test_an_option_that_cannot_be_is_named(
    capfd: Capture, written: Any, options: tuple[str, ...], field: str
) -> None:
    done = ask(capfd, written(EXCEL), *options)

    assert (done.code, done.error["errors"][0]["field"]) == (2, field)


def test_a_file_that_is_not_there_or_no_text_is_named(
    capfd: Capture, written: Any, tmp_path: Path
) -> None:
    for path in (str(tmp_path / "none.csv"), str(tmp_path), written(b"\xff\xfe\x00")):
        done = ask(capfd, path)

        assert (done.code, done.error["errors"][0]["field"]) == (2, "--flows")


def test_it_needs_no_stack_and_loads_no_heavy_library() -> None:
    code = (
        "import sys; from bifrost.portfolio.returns import benchmark, files, money_weighted;"
        "import json; print(json.dumps([m for m in ('numpy', 'scipy', 'pydantic')"
        " if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == []
