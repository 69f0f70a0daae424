"""Which reader a declared file is for."""

from bifrost.data.files.lean_import import read_factors, read_zip
from bifrost.data.files.ports import UploadTransaction
from bifrost.data.files.table_import import read_table
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
