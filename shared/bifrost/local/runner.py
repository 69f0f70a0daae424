"""Starts `batch.runner` with what this desk tells its functions: its database, bus and keys."""

import signal
import subprocess
import sys
from contextlib import suppress

from bifrost.local import processes
from bifrost.local.aws import REGION
from bifrost.local.place import this_place, this_stack


def run_streams(instruments: str, *, vendor_bars: bool) -> int:
    """Run the streaming ingester until it ends, which SIGTERM and Ctrl-C ask for; its code."""
    place = this_place()
    asked = [f"--instruments={instruments}"] * bool(instruments)
    asked += ["--vendor-bars"] * vendor_bars
    with subprocess.Popen(  # noqa: S603 - our own command line, no shell
        [sys.executable, "-m", "batch.runner", *asked],
        cwd=place.project,
        env=processes.environment(place.home.path, _told()),
        stdin=subprocess.DEVNULL,
    ) as process:
        previous = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            while process.poll() is None:
                # Ctrl-C reaches the child as well, which then ends by itself.
                with suppress(KeyboardInterrupt):
                    process.wait()
        finally:
            signal.signal(signal.SIGTERM, previous)
    return process.returncode


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
