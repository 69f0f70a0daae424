"""Addresses of repairs: what was found wrong with stored bars, and what becomes of it."""

from typing import Annotated

from fastapi import Path, Query

from bifrost.core.instruments import SYMBOL
from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.schemas import (
    ReasonBody,
    RepairDetail,
    RepairPage,
    ScanBody,
    ScanSheet,
)
from bifrost.data.repair.stored import RepairQuery, RepairState
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.http import create_router
from functions.data import wiring_repairs

router = create_router()

RepairId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", description="The repair.")]


@router.get("/v1/data/repairs", tags=["data"])
def list_repairs(
    caller: Caller,
    instrument: Annotated[str, Query(pattern=rf"^({SYMBOL})?$", description="Of this one.")] = "",
    kind: Annotated[RepairKind | None, Query(description="Of this kind.")] = None,
    state: Annotated[RepairState | None, Query(description="That stand so.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many to show.")] = 100,
    cursor: Annotated[
        str, Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before.")
    ] = "0",
) -> RepairPage:
    """List repairs of stored bars, in the order they were found."""
    asked = RepairQuery(instrument, kind, state)
    found = wiring_repairs.repairs().listing(asked, after=int(cursor), limit=limit + 1)
    return RepairPage.of(found, limit)


@router.post("/v1/data/repairs/scans", tags=["data"])
def scan(body: ScanBody, caller: Caller) -> ScanSheet:
    """Look for faults in all that is stored of an instrument; make what is sure, propose the rest.

    Group `admin` only. Repeating it finds the same, and makes nothing that was undone. Where there
    is more than one request has time for, `following` is what to send as `after`.
    """
    caller.require(ADMIN)
    return ScanSheet.of(wiring_repairs.repairs().scan(body.to_asked(), correlation_id()))


@router.get("/v1/data/repairs/{repair_id}", tags=["data"])
def show_repair(repair_id: RepairId, caller: Caller) -> RepairDetail:
    """Show a repair: every raw and repaired value, its evidence, and who did what with it."""
    return RepairDetail.of(wiring_repairs.repairs().find(repair_id))


@router.post("/v1/data/repairs/{repair_id}/apply", tags=["data"])
def apply_repair(repair_id: RepairId, body: ReasonBody, caller: Caller) -> RepairDetail:
    """Make a repair that was proposed, or undone. Group `admin` only.

    A claimed split is announced as a person's own word; bars get a revision that names the repair.
    """
    caller.require(ADMIN)
    return RepairDetail.of(
        wiring_repairs.repairs().apply(
            repair_id, by=caller.owner, reason=body.reason, correlation_id=correlation_id()
        )
    )


@router.post("/v1/data/repairs/{repair_id}/undo", tags=["data"])
def undo_repair(repair_id: RepairId, body: ReasonBody, caller: Caller) -> RepairDetail:
    """Take a repair back: the raw values are appended again. Group `admin` only."""
    caller.require(ADMIN)
    return RepairDetail.of(
        wiring_repairs.repairs().undo(
            repair_id, by=caller.owner, reason=body.reason, correlation_id=correlation_id()
        )
    )
