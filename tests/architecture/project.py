"""Where the project's parts stand, for the checks of this folder and for the copies they test."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE_FOLDERS = ("shared", "functions", "infra_cdk", "batch", "layers")


def sources(root: Path = ROOT) -> list[Path]:
    """Every Python file that is shipped or deploys what is shipped."""
    return sorted(path for folder in SOURCE_FOLDERS for path in (root / folder).rglob("*.py"))


def python_files(root: Path = ROOT) -> list[Path]:
    """Every Python file of the project, its tests included."""
    return sources(root) + sorted((root / "tests").rglob("*.py"))


def name_of(path: Path, root: Path = ROOT) -> str:
    """Name a file as the reader of a failure wants it: from the root."""
    return str(path.relative_to(root))
