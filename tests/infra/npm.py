"""Runs a pinned npm tool on the project's own node, wherever npm's registry can be reached."""

import os
import subprocess
from functools import lru_cache
from pathlib import Path

from infra_cdk.node import bundled_node
from tests.infra.registries import unreachable


@lru_cache
def installed(package: str, folder: Path) -> Path:
    """Install `name@version` into `folder` and return it; where npm cannot, see `unreachable`."""
    npm = bundled_node().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    done = _run(
        str(npm),
        *("install", "--no-audit", "--no-fund", "--no-save", "--fetch-retries", "0"),
        *("--prefix", str(folder), package),
    )
    if done.returncode != 0:
        unreachable(f"{package} could not be installed: {done.stderr[-300:]}")
    return folder / "node_modules" / package.rpartition("@")[0]


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a JavaScript program and return what it said."""
    return _run(str(program), *arguments)


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    node = bundled_node()
    quiet = {"CDK_DISABLE_CLI_TELEMETRY": "true", "NO_COLOR": "1"}
    return subprocess.run(
        [str(node), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **quiet, "PATH": f"{node.parent}:{os.environ.get('PATH', '')}"},
    )
