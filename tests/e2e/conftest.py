"""A stack of the tests' own: real PostgreSQL, real functions, its own folder and its own port.

It is brought up once for the session and leaves neither a process nor a file.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bifrost.local.home import Home
from bifrost.local.stack import Place, Stack, StackState

PROJECT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack as a thing to bring up and down; already up."""
    home = Home(tmp_path_factory.mktemp("stack") / "home")
    private = Stack(Place(home=home, project=PROJECT, port=free_port()))
    try:
        private.up(lambda _step: None)
        yield private
    finally:
        private.reset(lambda _step: None)


@pytest.fixture(scope="session")
def desk(stack: Stack) -> StackState:
    """The stack's addresses, outputs and first user."""
    return stack.state()


@pytest.fixture(scope="session")
def token(stack: Stack) -> str:
    """A bearer token of the first user."""
    return stack.token()


@pytest.fixture(scope="session")
def command_environment(desk: StackState) -> dict[str, str]:
    """What a `bifrost` command run as a process must be given to reach this stack."""
    return {"BIFROST_HOME": str(desk.home)}
