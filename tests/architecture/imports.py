"""The import rules, run as the developer runs them, on the project or on a copy of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import grimp

from tests.architecture.project import ROOT, sources

PACKAGES = ("bifrost", "functions", "infra_cdk", "layers", "batch")
# What a task or a listener may not load: each costs a cold start more than the work itself.
HEAVY = (
    "boto3",
    # Powertools reads its version number from `botocore`, which costs nothing; a session does.
    "botocore.session",
    "fastapi",
    "mangum",
    "numpy",
    "pandas",
    "pydantic",
    "pydantic_settings",
    "requests",
    "sqlalchemy",
    "starlette",
)


_IMPORTING = """
import json, sys
from importlib import import_module

found, seen = {}, set()
for module in json.loads(sys.argv[1]):
    import_module(module)
    came = [name for name in sys.argv[2:] if name in sys.modules and name not in seen]
    seen.update(came)
    if came:
        found[module] = came
print(json.dumps(found))
"""


def broken_contracts(root: Path = ROOT) -> str:
    """Run import-linter with the root's own contracts; return what it says, empty if all hold."""
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    # The copy's packages must win over the ones that are installed.
    environment = {**os.environ, "PYTHONPATH": f"{root / 'shared'}{os.pathsep}{root}"}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode == 0:
        return ""
    return done.stdout.partition("Broken contracts")[2] or done.stdout + done.stderr


def copy_packages(target: Path) -> Path:
    """Copy what the contracts read, so that a copy can be spoiled."""
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("shared", "functions", "infra_cdk", "layers", "batch"):
        shutil.copytree(ROOT / folder, target / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def modules_outside_the_graph() -> list[str]:
    """Name each file that the import graph misses: a folder without __init__.py hides its files."""
    seen = grimp.build_graph(*PACKAGES, cache_dir=None).modules
    names = map(_module_of, sources())
    return [name for name in names if name.split(".")[0] in PACKAGES and name not in seen]


def heavy_modules_of(*modules: str) -> dict[str, list[str]]:
    """Import modules in a fresh interpreter; name the heavy packages that came with each.

    One interpreter for all: a package is named for the first module that loads it, and where
    none is named, none of them loads any.
    """
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTING, json.dumps(modules), *HEAVY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def _module_of(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] == "shared":
        parts.pop(0)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)
