"""Starts `batch.runner` with what this desk tells its functions: its database, bus and keys."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

from bifrost.core.errors import (
    BifrostError,
    FieldProblem,
    InvalidInputError,
    UnavailableError,
)
from bifrost.local import processes
from bifrost.local.aws import REGION
from bifrost.local.place import this_place, this_stack

_USAGE = 2


def run_streams(instruments: str, *, vendor_bars: bool, tell: Callable[[str], None]) -> None:
    """Run the streaming ingester until it ends, which SIGTERM and Ctrl-C ask for.

    tell: hears each line that it prints. Raises InvalidInputError or UnavailableError with its
    own reason where it ended for another cause.
    """
    place = this_place()
    asked = [f"--instruments={instruments}"] * bool(instruments)
    asked += ["--vendor-bars"] * vendor_bars
    last = "{}"
    with subprocess.Popen(  # noqa: S603 - our own command line, no shell
        [sys.executable, "-m", "batch.runner", *asked],
        cwd=place.project,
        env=processes.environment(place.home.path, _told()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        previous = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            for line in _lines(process):
                last = line
                tell(line)
        finally:
            signal.signal(signal.SIGTERM, previous)
    if process.returncode:
        raise _error_of(process.returncode, json.loads(last))


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    """Yield what it prints; Ctrl-C reaches it as well, and it then ends by itself."""
    while True:
        with suppress(KeyboardInterrupt):
            line = process.stdout.readline() if process.stdout is not None else ""
            if not line:
                return
            yield line.rstrip()


def _error_of(code: int, said: dict[str, str]) -> BifrostError:
    why = said.get("error", f"it ended with {code}")
    if code == _USAGE:
        return InvalidInputError(FieldProblem("--streams", why, said.get("fix", "see its log")))
    return UnavailableError(f"the streaming worker ended: {why}")


def _told() -> dict[str, str]:
    """Return what it needs: the desk's own, or a database alone that DATABASE_URL names.

    Without a bus the outbox is left to data's own relay, which sends it within a minute.
    """
    place = this_place()
    if place.database_url and not place.home.path.exists():
        return {"CAPABILITY": "data", "DATABASE_URL": place.database_url}
    state = this_stack().state()
    return {
        "CAPABILITY": "data",
        "DATABASE_URL": state.database_urls["data"],
        "EVENT_BUS_NAME": state.outputs["EventBusName"],
        "VENDOR_KEYS": state.outputs["VendorKeysName"],
        "AWS_ENDPOINT_URL": state.endpoint_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
