"""An app whose routes come by subject: a request pays for its own, not for all the others'."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send


def take_in(app: FastAPI, *routers: APIRouter) -> None:
    """Serve their routes as the app's own.

    FastAPI's `include_router` keeps a router as one route, which hides from a 405 what its
    addresses take, and from tests what is served.
    """
    for router in routers:
        app.router.routes.extend(router.routes)


class SubjectApp(FastAPI):
    """Imports a subject's routes with the first request that may be for one of them."""

    def __init__(self, **given: Any) -> None:
        self._later: dict[str, frozenset[str]] = {}
        super().__init__(**given)

    def take_in_later(self, module: str, *words: str) -> None:
        """Serve the module's `router` from the first request on whose path has one of the words.

        A word too many costs an import; a route without any would never be found, and is refused.
        """
        self._later[module] = frozenset(words)

    @property
    def routes(self) -> list[BaseRoute]:
        """All of them: neither the document nor a 405's `Allow` may miss one."""
        self._take_in(list(self._later))
        return super().routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with the routes that its path may mean."""
        if self._later and scope["type"] == "http":
            said = set(scope["path"].split("/"))
            self._take_in([module for module, words in self._later.items() if words & said])
        await super().__call__(scope, receive, send)

    def _take_in(self, modules: Iterable[str]) -> None:
        for module in modules:
            router: APIRouter = import_module(module).router
            words = self._later.pop(module)
            for route in router.routes:
                path = getattr(route, "path", "")
                if not words & set(path.split("/")):
                    raise ValueError(f"{path} has none of the words of {module}: {sorted(words)}")
            take_in(self, router)
