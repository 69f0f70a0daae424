"""Addresses of imports."""

from typing import Annotated

from fastapi import Path, Query, Response

from bifrost.data.files.schemas import FileImportBody, FileImportList, FileImportSheet
from bifrost.data.files.uploads import AskingFiles
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.http import create_router
from functions.data import wiring_files

router = create_router()

ImportId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", description="The import.")]


@router.post("/v1/data/imports", tags=["data"], status_code=202)
def declare_import(body: FileImportBody, caller: Caller, response: Response) -> FileImportSheet:
    """Declare files, and get for each an address that takes its content by PUT for 15 minutes.

    What comes is imported by itself; `GET /v1/data/imports/{import_id}` says how far it is. The
    same file may be sent again and writes nothing. Group `admin` only.
    """
    caller.require(ADMIN)
    made, urls = wiring_files.uploads().declare(
        [one.to_declared() for one in body.files],
        AskingFiles(caller.owner, correlation_id(), body.continues),
    )
    response.headers["Location"] = f"/v1/data/imports/{made.import_id}"
    return FileImportSheet.of(made, urls)


@router.get("/v1/data/imports", tags=["data"])
def list_imports(
    caller: Caller,
    limit: Annotated[int, Query(ge=1, le=100, description="How many to show.")] = 20,
    cursor: Annotated[
        str, Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before.")
    ] = "999999999999999999",
) -> FileImportList:
    """List imports, the newest first. Group `admin` only."""
    caller.require(ADMIN)
    found = wiring_files.uploads().newest(before=int(cursor), limit=limit + 1)
    return FileImportList.of(list(found), limit)


@router.get("/v1/data/imports/{import_id}", tags=["data"])
def show_import(import_id: ImportId, caller: Caller) -> FileImportSheet:
    """Show what became of each file of an import. Group `admin` only."""
    caller.require(ADMIN)
    return FileImportSheet.of(wiring_files.uploads().find(import_id))
