"""The stack or the API that a command talks to."""

from typing import TYPE_CHECKING

from bifrost.cli.output import AsJson, show_json

if TYPE_CHECKING:
    from bifrost.local.api import Api

ACCOUNTS_MAX = 10_000
PORTFOLIOS_MAX = 10_000


def url(as_json: AsJson = False) -> None:
    """Print the address of the running stack's API.

    Example: curl "$(bifrost url)/v1/gateway/health"
    """
    found = api_url()
    show_json({"api_url": found}) if as_json else print(found)


def token(as_json: AsJson = False) -> None:
    """Print an access token of the stack's first user; a fresh one when the last has expired.

    Example: curl -H "Authorization: Bearer $(bifrost token)" "$API/v1/accounts"
    """
    found = access_token()
    show_json({"token": found}) if as_json else print(found)


def connect() -> "Api":
    """Return the API of the running stack, or of BIFROST_API with BIFROST_TOKEN."""
    from bifrost.core.errors import UnauthenticatedError
    from bifrost.local.api import Api
    from bifrost.runtime.settings import settings

    wanted = settings()
    if wanted.api_url:
        if not wanted.token:
            raise UnauthenticatedError("BIFROST_API is set: set BIFROST_TOKEN as well")
        return Api(wanted.api_url, wanted.token)
    return Api(api_url(), access_token())


def api_url() -> str:
    """Return where the running stack's API is."""
    from bifrost.local.place import this_stack

    return this_stack().state().api_url


def access_token() -> str:
    """Return a valid access token of the stack's first user."""
    from bifrost.local.place import this_place, this_stack
    from bifrost.local.users import token

    return token(this_stack().state().login, this_place().home.token_file)


def the_account(api: "Api", given: str | None) -> str:
    """Return the account that is meant: the one named, or the newest there is."""
    from bifrost.core.errors import NotFoundError

    if given is not None:
        return given
    # Market time may stand still between two accounts, so `opened_at` cannot tell which is newer.
    items = list(api.pages("/v1/accounts", ACCOUNTS_MAX))
    if not items:
        raise NotFoundError("you have no account yet; open one: `bifrost accounts open`")
    return str(max(items, key=lambda account: str(account["recorded_at"]))["account_id"])


def the_strategy(api: "Api", account_id: str, given: str | None) -> str | None:
    """Return the account's strategy of that id or name; None where none is given."""
    from bifrost.core.errors import FieldProblem, InvalidInputError

    if given is None:
        return None
    found = [
        one
        for one in api.pages("/v1/portfolios", PORTFOLIOS_MAX)
        if one["kind"] == "strategy" and one["account_id"] == account_id
    ]
    meant = [one["portfolio_id"] for one in found if given in (one["portfolio_id"], one["name"])]
    if len(meant) == 1:
        return str(meant[0])
    if meant:
        message, fix = f"{len(meant)} strategies are called {given}", "give the id of one"
    else:
        message = f"account {account_id} has no strategy {given}"
        names = ", ".join(one["name"] for one in found)
        fix = f"it has {names}" if names else "make one: `bifrost portfolios create --strategy`"
    raise InvalidInputError(FieldProblem("--strategy", message, fix))
