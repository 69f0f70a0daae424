"""Routes of a subject come with the first request that may be for them, and none is ever missed."""

import json
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from bifrost.runtime.http import create_app, create_router, serve
from bifrost.runtime.subjects import SubjectApp
from tests.functions.ways_in import http_event

MODULE = "functions.test.routes_lots"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> SubjectApp:
    """An app with one subject, which answers under the word `lots`."""
    router = create_router()

    @router.get("/v1/{account_id}/lots")
    def show(account_id: str) -> dict[str, str]:
        return {"account": account_id}

    module = ModuleType(MODULE)
    module.router = router  # type: ignore[attr-defined]  # as a module of routes has
    monkeypatch.setitem(sys.modules, MODULE, module)
    return create_app("test", checks={})


def ask(app: SubjectApp, method: str, path: str) -> dict[str, Any]:
    """Ask as API Gateway does."""
    answer: dict[str, Any] = serve(
        app, http_event(method, path, claims={}), None, Logger(service="test")
    )
    return answer


def served(app: SubjectApp) -> set[str]:
    """The addresses that are taken in so far."""
    return {getattr(route, "path", "") for route in app.router.routes}


def test_a_subject_is_taken_in_once_and_only_when_it_is_asked_for(app: SubjectApp) -> None:
    app.take_in_later(MODULE, "lots")

    assert ask(app, "GET", "/v1/test/health")["statusCode"] == 200
    assert "/v1/{account_id}/lots" not in served(app)
    assert json.loads(ask(app, "GET", "/v1/a-1/lots")["body"]) == {"account": "a-1"}
    assert json.loads(ask(app, "GET", "/v1/a-2/lots")["body"]) == {"account": "a-2"}
    assert [getattr(route, "path", "") for route in app.routes].count("/v1/{account_id}/lots") == 1


def test_a_wrong_method_is_told_what_the_address_takes(app: SubjectApp) -> None:
    app.take_in_later(MODULE, "lots")

    answer = ask(app, "DELETE", "/v1/a-1/lots")

    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "GET")


def test_an_address_that_no_subject_has_is_not_found(app: SubjectApp) -> None:
    app.take_in_later(MODULE, "lots")

    assert ask(app, "GET", "/v1/a-1/lot")["statusCode"] == 404
    assert "/v1/{account_id}/lots" not in served(app)


def test_whoever_asks_for_the_routes_gets_all(app: SubjectApp) -> None:
    app.take_in_later(MODULE, "lots")

    assert "/v1/{account_id}/lots" in {getattr(route, "path", "") for route in app.routes}


def test_a_route_without_a_word_of_its_subject_is_refused(app: SubjectApp) -> None:
    app.take_in_later(MODULE, "parcels")

    with pytest.raises(ValueError, match="has none of the words of functions"):
        app.routes  # noqa: B018  # asking is what takes it in


@pytest.mark.parametrize(
    "name", ["joserfc", "bifrost.portfolio.tax", "functions.portfolio.routes_tax"]
)
def test_portfolios_first_request_does_not_pay_for(name: str) -> None:
    code = f"import sys, functions.portfolio.routes; sys.exit({name!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
