"""The self-managed worker, in the foreground: what it needs, it is told by its environment."""

from typing import Annotated

import typer

from bifrost.cli.inputs import filled
from bifrost.cli.output import AsJson, say


def runner(
    streams: Annotated[bool, typer.Option("--streams", help="Ingest live streams.")] = False,
    instruments: Annotated[
        str | None,
        typer.Option(help="Symbols, comma-separated; else those subscribed to.", callback=filled),
    ] = None,
    vendor_bars: Annotated[
        bool, typer.Option("--vendor-bars", help="Minute bars of the vendor's own making.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run what does not end, until SIGTERM: each line it prints is one JSON object.

    Of several runners one works; another takes over within ten seconds of its death.

    Example: bifrost runner --streams --instruments AAPL,IBM
    """
    from bifrost.core.errors import FieldProblem, InvalidInputError
    from bifrost.local.runner import run_streams

    if not streams:
        fix = "say what to run: --streams"
        raise InvalidInputError(FieldProblem("--streams", "was not given", fix))
    if not as_json:
        say("streaming; Ctrl-C ends it")
    run_streams(instruments or "", vendor_bars=vendor_bars, tell=_print)


def _print(line: str) -> None:
    # Whoever reads it through a pipe is not to wait for more of them.
    print(line, flush=True)
