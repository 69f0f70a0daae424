"""The live feed in a terminal."""

from typing import Annotated, Any

import typer

from bifrost.cli.inputs import arguments
from bifrost.cli.output import AsJson, say, show_json

_MOST = 1_000_000
_SEQUENCE_MAX = 2**63 - 1


def feed(
    channel: Annotated[
        list[str], arguments("An instrument (its minute bars), or bars:AAPL:1d, quotes:AAPL, …")
    ],
    after: Annotated[
        int | None,
        typer.Option(min=0, max=_SEQUENCE_MAX, help="The last sequence that you have."),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, max=_MOST, help="End after so many.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the live feed: bars, quotes and trades as they are stored, each with its number.

    Example: bifrost feed bars:AAPL:1d
    """
    from bifrost.local.feed import FeedClient

    names = [one if ":" in one else f"bars:{one}:1m" for one in channel]
    told: list[dict[str, Any]] = []
    try:
        for message in FeedClient(*_place()).follow(names, after):
            if message.get("type") == "problem":
                raise _refused(message)
            _show(message, as_json=as_json)
            if message.get("type") in ("bar", "quote", "trade"):
                told.append(message)
                del told[:-_MOST]
            if count is not None and len(told) >= count:
                break
    except KeyboardInterrupt:
        say("ended")
    if as_json:
        show_json({"messages": told})


def _place() -> tuple[str, str]:
    """Return where the feed is and a token: BIFROST_FEED's, or the running stack's."""
    from bifrost.cli.session import access_token
    from bifrost.core.errors import UnauthenticatedError
    from bifrost.local.place import this_stack
    from bifrost.runtime.settings import settings

    wanted = settings()
    if not wanted.feed_url:
        return this_stack().state().outputs["FeedUrl"], access_token()
    if not wanted.token:
        raise UnauthenticatedError("BIFROST_FEED is set: set BIFROST_TOKEN as well")
    return wanted.feed_url, wanted.token


def _refused(problem: dict[str, Any]) -> Exception:
    from bifrost.local.api import ApiError

    told = {**problem, "type": problem.get("problem", "about:blank")}
    return ApiError(400, {name: told[name] for name in told if name != "problem"})


def _show(message: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        return
    if message.get("type") == "subscribed":
        say(f"{message['channel']}: from sequence {message['sequence']} on")
        newest = message.get("snapshot")
        if newest:
            print(_line(message["channel"], message["sequence"], newest))
        return
    if message.get("type") in ("bar", "quote", "trade"):
        print(_line(message["channel"], message["sequence"], message), flush=True)


def _line(channel: str, sequence: int, message: dict[str, Any]) -> str:
    body = message[message["type"]]
    fields = " ".join(f"{name} {value}" for name, value in body.items() if name != "t")
    return f"{channel} {sequence} {body['t']} {fields}"
