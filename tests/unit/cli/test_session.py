"""Which account a command means, under which key it asks, and what never leaves the machine."""

from typing import Any

import httpx
import pytest
import typer

from bifrost.cli import session
from bifrost.cli.session import the_account
from bifrost.core.errors import InvalidInputError, NotFoundError, UnavailableError
from bifrost.local.api import Api


class Server:
    """Answers in the API's place and keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, str):
            return httpx.Response(200, text=answer)
        return httpx.Response(200, json=answer)


def api_of(server: Server, monkeypatch: pytest.MonkeyPatch) -> Api:
    make = httpx.Client
    monkeypatch.setattr(
        httpx, "Client", lambda **given: make(**given, transport=httpx.MockTransport(server))
    )
    return Api("http://desk.test", "token")


def account(name: str, recorded_at: str) -> dict[str, str]:
    # Market time stands still between replays: accounts opened meanwhile share it.
    return {"account_id": name, "opened_at": "2012-01-06T21:00:00Z", "recorded_at": recorded_at}


def test_the_account_is_the_newest_of_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    older = {
        "items": [account("a", "2026-01-01T00:00:00Z"), account("b", "2026-01-02T00:00:00Z")],
        "next_cursor": "2",
    }
    newest = {"items": [account("c", "2026-01-03T00:00:00Z")], "next_cursor": None}
    api = api_of(Server(older, newest), monkeypatch)

    assert the_account(api, None) == "c"


def test_an_account_that_is_named_is_the_one_meant_even_where_its_name_is_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert the_account(api_of(Server(), monkeypatch), "") == ""


def test_without_an_account_the_next_step_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    api = api_of(Server({"items": [], "next_cursor": None}), monkeypatch)

    with pytest.raises(NotFoundError, match="bifrost accounts open"):
        the_account(api, None)


@pytest.mark.parametrize(
    "order_id",
    ["../../x", "..", "a?b", "a#b", "a\nb", "", "a b", "%2e%2e", "é", "x" * 129],
)
def test_an_id_that_would_be_another_address_is_never_sent(
    monkeypatch: pytest.MonkeyPatch, order_id: str
) -> None:
    server = Server()
    api = api_of(server, monkeypatch)

    with pytest.raises(InvalidInputError):
        api.get(f"/v1/orders/{order_id}/steps")
    assert server.asked == []


@pytest.mark.parametrize("key", ["é", "\udcff"])
def test_a_key_that_cannot_be_sent_is_bad_input(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be sent"):
        api_of(Server(), monkeypatch).post("/v1/orders", {}, key=key)


def test_a_body_that_is_no_text_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInputError, match="cannot be sent"):
        api_of(Server(), monkeypatch).post("/v1/orders", {"instrument": "\udcff"})


@pytest.mark.parametrize(("url", "token"), [("http://[::1", "x"), ("http://desk.test", "é")])
def test_an_address_or_token_that_cannot_be_one_is_bad_input(url: str, token: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be sent"):
        Api(url, token)


def test_a_server_that_is_not_the_desk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match=r"desk\.test is not the desk's API"):
        api_of(Server("<html>"), monkeypatch).get("/v1/orders")


def test_a_key_that_is_empty_is_sent_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script's empty variable must be refused, not replaced by a key that protects nothing."""
    from bifrost.cli.orders import place

    server = Server({"order_id": "o", "status": "accepted"})
    api = api_of(server, monkeypatch)
    monkeypatch.setattr(session, "connect", lambda: api)

    with pytest.raises(typer.Exit):
        place("buy", "1", "AAPL", account="a", key="", wait=False)
    assert server.asked[0].headers["idempotency-key"] == ""
