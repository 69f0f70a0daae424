"""A session of requests that gives up on an answer that is not whole within its deadline.

requests' own timeout is for each byte: a server that sends one every nine seconds is never late.
"""

import time
from typing import Any

import requests
from requests.exceptions import ReadTimeout

_PIECE = 64 * 1024


class BoundedSession(requests.Session):
    """Sends once; the whole answer is there before `deadline_seconds`, or ReadTimeout is raised."""

    def __init__(self, connect_seconds: float, deadline_seconds: float) -> None:
        super().__init__()
        self._connect_seconds = connect_seconds
        self._deadline_seconds = deadline_seconds
        # A proxy or a .netrc that the environment names would see the keys.
        self.trust_env = False

    def request(  # type: ignore[override]
        self, method: str, url: str, **options: Any
    ) -> requests.Response:
        """Send, and read the body to its end."""
        ends_at = time.monotonic() + self._deadline_seconds
        options["timeout"] = (self._connect_seconds, self._deadline_seconds)
        response = super().request(method, url, **{**options, "stream": True})
        body = bytearray()
        with response:
            for piece in response.iter_content(_PIECE):
                body += piece
                if time.monotonic() > ends_at:
                    raise ReadTimeout(f"no whole answer within {self._deadline_seconds} s")
        response._content = bytes(body)
        return response
