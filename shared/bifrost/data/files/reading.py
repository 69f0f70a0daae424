"""Which reader a declared file is for."""

from bifrost.data.files.contradictions import Told
from bifrost.data.files.lean_import import bars_of_zip, read_factors, read_zip
from bifrost.data.files.ports import UploadTransaction
from bifrost.data.files.table_import import bars_of_table, read_table
from bifrost.data.files.taking import Done, FileOccasion
from bifrost.data.files.uploads import FileFormat, Stage, UploadedFile


def read_into(
    books: UploadTransaction, file: UploadedFile, content: bytes, occasion: FileOccasion
) -> Done:
    """Read a file into the books.

    Raises InvalidInputError where nothing of it can be believed, WaitsError where its instrument
    is not listed.
    """
    if file.declared.format is not FileFormat.LEAN:
        return read_table(books, file, content, occasion)
    if file.declared.stage is Stage.ACTIONS:
        return read_factors(books, file.declared.name, content, occasion)
    return read_zip(books, content, occasion)


def bars_of(books: UploadTransaction, file: UploadedFile, content: bytes) -> Told:
    """Return the bars that stand in a file which was taken already, by series."""
    if file.declared.format is not FileFormat.LEAN:
        return bars_of_table(books, file, content)
    return bars_of_zip(books, content)
