"""kill -9 of the streaming ingester wherever it calls somebody: after it begins again every minute
is stored as it was, once. Of two at once one works, and who was paused writes nothing.
"""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.forking import Forks
from tests.faults.stream_market import StreamMarket, running_market, wait
from tests.faults.stream_process import NAMES

# What a runner that was paused finds: its lease, or, amid a transaction, its session is over.
_NOTICED = ("lost the lease", "the lease ended", "the database did not answer")


@pytest.fixture
def market(
    database_url: Callable[[str], str], tmp_path: Path, runners: Forks
) -> Iterator[StreamMarket]:
    """A market of two shares that has just opened."""
    with running_market(database_url("data"), tmp_path, runners) as made:
        yield made


# Each in a second life of its own, so that what the kill before it left is what it begins from.
@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_kill_at_each_failpoint_no_minute_is_missing_and_none_is_twice(
    market: StreamMarket, when: str
) -> None:
    for name in (one for one in NAMES if one.startswith(when)):
        # These are called once each life, before anything is heard.
        times = 1 if name.endswith(("stored", "lease", "lose")) else 2
        assert market.dies_at(f"{name}:{times}") == -signal.SIGKILL, market.last_words()
    last = market.start()
    market.wait_for_state(last, "working")
    market.line.wait_subscribed()
    before = market.now

    market.wait_whole(before)

    assert market.repeated() == []
    # Of every other halt the end is told: of one at the latest that the last life hears.
    wait(lambda: market.words() == {"halted", "resumed", "unknown"}, market.words)


def test_two_at_once_one_works_and_the_other_takes_over_when_it_is_killed(
    market: StreamMarket,
) -> None:
    first = market.start()
    market.wait_for_state(first, "working")
    second = market.start()
    market.wait_for_state(second, "waiting")
    first.kill()
    market.wait_for_state(second, "working")
    tokens = [market.said(one)[-1]["token"] for one in (first, second)]
    market.line.wait_subscribed()
    before = market.now

    market.wait_whole(before)

    assert tokens[1] > tokens[0]
    assert market.repeated() == []


def test_who_was_paused_while_another_took_over_writes_nothing_when_it_wakes(
    market: StreamMarket,
) -> None:
    first = market.start()
    market.wait_for_state(first, "working")
    second = market.start()
    market.wait_for_state(second, "waiting")
    first.send_signal(signal.SIGSTOP)
    market.wait_for_state(second, "working")
    first.send_signal(signal.SIGCONT)
    market.wait_for_state(first, "waiting")
    said = " ".join(one["said"] for one in market.said(first))
    before = market.now

    market.wait_whole(before)

    assert any(one in said for one in _NOTICED)
    assert market.state_of(second) == "working"
    assert market.repeated() == []


def test_told_to_end_it_gives_the_lease_back_and_ends_well(market: StreamMarket) -> None:
    first = market.start()
    market.wait_for_state(first, "working")
    first.terminate()
    code = first.wait(20)
    second = market.start()
    market.wait_for_state(second, "working")

    assert code == 0
    assert "given back" in market.said(first)[-1]["said"]


def test_a_refused_key_ends_the_runner_with_what_to_do(market: StreamMarket) -> None:
    market.line.keys = ("another", "key")
    process = market.start()
    code = process.wait(30)
    (said,) = (one for one in market.said(process) if "error" in one)

    assert code == 2
    assert "auth failed" in said["error"]
    assert "ALPACA_SECRET_KEY" in said["fix"]
