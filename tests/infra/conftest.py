"""What is expensive, once per run: the synthesised templates and the bench of workflows."""

from collections.abc import Iterator

import pytest

from tests.infra.templates import Synthesised, Template, synthesise_aws, synthesise_local
from tests.infra.workflow_bench import WorkflowBench, running_bench


@pytest.fixture(scope="session")
def aws_target(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    """Give the AWS target's stacks and what the rule packs found in them."""
    return synthesise_aws(tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="session")
def desk(aws_target: Synthesised) -> Template:
    """Give the desk's stack on AWS."""
    return aws_target.templates["bifrost"]


@pytest.fixture(scope="session")
def local_desk(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Give the one stack of the local target."""
    (template,) = synthesise_local(tmp_path_factory.mktemp("local")).templates.values()
    return template


@pytest.fixture(scope="session")
def workflow_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkflowBench]:
    """Give the deployed workflows with functions that answer by a script."""
    with running_bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench
