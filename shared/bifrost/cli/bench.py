"""Benchmarks: what the desk costs, beside its peers in the same run."""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from bifrost.cli.output import DEPENDENCY_DOWN, USAGE, AsJson, say, show_json, show_table

Only = Annotated[
    list[str] | None,
    typer.Option(help="decisions, ledger, market, cold, sizes, help or up; may be given again."),
]
Output = Annotated[Path, typer.Option(help="Where the JSON is written.")]

_COLUMNS = ("measure", "ours", "goal", "peer", "ratio")


def bench(
    only: Only = None, output: Output = Path(".build/bench.json"), as_json: AsJson = False
) -> None:
    """Measure orders, the ledger, market data, cold starts, sizes and start-up, beside their peers.

    Example: bifrost bench --only ledger
    """
    import json
    import subprocess
    import sys

    from bifrost.local.place import this_place

    # The measures live with the tests: a figure counts when anyone can run what made it.
    command = [sys.executable, "-m", "tests.benchmarks", *(only or ())]
    done = subprocess.run(
        command, cwd=this_place().project, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        say("error: the benchmarks stopped; the lines above say why")
        raise typer.Exit(USAGE if done.returncode == USAGE else DEPENDENCY_DOWN)
    report = json.loads(done.stdout.splitlines()[-1])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=1))
    if as_json:
        show_json(report)
        return
    machine = report["machine"]
    print(f"{machine['cores']} cores, {machine['processor']}, CPython {machine['python']}")
    for about, rows in groupby(report["rows"], key=_heading):
        print(f"\n{about}")
        show_table([_line(row) for row in rows], _COLUMNS, empty="")
    say(f"written to {output}")


def _heading(row: Mapping[str, Any]) -> str:
    """Name the peer once, over all the rows that are beside it: a line stays below 100 columns."""
    beside = f", beside {row['peer']}" if row["peer"] else ""
    note = f" ({row['note']})" if row["note"] else ""
    return f"{row['group']}{beside}{note}"


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "ours": f"{row['value']} {row['unit']}", "peer": row["peer_value"]}
