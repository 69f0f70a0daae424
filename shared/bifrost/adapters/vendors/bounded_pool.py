"""What massive's client sends by: once, within a deadline, and no status is lost.

The client turns every status but 200 into a `BadResponse` that has neither its number nor its
headers, so a rate limit would look like any other refusal; its pool repeats seven statuses three
times. Both stand behind the one method that it calls, which is replaced here.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from bifrost.adapters.vendors.calls import NotAnsweredError, Patience
from bifrost.adapters.vendors.deadlines import read_whole
from bifrost.data.providers.answers import Absent, Failed, RateLimited


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer of 200, read to its end; the fields are those that the client looks at."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class BoundedPool:
    """Stands in for the client's urllib3.PoolManager.

    refuse: says what a status other than 200 means, by its number, headers and body.
    """

    def __init__(
        self,
        pool: urllib3.PoolManager,
        patience: Patience,
        refuse: Callable[[int, Mapping[str, str], str], Absent | RateLimited | Failed],
    ) -> None:
        self._pool = pool
        self._patience = patience
        self._refuse = refuse

    def request(self, method: str, url: str, **options: Any) -> Whole:
        """Send; return an answer of 200, raise NotAnsweredError for anything else."""
        seconds = self._patience.deadline_seconds
        ends_at = time.monotonic() + seconds
        timeout = urllib3.Timeout(connect=self._patience.connect_seconds, read=seconds)
        options |= {"preload_content": False, "retries": False, "timeout": timeout}
        try:
            answer = self._pool.request(method, url, **options)
            body = read_whole(answer, ends_at)
        except (urllib3.exceptions.HTTPError, TimeoutError) as error:
            broken = f"massive could not be asked: {type(error).__name__}: {error}"
            raise NotAnsweredError(Failed(broken, retryable=True)) from error
        if answer.status != 200:
            text = body.decode("utf-8", "replace")
            raise NotAnsweredError(self._refuse(answer.status, answer.headers, text))
        return Whole(answer.status, answer.headers, body)
