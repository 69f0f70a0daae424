"""What the desk's own books earned: P&L by part and group, and returns from daily valuations."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bifrost.cli.inputs import option
from bifrost.cli.output import AsJson, show_json, show_table

if TYPE_CHECKING:
    from bifrost.local.api import Api

_PAGE = 200
_COLUMNS = (
    "group", "price_realised", "price_unrealised", "dividend", "interest", "fx_realised",
    "fx_unrealised", "fee", "tax", "gross", "net",
)  # fmt: skip
_MEASURES = ("twr", "mwr", "modified_dietz")
# Which sessions' worth is unknown, and for want of what.
_UNVALUED = ("unvalued", "unpriced", "unattributed")
_COMPARED = ("portfolio", "twr", "excess", "excess_geometric", "tracking_error")


_SHARED = "traded by several when the issuer acted, so nobody's"


class Grouping(StrEnum):
    """What P&L is grouped by."""

    PORTFOLIO = "portfolio"
    STRATEGY = "strategy"
    POSITION = "position"
    LOT = "lot"


_UNATTRIBUTED = dict.fromkeys(Grouping, _SHARED) | {
    Grouping.LOT: "several strategies had a part in it, so of no one lot"
}


def pnl(
    portfolio: Annotated[
        str | None, option(says="The portfolio or strategy; by default the newest account's.")
    ] = None,
    by: Annotated[Grouping, typer.Option(help="What to group by.")] = Grouping.POSITION,
    first: Annotated[str | None, option("--from", says="First session, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, option("--to", says="Last session, YYYY-MM-DD.")] = None,
    as_json: AsJson = False,
) -> None:
    """Profit and loss of a portfolio: price, dividends, interest, currency, fees and taxes.

    Without --from it is all since the first entry, without --to all up to now. gross is before
    fees and taxes, net after them; what depends on a price that is missing is left out.

    Example: bifrost pnl --by position
    """
    from bifrost.cli.session import connect

    api = connect()
    asked = {"by": by.value, "from": first, "to": last}
    found = _all_pages(api, f"/v1/portfolios/{the_portfolio(api, portfolio)}/pnl", asked)
    if as_json:
        show_json(found)
        return
    print(f"from {_end(found['opened_on'], 'the beginning')} to {_end(found['closed_on'], 'now')}")
    rows = [{**one, "group": one["group"] or "(none)"} for one in found["items"]]
    show_table([*rows, {**found["total"], "group": "total"}], _COLUMNS, empty="")
    if found["total"]["unpriced"]:
        print(f"without a price or a rate: {', '.join(found['total']['unpriced'])}")
    shown = (*found["items"], found["total"])
    if shared := sorted({name for one in shown for name in one["unattributed"]}):
        print(f"{_UNATTRIBUTED[by]}: {', '.join(shared)}")


def returns_of(
    portfolio: str, first: str | None, last: str | None, benchmark: str | None
) -> dict[str, Any]:
    """Ask for a portfolio's returns, net and gross, with numbers where the API writes text."""
    from bifrost.cli.session import connect

    api, path = connect(), f"/v1/portfolios/{portfolio}/returns"
    asked = {"from": first, "to": last}
    net = api.get(path, **asked, benchmark=benchmark)
    gross = api.get(path, **asked, net="false")
    plain = {name: net[name] for name in ("portfolio_id", "opened_on", "closed_on")}
    answer = {**_numbers(net, _MEASURES), **plain, "gross": _numbers(gross, _MEASURES)}
    answer |= {name: net[name] for name in _UNVALUED if net[name]}
    if net["benchmark"] is not None:
        beside = net["benchmark"]
        days = {name: beside[name] for name in ("symbol", "opened_on", "closed_on")}
        answer["benchmark"] = days | _numbers(beside, _COMPARED)
    return answer


def the_portfolio(api: "Api", given: str | None) -> str:
    """Return the portfolio that is meant: the one named, or the newest account's."""
    from bifrost.cli.session import the_account

    if given is not None:
        return given
    return str(api.get(f"/v1/accounts/{the_account(api, None)}")["portfolio_id"])


def _all_pages(api: "Api", path: str, asked: dict[str, str | None]) -> dict[str, Any]:
    page: dict[str, Any] = api.get(path, limit=_PAGE, **asked)
    items, cursor = page["items"], page.pop("next_cursor")
    while cursor is not None:
        following = api.get(path, limit=_PAGE, cursor=cursor, **asked)
        items += following["items"]
        cursor = following["next_cursor"]
    return page


def _numbers(found: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    numbers = {name: None if found[name] is None else float(found[name]) for name in names}
    return {**numbers, **({"failures": found["failures"]} if found["failures"] else {})}


def _end(day: str | None, otherwise: str) -> str:
    return f"the close of {day}" if day else otherwise
