"""Who calls: a Cognito access token, checked by API Gateway where one stands, else here.

On AWS the HTTP API's JWT authorizer refuses bad tokens before a function is paid for, and hands
over the claims. Without it (the local stack, or a route that somebody left open) the function
verifies signature, issuer, client, use and time itself: a forgotten authorizer opens nothing.
"""

import json
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bifrost.adapters.clock import SystemClock
from bifrost.core.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from bifrost.runtime.environment import environment

ADMIN = "admin"
_JWKS_TIMEOUT_SECONDS = 5
_KEYS_SECONDS = 300
_FRESH_KEYS_SECONDS = 10
# A TypeError comes of a header such as {"crit": 5}, which joserfc takes for a list.
_UNREADABLE = (JoseError, ValueError, TypeError)
_bearer = HTTPBearer(auto_error=False, description="A Cognito access token: `bifrost token`")


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: `owner` is the token's subject, whose things these are."""

    owner: str
    groups: frozenset[str]

    def require(self, group: str) -> None:
        """Raise ForbiddenError unless the caller is in the group."""
        if group not in self.groups:
            raise ForbiddenError(f"this needs the group {group}; you are in {sorted(self.groups)}")


def principal(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    """Return who calls, or raise UnauthenticatedError."""
    claims = _claims_of_gateway(request)
    if claims is None:
        if bearer is None:
            raise UnauthenticatedError("send `Authorization: Bearer <access token>`")
        claims = verified_claims(bearer.credentials)
    elif claims.get("token_use") != "access":
        # The authorizer takes ID tokens too: their audience is the same client.
        raise UnauthenticatedError("send an access token, not an ID token")
    groups = claims.get("cognito:groups") or []
    if isinstance(groups, str):  # API Gateway flattens a list to "[a b]"
        groups = groups.strip("[]").replace(",", " ").split()
    return Principal(owner=str(claims["sub"]), groups=frozenset(groups))


Caller = Annotated[Principal, Depends(principal)]


def verified_claims(token: str) -> dict[str, Any]:
    """Return the token's claims, or raise UnauthenticatedError saying what is wrong with it."""
    try:
        try:
            claims = jwt.decode(token, _keys(_window(_KEYS_SECONDS)), algorithms=["RS256"]).claims
        except _UNREADABLE:
            # The pool may have new keys; looked up no oftener, however many bad tokens come.
            fresh = _keys(_window(_FRESH_KEYS_SECONDS))
            claims = jwt.decode(token, fresh, algorithms=["RS256"]).claims
        _registry().validate(claims)
    except _UNREADABLE as error:
        raise UnauthenticatedError(f"the token is not accepted: {error}") from error
    if not _is_recent(claims):
        raise UnauthenticatedError("the token has expired: sign in again")
    return claims


def _claims_of_gateway(request: Request) -> dict[str, Any] | None:
    event = request.scope.get("aws.event") or {}
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims: dict[str, Any] | None = authorizer.get("jwt", {}).get("claims")
    return claims


def _registry() -> jwt.JWTClaimsRegistry:
    env = environment()
    return jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": env.token_issuer},
        client_id={"essential": True, "value": env.token_audience},
        token_use={"essential": True, "value": "access"},
        sub={"essential": True},
        exp={"essential": True},
    )


def _is_recent(claims: dict[str, Any]) -> bool:
    return float(claims["exp"]) > SystemClock().now().timestamp()


def _window(seconds: int) -> tuple[int, int]:
    return seconds, int(SystemClock().now().timestamp() // seconds)


@lru_cache(maxsize=2)
def _keys(_when: tuple[int, int]) -> KeySet:
    url = environment().token_jwks_url
    if not url.startswith(("http://", "https://")):
        raise UnavailableError(f"TOKEN_JWKS_URL is not a URL: {url!r}")
    try:
        with urllib.request.urlopen(url, timeout=_JWKS_TIMEOUT_SECONDS) as answer:  # noqa: S310  # checked above
            return KeySet.import_key_set(json.load(answer))
    except (OSError, KeyError, *_UNREADABLE) as error:
        raise UnavailableError(f"the user pool's keys did not come: {error}") from error
