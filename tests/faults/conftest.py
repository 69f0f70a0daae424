"""What kills share: servers that fork a process which is to die, with everything imported."""

from collections.abc import Iterator

import pytest

from tests.faults.forking import Forks


@pytest.fixture(scope="session")
def ingesters() -> Iterator[Forks]:
    """Ingesters of backfills, `tests.faults.ingester`."""
    with Forks("tests.faults.ingester") as forks:
        yield forks


@pytest.fixture(scope="session")
def runners() -> Iterator[Forks]:
    """Runners of the stream, `tests.faults.stream_process`."""
    with Forks("tests.faults.stream_process") as forks:
        yield forks
