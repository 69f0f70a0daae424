"""A kept token is used until shortly before it expires; a password satisfies the pool's policy."""

import base64
import json
import re
import time
from pathlib import Path

import pytest

from bifrost.local import users

LOGIN = users.Login("http://127.0.0.1:1", "pool-1", "client", "trader", "secret")


def a_token(expires: float) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"header.{payload}.signature"


@pytest.fixture
def logins(monkeypatch: pytest.MonkeyPatch) -> list[users.Login]:
    """Count the log-ins; each gives a token that is good for an hour."""
    made: list[users.Login] = []

    def log_in(login: users.Login) -> str:
        made.append(login)
        return a_token(time.time() + 3600)

    monkeypatch.setattr(users, "log_in", log_in)
    return made


def test_a_token_is_asked_for_once_and_kept(tmp_path: Path, logins: list[users.Login]) -> None:
    kept = tmp_path / "token.json"

    first, second = users.token(LOGIN, kept), users.token(LOGIN, kept)

    assert first == second
    assert len(logins) == 1
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("seconds_left", "count"), [(59, 1), (90, 0)])
def test_a_token_is_renewed_shortly_before_it_expires(
    tmp_path: Path, logins: list[users.Login], seconds_left: int, count: int
) -> None:
    kept = tmp_path / "token.json"
    kept.write_text(json.dumps({"pool": "pool-1", "token": a_token(time.time() + seconds_left)}))

    users.token(LOGIN, kept)

    assert len(logins) == count


def test_a_token_of_a_pool_that_is_gone_is_not_used(
    tmp_path: Path, logins: list[users.Login]
) -> None:
    kept = tmp_path / "token.json"
    kept.write_text(json.dumps({"pool": "older", "token": a_token(time.time() + 3600)}))

    users.token(LOGIN, kept)

    assert len(logins) == 1


@pytest.mark.parametrize("spoilt", ["", "a.b", "a.%%%.c", "a.e30.c"])
def test_a_token_that_cannot_be_read_counts_as_expired(spoilt: str) -> None:
    assert users.expires_at(spoilt) == 0.0


def test_a_password_has_every_kind_of_character_that_cognito_asks_for() -> None:
    password = users.new_password()

    assert len(password) >= 20
    assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
    assert password != users.new_password()
