"""X-Ray subsegments without auto-patching, which alone costs a second of a cold start."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from bifrost.runtime.environment import environment


@contextmanager
def traced(name: str) -> Iterator[None]:
    """Trace what happens inside under `name`, where tracing is on (never on the local stack)."""
    if not environment().traced:
        yield
        return
    with _tracer().provider.in_subsegment(name):
        yield


@lru_cache
def _tracer() -> Any:
    from aws_lambda_powertools import Tracer

    return Tracer(auto_patch=False)
