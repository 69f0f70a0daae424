"""A client of the live feed: it connects, subscribes, and comes back where the line is cut.

What it hands on is in order and without a gap, as far as the feed still has it: a message that
comes twice is dropped, and one that is missing is asked for.
"""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from bifrost.core.errors import UnauthenticatedError, UnavailableError

_OPEN_SECONDS = 20
_TRIES = 5
_PAUSE_SECONDS = 0.1

Json = dict[str, Any]


def spoken(url: str) -> str:
    """Return the address as WebSocket's clients take it: local AWS gives it as one of HTTP's."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return parts._replace(scheme=scheme).geturl()


class FeedClient:
    """One client. url: `wss://…/live`, or what the local stack says (`http://…`)."""

    def __init__(self, url: str, token: str) -> None:
        self._url = spoken(url)
        self._token = token
        self._have: dict[str, int] = {}

    def follow(self, channels: Sequence[str], after: int | None = None) -> Iterator[Json]:
        """Yield what the feed says of the channels, for ever.

        Raises UnauthenticatedError where the token is refused, UnavailableError where the feed
        cannot be reached, several times in a row.
        """
        if after is not None:
            self._have = dict.fromkeys(channels, after)
        broken: tuple[type[Exception], ...] = (OSError, TimeoutError, *_broken())
        failed = 0
        while failed < _TRIES:
            said = "it ended the line"
            try:
                for message in self._listen(channels):
                    failed = 0
                    yield message
            except broken as error:
                _require_token(error)
                said = repr(error)
            failed += 1
            time.sleep(_PAUSE_SECONDS * 2**failed)
        raise UnavailableError(f"{self._url} does not answer: {said}; see `bifrost status`")

    def _listen(self, channels: Sequence[str]) -> Iterator[Json]:
        from websockets.sync.client import connect

        headers = {"Authorization": f"Bearer {self._token}"}
        with connect(
            self._url, additional_headers=headers, open_timeout=_OPEN_SECONDS, proxy=None
        ) as line:
            for channel in channels:
                self._ask(line, channel)
            for frame in line:
                message = json.loads(frame)
                missed = self._is_ahead(message)
                if missed:
                    self._ask(line, message["channel"])
                elif self._is_news(message):
                    yield message

    def _ask(self, line: Any, channel: str) -> None:
        asked: Json = {"action": "subscribe", "channels": [channel]}
        if channel in self._have:
            asked["after"] = self._have[channel]
        line.send(json.dumps(asked))

    def _is_ahead(self, message: Json) -> bool:
        """Whether messages before this one are missing: it comes again with them."""
        if message.get("type") in ("subscribed", "problem", None) or "sequence" not in message:
            return False
        have = self._have.get(message["channel"])
        return have is not None and int(message["sequence"]) > have + 1

    def _is_news(self, message: Json) -> bool:
        if message.get("type") == "subscribed":
            if not message["resumed"]:
                self._have[message["channel"]] = message["sequence"]
            return True
        if "sequence" not in message:
            return True
        sequence, have = int(message["sequence"]), self._have.get(message["channel"], 0)
        self._have[message["channel"]] = max(sequence, have)
        return sequence > have


def _broken() -> tuple[type[Exception], ...]:
    from websockets.exceptions import ConnectionClosed, InvalidStatus

    return ConnectionClosed, InvalidStatus


def _require_token(error: Exception) -> None:
    response = getattr(error, "response", None)
    if response is not None and response.status_code in (401, 403):
        raise UnauthenticatedError("the feed refuses the token: see `bifrost token`") from error
