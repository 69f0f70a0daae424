"""What gateway is plugged into: files that travel inside the function."""

from functools import lru_cache
from importlib.resources import files

from bifrost.core.errors import NotFoundError
from bifrost.gateway.addresses import Addresses

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


@lru_cache
def api_document() -> bytes:
    """The OpenAPI document of the whole API, made by `python -m infra_cdk.openapi`."""
    return files("bifrost.gateway").joinpath("openapi.json").read_bytes()


@lru_cache
def addresses() -> Addresses:
    """Every address of the API."""
    return Addresses.of(api_document())


@lru_cache
def asset(name: str) -> tuple[bytes, str]:
    """One file of Swagger UI and its media type."""
    if name not in _ASSETS:
        raise NotFoundError(f"no file {name} among the API's pages")
    return files("fastapi_swagger").joinpath("resources", name).read_bytes(), _ASSETS[name]
