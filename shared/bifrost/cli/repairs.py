"""Repairs of market data: what was found wrong, what was done about it, and a file's own faults."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bifrost.cli.inputs import argument, most, option
from bifrost.cli.output import REFUSED, AsJson, say, show_fields, show_json, show_table

if TYPE_CHECKING:
    from bifrost.data.repair.examining import Examined
    from bifrost.data.repair.findings import Repair
    from bifrost.local.api import Api

app = typer.Typer(
    no_args_is_help=True,
    help="What is wrong with stored bars, and what was done about it.\n\n"
    "Example: bifrost data repairs list --instrument AAPL",
)

_ADDRESS = "/v1/data/repairs"
_LISTED = (
    *("repair_id", "instrument", "source", "timeframe", "kind", "state", "score"),
    *("first_session", "last_session", "bars", "reason"),
)
_LOOKED = ("source", "timeframe", "first_session", "last_session", "bars")
_SUSPECTED = ("source", "timeframe", "kind", "session", "reason")
_CHECKED = ("kind", "first_session", "last_session", "columns", "score", "reason")

Id = Annotated[str, argument("Its id in the list.")]


@app.command("list")
def list_repairs(
    instrument: Annotated[str | None, option(says="Of this one alone.")] = None,
    kind: Annotated[str | None, option(says="Of this kind, such as unit_error.")] = None,
    state: Annotated[str | None, option(says="proposed, applied or undone.")] = None,
    limit: Annotated[int, most()] = 100,
    as_json: AsJson = False,
) -> None:
    """List repairs, in the order they were found.

    Example: bifrost data repairs list --state proposed
    """
    from bifrost.cli.session import connect

    asked = {"instrument": instrument, "kind": kind, "state": state}
    found = list(connect().pages(_ADDRESS, limit, **asked))
    if as_json:
        show_json({"items": found, "next_cursor": None})
        return
    show_table(found, _LISTED, empty="no repairs")


@app.command("show")
def show(repair_id: Id, as_json: AsJson = False) -> None:
    """Show a repair: each raw and repaired value, why, and who did what with it.

    Example: bifrost data repairs show repair-0f3a5c
    """
    from bifrost.cli.session import connect

    _show(connect().get(f"{_ADDRESS}/{repair_id}"), as_json)


@app.command("apply")
def apply(
    repair_id: Id,
    reason: Annotated[str, option(says="Why it is right.")] = "confirmed by a person",
    as_json: AsJson = False,
) -> None:
    """Make a repair that was proposed, or that was undone.

    Example: bifrost data repairs apply ID --reason confirmed
    """
    from bifrost.cli.session import connect

    _show(connect().post(f"{_ADDRESS}/{repair_id}/apply", {"reason": reason}), as_json)


@app.command("undo")
def undo(
    repair_id: Id,
    reason: Annotated[str, option(says="Why it is wrong.")],
    as_json: AsJson = False,
) -> None:
    """Take a repair back: the raw values are appended again.

    Example: bifrost data repairs undo ID --reason "it was right"
    """
    from bifrost.cli.session import connect

    _show(connect().post(f"{_ADDRESS}/{repair_id}/undo", {"reason": reason}), as_json)


@app.command("scan")
def scan(
    instrument: Annotated[str, argument("The instrument.")],
    source: Annotated[
        str | None, option(says="This source alone; in your own file it is made only if named.")
    ] = None,
    timeframe: Annotated[str | None, option(says="These bars alone, such as 1d or 1m.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Keep and make nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for faults in all that is stored; make what is sure, propose the rest.

    Every source's bars, of days and within them. What your own files told is only proposed,
    unless --source names one.

    Example: bifrost data repairs scan AAPL --dry-run
    """
    from bifrost.cli.session import connect

    body = {"instrument": instrument, "source": source, "timeframe": timeframe, "dry_run": dry_run}
    found = _scanned(connect(), body)
    if as_json:
        show_json(found)
        return
    show_table(found["looked"], _LOOKED, empty="nothing is stored of it")
    print()
    show_table(found["repairs"], _LISTED, empty="nothing to repair")
    if found["suspicions"]:
        print("\nsuspected")
        show_table(found["suspicions"], _SUSPECTED, empty="")


def _scanned(api: "Api", body: dict[str, Any]) -> dict[str, Any]:
    """Ask until all was looked at; say how far it is, and return all as one answer."""
    found: dict[str, Any] = api.post(f"{_ADDRESS}/scans", body)
    while found["following"]:
        last = found["looked"][-1]
        say(f"looked at {last['source']} {last['timeframe']} to {last['last_session']} ...")
        more = api.post(f"{_ADDRESS}/scans", {**body, "after": found["following"]})
        for name in ("looked", "repairs", "suspicions"):
            more[name] = [*found[name], *more[name]]
        found = {**more, "sources": sorted({*found["sources"], *more["sources"]})}
    return found


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="A CSV of daily bars, as Yahoo writes them.")],
    as_json: AsJson = False,
) -> None:
    """Look for faults in a file; no desk is needed, and nothing is written.

    Columns: Date, Open, High, Low, Close, Adj Close, Volume, Dividends, Stock Splits. Ends with 3
    where there is something to repair.

    Example: bifrost data repairs check yahoo.csv
    """
    from bifrost.data.repair.examining import examine
    from bifrost.data.repair.yahoo_file import read_yahoo

    examined = examine(read_yahoo(_text_of(file)))
    shown = _examined(examined)
    if as_json:
        show_json(shown)
    else:
        show_table([*shown["repairs"], *shown["claims"]], _CHECKED, empty="nothing to repair")
        if shown["suspicions"]:
            print("\nsuspected")
            show_table(shown["suspicions"], _SUSPECTED[2:], empty="")
    if examined.repairs:
        raise typer.Exit(REFUSED)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}") from error


def _examined(examined: "Examined") -> dict[str, Any]:
    return {
        "repairs": [_repair(one) for one in examined.repairs],
        "claims": [_repair(one) for one in examined.claims],
        "suspicions": [
            {"kind": one.kind.value, "session": one.session, "reason": one.reason}
            for one in examined.doubts
        ],
    }


def _repair(repair: "Repair") -> dict[str, Any]:
    return {
        "kind": repair.kind.value,
        "first_session": repair.first,
        "last_session": repair.last,
        "columns": list(dict.fromkeys(repair.columns)),
        "score": round(repair.score, 4),
        "evidence": {name: round(value, 4) for name, value in repair.evidence.items()},
        "reason": repair.reason,
        "method": repair.method,
        "known_from": repair.known_from,
        "cells": {
            change.column: [
                [str(session), _number(raw), _number(repaired)]
                for session, raw, repaired in zip(
                    change.sessions, change.raw, change.repaired, strict=True
                )
            ]
            for change in repair.changes
        },
    }


def _number(value: float) -> float | None:
    return None if value != value else float(value)  # noqa: PLR0124  # NaN alone differs from itself


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    show_fields({name: value for name, value in found.items() if name not in ("cells", "steps")})
    for title in ("steps", *found["cells"]):
        rows = found["steps"] if title == "steps" else found["cells"][title]
        print(f"\n{title}")
        show_table(rows, tuple(rows[0]), empty="")
