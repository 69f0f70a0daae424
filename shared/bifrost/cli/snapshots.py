"""Snapshots for screening, and what companies reported."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bifrost.cli.inputs import option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

_ITEMS_MAX = 10**5
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

    The header says which: instrument,metric,period_end,value,currency,reported_at or
    instrument,earnings_at,eps_estimate,eps_actual,reported_at.

    Example: bifrost data facts fundamentals.csv
    """
    from bifrost.cli.session import connect

    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}; name a CSV file") from error
    done = connect().post("/v1/company-facts", {"text": text})
    show_json(done) if as_json else show_fields(done)


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
