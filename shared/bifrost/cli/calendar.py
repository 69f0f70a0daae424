"""The exchange's calendar: sessions, early closes, and days on which it was closed."""

from typing import Annotated, Any

from bifrost.cli.inputs import option
from bifrost.cli.output import AsJson, show_json, show_table

_SHOWN = ("session", "opens_at", "closes_at", "closes_early")
_ITEMS_MAX = 10**6


def calendar(
    first: Annotated[str, option("--from", says="First day, YYYY-MM-DD.")],
    last: Annotated[str, option("--to", says="Last day, YYYY-MM-DD.")],
    calendar: Annotated[str, option(says="Whose, by MIC.")] = "XNYS",
    as_json: AsJson = False,
) -> None:
    """List an exchange's sessions; a day that is missing, it was closed.

    Known are 1990 to 2028, of which the exchange has announced its holidays.

    Example: bifrost calendar --from 2012-10-26 --to 2012-10-31
    """
    from bifrost.cli.session import connect

    asked: dict[str, Any] = {"calendar": calendar, "from": first, "to": last}
    found = list(connect().pages("/v1/calendar", _ITEMS_MAX, **asked))
    if as_json:
        show_json(asked | {"items": found})
        return
    show_table(found, _SHOWN, empty=f"{calendar} was closed from {first} to {last}")
