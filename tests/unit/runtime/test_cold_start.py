"""What a task needs is loaded when it is needed, and on Lambda before the first call."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
IN_LAMBDA = {
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "CAPABILITY": "any",
    # Nobody listens there, so a task gets as far as its connection.
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
}


def run(code: str, **environment: str) -> str:
    """Return what a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("environment", "loaded"),
    [
        ({"DATABASE_URL": "postgresql://x"}, False),
        ({"DATABASE_URL": "postgresql://x", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}, True),
        ({"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}, False),
    ],
)
def test_only_a_starting_lambda_with_a_database_loads_the_driver(
    environment: dict[str, str], loaded: bool
) -> None:
    code = "import functions.risk.handler, sys; print('psycopg' in sys.modules)"

    assert run(code, **environment) == str(loaded)


@pytest.mark.parametrize("capability", ["risk", "compliance"])
def test_a_task_that_publishes_nothing_loads_no_event_and_no_http(capability: str) -> None:
    code = (
        f"import functions.{capability}.handler, sys;"
        " print([name for name in sys.modules"
        " if name.startswith('bifrost.events') or name == 'http.client'])"
    )

    assert run(code, **IN_LAMBDA) == "[]"


@pytest.mark.parametrize("capability", ["portfolio", "execution", "data"])
def test_only_a_starting_lambda_loads_what_sends_events_on(capability: str) -> None:
    code = f"import functions.{capability}.handler, sys; print('http.client' in sys.modules)"

    assert run(code) == "False"
    assert run(code, **IN_LAMBDA) == "True"


def test_the_first_task_of_a_lambda_loads_nothing_more_than_its_start_did() -> None:
    code = """
import sys
from bifrost.core.errors import UnavailableError
from functions.risk.handler import handler

loaded = set(sys.modules)
try:
    handler({"task": "release", "input": {"order_id": "order-1"}}, None)
except UnavailableError:
    print("asked", sorted(set(sys.modules) - loaded))
"""

    assert run(code, **IN_LAMBDA) == "asked []"


def test_what_a_lambda_starts_with_is_never_collected_and_what_comes_later_is() -> None:
    # Some versions of CPython begin with objects frozen.
    code = """
import gc

frozen = gc.get_freeze_count()
import functions.risk.handler

print(gc.get_freeze_count() > frozen, gc.isenabled())
"""

    assert run(code, **IN_LAMBDA) == "True True"
    assert run(code) == "False True"
