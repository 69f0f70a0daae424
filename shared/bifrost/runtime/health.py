"""Health: whether the function runs, and whether what it needs answers."""

import logging
from collections.abc import Callable, Mapping

from bifrost.core.errors import BifrostError
from bifrost.runtime.environment import environment
from bifrost.runtime.plugs import database, queues

_logger = logging.getLogger(__name__)

Check = Callable[[], None]


def database_check() -> None:
    """Raise unless the capability's database answers."""
    database().fetch_one("SELECT 1")


def queue_check() -> None:
    """Raise unless the capability's queue and its dead-letter queue answer."""
    env = environment()
    for url in filter(None, (env.queue_url, env.dead_letter_queue_url)):
        queues().depth(url)


def run(checks: Mapping[str, Check]) -> dict[str, str]:
    """Run every check; each says `ok` or `down`. The cause is logged: the address is public."""
    return {name: _outcome(name, check) for name, check in checks.items()}


def _outcome(name: str, check: Check) -> str:
    try:
        check()
    except BifrostError as error:
        _logger.warning("not ready", extra={"check": name, "error": str(error)})
        return "down"
    return "ok"
