"""What a person does at the desk, as calls of the API that wait until their effect is there.

One capability's facts reach the others as events, within a moment; these are the waits.
"""

from collections.abc import Callable
from typing import Any

from bifrost.core.errors import UnavailableError
from bifrost.local.api import Api, found_or_none, wait_for

_UNDECIDED = ("received", "checked", "submitted")


def open_account(api: Api, body: dict[str, Any], key: str) -> dict[str, Any]:
    """Open an account and wait until orders and limits know it."""
    account: dict[str, Any] = api.post("/v1/accounts", body, key=key)
    account_id = account["account_id"]
    _wait_until_found(api, "/v1/orders", account_id=account_id)
    _wait_until_found(api, f"/v1/accounts/{account_id}/limits")
    return account


def _wait_until_found(api: Api, path: str, **params: str) -> None:
    wait_for(f"an answer at {path}", lambda: found_or_none(lambda: api.get(path, **params)))


def deposit(api: Api, account_id: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """Pay in and wait until risk counts it."""
    return move_cash(api, account_id, "deposits", body, key)


def move_cash(
    api: Api, account_id: str, address: str, body: dict[str, Any], key: str
) -> dict[str, Any]:
    """Book what changes the account's cash, at its address, and wait until risk counts it."""
    done: dict[str, Any] = api.post(f"/v1/accounts/{account_id}/{address}", body, key=key)
    path = f"/v1/accounts/{account_id}/buying-power"
    wait_for(
        f"{done['event_id']} of {account_id} reaching risk",
        lambda: (found_or_none(lambda: api.get(path, seen=done["event_id"])) or {}).get("seen"),
    )
    return done


def place(api: Api, body: dict[str, Any], key: str, *, wait: bool = True) -> dict[str, Any]:
    """Place an order and, unless told not to, wait until a rule or the venue has answered."""
    order: dict[str, Any] = api.post("/v1/orders", body, key=key)
    if not wait:
        return order
    return decided(api, order["order_id"])


def decided(api: Api, order_id: str) -> dict[str, Any]:
    """Wait until the order's workflow has come to an answer, and return the order."""

    def read() -> dict[str, Any] | None:
        order: dict[str, Any] = api.get(f"/v1/orders/{order_id}")
        return None if order["status"] in _UNDECIDED else order

    found: dict[str, Any] = wait_for(f"an answer to order {order_id}", read)
    return found


def portfolio_of(api: Api, account_id: str) -> str:
    """Return the account's portfolio."""
    return str(api.get(f"/v1/accounts/{account_id}")["portfolio_id"])


def rebuild(
    api: Api, account_id: str, key: str, *, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Rebuild an account's books, tell how far it is, and return what was found.

    Raises UnavailableError with the cause where the rebuild failed.
    """
    path = f"/v1/accounts/{account_id}/rebuilds"
    path += f"/{api.post(path, key=key)['rebuild_id']}"
    told = 0

    def read() -> dict[str, Any] | None:
        nonlocal told
        now: dict[str, Any] = api.get(path)
        if now["state"] == "running" and now["played"] != told:
            told = now["played"]
            progress(f"rebuild of {account_id}: {told:,} of {now['total']:,} steps")
        return None if now["state"] == "running" else now

    ended: dict[str, Any] = wait_for(f"the rebuild of {account_id}", read, seconds=3600)
    if ended["state"] == "failed":
        raise UnavailableError(f"the rebuild of {account_id} failed: {ended['cause']}")
    found: dict[str, Any] = ended["result"]
    return found


def followed(api: Api, job: dict[str, Any], *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Wait until an ingestion job has ended, telling how far it is; return it as it is then."""
    path = f"/v1/data/backfills/{job['job_id']}"
    told = ""

    def read() -> dict[str, Any] | None:
        nonlocal told
        now: dict[str, Any] = api.get(path)
        states = ", ".join(f"{count} {state}" for state, count in now["items"].items() if count)
        line = f"{now['percent_done']} %, {now['rows_written']:,} {now['series']}, {states}"
        if line != told:
            told = line
            left = now["eta_seconds"]
            progress(f"job {now['state']}: {line}" + (f", {left} s left" if left else ""))
        return now if now["ended"] else None

    found: dict[str, Any] = wait_for(f"the end of job {job['job_id']}", read, seconds=24 * 3600)
    return found


def replay(
    api: Api, body: dict[str, Any], key: str, *, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Play bars and wait until the last is published, telling how far it is."""
    started = api.post("/v1/replays", body, key=key)
    path = f"/v1/replays/{started['replay_id']}"
    told = -1

    def read() -> dict[str, Any] | None:
        nonlocal told
        now: dict[str, Any] = api.get(path)
        if now["published"] != told:
            told = now["published"]
            progress(f"replay: {told} of {now['total']} sessions")
        return now if now["state"] in ("done", "failed") else None

    found: dict[str, Any] = wait_for("the replay", read, seconds=24 * 3600)
    return found
