"""Builds the Lambda layers without Docker: wheels of the function's platform, unpacked by uv.

    python -m layers.build [arm64 | x86_64]

Each `<layer>.txt` holds versions and hashes and names no index, so anybody's index serves; it is
made from `<layer>.in` by `python -m layers.build lock`. What Lambda's own runtime brings (botocore
and what it needs) is left out of both.

Lambda keeps no bytecode between two cold starts, and without any it compiles all that it imports,
which doubles the CPU of the start. So what is uploaded is compiled here, where the functions' own
version of Python is installed.
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
# yfinance names it for pages that nobody reads here.
_LEFT_OUT = {"vendors": ("lxml",)}
# The runtime's own is of a version that these do without: before it comes what a layer brings.
_BROUGHT_ALONG = {"vendors": ("urllib3",)}
# What a layer of many small files does not need; its bytecode is made by `compile_for_lambda`.
_UNUSED = ("**/__pycache__", "**/tests", "**/*.pyi", "bin")


def layer_names() -> list[str]:
    """Every layer that has a requirement file."""
    return sorted(path.stem for path in HERE.glob("*.in"))


def ensure_layers(architecture: str = "arm64", into: Path = BUILT) -> Path:
    """Build what is missing or out of date; return the folder that holds one folder per layer."""
    folder = into / architecture
    python = python_of_lambda()
    for name in layer_names():
        stamp = _stamp(folder, name, is_compiled=python is not None)
        if stamp.exists():
            continue
        build(name, architecture, folder / name)
        if python is not None:
            compile_for_lambda(folder / name, "/opt", python)
        for old in folder.glob(f"{name}.*.built"):
            old.unlink()
        stamp.touch()
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


def python_of_lambda() -> str | None:
    """Return the interpreter that makes bytecode for Lambda; None, said aloud, where none is."""
    found = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", PYTHON],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 0:
        return found.stdout.strip()
    sys.stderr.write(
        f"No Python {PYTHON} here: every cold start on AWS will compile what it imports, which"
        f" doubles its CPU. `uv python install {PYTHON}` ends that.\n"
    )
    return None


def compile_for_lambda(folder: Path, place: str, python: str) -> None:
    """Put bytecode beside the modules of `folder`, which will stand at `place` on Lambda.

    It holds whatever the files' times say, which an archive does not keep, and the same modules
    make the same bytes, so that nothing is deployed anew for it.
    """
    how = ("-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", place)
    subprocess.run(  # noqa: S603 - our own words and paths
        [python, "-m", "compileall", *how, str(folder)], check=True
    )


def lock(name: str) -> None:
    """Write the layer's versions and hashes, for every platform at once."""
    left_out = [part for one in left_out_of(name) for part in ("--no-emit-package", one)]
    _uv(
        "compile",
        *("--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"),
        *("--python-platform", PLATFORMS["arm64"], *left_out, *_BESIDE.get(name, ())),
        *(str(HERE / f"{name}.in"), "-o", str(HERE / f"{name}.txt")),
    )


def left_out_of(name: str) -> tuple[str, ...]:
    """Return the packages of its requirements that the layer does without."""
    brought_along = _BROUGHT_ALONG.get(name, ())
    runtime = (package for package in IN_THE_RUNTIME if package not in brought_along)
    return (*runtime, *_LEFT_OUT.get(name, ()))


def _stamp(folder: Path, name: str, *, is_compiled: bool) -> Path:
    content = (HERE / f"{name}.txt").read_bytes() + Path(__file__).read_bytes()
    content += b"compiled" if is_compiled else b""
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
