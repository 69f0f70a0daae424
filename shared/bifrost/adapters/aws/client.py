"""The light AWS client of the hot path: one kept connection per service, a deadline on each call.

boto3 costs 130 ms of a cold start; a task or a listener makes one or two calls of four kinds.
A call that changes something is sent once: what a lost answer means is the caller's to know.
"""

import json
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from bifrost.adapters.aws.signing import Credentials, Scope, presigned_url, signed_headers
from bifrost.adapters.clock import SystemClock
from bifrost.core.errors import BifrostError, UnavailableError

_TIMEOUT_SECONDS = 10


class AwsCallError(BifrostError):
    """AWS answered no; `code` is its error's name."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status


class AwsClient:
    """Calls one service. `endpoint` is empty for AWS itself, else the stand-in's URL."""

    def __init__(
        self,
        service: str,
        region: str,
        credentials: Credentials | Callable[[], Credentials],
        *,
        endpoint: str = "",
        host_prefix: str = "",
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._service = service
        self._region = region
        # Those of a container end after hours: they are asked for with each call.
        self._credentials = credentials if callable(credentials) else lambda: credentials
        self._timeout = timeout_seconds
        self._url = endpoint.rstrip("/") or (
            f"https://{host_prefix}{service}.{region}.amazonaws.com"
        )
        self._connection: HTTPConnection | None = None

    def call(self, target: str, body: dict[str, Any], *, version: str = "1.1") -> dict[str, Any]:
        """Call a JSON-protocol action (`AWSEvents.PutEvents`) and return its answer.

        Raises AwsCallError where AWS says no, UnavailableError where no answer came.
        """
        headers = {"content-type": f"application/x-amz-json-{version}", "x-amz-target": target}
        answer = self._send("POST", "/", headers, json.dumps(body).encode())
        decoded: dict[str, Any] = json.loads(answer or b"{}")
        return decoded

    def get(self, path: str, bytes_max: int | None = None) -> bytes:
        """Read an object (S3, path style), or its first `bytes_max` bytes."""
        return self._send("GET", quote(path, safe="/-_.~"), {}, b"", bytes_max)

    def post(self, path: str, body: bytes) -> bytes:
        """Send a body to an encoded path (API Gateway's @connections)."""
        return self._send("POST", path, {}, body)

    def put_url(self, path: str, size: int, expires_seconds: int) -> str:
        """Return an address that takes a PUT of this object (S3, path style) until it expires.

        size: how many bytes are taken, no more and no fewer.
        """
        scope = Scope(self._service, self._region, SystemClock().now())
        url = self._url + quote(path, safe="/-_.~")
        signed = {"content-length": str(size)}
        return presigned_url("PUT", url, signed, expires_seconds, self._credentials(), scope)

    def _send(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        bytes_max: int | None = None,
    ) -> bytes:
        scope = Scope(self._service, self._region, SystemClock().now())
        signed = signed_headers(method, self._url + path, headers, body, self._credentials(), scope)
        try:
            return self._exchange(method, path, signed, body, bytes_max)
        except (HTTPException, OSError) as error:
            self.close()
            raise UnavailableError(f"{self._service} did not answer: {error!r}") from error

    def _exchange(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        bytes_max: int | None,
    ) -> bytes:
        connection = self._connect()
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = response.read(bytes_max)
        if not response.isclosed():
            # The rest of it would be taken for the next answer.
            self.close()
        if response.status >= 500:
            raise UnavailableError(f"{self._service} answered {response.status}")
        if response.status >= 300:
            raise _refusal(response, answer)
        return answer

    def _connect(self) -> HTTPConnection:
        if self._connection is not None and _is_stale(self._connection):
            self.close()
        if self._connection is None:
            parts = urlsplit(self._url)
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            self._connection = kind(parts.netloc, timeout=self._timeout)
        return self._connection

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _is_stale(connection: HTTPConnection) -> bool:
    """A kept connection with something to read before we asked was closed by the other side.

    Found out before sending, so that nothing has to be sent a second time.
    """
    import select

    if connection.sock is None:
        return False
    readable, _, _ = select.select([connection.sock], [], [], 0)
    return bool(readable)


def _refusal(response: HTTPResponse, answer: bytes) -> AwsCallError:
    try:
        error = json.loads(answer)
    except ValueError:
        return AwsCallError(response.reason, answer[:200].decode(errors="replace"), response.status)
    code = str(error.get("__type") or error.get("code") or response.reason).split("#")[-1]
    return AwsCallError(code, str(error.get("message") or error.get("Message")), response.status)
