"""The pinned CDK command line reads what the pinned library writes, and the app runs as it says."""

import json
import re

import pytest

from tests.architecture.project import ROOT
from tests.infra import npm
from tests.infra.templates import Synthesised

PAGE = ROOT / "docs" / "deploy-aws.md"
PINNED = "aws-cdk@2.1148.1"


def test_the_command_line_lists_the_stacks_of_the_assembly(
    aws_target: Synthesised, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cdk = npm.installed(PINNED, tmp_path_factory.getbasetemp() / "aws-cdk")
    assembly = next(iter(aws_target.templates.values())).path.parent

    listed = npm.run(cdk / "bin/cdk", "ls", "--no-notices", "--app", str(assembly))
    assert listed.returncode == 0, listed.stderr
    # The test's assembly has the streams, which an ordinary one has not.
    found = ["bifrost-database", "bifrost", "bifrost-watch", "bifrost-streams"]
    assert listed.stdout.split() == found


def test_the_app_of_the_command_line_is_a_module_of_the_project() -> None:
    app = json.loads((ROOT / "cdk.json").read_text())["app"]

    assert app.startswith("uv run ")
    module = app.rpartition(" -m ")[2]
    assert (ROOT / f"{module.replace('.', '/')}.py").exists()


def test_the_page_on_deploying_names_this_version_alone() -> None:
    assert set(re.findall(r"aws-cdk@[\d.]+\d", PAGE.read_text())) == {PINNED}


def test_the_page_on_deploying_says_that_nobody_has_proved_it() -> None:
    assert "**Unproved.**" in PAGE.read_text()
