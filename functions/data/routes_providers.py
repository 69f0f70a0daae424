"""The address of providers: whom the desk may ask, and how each stands."""

from bifrost.data.providers.schemas import ProviderList
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import create_router
from functions.data import wiring_ingestion

router = create_router()


@router.get("/v1/data/providers", tags=["data"])
def list_providers(caller: Caller) -> ProviderList:
    """List the providers of market data: which are configured, circuits, calls left, last answer.

    What the desk asks of a provider is counted for all its processes together.
    """
    return ProviderList.of(wiring_ingestion.vendors().sheets())
