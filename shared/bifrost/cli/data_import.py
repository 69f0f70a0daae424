"""`bifrost data import`: files straight into the desk's bucket, and what became of each."""

import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bifrost.cli.inputs import arguments, option
from bifrost.cli.output import USAGE, AsJson, say, say_on_terminal, show_json, show_table

if TYPE_CHECKING:
    from bifrost.local.api import Api

FORMATS = ("csv", "lean", "parquet", "provider")
_SUFFIXES = {"csv": (".csv",), "lean": (".zip", ".csv"), "parquet": (".parquet", ".pq")}
_SHOWN = ("name", "state", "instruments", "rows_read", "rows_written", "rows_rejected",
          "rows_quarantined", "problem")  # fmt: skip
_STAGES = {"map_files": 0, "factor_files": 1}
_WAIT_SECONDS = 900
_PAUSE_SECONDS = 0.3


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
    first: Annotated[str, option("--from", says="Of a provider: first session.")] = "-",
    last: Annotated[str, option("--to", says="Of a provider: last session.")] = "-",
    as_json: AsJson = False,
) -> None:
    """Import bars, ticks and corporate actions from files.

    csv and parquet have a time, open, high, low, close and volume for each bar of one instrument.
    lean is a folder as LEAN keeps it: map_files/ list the instruments, factor_files/ hold their
    corporate actions, zips their bars. The same files may be imported again and change nothing.

    Example: bifrost data import ./lean --format lean
    """
    if file_format not in FORMATS:
        raise typer.BadParameter(f"it is none of {', '.join(FORMATS)}", param_hint="--format")
    if file_format == "provider":
        _fetch(files or [], instrument, timeframe, (first, last), as_json)
        return
    found = _found(files or [], file_format)
    told = {
        "format": file_format,
        "instrument": instrument,
        "timeframe": timeframe,
        "mic": mic,
        "currency": currency,
        "times": times,
    }
    from bifrost.cli.session import connect

    done = _send(connect(), found, {name: one for name, one in told.items() if one is not None})
    _show(done, as_json)
    if any(one["state"] != "done" or one["rows_rejected"] for one in done):
        raise typer.Exit(USAGE)


def _fetch(
    providers: Sequence[str],
    instrument: str | None,
    timeframe: str | None,
    days: tuple[str, str],
    as_json: bool,
) -> None:
    """Have a provider's bars fetched: a backfill job by another name."""
    from bifrost.cli.ingestion import backfill

    if instrument is None or timeframe is None:
        raise typer.BadParameter("a provider needs --instrument and --timeframe")
    if len(providers) > 1:
        raise typer.BadParameter("name one provider", param_hint="files")
    (provider,) = providers or ("alpaca",)
    backfill(
        instrument,
        timeframe=timeframe,
        first=days[0],
        last=days[1],
        provider=provider,
        as_json=as_json,
    )


def _found(given: Sequence[str], file_format: str) -> list[tuple[str, Path]]:
    """Return each file by its name below what was given, in the order of its stages."""
    named: list[tuple[str, Path]] = []
    for one in map(Path, given):
        if not one.exists():
            raise typer.BadParameter(f"there is no {one}", param_hint="files")
        under = sorted(one.rglob("*")) if one.is_dir() else [one]
        chosen = [
            each
            for each in under
            if each.is_file() and (each == one or each.suffix in _SUFFIXES[file_format])
        ]
        named += [(f"{each.resolve().parent.name}/{each.name}", each) for each in chosen]
    if not named:
        raise typer.BadParameter("name a file, or a folder that has some", param_hint="files")
    return sorted(named, key=lambda one: _stage(one[0]))


def _send(
    api: "Api", found: Sequence[tuple[str, Path]], told: dict[str, str]
) -> list[dict[str, Any]]:
    """Send the files in imports as large as one may be; the next begins when one is settled."""
    from bifrost.data.files.uploads import FILES_MAX

    done: list[dict[str, Any]] = []
    for first in range(0, len(found), FILES_MAX):
        part = found[first : first + FILES_MAX]
        bodies = [{"name": name, "size": path.stat().st_size, **told} for name, path in part]
        made = api.post("/v1/data/imports", {"files": bodies})
        urls = [one["put_url"] for one in made["files"]]
        # Stage by stage: what comes early would wait, and all of it for one function's turn.
        sent = 0
        for _, stage in groupby(zip(part, urls, strict=True), key=lambda one: _stage(one[0][0])):
            pairs = list(stage)
            _put([one for one, _ in pairs], [url for _, url in pairs])
            sent += len(pairs)
            files = _settled(api, made["import_id"], sent)
        done += files
    return done


def _stage(name: str) -> int:
    return _STAGES.get(name.split("/", maxsplit=1)[0], len(_STAGES))


def _put(part: Sequence[tuple[str, Path]], urls: Sequence[str]) -> None:
    import httpx

    from bifrost.core.errors import UnavailableError

    with httpx.Client(timeout=60, trust_env=False) as client:
        for (name, path), url in zip(part, urls, strict=True):
            say_on_terminal(f"sending {name}")
            try:
                answer = client.put(url, content=path.read_bytes())
            except httpx.HTTPError as error:
                raise UnavailableError(f"the bucket did not take {name}: {error!r}") from error
            if answer.status_code >= 300:
                raise UnavailableError(
                    f"the bucket answered {answer.status_code} to {name}; import it again"
                )


def _settled(api: "Api", import_id: str, sent: int) -> list[dict[str, Any]]:
    """Wait until none of the first `sent` files can change any more without another one."""
    deadline = time.monotonic() + _WAIT_SECONDS
    said = 0
    while True:
        files: list[dict[str, Any]] = api.get(f"/v1/data/imports/{import_id}")["files"]
        settled = sum(map(_is_settled, files[:sent]))
        if settled > said:
            said = settled
            say_on_terminal(f"{said} of {len(files)} imported")
        if settled == sent or time.monotonic() > deadline:
            return [{k: v for k, v in one.items() if k != "put_url"} for one in files]
        time.sleep(_PAUSE_SECONDS)


def _is_settled(file: dict[str, Any]) -> bool:
    return file["state"] in ("done", "failed") or file["waits_for"] is not None


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
            say(f"{one['name']}: {count} bars are kept apart; see `bifrost data quality`")
        if one["note"]:
            say(f"{one['name']}: {one['note']}")
        if one["state"] != "done":
            say(f"{one['name']}: {one['state']}: {one['problem'] or 'it has not come'}")
