"""The README, typed from top to bottom in a fresh place, does what it says.

The desk is one of the tests' own, in a folder of its own; nothing is asked and nothing stays.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.documents import Block, blocks, shell_blocks
from tests.architecture.project import ROOT

# A run of the tests is not started from within a run of the tests.
PYTEST = "uv run pytest"
PROGRAMS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The reader's shell: this project, this interpreter, and a desk that nobody else uses."""
    hidden = ("BIFROST_", "DATABASE_URL", "AWS_")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(hidden)},
        "BIFROST_HOME": str(tmp_path_factory.mktemp("reader") / "home"),
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        # The tests' environment is complete; `uv run` shall use it and change nothing in it.
        "UV_PROJECT_ENVIRONMENT": sys.prefix,
        "UV_NO_SYNC": "1",
    }
    yield environment
    type_in("uv run bifrost reset --yes", environment)


def type_in(script: str, environment: dict[str, str]) -> str:
    """Run a block as the reader would, with no terminal to answer questions."""
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def is_order(block: Block) -> bool:
    return "curl" in block.text


def test_every_block_of_the_readme_runs_and_the_order_answers_as_printed(
    shell: dict[str, str],
) -> None:
    printed = next(json.loads(b.text) for b in blocks("README.md") if b.language == "json")

    for block in shell_blocks("README.md"):
        if block.text.startswith(PYTEST):
            continue
        said = type_in(block.text, shell)
        if is_order(block):
            first, again = json.loads(said), json.loads(type_in(block.text, shell))
            assert set(printed) <= set(first)
            assert first["client_order_id"] == f"{first['order_id']}-0-0"
            assert again["order_id"] == first["order_id"]


def test_every_block_of_the_architecture_runs(shell: dict[str, str]) -> None:
    for block in shell_blocks("ARCHITECTURE.md"):
        for command in block.commands():
            if not command.startswith(PYTEST):
                type_in(command, shell)
