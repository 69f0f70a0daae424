"""Builds the Lambda layers without Docker: wheels of the function's platform, unpacked by uv.

    python -m layers.build [arm64 | x86_64]

Each `<layer>.txt` holds versions and hashes and names no index, so anybody's index serves; it is
made from `<layer>.in` by `python -m layers.build lock`. What Lambda's own runtime brings (botocore
and what it needs) is left out of both.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / ".build" / "layers"
PYTHON = "3.12"
PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
IN_THE_RUNTIME = ("botocore", "jmespath", "python-dateutil", "six", "urllib3")
# It needs FastAPI, which its function has from the layer beside it.
_BESIDE = {"docs": ("--no-deps",)}
# What a layer of many small files does not need; Lambda compiles nothing for the next start either.
_UNUSED = ("**/__pycache__", "**/tests", "**/*.pyi", "bin")


def layer_names() -> list[str]:
    """Every layer that has a requirement file."""
    return sorted(path.stem for path in HERE.glob("*.in"))


def ensure_layers(architecture: str = "arm64", into: Path = BUILT) -> Path:
    """Build what is missing or out of date; return the folder that holds one folder per layer."""
    folder = into / architecture
    for name in layer_names():
        if _stamp(folder, name).exists():
            continue
        build(name, architecture, folder / name)
        for old in folder.glob(f"{name}.*.built"):
            old.unlink()
        _stamp(folder, name).touch()
    return folder


def build(name: str, architecture: str, folder: Path) -> None:
    """Unpack the layer's wheels into `folder/python`, where Lambda looks for them."""
    shutil.rmtree(folder, ignore_errors=True)
    target = folder / "python"
    target.mkdir(parents=True)
    _uv(
        "install",
        *("--target", str(target), "--python-platform", PLATFORMS[architecture]),
        *("--only-binary", ":all:", "--no-deps", "--require-hashes"),
        *("-r", str(HERE / f"{name}.txt")),
    )
    for pattern in _UNUSED:
        for path in list(target.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def lock(name: str) -> None:
    """Write the layer's versions and hashes, for every platform at once."""
    left_out = [part for package in IN_THE_RUNTIME for part in ("--no-emit-package", package)]
    _uv(
        "compile",
        *("--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"),
        *("--python-platform", PLATFORMS["arm64"], *left_out, *_BESIDE.get(name, ())),
        *(str(HERE / f"{name}.in"), "-o", str(HERE / f"{name}.txt")),
    )


def _stamp(folder: Path, name: str) -> Path:
    content = (HERE / f"{name}.txt").read_bytes() + Path(__file__).read_bytes()
    return folder / f"{name}.{hashlib.sha256(content).hexdigest()[:16]}.built"


def _uv(command: str, *arguments: str) -> None:
    uv = (sys.executable, "-m", "uv", "pip", command, "--quiet", "--python-version", PYTHON)
    subprocess.run(  # noqa: S603 - our own words and paths
        [*uv, *arguments],
        check=True,
        cwd=HERE.parent,
    )


def main(arguments: list[str]) -> None:
    """Lock, or build for the architectures asked for (both by default)."""
    if arguments == ["lock"]:
        for name in layer_names():
            lock(name)
        return
    for architecture in arguments or list(PLATFORMS):
        ensure_layers(architecture)


if __name__ == "__main__":
    main(sys.argv[1:])
