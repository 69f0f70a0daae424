"""Access tokens verified here: signature, issuer, client, use and time.

Imported with the first token that no authorizer has verified: on AWS none comes, and what reads
one costs a fifth of the web framework.
"""

import json
import urllib.request
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bifrost.adapters.clock import SystemClock
from bifrost.core.errors import UnauthenticatedError, UnavailableError
from bifrost.runtime.environment import environment

_JWKS_TIMEOUT_SECONDS = 5
_KEYS_SECONDS = 300
_FRESH_KEYS_SECONDS = 10
# A TypeError comes of a header such as {"crit": 5}, which joserfc takes for a list.
_UNREADABLE = (JoseError, ValueError, TypeError)


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
