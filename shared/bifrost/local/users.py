"""The stack's first user, and the token that a command presents for them.

The password is generated once and kept in the stack's record, which only its owner reads.
A token is kept until shortly before it expires.
"""

import base64
import contextlib
import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from bifrost.core.errors import UnauthenticatedError
from bifrost.local import aws
from bifrost.local.home import write_private

FIRST_USER = "trader"
GROUP = "admin"
EXPIRY_MARGIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Login:
    """Where and as whom to log in."""

    endpoint_url: str
    user_pool_id: str
    client_id: str
    username: str
    password: str = field(repr=False)


def new_password() -> str:
    """A password that satisfies Cognito's default policy: each of its four kinds occurs."""
    return f"Aa1!{secrets.token_urlsafe(18)}"


def ensure_user(login: Login) -> None:
    """Create the user with their password and group unless they are there."""
    pool = aws.client("cognito-idp", login.endpoint_url)
    errors = pool.exceptions
    try:
        pool.admin_get_user(UserPoolId=login.user_pool_id, Username=login.username)
    except errors.UserNotFoundException:
        pool.admin_create_user(
            UserPoolId=login.user_pool_id, Username=login.username, MessageAction="SUPPRESS"
        )
        pool.admin_set_user_password(
            UserPoolId=login.user_pool_id,
            Username=login.username,
            Password=login.password,
            Permanent=True,
        )
    with contextlib.suppress(errors.GroupExistsException):
        pool.create_group(UserPoolId=login.user_pool_id, GroupName=GROUP)
    pool.admin_add_user_to_group(
        UserPoolId=login.user_pool_id, Username=login.username, GroupName=GROUP
    )


def token(login: Login, kept: Path) -> str:
    """A valid token for the user: the kept one, or a fresh one."""
    stored = _read(kept)
    if stored.get("pool") == login.user_pool_id and _is_fresh(str(stored.get("token", ""))):
        return str(stored["token"])
    fresh = log_in(login)
    write_private(kept, json.dumps({"pool": login.user_pool_id, "token": fresh}))
    return fresh


def log_in(login: Login) -> str:
    """Log in and return the access token: what an API is called with, and what it verifies."""
    pool = aws.client("cognito-idp", login.endpoint_url)
    try:
        answer = pool.initiate_auth(
            ClientId=login.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": login.username, "PASSWORD": login.password},
        )
    except pool.exceptions.ClientError as error:
        raise UnauthenticatedError(
            f"{login.username} could not log in: {error}; `bifrost up` creates the user"
        ) from error
    return str(answer["AuthenticationResult"]["AccessToken"])


def expires_at(value: str) -> float:
    """The `exp` of a token, in seconds since the epoch; 0 where it cannot be read."""
    try:
        payload = value.split(".")[1]
        padded = payload + "=" * (-len(payload) % 4)
        return float(json.loads(base64.urlsafe_b64decode(padded))["exp"])
    except (IndexError, KeyError, ValueError):
        return 0.0


def _is_fresh(value: str) -> bool:
    return expires_at(value) > time.time() + EXPIRY_MARGIN_SECONDS


def _read(kept: Path) -> dict[str, object]:
    try:
        stored = json.loads(kept.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}
