"""Tax reports over the desk's own books, as the commands with `--desk` ask the API for them."""

from pathlib import Path
from typing import Any

import typer

from bifrost.cli.output import REFUSED, say


def over_the_desk(
    file: str | None, desk: bool, method: list[str] | None, spouses: list[str] | None
) -> bool:
    """Say whether the desk's books are meant; refuse what does not go with what is."""
    if not desk:
        if file is None:
            message = "name a CSV file, or --desk for your own books"
            raise typer.BadParameter(message, param_hint="FILE")
        return False
    if file is not None:
        raise typer.BadParameter("the desk's books need no file", param_hint="FILE")
    if method:
        message = "the desk's sales closed what its books say; see `bifrost lots`"
        raise typer.BadParameter(message, param_hint="--method")
    if spouses:
        message = "the desk's owners say it themselves; see `bifrost tax spouse`"
        raise typer.BadParameter(message, param_hint="--spouses")
    return True


def wash_sales(year: int | None, policy: list[str] | None, instrument: str | None) -> Any:
    """Ask for the wash sales of all accounts; instrument: of its family alone, as below."""
    return _asked("wash-sales", policy, year=year, instrument=instrument)


def form_8949(
    year: int, reported: str, policy: list[str] | None, instrument: str | None, *, joint: bool
) -> Any:
    """Ask for a year's rows; joint: the spouse's, too."""
    asked = {"year": year, "reported": reported, "joint": "true" if joint else None}
    asked["instrument"] = instrument
    return _asked("form-8949", policy, **asked)


def preview(sell: str, price: str | None, on: str | None, policy: list[str] | None) -> Any:
    """Ask what a sale would realise; without a price at the last one, without a day today."""
    account_id, instrument, quantity = ["", "", *sell.rsplit(":", 2)][-3:]
    if not (account_id and instrument and quantity):
        message = f"{sell!r} is not ACCOUNT:INSTRUMENT:QUANTITY"
        raise typer.BadParameter(message, param_hint="--sell")
    return _asked(
        "preview",
        policy,
        account_id=account_id,
        instrument=instrument,
        quantity=quantity,
        price=price,
        on=on,
    )


def reconcile_1099b(path: str, year: int, policy: list[str] | None, instrument: str | None) -> Any:
    """Have a broker's file compared with the books."""
    from bifrost.cli.session import connect

    try:
        text = Path(path).read_bytes().decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"{path} cannot be read: {reason}; name a CSV file in UTF-8"
        raise typer.BadParameter(message, param_hint="FILE") from error
    body = {"year": year, "text": text, "policy": ",".join(policy or ())}
    if instrument is not None:
        body["instrument"] = instrument
    return _told(connect().post("/v1/tax/1099b-reconciliations", body))


def _asked(report: str, policy: list[str] | None, **query: Any) -> Any:
    from bifrost.cli.session import connect

    chosen = ",".join(policy or ()) or None
    return _told(connect().get(f"/v1/tax/{report}", policy=chosen, **query))


def require_whole(found: Any) -> None:
    """End with exit code 3 where trades were left out, once all else has been shown."""
    if found.get("excluded"):
        raise typer.Exit(REFUSED)


def without(found: Any) -> dict[str, str]:
    """Return what to show beside totals: the stocks that they are without, if there are some."""
    names = sorted({one["instrument"] for one in found.get("excluded", ())})
    return {"without": ", ".join(names)} if names else {}


def _told(found: Any) -> Any:
    for one in found.get("excluded", ()):
        say(f"left out, all trades in {one['instrument']}: {one['message']}")
    return found
