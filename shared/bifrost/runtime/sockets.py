"""WebSocket calls of API Gateway: who connects, asks and leaves, by the name of their route.

$connect carries the token: API Gateway knows no JWT authorizer for WebSockets, so it is verified
here, in the header or, for browsers, which cannot set one, in the query (`?token=`). What goes
wrong later is told to the client as a problem, on the connection.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bifrost.core.errors import BifrostError, FieldProblem, InvalidInputError, UnauthenticatedError
from bifrost.core.problems import PROBLEMS

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

Payload = dict[str, Any]
_STATUS = {"UnauthenticatedError": 401, "ForbiddenError": 403, "UnavailableError": 503}
_BODY_MAX = 16 * 1024


@dataclass(frozen=True, slots=True)
class SocketCall:
    """One call: of which connection, and what came with it.

    body: of a message; empty for $connect and $disconnect.
    """

    connection_id: str
    body: Payload
    headers: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who connects, and when their token ends."""

    owner: str
    expires_at: datetime


Sockets = Mapping[str, Callable[[SocketCall], None]]
Tell = Callable[[str, Mapping[str, Any]], None]


def serve_socket(sockets: Sockets, tell: Tell, event: Payload, logger: "Logger") -> Payload:
    """Do what the route is for; the answer's status alone counts, and for $connect only."""
    context = event["requestContext"]
    route, connection_id = context["routeKey"], context["connectionId"]
    try:
        call = _call_of(event)
        sockets[route](call)
    except BifrostError as error:
        logger.info("socket refused", extra={"route": route, "error": str(error)})
        if route == "$connect":
            return {"statusCode": _STATUS.get(type(error).__name__, 400)}
        tell(connection_id, _problem(error))
    return {"statusCode": 200}


def caller_of(call: SocketCall) -> Caller:
    """Verify the token that came with $connect; raise UnauthenticatedError."""
    from bifrost.runtime.tokens import verified_claims

    header = call.headers.get("authorization", "")
    token = header.removeprefix("Bearer ") if header else call.query.get("token", "")
    if not token:
        raise UnauthenticatedError("send `Authorization: Bearer <access token>`, or ?token=")
    claims = verified_claims(token)
    return Caller(str(claims["sub"]), datetime.fromtimestamp(float(claims["exp"]), UTC))


def _call_of(event: Payload) -> SocketCall:
    headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
    connection_id = event["requestContext"]["connectionId"]
    body = _body_of(event) if event["requestContext"]["eventType"] == "MESSAGE" else {}
    return SocketCall(connection_id, body, headers, event.get("queryStringParameters") or {})


def _body_of(event: Payload) -> Payload:
    import json

    text = event.get("body") or ""
    fix = 'send JSON such as {"action": "subscribe", "channels": ["bars:AAPL:1d"]}'
    if len(text) > _BODY_MAX:
        raise InvalidInputError(FieldProblem("body", f"is over {_BODY_MAX} characters", fix))
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise InvalidInputError(FieldProblem("body", "is no JSON object", fix))
    return body


def _problem(error: BifrostError) -> Payload:
    kinds = (one.__name__ for one in type(error).__mro__)
    kind = next((one for one in kinds if one in PROBLEMS), "InternalError")
    entry = PROBLEMS[kind]
    fields = [
        {"field": one.field, "message": one.message, "fix": one.fix}
        for one in getattr(error, "problems", ())
    ]
    said = {"type": "problem", "problem": f"/v1/problems/{entry.slug}", "title": entry.title}
    return {**said, "detail": str(error), **({"errors": fields} if fields else {})}
