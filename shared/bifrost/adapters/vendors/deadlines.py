"""Answers read to their end within a deadline.

The timeouts of requests and urllib3 are for each byte: a server that sends one every nine seconds
is never late.
"""

import time

import requests
import urllib3

_PIECE = 64 * 1024


def read_whole(answer: urllib3.BaseHTTPResponse, ends_at: float) -> bytes:
    """Return the body; raise TimeoutError past `ends_at` (time.monotonic), urllib3's HTTPError.

    A body that ends before the length that was announced is an error of urllib3's.
    """
    body = bytearray()
    try:
        # Piece by piece as it comes: `stream` would wait until a piece is full.
        while piece := answer.read1(_PIECE, decode_content=True):
            body += piece
            if time.monotonic() > ends_at:
                raise TimeoutError("no whole answer within the deadline")  # noqa: TRY301 - to be closed, too
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return bytes(body)


class BoundedSession(requests.Session):
    """What alpaca-py sends by: the whole answer is there within the deadline, or it is an error."""

    def __init__(self, connect_seconds: float, deadline_seconds: float) -> None:
        super().__init__()
        self._connect_seconds = connect_seconds
        self._deadline_seconds = deadline_seconds
        # A proxy or a .netrc that the environment names would see the keys.
        self.trust_env = False

    def request(  # type: ignore[override]  # what it passes on is named
        self, method: str, url: str, **options: object
    ) -> requests.Response:
        """Send once, and read the body; raises OSError, and urllib3's HTTPError."""
        ends_at = time.monotonic() + self._deadline_seconds
        timeout = (self._connect_seconds, self._deadline_seconds)
        given: dict[str, object] = {**options, "stream": True, "timeout": timeout}
        response = super().request(method, url, **given)  # type: ignore[arg-type]  # as they came
        # requests' own reading fills its pieces first; so its body is set, as it would.
        response._content = read_whole(response.raw, ends_at)
        return response
