"""`bifrost data`: market data on its way in, its quality, and its repairs.

Each subject has a file of its own; what it offers is put together here.
"""

import typer

from bifrost.cli import data_import, halts, ingestion, providers, quality, repairs, snapshots

app = typer.Typer(
    no_args_is_help=True,
    help="Market data: import files, fill gaps, ask how good it is.\n\n"
    "Example: bifrost data import ./lean --format lean",
)


@app.callback()
def data() -> None:
    """Market data: import files, fill gaps, ask how good it is.

    Example: bifrost data import ./lean --format lean
    """


app.command("import")(data_import.import_files)
app.command()(ingestion.backfill)
app.command()(ingestion.jobs)
app.command()(ingestion.subscribe)
app.command()(ingestion.unsubscribe)
app.command()(ingestion.subscriptions)
app.command()(ingestion.gaps)
app.command()(ingestion.freshness)
app.command()(ingestion.keys)
app.command()(providers.providers)
app.command()(snapshots.snapshots)
app.command()(snapshots.facts)
app.add_typer(quality.app, name="quality")
app.add_typer(repairs.app, name="repairs")
app.add_typer(halts.app, name="halts")
