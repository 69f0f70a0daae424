"""A vendor's HTTP server on this machine: it answers well, or as the next line of its script says.

    with AlpacaTwin(market) as twin:
        twin.script(too_many(retry_after=1), WELL, half_page)

Each data request takes the next step; where the script has ended, `always` holds (by default: it
answers well). Requests for cookies and the like take none.
"""

import json
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.twins.market import Market


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back.

    content: JSON, or bytes as they are. sent_share: of the body, before the connection is cut;
        1 is all of it. delay_seconds: before anything is sent. drops: the connection is closed
        without a word. drips: a byte at a time, each after so many seconds.
    """

    content: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    sent_share: float = 1.0
    delay_seconds: float = 0.0
    drops: bool = False
    drip_seconds: float = 0.0

    @property
    def body(self) -> bytes:
        """Write it."""
        if isinstance(self.content, bytes):
            return self.content
        return json.dumps(self.content).encode()


class Shape(Protocol):
    """How a vendor's JSON holds its rows, so that one misbehaviour fits every vendor."""

    def rename(self, content: Any, name: str) -> None:
        """Call a field of every row by another name."""

    def write_as_text(self, content: Any, name: str) -> None:
        """Send a field of every row as a text."""

    def shift(self, content: Any, hours: float) -> None:
        """Move every row in time."""

    def empty(self, content: Any) -> None:
        """Leave out every row, as the vendor words it."""

    def repeat_first(self, content: Any) -> None:
        """Send the first row twice, the second time with a higher price."""

    def reverse(self, content: Any) -> None:
        """Send the newest row first."""


Misbehaviour = Callable[[Reply, Shape], Reply]


class Twin(ABC):
    """A server in a thread; subclasses say what it answers."""

    vendor: ClassVar[str]
    shape: ClassVar[Shape]

    def __init__(self, market: Market, *, page_rows: int = 10_000) -> None:
        self.market = market
        self.page_rows = page_rows
        self.asked: list[Asked] = []
        self.always: Misbehaviour | None = None
        self._script: deque[Misbehaviour | None] = deque()
        self._lock = threading.Lock()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    def script(self, *steps: Misbehaviour | None) -> None:
        """Say how the next data requests are answered, one step each; None is well."""
        self._script = deque(steps)

    @property
    def url(self) -> str:
        """Where it listens; the same after it died and came back."""
        return f"http://127.0.0.1:{self._port}"

    @abstractmethod
    def answer(self, asked: Asked) -> Reply:
        """Answer well."""

    def is_data(self, asked: Asked) -> bool:
        """Say whether the request takes a step of the script."""
        return True

    def live(self) -> None:
        """Listen."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def die(self) -> None:
        """Stop listening: who asks is refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "Twin":
        self.live()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

    def reply_to(self, asked: Asked) -> Reply:
        """Answer, misbehaving where it is this request's turn."""
        reply = self.answer(asked)
        if not self.is_data(asked):
            return reply
        with self._lock:
            self.asked.append(asked)
            step = self._script.popleft() if self._script else self.always
        return reply if step is None else step(reply, self.shape)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], twin: Twin) -> None:
        super().__init__(address, _Handler)
        self.twin = twin

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: callers hang up on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = Asked(parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()))
        reply = self.server.twin.reply_to(asked)
        time.sleep(reply.delay_seconds)
        if reply.drops:
            return
        body = reply.body
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json", **reply.headers}
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(body[: int(len(body) * reply.sent_share)], reply.drip_seconds)

    def _send(self, body: bytes, drip_seconds: float) -> None:
        if not drip_seconds:
            self.wfile.write(body)
            return
        for place in range(len(body)):
            self.wfile.write(body[place : place + 1])
            time.sleep(drip_seconds)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


WELL = None


def too_many(retry_after: str = "0") -> Misbehaviour:
    """429, and when to come back."""

    def step(reply: Reply, shape: Shape) -> Reply:
        return Reply(b"Too Many Requests", 429, {"Retry-After": retry_after})

    return step


def status(code: int, body: str = "", kind: str = "text/html") -> Misbehaviour:
    """Another status, with a page of words."""

    def step(reply: Reply, shape: Shape) -> Reply:
        return Reply(body.encode(), code, {"Content-Type": kind})

    return step


def empty_200(reply: Reply, shape: Shape) -> Reply:
    """200, and not a byte."""
    return Reply(b"")


def half_page(reply: Reply, shape: Shape) -> Reply:
    """Half of the body that was announced; then the connection is cut."""
    return replace(reply, sent_share=0.5)


def drops(reply: Reply, shape: Shape) -> Reply:
    """Nothing at all: the connection is closed."""
    return replace(reply, drops=True)


def slow(seconds: float) -> Misbehaviour:
    """Everything, but late."""
    return lambda reply, shape: replace(reply, delay_seconds=seconds)


def dripping(seconds: float) -> Misbehaviour:
    """A byte, and a byte, and a byte."""
    return lambda reply, shape: replace(reply, drip_seconds=seconds)


def changed(change: Callable[[Shape, Any], None]) -> Misbehaviour:
    """Send what the vendor would, changed: `changed(lambda shape, it: shape.rename(it, "c"))`."""

    def step(reply: Reply, shape: Shape) -> Reply:
        content = json.loads(reply.body)
        change(shape, content)
        return replace(reply, content=content)

    return step


def renamed(name: str) -> Misbehaviour:
    """Call a field by another name: `open`, `high`, `low`, `close`, `volume` or `time`."""
    return changed(lambda shape, content: shape.rename(content, name))


def as_text(name: str) -> Misbehaviour:
    """Send a number as a text."""
    return changed(lambda shape, content: shape.write_as_text(content, name))


def shifted(hours: float) -> Misbehaviour:
    """Every instant in another time zone."""
    return changed(lambda shape, content: shape.shift(content, hours))


no_rows = changed(lambda shape, content: shape.empty(content))
repeated = changed(lambda shape, content: shape.repeat_first(content))
reversed_rows = changed(lambda shape, content: shape.reverse(content))
