"""Files of trades and of corporate actions written as a few words a row, and the tax command on
them.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli.main import app
from tests.unit.cli.command_tree import run

Capture = pytest.CaptureFixture[str]

HEADER = "date,owner,account,account_kind,instrument,side,quantity,amount"
TERMS = ("new_instrument,new_shares,old_shares,shares_per_share,basis_share,cash_per_share,"
         "share_value,amount_per_share,dividend_kind,currency,revision,withdrawn")  # fmt: skip


def asked(tmp_path: Path, report: str, rows: list[str], actions: list[str], *more: str) -> Any:
    """Run a report; a row is `2014-01-09 sell 100 XYZ 4000 [kind]`."""
    paths = files(tmp_path, rows, actions)
    return CliRunner().invoke(app, ["tax", report, *paths, *more, "--json"])


def files(tmp_path: Path, rows: list[str], actions: list[str]) -> tuple[str, ...]:
    """Write both, and say where they are."""
    trades, acts = tmp_path / "trades.csv", tmp_path / "actions.csv"
    trades.write_text("\n".join([HEADER, *map(_row, rows)]) + "\n")
    acts.write_text("\n".join(actions) + "\n")
    return str(trades), "--actions", str(acts)


def refused(
    capfd: Capture, tmp_path: Path, report: str, rows: list[str], actions: list[str], *more: str
) -> str:
    """Run a report that says why it cannot be, with exit code 2 and nothing of the rest."""
    paths = files(tmp_path, rows, actions)
    done = run(capfd, "tax", report, *paths, *more, "--json")
    code, out, err = done.code, done.out, done.err
    assert (code, '"sales"' in out) == (2, False)
    return out + err


def told(tmp_path: Path, rows: list[str], *actions: str, more: tuple[str, ...] = ()) -> Any:
    """The statement; an action is `2012-05-01 COP spin_off new_instrument=PSX …`."""
    done = asked(tmp_path, "wash-sales", rows, written(*actions), *more)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    parts = [int(found[name].replace(".", "")) for name in ("allowed_pnl", "deferred", "forfeited")]
    assert int(found["economic_pnl"].replace(".", "")) == sum(parts)
    return found


def written(*actions: str) -> list[str]:
    """A file of actions."""
    columns = ["action_id", "vendor", "kind", "instrument", "ex_date", *TERMS.split(",")]
    lines = [",".join(columns)]
    for number, action in enumerate(actions):
        day, instrument, kind, *terms = action.split()
        cells = {"action_id": f"a{number}", "vendor": "acme", "kind": kind, "currency": "USD",
                 "revision": "1", "instrument": instrument, "ex_date": day}  # fmt: skip
        cells |= dict(term.split("=") for term in terms)
        lines.append(",".join(cells.get(name, "") for name in columns))
    return lines


def _row(row: str) -> str:
    day, side, quantity, instrument, amount, *rest = row.split()
    kind = rest[0] if rest else "cash"
    return f"{day},al,{kind},{kind},{instrument},{side},{quantity},{amount}"


def lots(found: Any) -> list[tuple[str, str, str]]:
    return [(one["instrument"], one["quantity"], one["basis"]) for one in found["lots"]]


def sales(found: Any) -> list[tuple[str, str, str, str, str]]:
    return [
        (one["instrument"], one["quantity"], one["proceeds"], one["basis"], one["gain"])
        for one in found["sales"]
    ]
