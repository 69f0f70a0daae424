"""What is uploaded: the code, and each function with its layers, as Lambda holds them."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from infra_cdk.capabilities import CAPABILITIES
from infra_cdk.staging import stage_code
from layers.build import ensure_layers
from tests.benchmarks.report import Row

_GOAL = "<= 60"


def rows() -> list[Row]:
    """Zip the code asset as a deployment does, and add up the layers of each function."""
    with tempfile.TemporaryDirectory() as folder:
        staged = stage_code(Path(folder) / "code")
        archive = Path(folder) / "code.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
            for path in _files(staged):
                out.write(path, path.relative_to(staged))
        code = _bytes(staged)
        zipped = Row("code of all functions, zipped", _mb(archive.stat().st_size), "MB", _GOAL)
        return [zipped, *_with_layers(code)]


def _with_layers(code: int) -> list[Row]:
    try:
        built = ensure_layers("arm64")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        print(f"layers are not measured: {error}", file=sys.stderr)
        return []
    sizes = {folder.name: _bytes(folder) for folder in built.iterdir() if folder.is_dir()}
    return [
        Row(
            f"{one.name} unzipped, with layers {', '.join(one.layers)}",
            _mb(code + sum(sizes[name] for name in one.layers)),
            "MB",
            _GOAL,
        )
        for one in CAPABILITIES
    ]


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in _files(folder))


def _mb(size: int) -> float:
    return round(size / 1e6, 2)
