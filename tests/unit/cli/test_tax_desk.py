"""Promises what the tax commands ask the API with `--desk`, and that a file goes without it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli import session
from bifrost.cli.main import app

LEFT_OUT = [{"instrument": "XYZ", "message": "its lots are not what its trades left"}]
LINE = {"date": "2026-01-05", "quantity": "5"}
ANSWERS: dict[str, Any] = {
    "wash-sales": {"sales": [LINE], "lots": [], "deferred": "0.00", "excluded": LEFT_OUT},
    "form-8949": {"year": 2026, "rows": [LINE], "excluded": []},
    "preview": {
        "sale": LINE,
        "lots": [{"acquired": "2026-01-02", "line": LINE}],
        "first_clean_day": "2026-02-05",
        "rebuy_from": None,
    },
    "1099b-reconciliations": {"compared": 1, "agreed": 1, "differences": [], "excluded": []},
}


class RecordedApi:
    """Answers with a report, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def get(self, path: str, **query: Any) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        self.asked.append((path, given))
        return ANSWERS[path.rsplit("/", 1)[1]]

    def post(self, path: str, body: Any) -> Any:
        self.asked.append((path, body))
        return ANSWERS[path.rsplit("/", 1)[1]]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> RecordedApi:
    recorded = RecordedApi()
    monkeypatch.setattr(session, "connect", lambda: recorded)
    return recorded


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["tax", *arguments], catch_exceptions=False)


def test_each_report_is_asked_for_with_what_was_given(api: RecordedApi, tmp_path: Path) -> None:
    broker = tmp_path / "broker.csv"
    broker.write_text("account\n")

    for line in (
        "wash-sales --desk --year 2026 --policy short_losses=wash --policy rest_of_purchase=count",
        "form-8949 --desk --year 2026 --reported nothing",
        "form-8949 --desk --year 2026 --joint --instrument XYZ",
        "preview --desk --sell a-1:XYZ:5",
        "preview --desk --sell a-1:XYZ:5 --price 9 --on 2026-11-20",
        f"reconcile-1099b {broker} --desk --year 2026 --instrument XYZ",
    ):
        left_out = "wash-sales" in line
        assert run(*line.split()).exit_code == (3 if left_out else 0)

    sale = {"account_id": "a-1", "instrument": "XYZ", "quantity": "5"}
    chosen = "short_losses=wash,rest_of_purchase=count"
    assert api.asked == [
        ("/v1/tax/wash-sales", {"year": 2026, "policy": chosen}),
        ("/v1/tax/form-8949", {"year": 2026, "reported": "nothing"}),
        (
            "/v1/tax/form-8949",
            {"year": 2026, "reported": "basis", "joint": "true", "instrument": "XYZ"},
        ),
        ("/v1/tax/preview", sale),
        ("/v1/tax/preview", {**sale, "price": "9", "on": "2026-11-20"}),
        (
            "/v1/tax/1099b-reconciliations",
            {"year": 2026, "text": "account\n", "policy": "", "instrument": "XYZ"},
        ),
    ]


@pytest.mark.parametrize("shown", ["", "--csv", "--json"])
def test_a_report_that_leaves_trades_out_says_so_and_ends_with_3(
    api: RecordedApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shown: str
) -> None:
    for report in ("form-8949", "1099b-reconciliations"):
        told = {**ANSWERS[report], "rows": [{"date_sold": "2026-01-05"}], "excluded": LEFT_OUT}
        monkeypatch.setitem(ANSWERS, report, told)
    broker = tmp_path / "broker.csv"
    broker.write_text("account\n")
    compare = "" if shown == "--csv" else shown

    rows = run(*f"form-8949 --desk --year 2026 {shown}".split())
    compared = run(*f"reconcile-1099b {broker} --desk --year 2026 {compare}".split())

    assert (rows.exit_code, compared.exit_code) == (3, 3)
    assert "2026-01-05" in rows.stdout
    assert "left out, all trades in XYZ" in rows.stderr
    assert "left out, all trades in XYZ" in compared.stderr


def test_totals_name_the_stocks_that_they_are_without(
    api: RecordedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = [*LEFT_OUT, *LEFT_OUT, {"instrument": "ABC", "message": "it has to do with XYZ"}]
    monkeypatch.setitem(ANSWERS, "wash-sales", {**ANSWERS["wash-sales"], "excluded": twice})
    without = run("wash-sales", "--desk").stdout
    monkeypatch.setitem(ANSWERS, "wash-sales", {**ANSWERS["wash-sales"], "excluded": []})
    whole = run("wash-sales", "--desk").stdout

    assert without.splitlines()[-1].split() == ["without", "ABC,", "XYZ"]
    assert "without" not in whole


def test_what_is_left_out_is_said_and_the_answer_stays_one_object(api: RecordedApi) -> None:
    done = run("wash-sales", "--desk", "--json")

    assert done.exit_code == 3
    assert json.loads(done.stdout) == ANSWERS["wash-sales"]
    assert "left out, all trades in XYZ: its lots are not what its trades left" in done.stderr


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("wash-sales", "FILE"),
        ("wash-sales t.csv --desk", "FILE"),
        ("wash-sales t.csv --year 2026", "--year"),
        ("wash-sales t.csv --instrument XYZ", "--instrument"),
        ("wash-sales --desk --method fifo", "--method"),
        ("wash-sales --desk --spouses a=b", "--spouses"),
        ("form-8949 --year 2026", "FILE"),
        ("form-8949 t.csv --year 2026 --joint", "--joint"),
        ("preview --sell a:X:1 --price 1 --on 2026-01-05", "FILE"),
        ("preview t.csv --sell a:X:1 --on 2026-01-05", "--price"),
        ("preview t.csv --sell a:X:1 --price 1", "--on"),
        ("preview --desk --sell X:1", "--sell"),
        ("reconcile-1099b t.csv --year 2026", "BROKER"),
        ("reconcile-1099b t.csv b.csv --desk --year 2026", "FILE"),
        ("reconcile-1099b /nowhere --desk --year 2026", "FILE"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error_that_names_it(
    api: RecordedApi, line: str, named: str
) -> None:
    done = run(*line.split())

    assert done.exit_code == 2
    assert named in done.output
    assert api.asked == []
