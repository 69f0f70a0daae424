"""An address in the environment that is none is named at once, not by what fails on it later."""

from collections.abc import Iterator

import pytest

from bifrost.core.errors import InvalidInputError
from bifrost.runtime.settings import settings


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize("name", ["DATABASE_URL", "AWS_ENDPOINT_URL"])
def test_an_address_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "nonsense")

    with pytest.raises(InvalidInputError, match=name):
        settings()


@pytest.mark.parametrize("name", ["BIFROST_HOME", "DATABASE_URL", "BIFROST_TOKEN"])
def test_what_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")

    assert (settings().home, settings().database_url, settings().token) == (None, None, None)


def test_addresses_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@127.0.0.1/desk")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")

    assert settings().database_url == "postgresql://me@127.0.0.1/desk"
    assert settings().aws_endpoint_url == "http://127.0.0.1:4566"
