"""`python -m batch.runner --instruments AAPL,IBM`: how the streaming ingester is called.

Told by SIGTERM to end it writes what it has, gives its lease back and ends with 0. Every line on
standard output is one JSON object.
"""

import argparse
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from batch.runner import wiring
from bifrost.core.errors import BifrostError, InvalidInputError
from bifrost.data.series.columns import instant_of
from bifrost.data.streaming.running import Health

_USAGE, _DOWN = 2, 5


class Until:
    """Time, and the signal at which it ends."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ended.set())

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait, unless the process is to end; say whether it is."""
        return self._ended.wait(seconds)


def main(arguments: Sequence[str]) -> int:
    """Ingest until SIGTERM; return 0, or 2 or 5 with a line that says why and what to do."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    logging.getLogger("alpaca").setLevel(logging.WARNING)
    asked = _asked(arguments)
    tell = _measured if asked.metrics else _told
    try:
        runner = wiring.stream_runner(
            instruments=asked.instruments.split(",") if asked.instruments else [],
            takes_trades=not asked.vendor_bars,
            watch=Until(),
            tell=tell,
            tell_seconds=asked.every,
        )
        with wiring.relaying():
            runner.run()
    except BifrostError as error:
        fixes = [problem.fix for problem in getattr(error, "problems", ())]
        _print({"state": "ended", "error": str(error), "fix": "; ".join(fixes)})
        return _USAGE if isinstance(error, InvalidInputError) else _DOWN
    return 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m batch.runner", allow_abbrev=False)
    parser.add_argument("--instruments", default="", help="which, comma-separated")
    parser.add_argument("--vendor-bars", action="store_true", help="minutes of the vendor's making")
    parser.add_argument("--metrics", action="store_true", help="CloudWatch's embedded metrics too")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two reports")
    return parser.parse_args(arguments)


def _told(health: Health) -> None:
    _print(sheet_of(health))


def _measured(health: Health) -> None:
    from bifrost.runtime.metrics import measure

    _told(health)
    if health.ingester is not None:
        measure("runner", "StreamLag", max(health.ingester.lags().values(), default=0.0))


def sheet_of(health: Health) -> Mapping[str, Any]:
    """Return what one report says. lag_seconds: how long a minute has been owed."""
    said: dict[str, Any] = {
        "state": "working" if health.working else "waiting",
        "said": health.said,
        "holder": health.holder,
        "token": health.token,
    }
    if health.ingester is None:
        return said
    lags, streams = health.ingester.lags(), health.ingester.streams
    counts = health.ingester.counts
    said["counts"] = {name: getattr(counts, name) for name in counts.__slots__}
    said["instruments"] = {
        one.instrument: {
            "state": one.state.value,
            "lag_seconds": lags[one.instrument],
            **{
                name: None if at is None else instant_of(at).isoformat()
                for name, at in zip(
                    ("bar_to", "quote_at"), streams.newest(one.instrument), strict=True
                )
            },
        }
        for one in streams
    }
    return said


def _print(said: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
