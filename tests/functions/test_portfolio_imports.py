"""Imports over HTTP and by the command: preview, commit, undo, export, and what reconcile says."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bifrost.cli import import_parts, session
from bifrost.core.statements import VenueStatement
from bifrost.local.api import ApiError
from tests.functions.portfolio_desk import Desk, plugged_desk
from tests.unit.cli.command_tree import Done, run

HEADER = "date,kind,instrument,quantity,price,amount,commission\n"
FILE = (
    HEADER
    + "2024-01-02,deposit,,,,5000,\n"
    + "2024-01-03,buy,AAPL,10,100,,1\n"
    + "2024-03-01,sell,AAPL,4,110,,1\n"
    + "2024-03-02,fee,,,,-2.50,\n"
)
Capture = pytest.CaptureFixture[str]


class DeskApi:
    """The API as commands call it, answered by the function in this process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.breaks: dict[str, list[Any]] = {}

    def get(self, path: str, **params: Any) -> Any:
        given = {name: str(value) for name, value in params.items() if value is not None}
        return self._good(self._desk.get(path, **given))

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        if path == "/v1/reconciliations":
            return {"breaks": self.breaks.get(body["account_id"], [])}
        return self._good(self._desk.post(path, body, key))

    def pages(self, path: str, most: int) -> Iterator[Any]:
        cursor = None
        while True:
            page = self.get(path, limit=min(most, 2), cursor=cursor)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _good(self, answer: Any) -> Any:
        if answer.status >= 300:
            raise ApiError(answer.status, answer.body)
        return answer.body


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> DeskApi:
    made = DeskApi(desk)
    monkeypatch.setattr(session, "connect", lambda: made)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "history.csv"
        path.write_text(text)
        return str(path)

    return write


Write = Callable[[str], str]


def imported(capfd: Capture, path: str, *more: str) -> Done:
    return run(capfd, "import", path, *more, "--json")


def positions(desk: Desk) -> list[tuple[str, str]]:
    items = desk.get(f"{desk.books}/positions").body["items"]
    return [(one["instrument"], one["quantity"]) for one in items]


def test_an_import_over_http_is_shown_listed_and_undone(desk: Desk) -> None:
    body = {"format": "own", "text": FILE}

    preview = desk.post(f"{desk.cash}/imports/preview", body, None)
    made = desk.post(f"{desk.cash}/imports", body, "k-1")
    path = f"{desk.cash}/imports/{made.body['import_id']}"

    assert (preview.status, preview.body["added"], preview.body["problems"]) == (200, 4, [])
    assert (made.status, made.body["added"]) == (201, 4)
    assert positions(desk) == [("AAPL", "6")]
    assert desk.get(path).body == made.body
    assert desk.get(f"{desk.cash}/imports").body["items"] == [made.body]
    undone = desk.post(f"{path}/undo", {"reason": "wrong account"}, None)
    assert (undone.status, undone.body["undo_reason"]) == (200, "wrong account")
    assert positions(desk) == []
    assert desk.get(desk.books).body["cash"] == "0.00"


def test_every_posting_of_an_import_names_it(desk: Desk) -> None:
    made = desk.post(f"{desk.cash}/imports", {"format": "own", "text": FILE}, "k-1").body

    found = desk.get(f"{desk.books}/ledger").body["items"]

    assert {one["event_id"] for one in found} == {made["import_id"]}


def test_a_broken_line_is_a_422_that_names_line_and_column(desk: Desk) -> None:
    body = {"format": "own", "text": FILE.replace("-2.50", "none")}

    refused = desk.post(f"{desk.cash}/imports", body, "k-1")

    assert refused.status == 422
    assert refused.body["errors"][0]["field"] == "line 5, column amount"
    assert desk.get(f"{desk.books}/ledger").body["items"] == []


def test_somebody_elses_account_has_no_imports(desk: Desk) -> None:
    made = desk.post(f"{desk.cash}/imports", {"format": "own", "text": FILE}, "k-1").body
    path = f"{desk.cash}/imports/{made['import_id']}"

    assert desk.get(path, owner="owner-2").status == 404
    assert desk.get(f"{desk.cash}/imports", owner="owner-2").status == 404
    assert desk.get(f"{desk.cash}/activities", owner="owner-2").status == 404
    assert desk.post(f"{path}/undo", {"reason": "r"}, None, owner="owner-2").status == 404


def test_the_command_shows_first_and_books_only_when_it_is_told(
    capfd: Capture, api: DeskApi, desk: Desk, file: Write
) -> None:
    path = file(FILE)

    shown = imported(capfd, path)
    before = positions(desk)
    booked = imported(capfd, path, "--commit")
    again = imported(capfd, path)

    assert (shown.code, shown.answer["added"], before) == (0, 4, [])
    assert (booked.code, booked.answer["imports"][0]["added"]) == (0, 4)
    assert positions(desk) == [("AAPL", "6")]
    assert (again.answer["added"], again.answer["duplicates"]) == (0, 4)


def test_the_command_undoes_an_import(
    capfd: Capture, api: DeskApi, desk: Desk, file: Write
) -> None:
    made = imported(capfd, file(FILE), "--commit").answer["imports"][0]["import_id"]

    undone = run(capfd, "import", "undo", made, "--json")

    assert (undone.code, undone.answer["import_id"]) == (0, made)
    assert positions(desk) == []
    assert run(capfd, "import", "undo", "none", "--json").code == 2


def test_a_broken_line_ends_the_command_with_2_and_needs_no_stack(
    capfd: Capture, file: Write
) -> None:
    done = imported(capfd, file(FILE.replace("10,100", "ten,100")))

    assert done.code == 2
    assert done.error["errors"][0]["field"] == "line 3, column quantity"
    assert "line 3, column quantity" in done.err


def test_a_file_that_is_only_checked_needs_no_stack(capfd: Capture, file: Write) -> None:
    done = imported(capfd, file(FILE), "--check")

    assert (done.code, len(done.answer["rows"])) == (0, 4)
    assert done.answer["rows"][1]["price"] == "100"


def test_what_cannot_be_booked_is_shown_with_its_line_and_ends_with_2(
    capfd: Capture, api: DeskApi, desk: Desk, file: Write
) -> None:
    done = imported(capfd, file(FILE.replace("sell,AAPL,4", "sell,AAPL,40")))

    assert done.code == 2
    assert [(one["line"], one["column"]) for one in done.answer["problems"]] == [(4, "quantity")]
    assert desk.get(f"{desk.books}/ledger").body["items"] == []


@pytest.mark.parametrize(
    "more",
    [("--format", "none"), ("--mapping", "/none/there"), ("extra",)],
    ids=["format", "mapping", "two files"],
)
def test_what_the_command_cannot_be_given_is_named(
    capfd: Capture, file: Write, more: tuple[str, ...]
) -> None:
    done = imported(capfd, file(FILE), *more)

    assert done.code == 2
    assert done.error["errors"]


def test_text_that_is_not_utf8_is_named_by_line_and_column(capfd: Capture, tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(HEADER.encode() + b"2024-01-02,fee,M\xfcnchen,,,-1,\n")

    done = imported(capfd, str(path))

    assert (done.code, done.error["errors"][0]["field"]) == (2, "line 2, column 17")


def test_a_long_file_is_imported_in_parts_that_end_with_a_day(
    capfd: Capture, api: DeskApi, desk: Desk, file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_parts, "PART_BYTES_MAX", 500)
    days = "".join(f"2024-02-{day:02d},fee,,,,-1,\n" * 2 for day in range(1, 29))

    done = imported(capfd, file(FILE + days), "--commit", "--key", "k")
    again = imported(capfd, file(FILE + days))

    assert len(done.answer["imports"]) > 2
    assert sum(one["added"] for one in done.answer["imports"]) == 4 + 56
    assert (again.answer["added"], again.answer["duplicates"]) == (0, 60)


def test_what_is_exported_is_imported_into_another_account_as_the_same_books(
    capfd: Capture, api: DeskApi, desk: Desk, file: Write
) -> None:
    desk.post(f"{desk.cash}/imports", {"format": "own", "text": FILE}, "k-1")
    other = desk.post("/v1/accounts", {"name": "Copy"}, "open-2").body
    account_id = desk.account["account_id"]

    text = run(capfd, "export", "--account", account_id).out
    done = imported(capfd, file(text), "--account", other["account_id"], "--commit")

    assert done.code == 0, done.err
    ours, theirs = (
        desk.get(f"/v1/portfolios/{one['portfolio_id']}/positions").body
        for one in (desk.account, other)
    )
    assert ours == theirs
    assert run(capfd, "export", "--account", other["account_id"]).out == text


def test_an_export_as_json_holds_ledger_lots_closures_and_positions(
    capfd: Capture, api: DeskApi, desk: Desk
) -> None:
    desk.post(f"{desk.cash}/imports", {"format": "own", "text": FILE}, "k-1")

    found = run(capfd, "export", "--format", "json").answer

    assert len(found["ledger"]) == len(found["activities"]) == 4
    (lot,) = found["lots"]
    assert (lot["opened_quantity"], lot["quantity"]) == ("10", "6")
    assert [one["proceeds"] for one in lot["closures"]] == ["440"]
    assert found["positions"][0]["instrument"] == "AAPL"
    assert found["imports"][0]["added"] == 4


def venue_says(desk: Desk, api: DeskApi, cash: str, **positions: str) -> None:
    """Let the venue's statement be compared by portfolio's own task."""
    account_id = desk.account["account_id"]
    statement = VenueStatement(account_id, cash, "USD", positions, {}, 0)  # type: ignore[arg-type] # as JSON
    api.breaks[account_id] = desk.function.task("reconcile", statement=statement)["breaks"]


def test_reconcile_ends_with_0_where_all_agree(capfd: Capture, api: DeskApi, desk: Desk) -> None:
    venue_says(desk, api, "0")

    done = run(capfd, "reconcile", "--json")

    assert (done.code, done.answer["breaks"], done.answer["accounts"]) == (0, [], 1)


def test_reconcile_shows_each_break_with_cause_age_and_owner_and_ends_with_3(
    capfd: Capture, api: DeskApi, desk: Desk
) -> None:
    desk.post(f"{desk.cash}/imports", {"format": "own", "text": FILE}, "k-1")
    venue_says(desk, api, "7", IBM="1")

    done = run(capfd, "reconcile", "--json")

    found = {one["subject"]: one for one in done.answer["breaks"]}
    assert done.code == 3
    assert {name: one["cause"] for name, one in found.items()} == {
        "USD": "unexplained",
        "AAPL": "imported_history",
        "IBM": "unexplained",
    }
    assert {one["owner"] for one in found.values()} == {"portfolio", "account"}
    assert all(one["age_seconds"] >= 0 and one["age"] for one in found.values())
    assert (found["AAPL"]["ours"], found["AAPL"]["theirs"]) == ("6", "0")


def test_a_statement_makes_it_three_ways(
    capfd: Capture, api: DeskApi, desk: Desk, file: Write
) -> None:
    desk.post(f"{desk.cash}/deposits", {"amount": "100"}, "d-1")
    venue_says(desk, api, "100")
    good = file("kind,subject,amount\ncash,USD,100.00\n")

    agreed = run(capfd, "reconcile", "--statement", good, "--json")
    file("kind,subject,amount\ncash,USD,90\nposition,AAPL,3\n")
    broken = run(capfd, "reconcile", "--statement", good, "--json")

    assert (agreed.code, agreed.answer["three_ways"]) == (0, [])
    assert broken.code == 3
    shown = [
        (one["subject"], one["ledger"], one["venue"], one["statement"], one["cause"])
        for one in broken.answer["three_ways"]
    ]
    assert shown == [
        ("USD", "100.00", "100.00", "90", "statement_differs"),
        ("AAPL", "0", "0", "3", "statement_differs"),
    ]


def test_cash_that_the_venue_does_not_keep_is_compared_two_ways(
    capfd: Capture, api: DeskApi, desk: Desk, file: Write
) -> None:
    euros = "date,kind,amount,currency\n2024-01-02,deposit,50,EUR\n"
    desk.post(f"{desk.cash}/imports", {"format": "own", "text": euros}, "k-1")
    good = file("kind,subject,amount\ncash,EUR,50\n")

    agreed = run(capfd, "reconcile", "--statement", good, "--json")
    file("kind,subject,amount\ncash,EUR,49\n")
    broken = run(capfd, "reconcile", "--statement", good, "--json")

    assert (agreed.code, agreed.answer["three_ways"]) == (0, [])
    (row,) = broken.answer["three_ways"]
    assert (row["subject"], row["ledger"], row["venue"], row["statement"]) == (
        "EUR",
        "50.00",
        None,
        "49",
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1, column kind"),
        ("kind,subject\n", "line 1, column amount"),
        ("kind,subject,amount\n", "line 1, column 1"),
        ("kind,subject,amount\ncash,USD,x\n", "line 2, column amount"),
        ("kind,subject,amount\nbond,USD,1\n", "line 2, column kind"),
        ("kind,subject,amount\ncash,USD,1\ncash,USD,2\n", "line 3, column subject"),
        ("kind,subject,amount\ncash,USD\n", "line 2, column amount"),
    ],
)
def test_a_statement_that_cannot_be_read_is_named_by_line_and_column(
    capfd: Capture, file: Write, text: str, where: str
) -> None:
    done = run(capfd, "reconcile", "--statement", file(text), "--json")

    assert (done.code, done.error["errors"][0]["field"]) == (2, where)


def test_an_import_is_one_object_on_the_last_line(
    capfd: Capture, api: DeskApi, desk: Desk, file: Write
) -> None:
    out = imported(capfd, file(FILE), "--commit").out

    assert json.loads(out.splitlines()[-1])["imports"][0]["format"] == "own"
