"""Who calls: a Cognito access token, checked by API Gateway where one stands, else here.

On AWS the HTTP API's JWT authorizer refuses bad tokens before a function is paid for, and hands
over the claims. Without it (the local stack, or a route that somebody left open) the function
verifies the token itself, in `tokens.py`: a forgotten authorizer opens nothing.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bifrost.core.errors import ForbiddenError, UnauthenticatedError

ADMIN = "admin"
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
        from bifrost.runtime.tokens import verified_claims

        claims = verified_claims(bearer.credentials)
    elif claims.get("token_use") != "access":
        # The authorizer takes ID tokens too: their audience is the same client.
        raise UnauthenticatedError("send an access token, not an ID token")
    groups = claims.get("cognito:groups") or []
    if isinstance(groups, str):  # API Gateway flattens a list to "[a b]"
        groups = groups.strip("[]").replace(",", " ").split()
    return Principal(owner=str(claims["sub"]), groups=frozenset(groups))


Caller = Annotated[Principal, Depends(principal)]


def _claims_of_gateway(request: Request) -> dict[str, Any] | None:
    event = request.scope.get("aws.event") or {}
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims: dict[str, Any] | None = authorizer.get("jwt", {}).get("claims")
    return claims
