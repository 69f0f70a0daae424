"""Credentials of a container's role: ECS gives them at an address, and they end after hours.

Source: "Task IAM role", Amazon ECS Developer Guide. A Lambda has its own in the environment.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException

from bifrost.adapters.aws.signing import Credentials
from bifrost.adapters.clock import SystemClock
from bifrost.core.errors import UnavailableError

HOST = "169.254.170.2"
_TIMEOUT_SECONDS = 2
# AWS renews them some minutes before their end.
_EARLY = timedelta(minutes=5)


def container_credentials(path: str, host: str = HOST) -> Callable[[], Credentials]:
    """Return what gives the role's credentials, asked for again shortly before they end."""
    kept: list[tuple[Credentials, datetime]] = []

    def current() -> Credentials:
        if not kept or kept[0][1] - _EARLY <= SystemClock().now():
            kept[:] = [_ask(path, host)]
        return kept[0][0]

    return current


def _ask(path: str, host: str) -> tuple[Credentials, datetime]:
    connection = HTTPConnection(host, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        credentials = Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["Token"])
        return credentials, datetime.fromisoformat(told["Expiration"])
    except (HTTPException, OSError, ValueError, KeyError) as error:
        raise UnavailableError(f"the container's role has no credentials: {error!r}") from error
    finally:
        connection.close()
