"""Pushing to WebSocket clients: API Gateway's @connections, several at a time, each by a deadline.

Source: "Use @connections commands in your backend service", API Gateway Developer Guide.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from bifrost.adapters.aws.client import AwsCallError, AwsClient
from bifrost.core.errors import UnavailableError
from bifrost.data.streaming.feed_ports import Pushed

_AT_ONCE = 8


class ApiGatewayPushes:
    """Pushes. url: the WebSocket API's stage, by https. make_client: one to that url's host."""

    def __init__(self, url: str, make_client: Callable[[], AwsClient]) -> None:
        self._path = urlsplit(url).path.rstrip("/")
        self._make_client = make_client
        self._of_thread = threading.local()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "push")

    def push(self, told: Sequence[tuple[str, str]]) -> list[Pushed]:
        """Send each (connection, text), those of one connection in order; none waits for another.

        After the first that a connection does not take, it is sent no more of these.
        """
        by_connection: dict[str, list[int]] = defaultdict(list)
        for place, (connection_id, _) in enumerate(told):
            by_connection[connection_id].append(place)
        outcomes = [Pushed.SLOW] * len(told)

        def send(places: list[int]) -> None:
            for place in places:
                outcome = self._send(*told[place])
                if outcome is not Pushed.SENT:
                    for left in places[places.index(place) :]:
                        outcomes[left] = outcome
                    return
                outcomes[place] = outcome

        list(self._pool.map(send, by_connection.values()))
        return outcomes

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _send(self, connection_id: str, text: str) -> Pushed:
        path = f"{self._path}/@connections/{quote(connection_id, safe='')}"
        try:
            self._client().post(path, text.encode())
        except AwsCallError as error:
            if error.status in (HTTPStatus.GONE, HTTPStatus.NOT_FOUND):
                return Pushed.GONE
            return Pushed.SLOW
        except UnavailableError:
            return Pushed.SLOW
        return Pushed.SENT

    def _client(self) -> AwsClient:
        client: AwsClient | None = getattr(self._of_thread, "client", None)
        if client is None:
            client = self._of_thread.client = self._make_client()
        return client
