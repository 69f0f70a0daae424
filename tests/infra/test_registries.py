"""Promises that what needs a registry is skipped on a laptop and fails in CI, saying why."""

from pathlib import Path

import pytest

from tests.infra import npm
from tests.infra.registries import unreachable

NOWHERE = "http://127.0.0.1:9/"  # the discard port: nothing answers there


@pytest.mark.parametrize("ci", ["true", "1"])
def test_in_ci_a_registry_that_does_not_answer_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    monkeypatch.setenv("CI", ci)

    with pytest.raises(pytest.fail.Exception, match="no such index"):
        unreachable("no such index")


@pytest.mark.parametrize("ci", [None, ""])
def test_elsewhere_it_is_a_skip(monkeypatch: pytest.MonkeyPatch, ci: str | None) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)

    with pytest.raises(pytest.skip.Exception, match="no such index"):
        unreachable("no such index")


def test_a_tool_that_npm_cannot_install_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("npm_config_registry", NOWHERE)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))

    with pytest.raises(pytest.fail.Exception, match=r"no-such-tool@1\.0\.0 could not be installed"):
        npm.installed("no-such-tool@1.0.0", tmp_path)
