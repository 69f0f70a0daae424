"""What is expensive, once per run: the synthesised templates and the bench of workflows."""

from collections.abc import Iterator

import pytest

from tests.infra.workflow_bench import WorkflowBench, running_bench


@pytest.fixture(scope="session")
def workflow_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkflowBench]:
    """Give the deployed workflows with functions that answer by a script."""
    with running_bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench
