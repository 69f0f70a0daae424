"""Health: whether the function runs, and whether what it needs answers."""

from collections.abc import Callable, Mapping

from bifrost.core.errors import BifrostError
from bifrost.runtime.environment import environment
from bifrost.runtime.plugs import database, queues

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
    """Run every check; each says `ok` or what is wrong."""
    return {name: _outcome(check) for name, check in checks.items()}


def _outcome(check: Check) -> str:
    try:
        check()
    except BifrostError as error:
        return f"{type(error).__name__}: {error}"
    return "ok"
