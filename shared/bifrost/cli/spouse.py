"""Who your spouse is, for tax reports over the desk's own books."""

from typing import Annotated, Any

import typer

from bifrost.cli.inputs import argument, option
from bifrost.cli.output import AsJson, show_fields, show_json

app = typer.Typer(
    no_args_is_help=True,
    help="Link your spouse for tax reports.\n\nExample: bifrost tax spouse show",
)

_PATH = "/v1/tax/spouse"


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show what you say of your spouse, and `you`: what your spouse has to set.

    Example: bifrost tax spouse show
    """
    from bifrost.cli.session import connect

    _tell(connect().get(_PATH), as_json)


@app.command("set")
def declare(
    owner: Annotated[str, argument("The spouse: `you` of the spouse's own `show`.")],
    since: Annotated[str | None, option(says="The first day, YYYY-MM-DD.")] = None,
    until: Annotated[str | None, option(says="The last day, YYYY-MM-DD.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say who your spouse is; it stands once that person says it of you.

    From then on each sees the other's trades in tax reports with --desk. Days that only one of
    you has said do not count.

    Example: bifrost tax spouse set OWNER --since 2019-06-01
    """
    from bifrost.cli.session import connect

    api = connect()
    body = {"owner": owner, "since": since, "until": until}
    _tell(api.put(_PATH, body, version=api.get(_PATH)["version"]), as_json)


@app.command()
def remove(as_json: AsJson = False) -> None:
    """Take it back: neither of you sees the other's trades any more.

    Example: bifrost tax spouse remove
    """
    from bifrost.cli.session import connect

    api = connect()
    _tell(api.delete(_PATH, version=api.get(_PATH)["version"]), as_json)


def _tell(said: Any, as_json: bool) -> None:
    if as_json:
        show_json(said)
        return
    spouse = said["spouse"] or {"owner": "", "since": None, "until": None}
    of_spouse = {"spouse": spouse["owner"], "since": spouse["since"], "until": spouse["until"]}
    show_fields({"you": said["you"], **of_spouse, "stands": said["stands"]})
