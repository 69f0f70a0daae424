"""Pages of plain HTML that explain the API: its document in a browser, and every problem.

No template engine and nothing from the network: a page that explains a failure must work when
most other things do not.
"""

import re
from html import escape

from bifrost.core.problems import PROBLEMS, ProblemKind

_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;"
    "color:#1c2430;background:#fff}code{background:#eef1f5;padding:.1em .35em;border-radius:3px}"
    "a{color:#0b5cad}dt{font-weight:600;margin-top:1.2rem}dd{margin:.2rem 0 0}"
)


def problem_kind(slug: str) -> ProblemKind | None:
    """Find a problem by the last part of its `type` URL."""
    return next((kind for kind in PROBLEMS.values() if kind.slug == slug), None)


def problem_page(kind: ProblemKind) -> str:
    """Say what a problem means and what to do next."""
    return _page(
        kind.title,
        f"<h1>{escape(kind.title)}</h1>"
        f"<p>Answered with status <code>{kind.status}</code> as"
        " <code>application/problem+json</code> (RFC 9457).</p>"
        f"<dl><dt>Cause</dt><dd>{_prose(kind.cause)}</dd>"
        f"<dt>What to do next</dt><dd>{_prose(kind.next_step)}</dd></dl>"
        '<p><a href="../problems">All problems</a> · <a href="../docs">The API</a></p>',
    )


def problems_page() -> str:
    """List every problem this API answers with."""
    rows = "".join(
        f'<dt><a href="problems/{kind.slug}">{escape(kind.title)}</a>'
        f" <code>{kind.status}</code></dt><dd>{_prose(kind.cause)}</dd>"
        for kind in PROBLEMS.values()
    )
    return _page("Problems", f"<h1>Problems of the Bifrost API</h1><dl>{rows}</dl>")


def docs_page() -> str:
    """Show the API's document in Swagger UI, which is served from beside this page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>Bifrost API</title><link rel="stylesheet" href="docs/swagger-ui.css">'
        '</head><body><div id="swagger-ui"></div><script src="docs/swagger-ui-bundle.js"></script>'
        '<script>SwaggerUIBundle({url:"openapi.json",dom_id:"#swagger-ui",deepLinking:true,'
        "persistAuthorization:true,validatorUrl:null})</script></body></html>"
    )


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Bifrost API</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>"
    )
