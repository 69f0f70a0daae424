"""Everything of an account, page by page from the API."""

from typing import TYPE_CHECKING, Any

from bifrost.portfolio.exports import csv_of
from bifrost.portfolio.imports.own import COLUMNS

if TYPE_CHECKING:
    from bifrost.local.api import Api

_ALL = 10**9


def history(api: "Api", account_id: str) -> tuple[str, list[Any]]:
    """Return the history as our own CSV, in order of time, and what no row of it can tell."""
    items = list(api.pages(f"/v1/accounts/{account_id}/activities", _ALL))
    rows = [one["activity"] for one in items if one["activity"]]
    rows.sort(key=lambda row: (row["date"], row.get("time", "")))
    text = csv_of([row.get(name, "") for name in COLUMNS] for row in rows)
    return text, [one for one in items if not one["activity"]]


def everything(api: "Api", account_id: str) -> dict[str, Any]:
    """Return the account, its history, ledger, lots with their closures, and positions."""
    account = api.get(f"/v1/accounts/{account_id}")
    portfolio = f"/v1/portfolios/{account['portfolio_id']}"
    return {
        "account": account,
        "portfolio": api.get(portfolio),
        "positions": api.get(f"{portfolio}/positions")["items"],
        "activities": list(api.pages(f"/v1/accounts/{account_id}/activities", _ALL)),
        "ledger": list(api.pages(f"{portfolio}/ledger", _ALL)),
        "lots": list(api.pages(f"/v1/accounts/{account_id}/lot-history", _ALL)),
        "imports": list(api.pages(f"/v1/accounts/{account_id}/imports", _ALL)),
    }
