"""Errors as problem+json (RFC 9457): the one place where an exception becomes an answer.

`type` is the absolute URL of the problem's page on the same API, so a reader can open it.
"""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from bifrost.core.errors import BifrostError, FieldProblem, InvalidInputError, RefusedError
from bifrost.core.problems import PROBLEMS
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.field_words import fix_of, message_of
from bifrost.runtime.reasons import reason_json

MEDIA_TYPE = "application/problem+json"

_HTTP_KINDS = {
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    406: "NotAcceptableError",
    413: "BodyTooLargeError",
}

# What to do about pydantic's complaints; by the beginning of the error's type.
_FIXES = {
    "missing": "send this field",
    "extra_forbidden": "leave this field out: the API has none of that name",
    "decimal": 'send a finite number as a decimal string, such as "10.50"',
    "finite_number": "send a finite number",
    "greater_than": "send a larger number",
    "less_than": "send a smaller number",
    "string_type": "send a string (numbers of money and quantity are decimal strings)",
    "string_pattern_mismatch": "send only the characters that the API's document allows",
    "string_too_short": "send a longer string",
    "string_too_long": "send a shorter string",
    "string_unicode": "send valid Unicode: no lone surrogates",
    "int": "send a whole number",
    "bool": "send true or false",
    "tuple_type": "send a list",
    "list_type": "send a list",
    "dict_type": "send an object",
    "too_short": "send more items",
    "too_long": "send fewer items",
    "unique": "send each item once",
    "names_or_all": "send a list of symbols",
    "file_name": "send it as daily/aapl.zip: no `..`, no leading slash, only signs that are seen",
    "model_attributes_type": "send a JSON object with `Content-Type: application/json`",
    "enum": "send one of the listed values",
    "literal_error": "send one of the listed values",
    "date_order": "send dates in their order",
    "datetime_type": "send an instant as 2026-01-05T15:30:00Z",
    "date": "send a date as YYYY-MM-DD",
}

_UNREADABLE = FieldProblem(
    "body", "is not JSON in UTF-8", "send a JSON object with `Content-Type: application/json`"
)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as problem+json."""
    app.add_exception_handler(BifrostError, _of_bifrost_error)
    app.add_exception_handler(RequestValidationError, _of_validation_error)
    app.add_exception_handler(HTTPException, _of_http_exception)
    app.add_exception_handler(Exception, _of_fault)


def problem(
    request: Request, kind: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """Answer with the catalogue's entry of `kind`, an error class's name."""
    entry = PROBLEMS[kind]
    body = {
        "type": f"{base_url(request)}/v1/problems/{entry.slug}",
        "title": entry.title,
        "status": entry.status,
        "detail": detail,
        "instance": request.scope["path"],
        "correlation_id": correlation_id(),
        **more,
    }
    return Response(json.dumps(body), entry.status, headers, MEDIA_TYPE)


def base_url(request: Request) -> str:
    """Return the API's address as this caller reached it."""
    return str(request.base_url).rstrip("/")


def _of_bifrost_error(request: Request, error: Exception) -> Response:
    kind = next(c.__name__ for c in type(error).__mro__ if c.__name__ in PROBLEMS)
    if isinstance(error, InvalidInputError):
        return problem(request, kind, str(error), errors=[_field(p) for p in error.problems])
    if isinstance(error, RefusedError):
        reasons = [reason_json(reason) for reason in error.reasons]
        return problem(request, kind, str(error), reasons=reasons)
    headers = {
        "UnauthenticatedError": {"WWW-Authenticate": "Bearer"},
        "UnavailableError": {"Retry-After": "1"},
        "BusyError": {"Retry-After": "60"},
    }.get(kind)
    return problem(request, kind, str(error), headers=headers)


def _of_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise TypeError(f"not a validation error: {error!r}")
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        detail = f"the body is not JSON: {found[0]['ctx']['error']}"
        return problem(request, "UnreadableBodyError", detail, errors=[_field(_UNREADABLE)])
    fields = [_field_of(one) for one in found]
    detail = "; ".join(f"{one.field}: {one.message}" for one in fields)
    return problem(request, "InvalidInputError", detail, errors=[_field(one) for one in fields])


def _of_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError(f"not an HTTP exception: {error!r}")
    kind = _HTTP_KINDS.get(error.status_code, "UnreadableBodyError")
    detail = f"{request.method} {request.scope['path']}: {error.detail}"
    headers = dict(error.headers or {})
    if kind == "MethodNotAllowedError":
        headers["Allow"] = _allowed(request, headers.get("Allow", ""))
        detail = f"{request.scope['path']} takes {headers['Allow']}, not {request.method}"
    more = {"errors": [_field(_UNREADABLE)]} if kind == "UnreadableBodyError" else {}
    return problem(request, kind, detail, headers=headers, **more)


def _allowed(request: Request, said: str) -> str:
    """Join the methods of every route at this address: Starlette says those of the first only."""
    methods = {method.strip() for method in said.split(",") if method.strip()}
    for route in request.app.routes:
        if route.matches(request.scope)[0] is Match.PARTIAL:
            methods |= route.methods
    return ", ".join(sorted(methods))


def _of_fault(request: Request, error: Exception) -> Response:
    return problem(request, "InternalError", f"unexpected {type(error).__name__}")


def _field_of(error: dict[str, Any]) -> FieldProblem:
    place, *path = (str(part) for part in error["loc"])
    field = ".".join(path) or place
    fix = fix_of(error) or next(
        (fix for start, fix in _FIXES.items() if str(error["type"]).startswith(start)),
        "see the API's document at /v1/openapi.json",
    )
    return FieldProblem(field, message_of(error), fix)


def _field(one: FieldProblem) -> dict[str, str]:
    return {"field": one.field, "message": one.message, "fix": one.fix}
