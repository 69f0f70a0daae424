"""Cold starts: what a fresh Lambda process pays before its first task, event or request."""

from importlib.util import find_spec

from infra_cdk.capabilities import CAPABILITIES
from tests.benchmarks.report import Row, costs

BARE = "bare FastAPI + Mangum"
_GOALS = {"task": "<= 150", "HTTP": "<= 500"}
# What a listener imports at the first event, beside its own store.
_EVENT = (
    "from aws_lambda_powertools.utilities.batch import BatchProcessor, process_partial_response\n"
    "import bifrost.events\n"
)
# What makes our entry load the rest, as it does while a Lambda starts.
_IN_LAMBDA = (
    "import os\n"
    "os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'] = 'on-demand'\n"
    "os.environ['DATABASE_URL'] = 'postgresql://nobody@nowhere'\n"
)
_PEERS = {
    BARE: "import fastapi, mangum\n",
    "boto3": "import boto3\n",
    "SQLAlchemy": "import sqlalchemy\n",
    "pandas": "import pandas\n",
    "powertools Tracer with auto-patch": (
        "import boto3, httpx\nfrom aws_lambda_powertools import Tracer\n"
        "Tracer(service='peer', disabled=False, auto_patch=True)\n"
    ),
}


def rows() -> list[Row]:
    """Import each handler by each way in; the HTTP way also builds the app.

    The database's driver, and the client that sends events on, are imported when they are first
    used, on Lambda while it starts: the rows "as a Lambda starts" are all that is paid there.
    """
    snippets: dict[str, str] = {}
    for capability in CAPABILITIES:
        task = f"import functions.{capability.name}.handler\n"
        snippets[f"{capability.name} task"] = task
        if capability.schemas:
            snippets[f"{capability.name} task, as a Lambda starts"] = _IN_LAMBDA + task
        if capability.has_queue:
            snippets[f"{capability.name} event, as a Lambda starts"] = _IN_LAMBDA + task + _EVENT
        http = task + f"import functions.{capability.name}.routes\n"
        snippets[f"{capability.name} HTTP"] = http
        # Every subject's routes too, which no single request needs.
        snippets[f"{capability.name} HTTP, all routes"] = http + (
            f"functions.{capability.name}.routes.app.routes\n"
        )
        if capability.schemas:
            snippets[f"{capability.name} HTTP, as a Lambda starts"] = _IN_LAMBDA + http
    peers = {name: code for name, code in _PEERS.items() if _is_there(name)}
    found = costs({**snippets, **peers})
    bare = found[BARE]
    made = []
    for name in snippets:
        goal = _GOALS.get(name.split(" ", 1)[1], "")
        cost = found[name]
        made.append(Row(f"cold {name}: CPU", cost.cpu_ms, "ms", goal, BARE, bare.cpu_ms))
        made.append(Row(f"cold {name}: modules", cost.modules, "modules", "", BARE, bare.modules))
        made.append(Row(f"cold {name}: RSS", cost.rss_mb, "MiB", "", BARE, bare.rss_mb))
    made += [Row(f"cold peer {name}: CPU", found[name].cpu_ms, "ms") for name in peers]
    return made


def _is_there(peer: str) -> bool:
    return peer != "pandas" or find_spec("pandas") is not None
