"""A function's folder as a zip that depends on its content alone.

Compiled files go in beside the sources, marked as unchecked: the emulator unpacks the zip for
each worker, and without them every cold start would compile every module again. Nothing is
compressed, for the same reason.
"""

import importlib.util
import io
import marshal
import zipfile
from pathlib import Path

# PEP 552: known by the source's hash, and never held against it.
_UNCHECKED_HASH = (0b01).to_bytes(4, "little")
FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def archive(folder: Path) -> bytes:
    """The zip of a folder, the same bytes for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            name = path.relative_to(folder).as_posix()
            content = path.read_bytes()
            _add(packed, name, content)
            if path.suffix == ".py":
                _add(packed, _compiled_name(name), compiled(content, name))
    return buffer.getvalue()


def compiled(source: bytes, name: str) -> bytes:
    """The bytecode of one module under its name in the archive, valid whatever its file's date.

    Raises SyntaxError, which names the module.
    """
    code = compile(source, name, "exec", dont_inherit=True)
    known_by = _UNCHECKED_HASH + importlib.util.source_hash(source)
    return importlib.util.MAGIC_NUMBER + known_by + marshal.dumps(code)


def _compiled_name(name: str) -> str:
    return importlib.util.cache_from_source(name)


def _add(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, FIXED_TIME)
    entry.external_attr = 0o644 << 16
    packed.writestr(entry, content)
