"""`bifrost data import`: files straight into the desk's bucket, or bars from a provider."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bifrost.cli import data_import_sending as sending
from bifrost.cli.inputs import arguments, option
from bifrost.cli.output import DEPENDENCY_DOWN, USAGE, AsJson, exit_code, say, show_json, show_table

PROVIDER = "provider"
FORMATS = ("csv", "lean", "parquet", PROVIDER)
_SHOWN = ("name", "state", "instruments", "rows_read", "rows_written", "rows_rejected",
          "rows_quarantined", "problem")  # fmt: skip


def import_files(
    files: Annotated[
        list[str] | None, arguments("Files, and folders; or the provider's name.")
    ] = None,
    instrument: Annotated[str | None, option(says="Whose bars; Lean files name their own.")] = None,
    timeframe: Annotated[
        str | None, option(says="1m, 5m, 15m, 30m, 1h or 1d; Lean files say so themselves.")
    ] = None,
    file_format: Annotated[
        str, option("--format", says="csv, lean, parquet, or provider.")
    ] = "csv",
    mic: Annotated[str | None, option(says="List the instrument at this venue: XNAS.")] = None,
    currency: Annotated[str | None, option(says="The currency that it trades in: USD.")] = None,
    times: Annotated[
        str | None, option(says="begin or end: which end of a bar its time is.")
    ] = None,
    provider: Annotated[
        str | None, option(says="With --format provider: alpaca, massive or yahoo.")
    ] = None,
    first: Annotated[str | None, option("--from", says="Of a provider: first session.")] = None,
    last: Annotated[str | None, option("--to", says="Of a provider: last session.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import bars, ticks and corporate actions from files, or bars from a provider.

    csv and parquet have a time, open, high, low, close and volume for each bar of one instrument.
    lean is a folder as LEAN keeps it: map_files/ list the instruments, factor_files/ hold their
    corporate actions, zips their bars. The same files may be imported again and change nothing.
    provider is `bifrost data backfill` of one instrument, and ends as that does.

    Example: bifrost data import ./lean --format lean
    """
    if file_format not in FORMATS:
        raise typer.BadParameter(f"it is none of {', '.join(FORMATS)}", param_hint="--format")
    of_files = {"mic": mic, "currency": currency, "times": times}
    of_provider = {"provider": provider, "from": first, "to": last}
    if file_format == PROVIDER:
        _refuse_given(of_files, "a file has it; a provider's bars need a listed instrument")
        _fetch([*(files or []), *([provider] if provider else [])], instrument, timeframe,
               (first, last), as_json)  # fmt: skip
        return
    _refuse_given(of_provider, "a provider has it: say --format provider")
    told = {"format": file_format, "instrument": instrument, "timeframe": timeframe, **of_files}
    _import(files or [], {name: one for name, one in told.items() if one is not None}, as_json)


def _refuse_given(options: dict[str, str | None], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise typer.BadParameter(why, param_hint=f"--{name}")


def _import(files: Sequence[str], told: dict[str, str], as_json: bool) -> None:
    from bifrost.cli.session import connect

    found = sending.found_files(files, told["format"])
    try:
        done = sending.send(connect(), found, told)
    except Exception as error:
        if exit_code(error) == DEPENDENCY_DOWN:
            say("what was sent is imported once the desk is up; run the same command again then")
        raise
    _show(done, as_json)
    if any(one["state"] != "done" or one["rows_rejected"] for one in done):
        raise typer.Exit(USAGE)


def _fetch(
    providers: Sequence[str],
    instrument: str | None,
    timeframe: str | None,
    days: tuple[str | None, str | None],
    as_json: bool,
) -> None:
    """Have a provider's bars fetched: a backfill job by another name."""
    from bifrost.cli.ingestion import backfill

    for name, value in (("--instrument", instrument), ("--timeframe", timeframe)):
        if value is None:
            raise typer.BadParameter("a provider is asked for one's bars of one length: say it",
                                     param_hint=name)  # fmt: skip
    if len({*providers}) != 1:
        raise typer.BadParameter("name one: --provider alpaca", param_hint="--provider")
    backfill(
        instrument,
        timeframe=timeframe or "",
        first=days[0],
        last=days[1],
        provider=providers[0],
        as_json=as_json,
    )


def _show(done: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json({"files": done})
    else:
        show_table(done, _SHOWN, empty="nothing was imported")
    _explain(done)


def _explain(done: Sequence[dict[str, Any]]) -> None:
    """Say on standard error what a person has to know of each file."""
    for one in done:
        for row in one["rejected"]:
            say(f"{one['name']}: line {row['line']}: {row['reason']}")
        more = one["rows_rejected"] - len(one["rejected"])
        if more > 0:
            say(f"{one['name']}: {more} more rows are rejected")
        if one["rows_quarantined"]:
            count = one["rows_quarantined"]
            say(f"{one['name']}: {count} rows are kept apart; see `bifrost data quality`")
        if one["note"]:
            say(f"{one['name']}: {one['note']}")
        if one["state"] != "done":
            say(f"{one['name']}: {one['state']}: {one['problem'] or 'it has not come'}")
