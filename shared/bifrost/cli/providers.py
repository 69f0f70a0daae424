"""Providers of market data: which the desk may ask, and how each stands."""

from bifrost.cli.output import AsJson, show_json, show_table

_COLUMNS = ("provider", "configured", "circuit", "calls_left", "last_answer", "last_reason")


def providers(as_json: AsJson = False) -> None:
    """List providers: which have their keys, whether they are asked now, and what they said last.

    Example: bifrost data providers
    """
    from bifrost.cli.session import connect

    found = connect().get("/v1/data/providers")["items"]
    show_json({"items": found}) if as_json else show_table(found, _COLUMNS, empty="no provider")
