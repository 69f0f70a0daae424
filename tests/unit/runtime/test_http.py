"""Every error leaves as problem+json that names the field and the fix, and nothing is a 5xx."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import pytest
from aws_lambda_powertools import Logger
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from bifrost.core.decisions import Reason
from bifrost.core.errors import (
    BifrostError,
    ConflictError,
    KeyReusedError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from bifrost.core.problems import PROBLEMS
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import BODY_BYTES_MAX, IdempotencyKey, create_app, serve

REFUSED = Reason("buying_power", Decimal(100), Decimal(250), Decimal(100), "USD")


class Body(BaseModel):
    """What the test's route takes."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


def event(method: str, path: str, body: str | None = None, **headers: str) -> dict[str, Any]:
    http = {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "desk.test", "content-type": "application/json", **headers},
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {"requestId": "r-1", "stage": "$default", "http": http},
    }


class Label(BaseModel):
    """What the test's second route takes."""

    name: Annotated[str, Field(min_length=2, max_length=3)] = "abc"
    number: int = 0
    tags: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("a",)


Call = Callable[[dict[str, Any]], tuple[int, dict[str, Any], dict[str, Any]]]


@pytest.fixture
def raised() -> list[Exception]:
    """Put an error in to have the route raise it."""
    return []


@pytest.fixture
def call(raised: list[Exception]) -> Call:
    def down() -> None:
        raise UnavailableError("the venue sleeps")

    app: FastAPI = create_app("test", checks={"venue": down, "clock": lambda: None})

    @app.post("/v1/things")
    def make(body: Body, key: IdempotencyKey) -> dict[str, str]:
        if raised:
            raise raised[0]
        return {"quantity": str(body.quantity), "key": key}

    @app.get("/v1/things")
    def things(limit: int = 50) -> dict[str, str]:
        return {"limit": str(limit)}

    @app.post("/v1/labels")
    def label(body: Label) -> dict[str, str]:
        return {"name": body.name}

    @app.get("/v1/mine")
    def mine(caller: Caller) -> dict[str, str]:
        return {"owner": caller.owner}

    def answer(given: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, Any]]:
        reply = serve(app, given, None, Logger(service="test"))
        return reply["statusCode"], reply["headers"], json.loads(reply["body"])

    return answer


GOOD = '{"quantity": "10"}'
KEY = {"idempotency-key": "k-1"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"quantity": "-1"}', "quantity"),
        ('{"quantity": "NaN"}', "quantity"),
        ('{"quantity": NaN}', "quantity"),
        ('{"quantity": null}', "quantity"),
        ("{}", "quantity"),
        ('{"quantity": "1", "price": "2"}', "price"),
        ("[]", "body"),
        ('"text"', "body"),
    ],
)
def test_bad_input_is_422_and_names_its_field_and_a_fix(call: Call, body: str, field: str) -> None:
    status, headers, problem = call(event("POST", "/v1/things", body, **KEY))

    assert status == 422
    assert headers["content-type"] == "application/problem+json"
    assert problem["errors"][0]["field"] == field
    assert problem["errors"][0]["fix"]


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        ('{"name": "a"}', "send a longer string"),
        ('{"name": "abcd"}', "send a shorter string"),
        ('{"name": "\\ud800"}', "send valid Unicode: no lone surrogates"),
        ('{"number": "ten"}', "send a whole number"),
        ('{"number": 1.5}', "send a whole number"),
        ('{"tags": 5}', "send a list"),
        ('{"tags": []}', "send more items"),
        ('{"tags": ["a", "b", "c"]}', "send fewer items"),
        ("[]", "send a JSON object with `Content-Type: application/json`"),
    ],
)
def test_the_fix_says_what_to_send(call: Call, body: str, fix: str) -> None:
    _, _, problem = call(event("POST", "/v1/labels", body))

    assert [error["fix"] for error in problem["errors"]] == [fix]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"quantity": "1", "quantity": "2"}', ["quantity"]),
        ('{"quantity": "1", "quantity": "1"}', ["quantity"]),
        ('{"quantity": "1", "quant\\u0069ty": "2"}', ["quantity"]),
        ('{"quantity": {"amount": "1", "amount": "2"}}', ["amount"]),
        ('[{"a": 1, "b": 2, "a": 3, "b": 4}]', ["a", "b"]),
        ('{"a": {}, "b": {"a": 1, "": 2, "": 3}}', [""]),
    ],
)
def test_a_name_that_comes_twice_in_one_object_is_422_and_named(
    call: Call, body: str, named: list[str]
) -> None:
    status, headers, problem = call(event("POST", "/v1/things", body, **KEY))

    assert (status, headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in problem["errors"]] == named
    assert {error["fix"] for error in problem["errors"]} == {"send it once"}


@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=1&x=2&limit=1", "%6cimit=1&limit"])
def test_a_query_parameter_that_comes_twice_is_422_and_named(call: Call, query: str) -> None:
    status, _, problem = call(event("GET", "/v1/things") | {"rawQueryString": query})

    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["limit"])


def test_a_query_parameter_that_is_none_is_422_and_the_fix_names_those_there_are(
    call: Call,
) -> None:
    given = event("GET", "/v1/things") | {"rawQueryString": "limt=1&colour=red"}

    status, _, problem = call(given)

    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["colour", "limt"])
    assert {error["fix"] for error in problem["errors"]} == {"send only limit"}


def test_two_keys_that_a_gateway_joined_are_no_key(call: Call) -> None:
    status, _, problem = call(event("POST", "/v1/things", GOOD, **{"idempotency-key": "a,b"}))

    assert (status, problem["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_name_may_come_again_in_another_object(call: Call) -> None:
    body = '{"quantity": {"a": 1}, "price": {"a": 1}}'

    _, _, problem = call(event("POST", "/v1/things", body, **KEY))

    assert [error["field"] for error in problem["errors"]] == ["quantity", "price"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_does_not_say_it_is_json_is_told_so(call: Call, media_type: str) -> None:
    given = event("POST", "/v1/things", GOOD, **KEY, **{"content-type": media_type})

    status, _, problem = call(given)

    assert status == 422
    assert "Content-Type: application/json" in problem["errors"][0]["fix"]


@pytest.mark.parametrize("body", ["{", "\x00", '{"quantity": "1"', "not json"])
def test_unreadable_json_is_400(call: Call, body: str) -> None:
    status, _, problem = call(event("POST", "/v1/things", body, **KEY))

    assert (status, problem["type"]) == (400, "http://desk.test/v1/problems/unreadable-body")
    assert problem["detail"].startswith("the body is not JSON: ")
    assert [error["field"] for error in problem["errors"]] == ["body"]


def test_behind_https_a_problem_is_explained_by_https(call: Call) -> None:
    _, _, problem = call(event("POST", "/v1/things", "{", **KEY, **{"x-forwarded-proto": "https"}))

    assert problem["type"] == "https://desk.test/v1/problems/unreadable-body"


@pytest.mark.parametrize(
    "said",
    [
        {"host": "[::1"},
        {"host": "[::1]:4566"},
        {"host": "a:b:c"},
        {"host": "desk.test:port"},
        {"host": ""},
        {"x-forwarded-port": "abc"},
        {"x-forwarded-proto": "ftp", "host": "a b"},
    ],
)
def test_an_address_that_is_none_in_the_callers_headers_is_not_believed(
    call: Call, said: dict[str, str]
) -> None:
    status, headers, problem = call(event("POST", "/v1/things", "{", **KEY, **said))

    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert problem["type"] in {
        "http://localhost/v1/problems/unreadable-body",
        "http://desk.test/v1/problems/unreadable-body",
    }


def test_bytes_that_are_no_text_are_refused_as_a_problem(call: Call) -> None:
    given = event("POST", "/v1/things", "//79", **KEY) | {"isBase64Encoded": True}

    assert call(given)[0] in (400, 422)


def test_a_body_one_byte_over_the_limit_is_413_and_one_at_it_is_read(call: Call) -> None:
    padded = GOOD + " " * (BODY_BYTES_MAX - len(GOOD))

    assert call(event("POST", "/v1/things", padded, **KEY))[0] == 200
    status, _, problem = call(event("POST", "/v1/things", padded + " ", **KEY))
    assert (status, problem["errors"][0]["field"]) == (413, "body")


@pytest.mark.parametrize("key", ["", "k" * 256, "k 1", "k\u00e9"])
def test_a_key_that_is_no_key_is_422(call: Call, key: str) -> None:
    status, _, problem = call(event("POST", "/v1/things", GOOD, **{"idempotency-key": key}))

    assert (status, problem["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_missing_key_is_422(call: Call) -> None:
    assert call(event("POST", "/v1/things", GOOD))[0] == 422


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("no account a"), 404),
        (ConflictError("it has ended"), 409),
        (KeyReusedError("another body"), 422),
        (UnavailableError("no answer"), 503),
        (OutcomeUnknownError("sent"), 504),
        (RefusedError(REFUSED), 422),
    ],
)
def test_each_error_has_its_status_and_a_page(
    call: Call, raised: list[Exception], error: BifrostError, status: int
) -> None:
    raised.append(error)

    answered, headers, problem = call(event("POST", "/v1/things", GOOD, **KEY))

    assert (answered, problem["status"]) == (status, status)
    assert problem["type"].rsplit("/", 1)[1] in {kind.slug for kind in PROBLEMS.values()}
    assert problem["correlation_id"] == headers["x-correlation-id"] == "r-1"


def test_a_refusal_gives_every_reason_as_values_and_as_a_sentence(
    call: Call, raised: list[Exception]
) -> None:
    raised.append(RefusedError(REFUSED))

    _, _, problem = call(event("POST", "/v1/things", GOOD, **KEY))

    assert problem["reasons"] == [
        {
            "rule": "buying_power",
            "limit": "100",
            "value": "250",
            "headroom": "100",
            "unit": "USD",
            "subject": "",
            "message": "250 USD is needed and 100 USD is free; up to 100 USD would pass",
        }
    ]


def test_a_fault_of_ours_says_nothing_of_its_inside(call: Call, raised: list[Exception]) -> None:
    raised.append(RuntimeError("secret=abc"))

    status, _, problem = call(event("POST", "/v1/things", GOOD, **KEY))

    assert status == 500
    assert "abc" not in json.dumps(problem)


def test_an_address_that_is_not_there_is_a_problem(call: Call) -> None:
    assert call(event("GET", "/v1/nothing"))[0] == 404


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "HEAD", "OPTIONS", "NONSENSE"])
def test_a_method_that_an_address_does_not_take_is_405_and_says_which_it_takes(
    call: Call, method: str
) -> None:
    status, headers, problem = call(event(method, "/v1/things"))

    assert (status, headers["allow"]) == (405, "GET, POST")
    assert problem["type"].endswith("/method-not-allowed")
    assert "GET, POST" in problem["detail"]


def test_no_token_is_401_with_a_challenge(call: Call) -> None:
    status, headers, problem = call(event("GET", "/v1/mine"))

    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert problem["type"].endswith("/unauthenticated")


def test_claims_that_the_gateway_verified_name_the_caller(call: Call) -> None:
    given = event("GET", "/v1/mine")
    claims = {"sub": "owner-1", "token_use": "access"}
    given["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}

    assert call(given)[2] == {"owner": "owner-1"}


@pytest.mark.parametrize("use", [{}, {"token_use": "id"}])
def test_only_an_access_token_that_the_gateway_verified_is_taken(
    call: Call, use: dict[str, str]
) -> None:
    given = event("GET", "/v1/mine")
    given["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": "owner-1", **use}}}

    assert call(given)[0] == 401


def test_readiness_names_what_does_not_answer(call: Call) -> None:
    status, _, body = call(event("GET", "/v1/test/ready"))

    assert status == 503
    assert body["checks"] == {"venue": "down", "clock": "ok"}


def test_a_correlation_id_of_the_caller_is_kept_and_a_strange_one_is_not(call: Call) -> None:
    given = event("GET", "/v1/test/health", **{"x-correlation-id": "trace-7"})
    strange = event("GET", "/v1/test/health", **{"x-correlation-id": "a b\n"})

    assert call(given)[1]["x-correlation-id"] == "trace-7"
    assert call(strange)[1]["x-correlation-id"] != "a b\n"
