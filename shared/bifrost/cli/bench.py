"""Benchmarks: what the desk costs, beside its peers in the same run."""

from pathlib import Path
from typing import Annotated

import typer

from bifrost.cli.output import DEPENDENCY_DOWN, USAGE, AsJson, say, show_json, show_table

Only = Annotated[list[str] | None, typer.Option(help="Only this measure; may be given again.")]
Output = Annotated[Path, typer.Option(help="Where the JSON is written.")]


def bench(
    only: Only = None, output: Output = Path(".build/bench.json"), as_json: AsJson = False
) -> None:
    """Measure order decisions, cold starts, sizes and start-up, each beside its peer.

    Example: bifrost bench --only cold
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
    columns = ("measure", "value", "unit", "goal", "peer", "peer_value", "ratio")
    show_table(report["rows"], columns, empty="no measure has that name")
    say(f"written to {output}")
