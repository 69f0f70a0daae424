"""A backfill on the deployed stack, against Alpaca's twin that answers 429, nothing, half a page,
another field, another time zone, and then dies: each state is right, nothing wrong is stored, the
circuit opens and closes, and what stopped goes on to its end.
"""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.live_desk import LiveDesk, wait_until
from tests.twins import market as truth
from tests.twins.alpaca import KEYS, AlpacaTwin
from tests.twins.server import (
    Misbehaviour,
    empty_200,
    half_page,
    no_rows,
    renamed,
    shifted,
    too_many,
)

Json = dict[str, Any]
SHARES = ("AAPL", "IBM", "MSFT")
RANGE = ("--from", str(truth.FIRST), "--to", str(truth.LAST))
SESSIONS = len(truth.sessions())
RECOVERY_SECONDS = 120
# Longer than a call itself waits for its vendor: the item rests, and is taken up again.
LIMIT_SECONDS = 8


@pytest.fixture(scope="module")
def twin(live_desk: LiveDesk) -> Iterator[AlpacaTwin]:
    """The vendor that the desk's keys lead to."""
    live_desk.ensure_up()
    shares = (truth.share(symbol) for symbol in SHARES)
    with AlpacaTwin(truth.market(*shares), page_rows=7) as running:
        assert isinstance(running, AlpacaTwin)
        live_desk.command(
            "data",
            "keys",
            f"ALPACA_KEY_ID={KEYS['key_id']}",
            f"ALPACA_SECRET_KEY={KEYS['secret_key']}",
            f"ALPACA_URL={running.url}",
            "ALPACA_CALLS_PER_MINUTE=6000",
        )
        yield running


def ask(desk: LiveDesk, symbol: str) -> str:
    """Ask for June 2024 and do not wait; return the job's id."""
    asked = ("data", "backfill", symbol, *RANGE, "--provider", "alpaca", "--no-wait")
    return str(desk.command_json(*asked)["job_id"])


def shown(desk: LiveDesk, job: str) -> Json:
    """Return the job and its one item."""
    path = f"/v1/data/backfills/{job}"
    found: Json = desk.api.get(path)
    (found["item"],) = desk.api.get(f"{path}/items")["items"]
    return found


def ended(desk: LiveDesk, job: str, seconds: int = 90) -> Json:
    """Wait for the job's end; what its schedule does each minute is done now."""

    def has_ended() -> bool:
        if shown(desk, job)["ended"]:
            return True
        desk.run_task("data", "plan_ingestion")
        return False

    wait_until("the job's end", has_ended, lambda: shown(desk, job), seconds)
    return shown(desk, job)


def let_an_hour_pass(desk: LiveDesk, job: str) -> None:
    """Let what a limit, a circuit or a resting item waits for be over: its instant is earlier.

    Nobody's lease ends by it: the item is at rest, and stays so for as long as it has to wait.
    """
    wait_until(
        "the item at rest",
        lambda: shown(desk, job)["item"]["state"] != "running",
        lambda: shown(desk, job),
        RECOVERY_SECONDS,
    )
    older = "= {0} - interval '1 hour'".format
    since, pause = f"since {older('since')}", f"paused_until {older('paused_until')}"
    due, sent = f"due_at {older('due_at')}", f"sent_at {older('sent_at')}"
    desk.rows(f"UPDATE data.vendor_states SET {since}, {pause} RETURNING 1")
    rest = f"UPDATE data.ingestion_items SET {due}, {sent} WHERE job_id = %s AND due_at > now()"
    desk.rows(f"{rest} AND state <> 'running' RETURNING 1", job)


def stored(desk: LiveDesk, symbol: str) -> list[tuple[Any, ...]]:
    """Return what is stored of the vendor's: each revision of each bar."""
    rows = desk.rows(
        "SELECT session, open, high, low, close, volume FROM data.bars"
        " WHERE instrument = %s AND source = 'alpaca' ORDER BY session, recorded_at",
        symbol,
    )
    return [tuple(row.values()) for row in rows]


def true(symbol: str) -> list[tuple[Any, ...]]:
    """Return what the vendor has."""
    bars = truth.share(symbol).daily
    return [(b.session, b.open, b.high, b.low, b.close, b.volume) for b in bars]


def circuit(desk: LiveDesk) -> str:
    """Return how the circuit to the vendor stands."""
    (row,) = desk.rows("SELECT circuit FROM data.vendor_states WHERE vendor = 'alpaca'")
    return str(row["circuit"])


def test_a_rate_limit_is_waited_for_and_then_all_of_it_comes(
    desk: LiveDesk, twin: AlpacaTwin
) -> None:
    twin.script(too_many(str(LIMIT_SECONDS)))
    began = time.monotonic()
    job = ask(desk, "AAPL")
    wait_until(
        "the rate limit",
        lambda: shown(desk, job)["state"] == "rate_limited",
        lambda: shown(desk, job),
        30,
    )
    assert stored(desk, "AAPL") == []

    # The item's own message takes it up once it is due: nobody plans, nothing is made older.
    wait_until(
        "the job's end",
        lambda: shown(desk, job)["ended"],
        lambda: shown(desk, job),
        RECOVERY_SECONDS,
    )

    assert time.monotonic() - began >= LIMIT_SECONDS
    assert shown(desk, job)["state"] == "done"
    assert stored(desk, "AAPL") == true("AAPL")


@pytest.mark.parametrize("fault", [empty_200, half_page], ids=["empty 200", "half a page"])
def test_an_answer_that_is_cut_off_is_asked_for_again_and_stores_nothing_twice(
    desk: LiveDesk, twin: AlpacaTwin, fault: Misbehaviour
) -> None:
    twin.script(None, fault)

    job = ended(desk, ask(desk, "AAPL"))

    assert (job["state"], job["item"]["rows_read"]) == ("done", SESSIONS)
    assert stored(desk, "AAPL") == true("AAPL")


@pytest.mark.parametrize("fault", [renamed("close"), shifted(5)], ids=["field", "time zone"])
def test_an_answer_of_another_shape_fails_says_why_and_is_resumed_by_a_person(
    desk: LiveDesk, twin: AlpacaTwin, fault: Misbehaviour
) -> None:
    before = stored(desk, "IBM")
    twin.script(fault)

    job = ended(desk, ask(desk, "IBM"))
    assert job["state"] == "failed"
    assert "shape" in job["item"]["reason"]
    assert stored(desk, "IBM") == before
    twin.script()
    done = desk.command_json("data", "backfill", "--resume", job["job_id"])

    assert done["state"] == "done"
    assert stored(desk, "IBM") == true("IBM")


def test_an_import_from_a_provider_is_waited_for_and_brings_its_bars(
    desk: LiveDesk, twin: AlpacaTwin
) -> None:
    twin.script()
    asked = ("data", "import", "--format", "provider", "--instrument", "AAPL", "--timeframe", "1d")

    done = desk.command_json(*asked, *RANGE, "--provider", "alpaca")
    refused = desk.command(*asked, *RANGE, "--provider", "bloomberg", code=2)

    assert (done["state"], [one["instrument"] for one in done["instruments"]]) == ("done", ["AAPL"])
    assert stored(desk, "AAPL") == true("AAPL")
    assert "no provider is called bloomberg; send one of" in refused.stderr


def test_trades_of_a_day_are_fetched_and_read(desk: LiveDesk, twin: AlpacaTwin) -> None:
    twin.script()
    told = truth.share("AAPL").trades
    day = ("--from", str(truth.FIRST), "--to", str(truth.FIRST))

    done = desk.command_json("data", "backfill", "AAPL", "--series", "trades", *day)

    assert (done["state"], done["series"], done["rows_written"]) == ("done", "trades", len(told))
    asked = {"from": f"{truth.FIRST}T00:00:00Z", "to": f"{truth.FIRST}T23:59:00Z", "limit": 1000}
    found = desk.api.get("/v1/trades", instrument="AAPL", **asked)["items"]
    assert [Decimal(one["price"]) for one in found] == [one.price for one in told]


def test_a_vendor_that_says_it_has_none_is_believed_and_is_no_failure(
    desk: LiveDesk, twin: AlpacaTwin
) -> None:
    twin.script(no_rows)

    job = ended(desk, ask(desk, "AAPL"))

    assert (job["state"], job["items"]["absent"]) == ("absent", 1)


def test_a_vendor_that_dies_opens_the_circuit_and_once_it_lives_the_job_ends(
    desk: LiveDesk, twin: AlpacaTwin
) -> None:
    twin.script()
    twin.die()
    job = ask(desk, "MSFT")

    def is_open() -> bool:
        if circuit(desk) != "closed":
            return True
        desk.run_task("data", "plan_ingestion")
        return False

    wait_until("an open circuit", is_open, lambda: shown(desk, job), RECOVERY_SECONDS)
    assert shown(desk, job)["item"]["state"] in ("failed", "running")
    assert stored(desk, "MSFT") == []
    twin.live()
    let_an_hour_pass(desk, job)

    assert ended(desk, job, RECOVERY_SECONDS)["state"] == "done"
    assert circuit(desk) == "closed"
    assert stored(desk, "MSFT") == true("MSFT")
