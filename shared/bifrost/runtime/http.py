"""FastAPI set up the same way for every capability, and how API Gateway's events reach it."""

import asyncio
import atexit
import json
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from aws_lambda_powertools import Logger
from fastapi import APIRouter, FastAPI, Header
from fastapi.dependencies.models import Dependant
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from mangum import Mangum
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.runtime.correlation import correlate
from bifrost.runtime.health import Check, run
from bifrost.runtime.problems import install, problem
from bifrost.runtime.subjects import SubjectApp

BODY_BYTES_MAX = 64 * 1024
# An answer of so many bytes is worth compressing.
_COMPRESSED_FROM = 1024

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        # No comma: API Gateway joins two headers of one name with it.
        pattern=r"^[\x21-\x2b\x2d-\x7e]+$",
        description="Names the request: the same key and body is the same request for ever.",
    ),
]

# What travels as text; API Gateway would take everything else as base64.
_TEXT = ["text/", "application/json", "application/problem+json"]

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?")

_servers: WeakKeyDictionary[FastAPI, Mangum] = WeakKeyDictionary()


def create_app(
    capability: str, *, checks: Mapping[str, Check], compresses: bool = False
) -> SubjectApp:
    """Return an app with the error answers, the body limit, `/health` and `/ready`.

    checks: what readiness asks, by name; each raises a BifrostError where it is not ready.
    compresses: its long answers travel as gzip to those who accept it.
    """
    app = SubjectApp(
        title=f"Bifrost {capability}",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    install(app)
    app.router.route_class = _StrictRoute
    app.add_middleware(_BodyLimit)
    if compresses:
        # Half of gzip's effort for nine tenths of its effect on rows of numbers.
        app.add_middleware(GZipMiddleware, minimum_size=_COMPRESSED_FROM, compresslevel=5)

    @app.get(f"/v1/{capability}/health", tags=["health"], operation_id=f"{capability}_health")
    def health() -> dict[str, str]:
        """Say that the function runs."""
        return {"status": "ok", "capability": capability}

    @app.get(f"/v1/{capability}/ready", tags=["health"], operation_id=f"{capability}_ready")
    def ready() -> JSONResponse:
        """Say whether what the capability needs answers: 200, or 503 naming what does not."""
        found = run(checks)
        good = all(outcome == "ok" for outcome in found.values())
        body = {"status": "ready" if good else "not ready", "checks": found}
        return JSONResponse(body, 200 if good else 503)

    return app


def create_router() -> APIRouter:
    """Return a part of an app's routes, read as strictly as the app's own."""
    return APIRouter(route_class=_StrictRoute)


def serve(app: FastAPI, event: dict[str, Any], context: Any, logger: Logger) -> Any:
    """Answer one API Gateway event (HTTP API, payload 2.0)."""
    headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
    request_id = event.get("requestContext", {}).get("requestId")
    given = correlate(headers.get("x-correlation-id") or request_id)
    route = event.get("requestContext", {}).get("http", {})
    logger.append_keys(correlation_id=given)
    # Mangum takes the thread's event loop, which from 3.12 on nobody makes by asking for it.
    asyncio.set_event_loop(_event_loop())
    if app not in _servers:
        _servers[app] = Mangum(app, lifespan="off", text_mime_types=_TEXT)
    answer = _servers[app]({**event, "headers": headers | _reached_by(headers)}, context)
    answer.setdefault("headers", {})["x-correlation-id"] = given
    logger.info(
        "request answered",
        extra={
            "method": route.get("method"),
            "path": route.get("path"),
            "status": answer.get("statusCode"),
        },
    )
    return answer


def _reached_by(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that say by which address the caller came, where they do not, a guess.

    On the local stack they are whatever the caller wrote, and Mangum fails on a port that is no
    number. API Gateway says that it was reached by https; what says nothing was reached by plain
    HTTP, and Mangum's guess would make each problem's `type` an address that nobody answers.
    """
    host = headers.get("host", "")
    return {
        "host": host if _HOST.fullmatch(host) else "localhost",
        "x-forwarded-proto": "https" if headers.get("x-forwarded-proto") == "https" else "http",
        "x-forwarded-port": "80",
    }


@lru_cache
def _event_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


class _StrictRequest(Request):
    """Reads a body in which each name of an object comes once.

    RFC 8259 leaves it open which of two quantities counts; what reads the log and what places
    the order could take different ones.
    """

    async def json(self) -> Any:
        return json.loads(await self.body(), object_pairs_hook=_each_once)


class _StrictRoute(APIRoute):
    """Takes the query parameters it knows, each once, and a body that is strictly read.

    A filter with a slip in its name would otherwise list everything.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        known = _query_names(self.dependant)

        async def answer_strictly(request: Request) -> Response:
            _require_once(request.query_params.multi_items(), "in the query")
            _require_known(request.query_params.keys(), known)
            try:
                return await answer(_StrictRequest(request.scope, request.receive))
            except HTTPException as error:
                # FastAPI puts a 400 of its own over whatever the reading of a body raises.
                if isinstance(error.__cause__, InvalidInputError):
                    raise error.__cause__ from None
                raise

        return answer_strictly


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _require_once(pairs, "in one object")
    return found


def _require_once(pairs: list[tuple[str, Any]], where: str) -> None:
    repeated = {
        name: times for name, times in Counter(name for name, _ in pairs).items() if times > 1
    }
    if repeated:
        raise InvalidInputError(
            *(
                FieldProblem(name, f"comes {times} times {where}", "send it once")
                for name, times in repeated.items()
            )
        )


def _query_names(asked: Dependant) -> set[str]:
    """Return what a route, and whatever it depends on, reads from the query."""
    below = (_query_names(one) for one in asked.dependencies)
    return {one.alias for one in asked.query_params}.union(*below)


def _require_known(given: Iterable[str], known: set[str]) -> None:
    fix = f"send only {', '.join(sorted(known))}" if known else "leave it out"
    unknown = [FieldProblem(name, "is no query parameter here", fix) for name in {*given} - known]
    if unknown:
        raise InvalidInputError(*sorted(unknown, key=lambda one: one.field))


class _BodyLimit:
    """Refuses a body that is too large before anything reads it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more and len(body) <= BODY_BYTES_MAX:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if len(body) > BODY_BYTES_MAX:
            detail = f"the body is over {BODY_BYTES_MAX} bytes"
            fix = f"send at most {BODY_BYTES_MAX} bytes"
            errors = [{"field": "body", "message": detail, "fix": fix}]
            answer: Response = problem(Request(scope), "BodyTooLargeError", detail, errors=errors)
            await answer(scope, receive, send)
            return

        async def again() -> Message:
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self._app(scope, again, send)
