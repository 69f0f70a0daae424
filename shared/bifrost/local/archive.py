"""A function's folder as a zip that depends on its content alone.

Compiled files go in beside the sources, marked as unchecked: the emulator unpacks the zip for
each worker, and without them every cold start would compile every module again. Nothing is
compressed, for the same reason.
"""

import importlib.util
import io
import py_compile
import tempfile
import zipfile
from pathlib import Path

FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def archive(folder: Path) -> bytes:
    """The zip of a folder, the same bytes for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            name = path.relative_to(folder).as_posix()
            _add(packed, name, path.read_bytes())
            if path.suffix == ".py":
                _add(packed, _compiled_name(name), compiled(path, name))
    return buffer.getvalue()


def compiled(path: Path, name: str) -> bytes:
    """The bytecode of one module under its name in the archive, valid whatever its file's date."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "module.pyc"
        py_compile.compile(
            str(path),
            cfile=str(target),
            dfile=name,
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        return target.read_bytes()


def _compiled_name(name: str) -> str:
    return importlib.util.cache_from_source(name)


def _add(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, FIXED_TIME)
    entry.external_attr = 0o644 << 16
    packed.writestr(entry, content)
