"""`bifrost actions import --check`: a file is read without a desk, or its wrong lines are named."""

from pathlib import Path

import pytest

from tests.unit.cli.command_tree import ACTIONS, run

HEADER = "action_id,vendor,revision,kind,instrument,currency,ex_date,new_shares,old_shares"


def test_a_good_file_needs_no_stack_to_be_checked(capfd: pytest.CaptureFixture[str]) -> None:
    done = run(capfd, "actions", "import", str(ACTIONS), "--check", "--json")

    assert (done.code, done.answer) == (0, {"read": 2})


def test_every_wrong_line_is_named_with_its_column(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "actions.csv"
    file.write_text(f"{HEADER}\na,acme,1,split,AAPL,USD,2014-06-31,7,1\nb,acme,0,split,AAPL,USD\n")

    done = run(capfd, "actions", "import", str(file), "--check", "--json")

    assert done.code == 2
    assert [one["field"] for one in done.error["errors"]] == [
        "line 2, column ex_date",
        "line 3, column row",
    ]
