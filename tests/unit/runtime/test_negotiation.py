"""A caller gets the form of a table that he likes best, and nothing where he has it already."""

import json
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from fastapi import Request, Response
from starlette.exceptions import HTTPException

from bifrost.runtime.http import create_app, serve
from bifrost.runtime.negotiation import ARROW, CSV, JSON, PARQUET, Page, answer, preferred
from bifrost.runtime.tables import Column, Kind, Table
from tests.unit.runtime.test_http import event

TABLE = Table((Column("instrument", Kind.TEXT, ["AAPL"] * 500),))


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("text/*", CSV),
        (ARROW, ARROW),
        (f"{PARQUET}, {CSV};q=0.9", PARQUET),
        (f"{CSV};q=0.5, application/json;q=0.4", CSV),
        ("application/json;q=0, */*;q=0.1", CSV),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("application/json;q=high, text/csv;q=0.9", JSON),
        (",,", JSON),
    ],
)
def test_the_best_liked_form_is_answered(accept: str, media: str) -> None:
    assert preferred(accept) == media


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "application/json;q=0.000"])
def test_a_caller_who_takes_none_of_ours_is_told_which_there_are(accept: str) -> None:
    with pytest.raises(HTTPException, match="text/csv") as caught:
        preferred(accept)

    assert caught.value.status_code == 406


def _call(page: Page, **headers: str) -> dict[str, Any]:
    app = create_app("test", checks={}, compresses=True)

    @app.get("/table")
    def show(request: Request) -> Response:
        return answer(request, page)

    answered: dict[str, Any] = serve(app, event("GET", "/table", **headers), None, Logger())
    return answered


def _page(**more: Any) -> Page:
    return Page(lambda: TABLE, lambda: json.dumps({"items": ["AAPL"] * 500}).encode(), **more)


def test_a_page_names_the_next_one_and_how_long_it_may_be_kept() -> None:
    found = _call(_page(next_address="/table?cursor=2"), accept="text/csv")

    assert found["statusCode"] == 200
    assert found["headers"]["content-type"] == "text/csv; charset=utf-8"
    assert found["headers"]["link"] == '</table?cursor=2>; rel="next"'
    assert found["headers"]["cache-control"] == "private, no-cache"
    assert found["body"].startswith("instrument\nAAPL\n")


def test_what_no_later_fact_can_change_may_be_kept_for_ever() -> None:
    assert "immutable" in _call(_page(is_final=True))["headers"]["cache-control"]


def test_a_caller_who_has_it_gets_no_body() -> None:
    tag = _call(_page())["headers"]["etag"]

    again = _call(_page(), **{"if-none-match": f'"other", {tag}'})

    assert again["statusCode"] == 304
    assert again["body"] == ""
    assert again["headers"]["etag"] == tag


def test_each_form_has_a_tag_of_its_own() -> None:
    assert _call(_page())["headers"]["etag"] != _call(_page(), accept=CSV)["headers"]["etag"]


def test_a_long_page_is_compressed_for_those_who_can_read_it() -> None:
    found = _call(_page(), **{"accept-encoding": "gzip"})

    assert found["headers"]["content-encoding"] == "gzip"
    assert found["isBase64Encoded"]
    assert len(found["body"]) < 1000
    assert "Accept-Encoding" in found["headers"]["vary"]


def test_bytes_travel_as_base64() -> None:
    assert _call(_page(), accept=PARQUET)["isBase64Encoded"]


def test_what_cannot_be_had_is_a_problem_of_its_own() -> None:
    found = _call(_page(), accept="image/png")

    body = json.loads(found["body"])
    assert found["statusCode"] == 406
    assert body["type"].endswith("/v1/problems/not-acceptable")
    assert "application/vnd.apache.parquet" in body["detail"]
