"""kill -9 of local AWS and of PostgreSQL in the middle of orders, then `up`: every order ends once,
and ledger, venue and reservation agree. `down` leaves no process, `reset` leaves no file.
"""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from bifrost.core.money import CENT
from bifrost.local.demo import INSTRUMENTS
from bifrost.local.processes import ProcessRef
from tests.live_desk import (
    ENDED,
    WORKING,
    LiveDesk,
    an_order,
    difference,
    new_key,
    wait_until,
)

Json = dict[str, Any]

ORDERS = 6
# Each records a bounded number of sessions; more than so many say that something never ends.
RECORDINGS_MAX = 30
RECOVERY_SECONDS = 120
# A check that nobody answered, and an instrument with an order whose outcome nobody knows yet.
OF_THE_KILL = {"check_unavailable", "instrument_unresolved"}


def kill(process: ProcessRef | None) -> None:
    """kill -9, and wait until the kernel has taken it."""
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    wait_until("the process is gone", lambda: not process.is_running(), lambda: process, 10)


def place_and_kill(desk: LiveDesk, account: str, kill_part: Callable[[], None]) -> dict[str, Json]:
    """Place orders at once and kill at the first answer: the others are anywhere by then.

    Returns each order's body by its key; a client that got no answer has only these.
    """
    bodies = {new_key(): an_order(account, quantity=str(10 + n)) for n in range(ORDERS)}
    answered, token = Event(), desk.token()

    def place(key: str) -> None:
        try:
            answer = desk.call("POST", "/v1/orders", token=token, key=key, json=bodies[key])
        except httpx.TransportError:
            return  # nobody knows what became of it: its key will tell
        if answer.status_code == 202:
            answered.set()

    with ThreadPoolExecutor(ORDERS) as pool:
        for key in bodies:
            pool.submit(place, key)
        assert answered.wait(timeout=60), "no order was answered"
        kill_part()
    return bodies


def recovered(desk: LiveDesk, bodies: dict[str, Json]) -> list[str]:
    """Send each order again under its key, and wait until each has come to rest."""
    answers = {k: desk.call("POST", "/v1/orders", key=k, json=b) for k, b in bodies.items()}
    said = {key: (answer.status_code, answer.text) for key, answer in answers.items()}
    assert {code for code, _ in said.values()} <= {200, 202}, said
    ids = [answer.json()["order_id"] for answer in answers.values()]
    assert len(set(ids)) == len(ids), ids

    wait_at_rest(desk, ids)
    return ids


def wait_at_rest(desk: LiveDesk, ids: list[str]) -> None:
    """Wait until each order works or has ended; the sweep of each minute is done now."""

    def statuses() -> dict[str, str]:
        return {one: desk.api.get(f"/v1/orders/{one}")["status"] for one in ids}

    def are_at_rest() -> bool:
        if set(statuses().values()) <= {*WORKING, *ENDED}:
            return True
        desk.run_task("execution", "sweep")
        return False

    wait_until("every order at rest", are_at_rest, statuses, RECOVERY_SECONDS)


def assert_books_agree(desk: LiveDesk, account: str, ids: list[str]) -> None:
    """Our orders, the venue's, the ledger, the positions and the reservations say the same."""
    ours = {one: desk.api.get(f"/v1/orders/{one}") for one in ids}
    orders = {o["client_order_id"]: Decimal(o["filled_quantity"]) for o in ours.values()}
    venue = {
        row["client_order_id"]: row["filled_quantity"]
        for row in desk.rows("SELECT * FROM venue.orders WHERE account_id = %s", account)
    }
    sent = {name: filled for name, filled in orders.items() if filled or name in venue}
    assert venue == sent, f"the venue has {venue}, we have {ours}"
    open_there = sum((Decimal(o["open_quantity"]) for o in ours.values()), Decimal(0))
    reserved = desk.rows(
        "SELECT coalesce(sum(open), 0) AS open FROM risk.reservations WHERE account_id = %s",
        account,
    )
    assert reserved[0]["open"] == open_there, f"reserved {reserved}, open {ours}"
    portfolio = desk.portfolio(account)
    held = desk.api.get(f"/v1/portfolios/{portfolio['portfolio_id']}/positions")["items"]
    assert sum(Decimal(p["quantity"]) for p in held) == sum(orders.values()), f"{held} {orders}"
    assert portfolio["ledger_imbalance"] == "0"
    assert desk.breaks(account) == []


@pytest.mark.parametrize("part", ["aws", "postgres"])
def test_orders_in_flight_at_a_kill_end_once_and_the_books_agree(desk: LiveDesk, part: str) -> None:
    desk.price()
    account = desk.account()
    process: ProcessRef | None = getattr(desk.record, part)

    bodies = place_and_kill(desk, account, lambda: kill(process))
    desk.up()
    left = desk.rows(
        "SELECT order_id FROM execution.orders WHERE account_id = %s AND workflow_starts = 0"
        " AND status IN ('received', 'checked')",
        account,
    )
    ids = recovered(desk, bodies)
    desk.play()

    ended = [desk.api.get(f"/v1/orders/{one}") for one in ids]
    assert {order["status"] for order in ended} <= {"filled", "refused"}, ended
    rules = {reason["rule"] for order in ended for reason in order["reasons"]}
    assert rules <= OF_THE_KILL, f"refused for another reason than the kill: {ended}"
    assert part == "postgres" or not left, "`up` waits for an order whose workflow is dead"
    # No database, no check: then all of them may be refused. Without workflows some must live on.
    assert part == "postgres" or "filled" in {order["status"] for order in ended}, ended
    assert_books_agree(desk, account, ids)


@pytest.mark.parametrize("end", ["kill", "down"])
def test_an_end_in_the_middle_of_a_replay_loses_no_bar_and_fills_nothing_twice(
    desk: LiveDesk, end: str
) -> None:
    price = desk.price("IBM")
    account = desk.account("5000000")
    limit_price = (price * Decimal("1.09")).quantize(CENT)
    # Too large for one session's volume, and within the limit on an order's notional.
    quantity = min(9500, int(Decimal(1_900_000) / limit_price))
    large = an_order(account, instrument="IBM", quantity=str(quantity), type="limit",
                     limit_price=str(limit_price))  # fmt: skip
    order_id = desk.api.post("/v1/orders", large, key=new_key())["order_id"]
    wait_at_rest(desk, [order_id])
    days, key = desk.next_sessions(10), new_key()
    body = {"instruments": list(INSTRUMENTS), "from": days[0], "to": days[-1], "speed": "2"}
    path = f"/v1/replays/{desk.api.post('/v1/replays', body, key=key)['replay_id']}"
    wait_until("it plays", lambda: desk.api.get(path)["published"] >= 4,
               lambda: desk.api.get(path), 60)  # fmt: skip

    kill(desk.record.aws) if end == "kill" else desk.command("down")
    desk.up()
    wait_until("it is done", lambda: desk.api.get(path)["state"] == "done",
               lambda: desk.api.get(path), RECOVERY_SECONDS)  # fmt: skip

    def heard() -> dict[str, list[str]]:
        closed = (
            "SELECT session::text FROM {} WHERE instrument = 'IBM' AND session = ANY(%s::date[])"
            " ORDER BY session"
        )
        tables = ("venue.tape", "portfolio.marks")
        return {
            table: [row["session"] for row in desk.rows(closed.format(table), days)]
            for table in tables
        }

    desk.settle()
    assert all(found == days for found in heard().values()), heard()
    assert desk.api.get(f"/v1/orders/{order_id}")["status"] == "filled"
    assert_books_agree(desk, account, [order_id])


def processes_of(home: Path) -> dict[int, str]:
    """Whatever runs for this home: by its mark, its folder or its command line."""
    found = {}
    mark = f"BIFROST_HOME={home}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (folder / "environ").read_bytes().split(b"\0")
            where = (folder / "cwd").readlink()
        except OSError:
            continue  # it has ended since, or is not ours to look into
        if mark in environment or where.is_relative_to(home) or str(home) in command:
            found[int(folder.name)] = command
    found.pop(os.getpid(), None)
    return found


def kept(desk: LiveDesk) -> dict[str, int]:
    """How many rows there are once every session that is complete has been recorded."""
    seen = desk.counts()
    for _ in range(RECORDINGS_MAX):
        desk.run_task("portfolio", "record_valuations")
        desk.settle()
        before, seen = seen, desk.counts()
        if not difference(before, seen):
            return seen
    raise AssertionError(f"the books do not come to rest: {difference(before, seen)}")


def let_prices_rest(desk: LiveDesk) -> None:
    """Let the minute pass after which the newest session is complete, and its worth recorded."""
    desk.rows("UPDATE portfolio.marks SET recorded_at = recorded_at - interval '2 min' RETURNING 1")


def test_what_the_desk_knows_survives_down_and_up(desk: LiveDesk) -> None:
    account, key = desk.account(), new_key()
    first = desk.call("POST", "/v1/orders", key=key, json=an_order(account))
    order = desk.order(first.json()["order_id"])
    desk.settle()
    let_prices_rest(desk)
    before, url = kept(desk), desk.state.api_url
    assert processes_of(desk.home), "a stack that is up shows no process: the search is wrong"

    desk.command("down")
    left = processes_of(desk.home)
    down = desk.command_json("status", code=5)
    up = desk.up()

    assert not left, f"down left processes: {left}"
    assert down["up"] is False
    assert up["republished"] == {}, "what everybody had heard is sent again"
    assert desk.state.api_url == url
    assert not difference(before, kept(desk))
    again = desk.call("POST", "/v1/orders", key=key, json=an_order(account))
    assert (again.status_code, again.json()["order_id"]) == (200, order["order_id"])
    assert desk.order(order["order_id"]) == order


def test_a_second_up_finds_the_first(desk: LiveDesk) -> None:
    before = desk.record

    desk.up()

    after = desk.record
    assert (after.aws, after.postgres, after.port) == (before.aws, before.postgres, before.port)
    assert after.outputs == before.outputs


def test_reset_leaves_no_file_and_no_process_even_after_a_kill(desk: LiveDesk) -> None:
    sockets = Path(psutil.Process(desk.record.postgres.pid).cwd()) if desk.record.postgres else None
    kill(desk.record.aws)
    kill(desk.record.postgres)

    desk.command("reset", "--yes")

    assert not processes_of(desk.home)
    assert not desk.home.exists()
    assert sockets is not None
    assert not sockets.exists()
