"""Declared files on a test's own database: declared, put into a bucket in memory, and heard of."""

from collections.abc import Mapping
from hashlib import md5
from pathlib import Path

from bifrost.data.files.imports import StoredObject
from bifrost.data.files.uploads import AskingFiles, Declared, FileFormat, FileImport, FileProgress
from tests.data_desk import DataDesk


class UploadDesk(DataDesk):
    """A desk of data into which files are declared and come."""

    def declare(self, *files: Declared, continues: str = "") -> FileImport:
        """Say what will come."""
        asking = AskingFiles("owner-1", "request-1", continues)
        made, _ = self.uploads.declare(files, asking)
        return made

    def send(self, made: FileImport, contents: Mapping[str, bytes]) -> dict[str, FileProgress]:
        """Put these of the declared files, in this order; return all by name, as they stand."""
        keys = {one.file.declared.name: one.file.object_key for one in made.files}
        for name, content in contents.items():
            self.bucket.objects[keys[name]] = content
            # Tests declare a file before they make its content up.
            self.resize(keys[name], len(content))
            self.clock.pass_by(1)
            etag = md5(content, usedforsecurity=False).hexdigest()
            found = StoredObject(keys[name], etag, len(content))
            self.uploads.import_object(found, "request-1")
        found_again = self.uploads.find(made.import_id)
        return {one.file.declared.name: one for one in found_again.files}

    def resize(self, key: str, size: int) -> None:
        """Have a file declared as so many bytes."""
        values = (size, key)
        with self.database.transaction() as cursor:
            cursor.execute("UPDATE data.import_files SET size = %s WHERE object_key = %s", values)

    def take(self, **files: bytes) -> dict[str, FileProgress]:
        """Declare Lean files by name and send them, in this order."""
        return self.send(self.declare(*map(lean, files)), files)


def lean(name: str) -> Declared:
    """A Lean file."""
    return Declared(name=name, size=100, format=FileFormat.LEAN)


def table(name: str, instrument: str = "AAPL", **more: str) -> Declared:
    """A CSV file of daily bars, unless told otherwise."""
    told = {"timeframe": "1d", "format": "csv", **more}
    return Declared(
        name=name,
        size=100,
        format=FileFormat(told.pop("format")),
        instrument=instrument,
        **told,
    )


def folder(path: Path) -> dict[str, bytes]:
    """Each file under a folder, by its last two components."""
    return {
        f"{one.parent.name}/{one.name}": one.read_bytes()
        for one in sorted(path.rglob("*"))
        if one.is_file()
    }
