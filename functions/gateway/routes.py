"""Gateway's addresses: the API's document, its pages, and what each problem means."""

from fastapi import HTTPException
from fastapi.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from bifrost.core.errors import NotFoundError
from bifrost.gateway.pages import docs_page, problem_kind, problem_page, problems_page
from bifrost.runtime.http import create_app
from functions.gateway import wiring

app = create_app("gateway", checks={})


@app.get("/v1/openapi.json", tags=["gateway"])
def openapi() -> Response:
    """Return the OpenAPI 3.1 document of the whole API."""
    return Response(wiring.api_document(), media_type="application/json")


@app.get("/v1/docs", tags=["gateway"], response_class=HTMLResponse)
def docs() -> str:
    """Show the API in Swagger UI."""
    return docs_page()


@app.get("/v1/docs/{file}", tags=["gateway"], include_in_schema=False)
def docs_file(file: str) -> Response:
    """Serve what the page is made of."""
    content, media_type = wiring.asset(file)
    return Response(content, media_type=media_type, headers={"Cache-Control": "max-age=86400"})


@app.get("/v1/problems", tags=["gateway"], response_class=HTMLResponse)
def problems() -> str:
    """List every problem this API answers with."""
    return problems_page()


@app.get("/v1/problems/{slug}", tags=["gateway"], response_class=HTMLResponse)
def problem(slug: str) -> str:
    """Say what a problem means and what to do next."""
    kind = problem_kind(slug)
    if kind is None:
        raise NotFoundError(f"no problem is called {slug}")
    return problem_page(kind)


async def nothing_here(scope: Scope, _receive: Receive, _send: Send) -> None:
    """Answer for what no capability takes: another method of its address, or no address."""
    path = scope["path"]
    methods = wiring.addresses().methods_at(path)
    if methods:
        raise HTTPException(405, headers={"Allow": ", ".join(methods)})
    raise NotFoundError(f"nothing is at {path}; see /v1/openapi.json")


app.router.default = nothing_here
