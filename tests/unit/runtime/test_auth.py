"""A token is accepted only if this desk's pool signed it, for this client, to be used now."""

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from bifrost.core.errors import UnauthenticatedError, UnavailableError
from bifrost.runtime import tokens
from bifrost.runtime.environment import environment

ISSUER, CLIENT = "https://pool.test/p", "client-1"
Sign = Callable[..., str]


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})


@pytest.fixture(autouse=True)
def pool(key: RSAKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pool's keys, served over HTTP as Cognito serves them."""
    document = json.dumps({"keys": [key.as_dict(private=False)]}).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Keys) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("TOKEN_JWKS_URL", f"http://127.0.0.1:{server.server_port}/jwks")
        monkeypatch.setenv("TOKEN_ISSUER", ISSUER)
        monkeypatch.setenv("TOKEN_AUDIENCE", CLIENT)
        environment.cache_clear()
        tokens._keys.cache_clear()
        yield
        server.shutdown()
    environment.cache_clear()
    tokens._keys.cache_clear()


@pytest.fixture
def sign(key: RSAKey) -> Sign:
    def make(signer: RSAKey = key, **changed: Any) -> str:
        claims = {
            "sub": "owner-1",
            "iss": ISSUER,
            "client_id": CLIENT,
            "token_use": "access",
            "exp": int(time.time()) + 600,
            **changed,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "k1"}, present, signer)

    return make


def test_a_good_token_names_its_owner(sign: Sign) -> None:
    assert tokens.verified_claims(sign())["sub"] == "owner-1"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://pool.test/other"},
        {"client_id": "another"},
        {"token_use": "id"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"sub": None},
        {"client_id": None},
    ],
)
def test_a_token_for_another_purpose_or_time_is_refused(sign: Sign, changed: Any) -> None:
    with pytest.raises(UnauthenticatedError):
        tokens.verified_claims(sign(**changed))


def test_a_token_of_another_key_is_refused(sign: Sign) -> None:
    forger = RSAKey.generate_key(2048, {"kid": "k1"})

    with pytest.raises(UnauthenticatedError):
        tokens.verified_claims(sign(signer=forger))


def test_a_token_whose_claims_were_changed_is_refused(sign: Sign) -> None:
    header, _, signature = sign().split(".")
    claims = {"sub": "owner-2", "iss": ISSUER, "client_id": CLIENT, "token_use": "access"}
    body = json.dumps({**claims, "exp": int(time.time()) + 600}).encode()
    forged = base64.urlsafe_b64encode(body).rstrip(b"=").decode()

    with pytest.raises(UnauthenticatedError):
        tokens.verified_claims(f"{header}.{forged}.{signature}")


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 5000, "\u00e9.\u00e9.\u00e9", "..", "null"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        tokens.verified_claims(token)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": 5},
        {"alg": ["RS256"]},
        {"alg": "HS256", "kid": "k1"},
        {"alg": "RS256", "kid": ["k1"]},
        {"alg": "RS256", "crit": 5},
        {"alg": "RS256", "crit": [5]},
        {"alg": "RS256", "crit": ["b64"], "b64": False},
        [],
        None,
    ],
    ids=str,
)
def test_a_header_that_is_none_of_ours_is_refused(header: object) -> None:
    for signature in ("", "AAAA"):
        with pytest.raises(UnauthenticatedError):
            tokens.verified_claims(f"{part(header)}.{part({'sub': 'owner-1'})}.{signature}")


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"5", b'{"keys": [{}]}', b'{"keys": 5}'])
def test_an_answer_that_is_no_key_set_is_no_refusal(
    sign: Sign, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    tokens._keys.cache_clear()
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(answer))

    with pytest.raises(UnavailableError):
        tokens.verified_claims(sign())


def test_keys_that_do_not_come_are_no_refusal(sign: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_JWKS_URL", "http://127.0.0.1:1/jwks")
    environment.cache_clear()
    tokens._keys.cache_clear()

    with pytest.raises(UnavailableError):
        tokens.verified_claims(sign())
