"""Snapshots for screening, and what companies reported."""

import io
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bifrost.cli.inputs import option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

_ITEMS_MAX = 10**5
# An address takes 64 KiB of JSON.
_PART_BYTES_MAX = 48_000
_SHOWN = (
    "instrument",
    "session",
    "last_close",
    "change_share",
    "rsi_14",
    "relative_volume",
    "setups",
)


def snapshots(
    as_of: Annotated[
        str | None, option("--as-of", says="By the end of this day; the newest by default.")
    ] = None,
    instrument: Annotated[str | None, option(says="Of this one alone.")] = None,
    knowledge: Annotated[
        str, option(says="effective (of today's values) or recorded (as it was kept).")
    ] = "effective",
    as_json: AsJson = False,
) -> None:
    """Show what could be known of instruments at a day's end: the same answer on any later day.

    Example: bifrost data snapshots --as-of 2012-06-15 --instrument AAPL
    """
    from bifrost.cli.session import connect

    asked: dict[str, Any] = {"as_of": as_of, "instrument": instrument, "knowledge": knowledge}
    found = list(connect().pages("/v1/snapshots", _ITEMS_MAX, **asked))
    if as_json:
        show_json(asked | {"items": found})
        return
    show_table([_line(one) for one in found], _SHOWN, empty="nothing had a bar by then")


def facts(
    file: Annotated[Path, typer.Argument(help="A CSV file of fundamentals or earnings.")],
    as_json: AsJson = False,
) -> None:
    """Take in what companies reported: known from `reported_at` on, restatements are new rows.

    A file with a wrong line is refused whole. A long one is sent in parts: send it again where it
    stopped between two of them, and what is there already is no news.

    The header says which: instrument,metric,period_end,value,currency,reported_at or
    instrument,earnings_at,eps_estimate,eps_actual,reported_at.

    Example: bifrost data facts fundamentals.csv
    """
    from bifrost.cli.session import connect

    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}; name a CSV file") from error
    api = connect()
    done = [api.post("/v1/company-facts", {"text": part}) for part in _parts(text)]
    taken = {name: sum(one[name] for one in done) for name in ("rows_read", "rows_written")}
    show_json(taken) if as_json else show_fields(taken)


def _parts(text: str) -> list[str]:
    """Return the file, or parts of it that an address takes, each with its header.

    Raises InvalidInputError naming each wrong line, before the first part is sent.
    """
    from bifrost.data.snapshots.facts import read_facts

    if _size(text) <= _PART_BYTES_MAX:
        return [text]
    read_facts(text)
    header, *lines = io.StringIO(text)
    parts, length = [header], _size(header)
    for line in lines:
        if length + _size(line) > _PART_BYTES_MAX:
            parts.append(header)
            length = _size(header)
        parts[-1] += line
        length += _size(line)
    return parts


def _size(text: str) -> int:
    return len(json.dumps(text).encode())


def _line(shown: dict[str, Any]) -> dict[str, Any]:
    values = {
        name: round(float(one["value"]), 4)
        for name, one in {**shown["overview"], **shown["technicals"]}.items()
    }
    names = ", ".join(setup["name"] for setup in shown["setups"])
    return {
        "instrument": shown["instrument"],
        "session": shown["session"],
        **values,
        "setups": names,
    }
