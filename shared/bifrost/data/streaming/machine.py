"""One instrument's stream as a state machine: what it heard, what may be missing, what is whole.

It asks no clock and touches nothing: time comes in with each call, in microseconds since 1970.

A minute built from trades is told of only when a later message on the same line proves that the
minute is over, and never while anything of it may be missing. A vendor's own minute bar is whole
by itself and passes at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bifrost.data.series.columns import BarColumns
from bifrost.data.streaming.halted import HaltWatch
from bifrost.data.streaming.holes import (
    MINUTE,
    GapCause,
    Hole,
    closed_at,
    healed,
    merged,
    minute_after,
    minute_of,
    touched,
    without,
)
from bifrost.data.streaming.messages import (
    BarTold,
    Market,
    QuoteTold,
    StatusTold,
    TradeCorrected,
    TradeTold,
    TradeWithdrawn,
)
from bifrost.data.streaming.minutes import TradedMinutes

# Longer than a vendor's answer about a trade takes, and a fraction of what the memory holds.
KEPT_MINUTES = 10
# More numbers passed over at once than this are not waited for one by one.
_MISSING_MAX = 1000


class StreamState(StrEnum):
    """How a stream stands."""

    LIVE = "live"
    GAP = "gap"
    RECOVERING = "recovering"  # a vendor is asked for what is missing
    HALTED = "halted"  # its venue does not trade it


@dataclass(frozen=True, slots=True)
class Pace:
    """How late a message may be, and how long silence may last, in microseconds.

    settle: how long a vendor takes until its history has a minute.
    """

    late_by: int = 2_000_000
    silence: int = 30_000_000
    settle: int = 5_000_000
    retry: int = 5_000_000


@dataclass(frozen=True, slots=True)
class Refill:
    """Minutes of [first, before) to be asked of a vendor."""

    instrument: str
    first: int
    before: int


class InstrumentStream:
    """What one instrument's stream is known to have told.

    settled_to: minutes that begin before it are stored, or in one of `holes`.
    """

    def __init__(
        self, instrument: str, pace: Pace, *, settled_to: int, holes: Sequence[Hole] = ()
    ) -> None:
        self.instrument = instrument
        self.settled_to = minute_of(settled_to)
        # What was said to a process that died is in no memory, a correction of older minutes too.
        first = _looked_back(self.settled_to)
        self.holes = merged([*holes, Hole(first, None, GapCause.NOT_CONNECTED)])
        self._lost_from: int | None = first
        self.halts = HaltWatch(instrument)
        self._pace = pace
        self._minutes = TradedMinutes()
        # Minutes of whose trades we do not have each: those before, and those a vendor filled.
        self._ours_from = self.settled_to
        self._theirs: list[tuple[int, int]] = []
        self._told: dict[int, BarTold] = {}
        self._new: set[int] = set()
        self._sequence: int | None = None
        self._subscribed_at = 0
        self._heard_at = 0
        self._asked: Refill | None = None
        self._since: tuple[Hole, ...] = ()
        self._ask_from = 0

    @property
    def state(self) -> StreamState:
        """How it stands: what may be missing counts before what is halted."""
        if self._asked is not None:
            return StreamState.RECOVERING
        if self.holes:
            return StreamState.GAP
        return StreamState.HALTED if self.halts.is_halted else StreamState.LIVE

    def subscribed(self, at: int) -> None:
        """Hear from now on: what lasted ends with this minute, whose beginning is missing."""
        self.holes = merged(closed_at(self.holes, at))
        self._since = closed_at(self._since, at)
        if self._lost_from is not None:
            # What was filled while nobody listened may have been corrected since.
            before = max(minute_after(at), self._lost_from + MINUTE)
            self._open(Hole(self._lost_from, before, GapCause.DISCONNECTED))
            self._lost_from = None
        self._sequence, self._subscribed_at = None, at

    def missed(self, proven_to: int, at: int, cause: GapCause, *, ended: bool) -> None:
        """Something after `proven_to` may be missing, up to now or, where it ended, until later."""
        last = minute_of(min(proven_to, at) - self._pace.late_by)
        first = _looked_back(last)
        before = None if ended else max(minute_after(at + 1), last + MINUTE)
        if ended:
            self._lost_from = first if self._lost_from is None else min(first, self._lost_from)
        self._open(Hole(first, before, cause))
        self.halts.missed(min(proven_to, at))

    def hear(self, message: Market) -> None:
        """Take in a message of this instrument, in whatever order, however often."""
        if not self._counts(message):
            return
        match message:
            case TradeTold():
                self._trade(message)
            case TradeCorrected() | TradeWithdrawn():
                self._change(message)
            case BarTold():
                self._bar(message)
            case StatusTold():
                self.halts.told(message)
            case QuoteTold():
                pass  # it proves that the line lives, and makes no bar
        self._heard_at = max(self._heard_at, _told_at(message))

    def whole(self, proven_to: int) -> BarColumns:
        """Return the bars that are new or different since last asked, and whole.

        proven_to: the latest instant that the line is proven to have told of.
        """
        if self._sequence is not None:
            # What a vendor counts, its next number proves, and no other instrument's.
            proven_to = min(proven_to, self._heard_at)
        over = proven_to - self._pace.late_by
        made = [
            self._minutes.build(minute)
            for minute in self._minutes.changed()
            if minute + MINUTE <= over and not touched(self.holes, minute, minute + MINUTE)
        ]
        told = [_column_of(self._told[minute]) for minute in sorted(self._new)]
        self._new.clear()
        self._settle(over)
        return _in_order([*made, *told]) if made or told else BarColumns.empty()

    def unproven(self, now: int) -> None:
        """Ask for minutes that nothing has proven to be over, though they have long been."""
        for minute in self._minutes.changed():
            over = minute + MINUTE + self._pace.late_by + self._pace.silence
            if over <= now and not touched(self.holes, minute, minute + MINUTE):
                self._open(Hole(minute, minute + MINUTE, GapCause.SILENCE))

    def refill(self, now: int) -> Refill | None:
        """Return what to ask a vendor for now, one question at a time; None: nothing yet."""
        if self._asked is not None or now < self._ask_from:
            return None
        settled = minute_of(now - self._pace.settle)
        for hole in self.holes:
            before = settled if hole.before is None else min(hole.before, settled)
            may_heal = hole.missing and now < (hole.before or now) + self._pace.silence
            if before > hole.first and not may_heal:
                self._asked, self._since = Refill(self.instrument, hole.first, before), ()
                return self._asked
        return None

    def filled(self, before: int) -> None:
        """What was asked for, and begins before this instant, is stored: holes are smaller.

        Raises ValueError where nothing was asked for.
        """
        if self._asked is None:
            raise ValueError(f"nothing was asked for of {self.instrument}")
        asked, self._asked = self._asked, None
        if before <= asked.first:
            return
        end = min(before, asked.before)
        # What went missing while the vendor answered is not in its answer.
        self.holes = merged([*without(self.holes, asked.first, end), *self._since])
        # The vendor's whole minute stands; what we have of it is a part.
        self._minutes.forget(asked.first, end)
        self._theirs.append((asked.first, end))

    def failed(self, now: int, wait: int = 0) -> None:
        """No answer: the hole stays, and is asked about again after a while."""
        self._asked = None
        self._ask_from = now + max(wait, self._pace.retry)

    def _counts(self, message: Market) -> bool:
        """Keep the vendor's count; False for a message that was counted before."""
        given, known = message.sequence, self._sequence
        if given is None:
            return True
        if known is None:
            # Nobody knows whether it is the first one since we were to be told.
            self._jump(message, self._subscribed_at, frozenset())
        elif given <= known:
            self.holes, was_missing = healed(self.holes, given)
            return was_missing
        elif given > known + 1:
            jump = range(known + 1, given)
            missing = frozenset(jump) if len(jump) <= _MISSING_MAX else frozenset()
            self._jump(message, self._heard_at, missing)
        self._sequence = given
        return True

    def _jump(self, message: Market, heard_at: int, missing: frozenset[int]) -> None:
        told_at = _told_at(message)
        first = _looked_back(minute_of(min(heard_at, told_at) - self._pace.late_by))
        self._open(Hole(first, minute_after(told_at + 1), GapCause.SEQUENCE, missing))
        self.halts.missed(min(heard_at, told_at))

    def _change(self, message: TradeCorrected | TradeWithdrawn) -> None:
        if isinstance(message, TradeCorrected):
            is_known = self._minutes.correct(message.trade_id, message.corrected)
        else:
            is_known = self._minutes.withdraw(message.trade_id)
        if not is_known:
            # Of which minute that trade was, its vendor alone knows.
            told_in = minute_of(message.at)
            first = _looked_back(min(self.settled_to, told_in))
            self._late(first, max(self.settled_to, told_in) + MINUTE)

    def _trade(self, trade: TradeTold) -> None:
        self.halts.traded(trade)
        minute = minute_of(trade.at)
        is_theirs = any(first <= minute < before for first, before in self._theirs)
        if minute < self._ours_from or is_theirs:
            self._late(minute, minute + MINUTE)
        else:
            self._minutes.add(trade)

    def _late(self, first: int, before: int) -> None:
        """What we have of these minutes is a part: ask the vendor for the whole."""
        self._open(Hole(first, before, GapCause.LATE))

    def _open(self, hole: Hole) -> None:
        self.holes = merged([*self.holes, hole])
        if self._asked is not None:
            self._since = (*self._since, hole)

    def _bar(self, bar: BarTold) -> None:
        known = self._told.get(bar.at)
        if known is not None and known.told_at > bar.told_at:
            return  # an older word about this minute
        self._told[bar.at] = bar
        if known is None or _values(known) != _values(bar):
            self._new.add(bar.at)

    def _settle(self, over: int) -> None:
        """Move on to the minute that is under way; what is long settled is forgotten."""
        self.settled_to = max(self.settled_to, minute_of(over))
        keep_from = min([_looked_back(self.settled_to), *self._minutes.changed()])
        for minute in [one for one in self._told if one < keep_from]:
            del self._told[minute]
        self._minutes.forget(0, keep_from)
        self._ours_from = max(self._ours_from, keep_from)
        self._theirs = [one for one in self._theirs if one[1] > keep_from]


def _looked_back(minute: int) -> int:
    """Return from where a correction may have been told that nobody heard."""
    return minute - KEPT_MINUTES * MINUTE


def _told_at(message: Market) -> int:
    return message.told_at if isinstance(message, BarTold) else message.at


def _values(bar: BarTold) -> tuple[int, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def _column_of(bar: BarTold) -> BarColumns:
    import numpy as np

    return BarColumns(*(np.array([value], dtype=np.int64) for value in (bar.at, *_values(bar))))


def _in_order(parts: Sequence[BarColumns]) -> BarColumns:
    whole = BarColumns.concatenated(parts)
    return whole.take(whole.starts_at.argsort(kind="stable"))
