"""Alpaca's live line, by alpaca-py's StockDataStream, in a thread with a loop of its own.

The library opens, signs in, subscribes and unpacks; when to try again is decided here. Its own
loop tries a refused key for ever and says so to a log alone, tells nobody that the line was cut,
and takes a frame that it cannot read for nothing. It is pinned exactly, so that what is overridden
stays what it is.
"""

import asyncio
import threading
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bifrost.adapters.vendors.alpaca_messages import UnreadableError, read
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.ports import Clock
from bifrost.data.series.columns import micros
from bifrost.data.streaming.holes import GapCause
from bifrost.data.streaming.messages import Missed, Subscribed, Told

if TYPE_CHECKING:
    from alpaca.data.live import StockDataStream

URL = "wss://stream.data.alpaca.markets/v2/"
FEED = "sip"
# More than a second of the whole market at its open.
WAITING_MAX = 50_000
# What no second try changes (docs.alpaca.markets, "Streaming market data", errors).
_REFUSALS = {401, 402, 404, 405, 409}
_SLOW = 407


@dataclass(frozen=True, slots=True)
class StreamAccess:
    """Who asks, where, and of which feed: `sip` is every exchange, `iex` one of them, and free."""

    key_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    url: str = URL
    feed: str = FEED


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is subscribed to: instruments by the vendor's symbol, and which of their messages."""

    instruments: Mapping[str, str]
    trades: bool = True
    quotes: bool = True


@dataclass(frozen=True, slots=True)
class LinePatience:
    """Seconds: until a line stands or is given up, and between tries, doubled up to the last."""

    open_seconds: float = 10.0
    pause_seconds: float = 0.5
    pause_max_seconds: float = 30.0


class AlpacaLine:
    """LiveLine."""

    name = "alpaca"

    def __init__(
        self,
        access: StreamAccess,
        wanted: Wanted,
        clock: Clock,
        patience: LinePatience | None = None,
    ) -> None:
        self._access = access
        self._wanted = wanted
        self._clock = clock
        self._patience = patience or LinePatience()
        self._waiting: deque[Told] = deque()
        self._news = threading.Condition()
        self._refusal: str | None = None
        self._is_closed = False
        self._lost: set[str] = set()
        self._has_told = False
        self._loop = asyncio.new_event_loop()
        self._client: StockDataStream | None = None
        self._thread = threading.Thread(target=self._run, name="alpaca-line", daemon=True)
        self._thread.start()

    def take(self, seconds: float) -> Sequence[Told]:
        """Return what came, in its order; wait at most so long for the first of it."""
        with self._news:
            self._news.wait_for(lambda: self._waiting or self._refusal or self._lost, seconds)
            if self._refusal is not None:
                fix = "set ALPACA_KEY_ID, ALPACA_SECRET_KEY and ALPACA_FEED to what you subscribe"
                raise InvalidInputError(FieldProblem("ALPACA_KEY_ID", self._refusal, fix))
            taken = list(self._waiting)
            self._waiting.clear()
            if self._lost:
                detail = f"more than {WAITING_MAX} messages waited"
                lost, self._lost = tuple(sorted(self._lost)), set()
                taken.append(Missed(self._now(), GapCause.SLOW_CONSUMER, detail, lost))
            return taken

    def reopen(self) -> None:
        """Give the line up as dead, and open another."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop)

    def close(self) -> None:
        """End it."""
        self._is_closed = True
        if self._loop.is_running():
            self.reopen()
        self._thread.join(timeout=self._patience.open_seconds)

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take one message of the line, in the line's own thread."""
        match message.get("T"):
            case "subscription":
                heard = {one for key in ("trades", "bars") for one in message.get(key) or ()}
                told = [name for one, name in self._wanted.instruments.items() if one in heard]
                self._put(Subscribed(self._now(), tuple(told)))
            case "error":
                self._refused(message)
            case _:
                self._market(message)

    def _market(self, message: Mapping[str, Any]) -> None:
        instrument = self._wanted.instruments.get(str(message.get("S")))
        if instrument is None:
            return
        try:
            told = read(message, instrument)
        except UnreadableError as error:
            self._put(Missed(self._now(), GapCause.UNREADABLE, str(error), (instrument,)))
            return
        self._has_told = True
        if told is not None:
            self._put(told)

    def _refused(self, message: Mapping[str, Any]) -> None:
        code, said = message.get("code"), f"{message.get('msg')} ({message.get('code')})"
        if code in _REFUSALS:
            raise _RefusedError(said)
        cause = GapCause.SLOW_CONSUMER if code == _SLOW else GapCause.DISCONNECTED
        self._put(Missed(self._now(), cause, f"alpaca said: {said}"))

    def _put(self, told: Told) -> None:
        with self._news:
            if len(self._waiting) >= WAITING_MAX and not isinstance(told, Missed | Subscribed):
                self._lost.add(told.instrument)
            else:
                self._waiting.append(told)
            self._news.notify()

    def _now(self) -> int:
        return micros(self._clock.now())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        finally:
            # To drop the line may have been asked for while it ended by itself.
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.close()

    async def _live(self) -> None:
        pause = self._patience.pause_seconds
        while not self._is_closed:
            try:
                await self._listen()
                ended = "the line was given up"
            except _RefusedError as error:
                with self._news:
                    self._refusal = f"alpaca refuses: {error}"
                    self._news.notify()
                return
            except Exception as error:
                ended = f"{type(error).__name__}: {error}"
            if self._is_closed:
                return
            self._put(Missed(self._now(), GapCause.DISCONNECTED, ended, ended=True))
            pause = self._patience.pause_seconds if self._has_told else pause
            self._has_told = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._patience.pause_max_seconds)

    async def _listen(self) -> None:
        """Open a line and hear it to its end."""
        client = self._client = _client(self, self._access, self._wanted)
        try:
            await asyncio.wait_for(client._start_ws(), self._patience.open_seconds)
            await client._send_subscribe_msg()
            while not await self._consume(client):
                pass
        finally:
            self._client = None
            await asyncio.wait_for(client.close(), self._patience.open_seconds)

    async def _consume(self, client: "StockDataStream") -> bool:
        """Hear frames; False after one that cannot be read, True where it was told to stop."""
        try:
            await client._consume()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, _RefusedError):
                raise
            self._put(Missed(self._now(), GapCause.UNREADABLE, f"a frame: {error!r:.200}"))
            return False
        return True

    async def _drop(self) -> None:
        client = self._client
        if client is not None:
            await client.close()


class _RefusedError(ValueError):
    """The vendor said no, and will say so again."""


def _client(line: AlpacaLine, access: StreamAccess, wanted: Wanted) -> "StockDataStream":
    with warnings.catch_warnings():
        # It uses the older half of `websockets`, which says so at each import.
        warnings.simplefilter("ignore", DeprecationWarning)
        from alpaca.data.enums import DataFeed
        from alpaca.data.live import StockDataStream

    class Client(StockDataStream):
        """Alpaca's own client, whose words reach us."""

        async def _auth(self) -> None:
            try:
                await super()._auth()
            except ValueError as error:
                if "limit" in str(error):  # another line of ours is still open there
                    raise ConnectionError(str(error)) from error
                raise _RefusedError(str(error)) from error

        async def _dispatch(self, msg: dict[str, Any]) -> None:
            line.hear(msg)

    async def unused(_message: Any) -> None: ...

    url = access.url if not access.url.endswith("/") else access.url + access.feed
    client = Client(
        access.key_id,
        access.secret_key,
        raw_data=True,
        feed=DataFeed(access.feed),
        url_override=url,
    )
    symbols = tuple(wanted.instruments)
    if wanted.trades:
        client.subscribe_trades(unused, *symbols)
    else:
        client.subscribe_bars(unused, *symbols)
        client.subscribe_updated_bars(unused, *symbols)
    if wanted.quotes:
        client.subscribe_quotes(unused, *symbols)
    client.subscribe_trading_statuses(unused, *symbols)
    return client
