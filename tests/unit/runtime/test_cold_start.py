"""The database's driver is loaded when it is needed, and on Lambda before the first call."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]


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
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import functions.risk.handler, sys; print('psycopg' in sys.modules)",
        ],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == str(loaded)
