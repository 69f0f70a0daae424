"""Alpaca's live market data on this machine: its WebSocket protocol in msgpack, by a script.

    with StreamTwin() as twin:
        twin.send(trade("AAPL", at, 1, 150.0))
        twin.cut()

What is sent goes to every line that is signed in and subscribed, in order; who comes later has
missed it, as with the vendor. Protocol: docs.alpaca.markets/docs/streaming-market-data.
"""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

import msgpack
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Message = dict[str, Any]
KEYS = ("AKTEST", "secret")


class StreamTwin:
    """A server of live data. refuse: said instead of "authenticated", as (code, message)."""

    def __init__(self) -> None:
        self.keys = KEYS
        self.refuse: tuple[int, str] | None = None
        self.after_subscribing: list[Message] = []
        self.signed_in = 0
        self.asked: list[Message] = []
        self._lines: dict[ServerConnection, Message] = {}
        self._subscribed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ended: asyncio.Event | None = None
        self._ready = threading.Event()
        self._port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "StreamTwin":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Where it answers; a feed's name may be added."""
        return f"ws://127.0.0.1:{self._port}/v2/"

    def wait_subscribed(self, lines: int = 1, seconds: float = 20) -> None:
        """Wait until so many lines are subscribed."""
        with self._subscribed:
            assert self._subscribed.wait_for(lambda: len(self._lines) >= lines, seconds), "nobody"

    def wait_gone(self, seconds: float = 20) -> None:
        """Wait until no line is left."""
        with self._subscribed:
            assert self._subscribed.wait_for(lambda: not self._lines, seconds), "somebody stays"

    def send(self, *messages: Message) -> int:
        """Send messages in one frame; return how many lines were there to hear them."""
        return int(self._do(self._send(msgpack.packb(list(messages)))))

    def send_bytes(self, frame: bytes | str) -> int:
        """Send a frame as it is."""
        return int(self._do(self._send(frame)))

    def cut(self) -> None:
        """Cut every line without a word."""
        self._do(self._cut())

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        server: Server
        async with serve(self._talk, "127.0.0.1", 0) as server:
            self._port = next(iter(server.sockets)).getsockname()[1]
            self._ready.set()
            await self._ended.wait()

    async def _end(self) -> None:
        assert self._ended is not None
        self._ended.set()

    async def _talk(self, line: ServerConnection) -> None:
        try:
            await line.send(_packed({"T": "success", "msg": "connected"}))
            asked = msgpack.unpackb(await line.recv())
            if self.refuse is not None or (asked["key"], asked["secret"]) != self.keys:
                code, said = self.refuse or (402, "auth failed")
                await line.send(_packed({"T": "error", "code": code, "msg": said}))
                return
            self.signed_in += 1
            await line.send(_packed({"T": "success", "msg": "authenticated"}))
            async for frame in line:
                await self._subscribe(line, msgpack.unpackb(frame))
        except ConnectionClosed:
            pass
        finally:
            with self._subscribed:
                self._lines.pop(line, None)
                self._subscribed.notify_all()

    async def _subscribe(self, line: ServerConnection, asked: Message) -> None:
        self.asked.append(asked)
        await line.send(_packed({**asked, "T": "subscription"}))
        if self.after_subscribing:
            await line.send(msgpack.packb(self.after_subscribing))
        with self._subscribed:
            self._lines[line] = asked
            self._subscribed.notify_all()

    async def _send(self, frame: bytes | str) -> int:
        heard = 0
        for line in list(self._lines):
            try:
                await line.send(frame)
                heard += 1
            except ConnectionClosed:
                pass
        return heard

    async def _cut(self) -> None:
        for line in list(self._lines):
            line.transport.abort()


def _packed(message: Mapping[str, Any]) -> bytes:
    return bytes(msgpack.packb([message]))


def stamp(at: int) -> msgpack.Timestamp:
    """Write an instant (microseconds since 1970) as the vendor does."""
    return msgpack.Timestamp(at // 1_000_000, at % 1_000_000 * 1000)


def trade(symbol: str, at: int, number: int, price: float, **more: Any) -> Message:
    """Make a trade of 100 shares."""
    told = {"T": "t", "S": symbol, "i": number, "x": "V", "p": price, "s": 100, "c": ["@"]}
    return {**told, "t": stamp(at), "z": "C", **more}


def bar(symbol: str, at: int, close: float, **more: Any) -> Message:
    """Make a minute bar."""
    told = {"T": "b", "S": symbol, "o": close, "h": close + 1, "l": close - 1, "c": close}
    return {**told, "v": 1000, "vw": close, "n": 10, "t": stamp(at), **more}


def quote(symbol: str, at: int, bid: float, ask: float) -> Message:
    """Make a quote."""
    sides = {"bx": "V", "bp": bid, "bs": 3, "ax": "V", "ap": ask, "as": 2}
    return {"T": "q", "S": symbol, **sides, "c": ["R"], "t": stamp(at), "z": "C"}


def status(symbol: str, at: int, code: str) -> Message:
    """Make a trading status: H is halted, T trades again."""
    words = {"sm": "Trading Halt" if code == "H" else "Trading Resumption", "rc": "T12", "rm": ""}
    return {"T": "s", "S": symbol, "sc": code, **words, "t": stamp(at), "z": "C"}
