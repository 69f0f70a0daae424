"""Who may do what: forged and expired tokens, other people's accounts, and the admin's doors."""

import base64
import hashlib
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.live_desk import LiveDesk, an_order, difference, new_key

PARTS = ("", "/positions", "/ledger", "/valuations", "/pnl", "/returns")

Claims = dict[str, Any]


@pytest.fixture(scope="module")
def account(live_desk: LiveDesk) -> str:
    """The first user's."""
    live_desk.ensure_up()
    return live_desk.account("1000")


@pytest.fixture(scope="module")
def stranger(live_desk: LiveDesk) -> str:
    """The token of a user who has nothing and is in no group."""
    live_desk.ensure_up()
    return live_desk.token_of(f"stranger-{new_key()}")


def claims_of(token: str) -> Claims:
    payload = token.split(".")[1]
    found: Claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def pool_key(desk: LiveDesk) -> RSAKey:
    """The key with which the pool signs access tokens, read from the emulator's own files."""
    pool = desk.state.login.user_pool_id
    kept = desk.home / "aws" / "state" / "cognito-pool-keys" / f"{pool}-access.pem"
    key = RSAKey.import_key(kept.read_bytes())
    public = base64.b64decode("".join(key.as_pem(private=False).decode().splitlines()[1:-1]))
    kid = base64.b64encode(hashlib.sha256(public).digest()).decode()
    return RSAKey.import_key(kept.read_bytes(), {"kid": kid})


def signed(claims: Claims, key: RSAKey) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def segment(value: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def bad_tokens(desk: LiveDesk) -> dict[str, str | None]:
    """Each way in which a token is not one of this desk's."""
    good = desk.token()
    header, payload, signature = good.split(".")
    claims, key = claims_of(good), pool_key(desk)
    forger = RSAKey.generate_key(2048, {"kid": key.kid})
    someone_else = segment(claims | {"sub": "00000000-0000-0000-0000-000000000000"})
    past = int(time.time()) - 1
    return {
        "none at all": None,
        "no token": "nonsense",
        "signed by a forger under the pool's key id": signed(claims, forger),
        "another subject under a good signature": f"{header}.{someone_else}.{signature}",
        "no signature": f"{segment({'alg': 'none'})}.{payload}.",
        "expired a second ago": signed(claims | {"exp": past}, key),
        "of another client": signed(claims | {"client_id": "another"}, key),
        "an ID token": signed(claims | {"token_use": "id"}, key),
    }


def test_a_token_that_the_pool_signed_anew_is_accepted(desk: LiveDesk) -> None:
    again = signed(claims_of(desk.token()), pool_key(desk))

    assert desk.call("GET", "/v1/accounts", token=again).status_code == 200


def test_every_forged_or_expired_token_is_a_401_and_writes_nothing(
    desk: LiveDesk, account: str
) -> None:
    desk.settle()
    before = desk.counts()

    for what, token in bad_tokens(desk).items():
        answer = desk.call("POST", "/v1/orders", token=token, key=new_key(), json=an_order(account))
        assert answer.status_code == 401, f"{what}: {answer.status_code} {answer.text}"
        assert answer.headers["content-type"] == "application/problem+json", what
        assert answer.headers["www-authenticate"] == "Bearer", what
        assert answer.json()["type"].endswith("/v1/problems/unauthenticated"), what
    assert not difference(before, desk.counts())


def test_another_persons_account_is_not_found_by_any_way_in(
    desk: LiveDesk, account: str, stranger: str
) -> None:
    order_id = desk.call("POST", "/v1/orders", key=new_key(), json=an_order(account)).json()[
        "order_id"
    ]
    desk.order(order_id)
    desk.settle()
    portfolio = f"/v1/portfolios/{desk.portfolio(account)['portfolio_id']}"
    cash = {"amount": "1"}
    asked: list[tuple[str, str, Any]] = [
        ("GET", f"/v1/accounts/{account}", None),
        ("GET", f"/v1/accounts/{account}/buying-power", None),
        ("GET", f"/v1/accounts/{account}/limits", None),
        ("POST", f"/v1/accounts/{account}/deposits", cash),
        ("POST", f"/v1/accounts/{account}/withdrawals", cash),
        *[("GET", portfolio + part, None) for part in PARTS],
        ("GET", f"/v1/orders/{order_id}", None),
        ("POST", f"/v1/orders/{order_id}/cancel", None),
        ("POST", "/v1/orders", an_order(account)),
        ("POST", "/v1/orders/preview", an_order(account)),
        ("POST", "/v1/reconciliations", {"account_id": account}),
    ]
    before = desk.counts()

    said = {
        f"{method} {path}": desk.call(method, path, token=stranger, key=new_key(), json=body)
        for method, path, body in asked
    }
    desk.settle()

    wrong = {what: answer.text for what, answer in said.items() if answer.status_code != 404}
    assert not wrong
    assert all(answer.json()["type"].endswith("/not-found") for answer in said.values())
    assert not difference(before, desk.counts())


def test_a_stranger_sees_nothing_of_others_in_any_list(
    desk: LiveDesk, account: str, stranger: str
) -> None:
    paths = ("/v1/accounts", "/v1/portfolios", "/v1/orders", "/v1/decisions?order_id=any")
    for path in paths:
        answer = desk.call("GET", path, token=stranger)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        assert answer.json()["items"] == [], path

    asked = desk.call("GET", f"/v1/orders?account_id={account}", token=stranger)
    assert asked.status_code == 404 or asked.json()["items"] == [], asked.text


def test_the_admins_doors_are_closed_to_everybody_else(
    desk: LiveDesk, account: str, stranger: str
) -> None:
    before = desk.counts()
    asked: list[tuple[str, str, Any]] = [
        ("GET", "/v1/restricted-list", None),
        ("PUT", "/v1/restricted-list/AAPL", {"reason": "spite"}),
        ("DELETE", "/v1/restricted-list/AAPL?effective_until=2012-01-03", None),
    ]

    for method, path, body in asked:
        answer = desk.call(method, path, token=stranger, json=body)
        assert answer.status_code == 403, f"{method} {path}: {answer.text}"
        assert answer.json()["type"].endswith("/v1/problems/forbidden")
    assert not difference(before, desk.counts())
