"""The address of the caller's spouse: said by each alone, of effect where both have said it."""

from fastapi import Response

from bifrost.portfolio.couple_schemas import SpouseBody, SpouseSheet
from bifrost.runtime.auth import Caller
from bifrost.runtime.entity_tags import IfMatch, tag
from bifrost.runtime.http import create_router
from functions.portfolio import wiring_tax

router = create_router()


@router.get("/v1/tax/spouse", tags=["tax"])
def show_spouse(caller: Caller, response: Response) -> SpouseSheet:
    """Show what you say of your spouse, whether it stands, and what to tell your spouse."""
    return _shown(caller.owner, response)


@router.put("/v1/tax/spouse", tags=["tax"])
def declare_spouse(
    body: SpouseBody, expected: IfMatch, caller: Caller, response: Response
) -> SpouseSheet:
    """Say who your spouse is; where that person says it of you, tax reports look across both."""
    wiring_tax.couples().declare(caller.owner, body.to_marriage(), expected)
    return _shown(caller.owner, response)


@router.delete("/v1/tax/spouse", tags=["tax"])
def take_back_spouse(expected: IfMatch, caller: Caller, response: Response) -> SpouseSheet:
    """Take it back: from now on neither of you sees the other's trades."""
    wiring_tax.couples().take_back(caller.owner, expected)
    return _shown(caller.owner, response)


def _shown(owner: str, response: Response) -> SpouseSheet:
    found = wiring_tax.couple(owner).declared()
    tag(response, found.declaration.version)
    return SpouseSheet.of(found)
