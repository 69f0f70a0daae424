"""The import rules, run as the developer runs them, on the project or on a copy of it."""

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


def heavy_modules_of(module: str) -> list[str]:
    """Import a module in a fresh interpreter and name the heavy packages that came along."""
    code = f"import sys, {module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def _module_of(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] == "shared":
        parts.pop(0)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)
