"""Quotes and trades at the gate: what no market says is blocked, what lasts too long is flagged,
and a real day passes but for what its feed said after it had ended.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.data.providers import lean_ticks
from bifrost.data.providers.lean_zip import LeanZip, open_zip
from bifrost.data.quality.context import Halt, SessionGrid
from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.quality.quotes import judge_quotes
from bifrost.data.quality.tick_shape import TickContext
from bifrost.data.quality.trades import judge_trades
from bifrost.data.series.columns import Integers, instant_of, micros
from bifrost.data.series.ticks import QuoteColumns, Ticks, TradeColumns, numbered, taken
from tests.shared_data import shared_data

DAY = next(iter(xnys.sessions(date(2012, 1, 3), date(2012, 1, 3))))
OPENS = micros(DAY.opens_at)
SECOND = 1_000_000
COUNT = 10_000


def context(ticks: Ticks, **more: object) -> TickContext[Ticks]:
    """A day's messages, received years after its close."""
    made = TickContext(
        SessionGrid.of([DAY]), datetime(2026, 1, 1, tzinfo=UTC), taken(ticks, slice(0))
    )
    return replace(made, **more)  # type: ignore[arg-type]


def seconds(count: int = COUNT) -> Integers:
    """One instant a second, from the open on."""
    return OPENS + np.arange(count, dtype=np.int64) * SECOND


def quotes(at: Integers) -> QuoteColumns:
    """Quotes a cent apart, around 100."""
    size = np.full(len(at), 100_000_000)
    bid = 100_000_000 + np.arange(len(at), dtype=np.int64) % 50 * 10_000
    venue = np.full(len(at), b"XNAS", dtype="S4")
    nothing = np.zeros(len(at), np.int64)
    return QuoteColumns(at, numbered(at), bid, size, bid + 10_000, size, venue, venue, nothing)


def trades(at: Integers) -> TradeColumns:
    """Trades that walk around 100 by cents."""
    step = np.random.default_rng(1).integers(-2, 3, len(at))
    price = 100_000_000 + np.cumsum(step) * 10_000
    size = np.full(len(at), 100_000_000)
    venue = np.full(len(at), b"XNAS", dtype="S4")
    return TradeColumns(at, numbered(at), price, size, venue, np.zeros(len(at), np.int64))


def kinds(found: list[Defect]) -> list[tuple[str, int | None, bool]]:
    """What was found, where, and whether it blocks."""
    return [(one.kind.value, one.place, one.blocks) for one in found]


def some(seed: int, count: int = COUNT) -> list[int]:
    """A thousand places, none at either end and no two beside each other."""
    chance = np.random.default_rng(seed)
    return [int(one) for one in np.sort(chance.choice(np.arange(10, count - 10, 5), 1000, False))]


def test_clean_quotes_and_trades_have_no_defect() -> None:
    told, made = quotes(seconds(23_400)), trades(seconds(23_400))

    assert judge_quotes(told, context(told)) == []
    assert judge_trades(made, context(made)) == []


def test_a_thousand_crossed_quotes_are_all_blocked_and_no_other() -> None:
    told, wrong = quotes(seconds()), some(3)
    told.bid[wrong], told.ask[wrong] = told.ask[wrong], told.bid[wrong].copy()

    found = kinds(judge_quotes(told, context(told, received_at=instant_of(int(seconds()[-1])))))

    assert found == [("crossed_quote", place, True) for place in wrong]


def test_a_thousand_stale_quotes_are_all_flagged_and_no_other() -> None:
    wrong = some(4)
    wait = np.zeros(COUNT, dtype=np.int64)
    wait[np.array(wrong) + 1] = 61 * SECOND
    at = OPENS + np.cumsum(np.full(COUNT, 2_000) + wait)
    grid = SessionGrid((DAY.session,), at[:1], at[-1:] + 1)

    told = quotes(at)

    found = kinds(judge_quotes(told, context(told, grid=grid)))

    assert found == [("stale_quote", place, False) for place in wrong]


def test_a_part_of_a_day_says_nothing_of_how_long_its_last_quote_stood() -> None:
    told = quotes(OPENS + np.arange(3, dtype=np.int64) * SECOND)

    alone = kinds(judge_quotes(told, context(told)))
    part = kinds(judge_quotes(told, context(told, until=instant_of(OPENS + 3 * SECOND))))

    assert alone == [("stale_quote", 2, False)]
    assert part == []


def test_a_quote_told_before_is_flagged_when_the_next_comes_too_late() -> None:
    told = quotes(OPENS + np.array([0, 100], dtype=np.int64) * SECOND)
    later = taken(told, slice(1, 2))
    known = context(
        later, before=taken(told, slice(0, 1)), received_at=instant_of(OPENS + 101 * SECOND)
    )
    halted = replace(known, halts=(Halt(DAY.opens_at, instant_of(OPENS + 90 * SECOND)),))

    (found,) = judge_quotes(later, known)

    assert (found.kind, found.place, found.at) == (DefectKind.STALE_QUOTE, None, OPENS)
    assert judge_quotes(later, halted) == []


def test_one_sided_and_narrow_quotes_are_quotes_and_a_stub_is_none() -> None:
    told = quotes(seconds(3))
    told.bid[1] = 0
    told.ask[2] = 200_000_000_000
    penny = quotes(seconds(1))
    penny.bid[0], penny.ask[0] = 10_000, 20_000
    now = instant_of(int(seconds(3)[-1]))

    assert kinds(judge_quotes(told, context(told, received_at=now))) == [("spike", 2, True)]
    assert judge_quotes(penny, context(penny, received_at=now)) == []


@pytest.mark.parametrize(("kind", "longest"), [("crossed_market", 1), ("locked_market", 60)])
def test_a_market_of_two_venues_may_cross_or_lock_for_a_moment(kind: str, longest: int) -> None:
    told = quotes(OPENS + np.arange(100, dtype=np.int64) * 10_000)
    told.ask[::2], told.bid[1::2] = 0, 0
    told.bid[::2], told.ask[1::2] = 100_000_000, 100_010_000
    told.bid[40] = 100_010_000 if kind == "locked_market" else 100_020_000
    briefly = context(told, received_at=instant_of(int(told.occurred_at[-1])))
    told.occurred_at[41:] += longest * SECOND

    found = judge_quotes(told, replace(briefly, received_at=instant_of(int(told.occurred_at[-1]))))
    told.occurred_at[41:] -= longest * SECOND

    assert (kind, 40, False) in kinds(found)
    assert judge_quotes(told, briefly) == []


@pytest.mark.parametrize(
    ("began", "ended", "is_flagged"),
    [(39, None, False), (40.5, 51.5, False), (45, None, True), (30, 39, True)],
)
def test_orders_may_cross_before_a_halted_share_trades_again(
    began: float, ended: float | None, is_flagged: bool
) -> None:
    told = quotes(OPENS + np.arange(60, dtype=np.int64) * SECOND)
    told.ask[::2], told.bid[1::2] = 0, 0
    told.bid[::2], told.ask[1::2] = 100_000_000, 100_010_000
    told.bid[40] = 100_020_000
    told.occurred_at[41:] += 10 * SECOND
    since, until = (
        None if one is None else instant_of(OPENS + round(one * SECOND)) for one in (began, ended)
    )
    assert since is not None
    known = context(told, received_at=instant_of(int(told.occurred_at[-1])))

    found = kinds(judge_quotes(told, replace(known, halts=(Halt(since, until),))))

    assert (("crossed_market", 40, False) in found) is is_flagged


@pytest.mark.parametrize("factor", [0.01, 0.85, 1.15, 1.5, 100])
def test_a_thousand_trades_far_from_all_others_are_all_blocked(factor: float) -> None:
    made, wrong = trades(seconds()), some(6)
    made.price[wrong] = np.rint(made.price[wrong] * factor)

    found = kinds(judge_trades(made, context(made)))

    assert found == [("bad_tick", place, True) for place in wrong]


def test_a_market_that_moves_and_stays_blames_no_trade() -> None:
    made = trades(seconds())
    made.price[5_000:] = made.price[5_000:] * 7 // 10

    assert judge_trades(made, context(made)) == []


def test_the_newest_trade_is_flagged_until_others_follow_and_blocked_where_no_market_goes() -> None:
    made = trades(seconds(40))
    before, newest = taken(made, slice(0, 39)), taken(made, slice(39, 40))
    newest.price[0] = newest.price[0] * 8 // 10
    flagged = kinds(judge_trades(newest, context(newest, before=before)))
    newest.price[0] //= 100

    assert flagged == [("bad_tick", 0, False)]
    assert kinds(judge_trades(newest, context(newest, before=before))) == [("bad_tick", 0, True)]


def _price(told: TradeColumns, place: int) -> None:
    told.price[place] = 0


def _size(told: TradeColumns, place: int) -> None:
    told.size[place] = -1


def _night(told: TradeColumns, place: int) -> None:
    told.occurred_at[place] = OPENS - 6 * 3600 * SECOND


def _again(told: TradeColumns, place: int) -> None:
    for column in told.columns():
        column[place] = column[place - 1]


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("price_not_positive", _price),
        ("size_not_positive", _size),
        ("outside_session", _night),
        ("duplicate_time", _again),
    ],
)
def test_each_of_a_thousand_broken_trades_is_blocked_and_no_other(
    kind: str, spoil: Callable[[TradeColumns, int], None]
) -> None:
    made, wrong = trades(seconds()), some(7)
    for place in wrong:
        spoil(made, place)

    found = judge_trades(made, context(made))

    assert {one.place for one in found if one.blocks} == set(wrong)
    assert {one.place for one in found if one.kind.value == kind} == set(wrong)


def test_what_is_not_yet_or_out_of_order_is_blocked_and_clocks_may_differ() -> None:
    made = trades(seconds(100))
    made.occurred_at[50] -= 20 * SECOND + 1
    now = instant_of(int(made.occurred_at[97]))

    assert kinds(judge_trades(made, context(made, received_at=now))) == [
        ("out_of_order", 50, True),
        ("future", 99, True),
    ]


def _ibm(kind: str) -> LeanZip:
    path = f"tick_trades_quotes/lean_tick_ibm/20131008_{kind}.zip"
    return open_zip(shared_data(path).read_bytes())


def test_a_real_day_of_trades_passes_whole_with_its_sweeps_and_average_prices() -> None:
    made, _ = lean_ticks.trades(_ibm("trade"))
    grid = SessionGrid.of(list(xnys.sessions(date(2013, 10, 7), date(2013, 10, 9))))

    assert (len(made), judge_trades(made, context(made, grid=grid))) == (33_381, [])


def test_a_real_day_of_quotes_passes_but_for_those_after_its_end() -> None:
    """IBM on 2013-10-08: bids and asks come as two messages each. The market crossed 15 times for
    at most 26 ms and locked 184 times, once for 101 s, a minute after the close. The last four
    messages are of half a second after 20:00, when the tape had ended."""
    told, _ = lean_ticks.quotes(_ibm("quote"))
    grid = SessionGrid.of(list(xnys.sessions(date(2013, 10, 7), date(2013, 10, 9))))

    found = judge_quotes(told, context(told, grid=grid))

    assert kinds(found) == [
        ("locked_market", 125_553, False),
        *(("outside_session", place, True) for place in range(125_746, 125_750)),
    ]
    assert str(instant_of(found[0].at or 0)) == "2013-10-08 20:01:08.610000+00:00"
    assert str(instant_of(found[1].at or 0)) == "2013-10-09 00:00:00.514000+00:00"
