"""The functions' code as one directory: the package and the handlers, nothing else.

One asset for every function: the bytes are uploaded once, and a hash of sources alone decides
whether anything is deployed. What only a laptop or a migration needs stays out.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Rooms of `bifrost` that no function imports.
_LEFT_OUT = frozenset({"cli", "local", "migrations"})
# What the runner imports, as the layers pin it.
RUNNER_NEEDS = ("backbone", "columns", "vendors")
_KEPT = frozenset({".py", ".sql", ".json", ".csv", ".html", ".typed"})


def stage_code(into: Path) -> Path:
    """Copy what a function runs into the empty directory `into`, and return it."""
    shutil.copytree(ROOT / "shared" / "bifrost", into / "bifrost", ignore=_ignored)
    shutil.copytree(ROOT / "functions", into / "functions", ignore=_ignored)
    return into


def stage_runner(into: Path) -> Path:
    """Copy what the runner's container is built of into the empty directory `into`."""
    shutil.copytree(ROOT / "shared" / "bifrost", into / "bifrost", ignore=_ignored)
    shutil.copytree(ROOT / "batch", into / "batch", ignore=_ignored)
    shutil.copyfile(ROOT / "batch" / "runner" / "Dockerfile", into / "Dockerfile")
    (into / "requirements").mkdir()
    for name in RUNNER_NEEDS:
        shutil.copyfile(ROOT / "layers" / f"{name}.txt", into / "requirements" / f"{name}.txt")
    return into


def _ignored(directory: str, names: list[str]) -> set[str]:
    here = Path(directory)
    return {name for name in names if not _is_kept(here / name)}


def _is_kept(path: Path) -> bool:
    if path.is_dir():
        return path.name not in _LEFT_OUT and path.name != "__pycache__"
    return path.suffix in _KEPT
