"""Promises that a file of trades that cannot be believed is refused: exit code 2, the line and the
column in the message, and nothing printed of the rest.
"""

from pathlib import Path

import pytest

from tests.unit.cli.command_tree import Done, run

HEADER = "date,owner,account,account_kind,instrument,side,quantity,amount"
COLUMNS = HEADER.split(",")
GOOD = "2014-01-06,al,main,cash,XYZ,buy,100,1000"
SOLD = "2014-01-09,al,main,cash,XYZ,sell,100,900"

Capture = pytest.CaptureFixture[str]


def tax(capfd: Capture, tmp_path: Path, content: str | bytes, *more: str) -> Done:
    file = tmp_path / "trades.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return run(capfd, "tax", "wash-sales", str(file), *more, "--json")


def wrong(column: str, value: str) -> str:
    """A file whose third line has this value in its column."""
    fields = SOLD.split(",")
    fields[COLUMNS.index(column)] = value
    return "\n".join([HEADER, GOOD, ",".join(fields)])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("date", ""),
        ("date", "2014-02-30"),
        ("date", "09/01/2014"),
        ("date", "20140109"),
        ("date", "2014-W02-4"),
        ("date", "1066-10-14"),
        ("date", "9999-12-31"),
        ("date", "2014-01-05"),
        ("owner", ""),
        ("owner", "  "),
        ("owner", "a" * 201),
        ("account", ""),
        ("account", "a\x07b"),
        ("account_kind", ""),
        ("account_kind", "401k"),
        ("account_kind", "margin"),
        ("instrument", ""),
        ("side", ""),
        ("side", "short"),
        ("side", "0"),
        ("quantity", ""),
        ("quantity", "0"),
        ("quantity", "0.000"),
        ("quantity", "-100"),
        ("quantity", "+100"),
        ("quantity", "NaN"),
        ("quantity", "Infinity"),
        ("quantity", "1e2"),
        ("quantity", "1_0"),
        ("quantity", "1" + "0" * 30),
        ("quantity", "0.000000001"),
        ("quantity", "\u0661\u0660"),
        ("quantity", "100.5"),
        ("quantity", "ten"),
        ("amount", ""),
        ("amount", "-900"),
        ("amount", "nan"),
        ("amount", "$900"),
        ("amount", '"1,000"'),
        ("amount", "1" + "0" * 30),
        ("amount", "900.123456789"),
    ],
)
def test_a_field_that_cannot_be_is_named_by_line_and_column(
    capfd: Capture, tmp_path: Path, column: str, value: str
) -> None:
    done = tax(capfd, tmp_path, wrong(column, value))

    assert done.code == 2
    assert "line 3, column" in done.error["detail"]
    assert column in done.error["errors"][0]["field"]
    assert done.error["errors"][0]["fix"]


@pytest.mark.parametrize("missing", COLUMNS)
def test_a_column_that_is_missing_is_named(capfd: Capture, tmp_path: Path, missing: str) -> None:
    at = COLUMNS.index(missing)
    lines = [",".join(f for i, f in enumerate(one.split(",")) if i != at) for one in (HEADER, GOOD)]

    done = tax(capfd, tmp_path, "\n".join(lines))

    assert done.code == 2
    assert done.error["detail"] == f"line 1, column {missing}: the header lacks it"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (f"{HEADER},amount", "line 1, column amount: the header has it twice"),
        (f"{HEADER},fee", "line 1, column fee: unknown"),
        ("", "line 1: the file is empty"),
        (GOOD, "line 1, column 2014-01-06: unknown"),
    ],
)
def test_a_header_that_is_not_the_files_is_refused(
    capfd: Capture, tmp_path: Path, header: str, said: str
) -> None:
    done = tax(capfd, tmp_path, header)

    assert done.code == 2
    assert said in done.error["detail"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (GOOD + ",7", "line 2, column 9 (beyond the header): the line has 9 fields"),
        ("2014-01-06,al,main", "line 2, column 4 (account_kind): the line has 3 fields"),
        ('2014-01-06,"al,main,cash,XYZ,buy,100,1000', "line 2"),
        ('2014-01-06,"al"x,main,cash,XYZ,buy,100,1000', "line 2"),
    ],
)
def test_a_line_that_is_broken_is_named(
    capfd: Capture, tmp_path: Path, row: str, said: str
) -> None:
    done = tax(capfd, tmp_path, f"{HEADER}\n{row}\n{GOOD}\n")

    assert done.code == 2
    assert said in done.error["detail"]


def test_every_broken_line_is_named_at_once(capfd: Capture, tmp_path: Path) -> None:
    done = tax(capfd, tmp_path, "\n".join([HEADER, GOOD, GOOD + "x", "x" + GOOD]))

    assert [one["field"] for one in done.error["errors"]] == [
        "line 3, column 8 (amount)",
        "line 4, column 1 (date)",
    ]


def test_a_sale_without_a_position_names_its_line(capfd: Capture, tmp_path: Path) -> None:
    for kind in ("cash", "ira", "roth_ira"):
        row = SOLD.replace("cash", kind)

        done = tax(capfd, tmp_path, f"{HEADER}\n\n{row}\n")

        assert done.code == 2
        assert done.error["errors"][0]["field"] == "line 3, column quantity"
        assert "main holds 0 XYZ, 100 are sold" in done.error["detail"]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + "\n".join([HEADER, GOOD, SOLD]),
        "\r\n".join([HEADER, GOOD, SOLD, ""]),
        "\n".join([HEADER, "", GOOD, "  ", SOLD, "", ""]),
        "\n".join(",".join(f'"{f}"' for f in row.split(",")) for row in (HEADER, GOOD, SOLD)),
        "\n".join(", ".join(row.split(",")) for row in (HEADER, GOOD, SOLD)),
        "\n".join(",".join(reversed(row.split(","))) for row in (HEADER, GOOD, SOLD)),
        "\n".join([HEADER.upper(), GOOD.replace("buy", "BUY").replace("cash", "Cash"), SOLD]),
        "\n".join([HEADER, GOOD.replace("al", '"a, ""l"""'), SOLD.replace("al", '"a, ""l"""')]),
    ],
    ids=[
        "bom",
        "crlf",
        "blank lines",
        "quoted",
        "spaced",
        "other order",
        "case",
        "comma in a name",
    ],
)
def test_the_same_file_written_otherwise_is_the_same(
    capfd: Capture, tmp_path: Path, content: str
) -> None:
    done = tax(capfd, tmp_path, content)

    assert (done.code, done.answer["economic_pnl"]) == (0, "-100.00")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", HEADER.encode() + b"\n\xe9", b"\x00" * 9])
def test_what_is_no_text_is_refused(capfd: Capture, tmp_path: Path, content: bytes) -> None:
    done = tax(capfd, tmp_path, content)

    assert done.code == 2
    assert "line " in done.error["detail"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--spouses", "al"), "--spouses: 'al' lacks a side"),
        (("--spouses", "al=bo"), "spouses: 'bo' owns nothing"),
        (("--spouses", "al=al"), "spouses: 'al' cannot be linked"),
        (("--policy", "rest_of_purchase"), "--policy: 'rest_of_purchase' lacks"),
        (("--policy", "rest_of_purchase=x"), "policy: rest_of_purchase=x is unknown"),
        (("--policy", "x=count"), "policy: x=count is unknown"),
        (("--method", "best"), "--method: 'best' is unknown"),
        (("--method", "fifo", "--method", "lifo"), "--method: fifo and lifo exclude each other"),
        (("--method", "VTI=average"), "method: VTI is in no row"),
        (("--method", "VTI=hifo"), "--method: VTI=hifo is no method of one instrument"),
    ],
)
def test_an_option_that_cannot_be_is_named(
    capfd: Capture, tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    done = tax(capfd, tmp_path, f"{HEADER}\n{GOOD}\n", *more)

    assert done.code == 2
    assert done.error["detail"].startswith(said)


def test_a_file_that_is_not_there_or_a_folder_is_named(capfd: Capture, tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        done = run(capfd, "tax", "wash-sales", str(path), "--json")

        assert done.code == 2
        assert str(path) in done.error["detail"]
