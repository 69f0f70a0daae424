"""What is uploaded: the code, and each function with its layers, as Lambda holds them.

Beside each: the same function built the usual way, with everything that a desk tends to import,
from wheels of the same platform. The goal is for what is uploaded; what Lambda unpacks (at most
250 MB) is shown too.
"""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from infra_cdk.capabilities import CAPABILITIES
from infra_cdk.staging import stage_code
from layers.build import PLATFORMS, PYTHON, ensure_layers
from tests.benchmarks.report import PROJECT, Row

ARCHITECTURE = "arm64"
USUAL = ("boto3", "SQLAlchemy", "pandas", "fastapi", "mangum", "psycopg[binary]")
_PEER = "boto3 + SQLAlchemy + pandas + FastAPI + Mangum + psycopg"
_GOAL = "<= 60"


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes as uploaded, and as unpacked."""

    zipped: int
    unpacked: int


def rows() -> list[Row]:
    """Zip the code asset and the layers as a deployment does, and add up each function's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code = _size(stage_code(folder / "code"), folder / "code.zip")
        made = [Row("code of all functions, zipped", _mb(code.zipped), "MB", _GOAL)]
        try:
            built = ensure_layers(ARCHITECTURE)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"layers are not measured: {error}", file=sys.stderr)
            return made
        layers = {
            layer.name: _size(layer, folder / f"{layer.name}.zip")
            for layer in built.iterdir()
            if layer.is_dir()
        }
        peer, note = _usual(folder)
    for one in CAPABILITIES:
        parts = [code, *(layers[layer] for layer in one.layers)]
        zipped = _mb(sum(part.zipped for part in parts))
        unpacked = _mb(sum(part.unpacked for part in parts))
        made += [
            Row(f"{one.name} with its layers, zipped", zipped, "MB", _GOAL, _PEER,
                _mb(peer.zipped) if peer else None, note),
            Row(f"{one.name} with its layers, unpacked", unpacked, "MB", "", _PEER,
                _mb(peer.unpacked) if peer else None, note),
        ]  # fmt: skip
    return made


def _usual(folder: Path) -> tuple[Size | None, str]:
    """Install the usual packages, in the versions that are installed here; or say why not."""
    target = folder / "usual"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--only-binary", ":all:"),
            *("--target", str(target), "--python-version", PYTHON),
            *("--python-platform", PLATFORMS[ARCHITECTURE]),
            *(_pinned(package) for package in USUAL),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"the usual packages are not measured: {done.stderr}", file=sys.stderr)
        return None, "not installed; is the package index out of reach?"
    return _size(target, folder / "usual.zip"), ""


def _pinned(package: str) -> str:
    try:
        return f"{package}=={version(package.split('[', 1)[0])}"
    except PackageNotFoundError:
        return package


def _size(folder: Path, archive: Path) -> Size:
    files = list(_files(folder))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in files:
            out.write(path, path.relative_to(folder))
    return Size(archive.stat().st_size, sum(path.stat().st_size for path in files))


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _mb(size: int) -> float:
    return round(size / 1e6, 2)
