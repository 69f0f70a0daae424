"""Execution's function on a test's own desk and venue, its workflows in memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.events import Event
from bifrost.runtime import plugs
from functions.execution import wiring
from tests.builders import account_opened, cash_deposited, instrument_listed
from tests.execution_desk import MakeDatabase


@contextmanager
def plugged_execution(
    monkeypatch: pytest.MonkeyPatch, make_database: MakeDatabase
) -> Iterator[MemoryWorkflows]:
    """Plug them in; the outbox keeps what would be published."""
    plugged = {
        "database": make_database("execution"),
        "venue_database": make_database("venue"),
        "workflows": (workflows := MemoryWorkflows()),
    }
    for name, plug in plugged.items():
        monkeypatch.setattr(plugs, name, lambda plug=plug: plug)
    forget()
    yield workflows
    forget()


def forget() -> None:
    """Forget what the function was wired to."""
    for one in vars(wiring).values():
        if hasattr(one, "cache_clear"):
            one.cache_clear()


def opening() -> list[Event]:
    """One funded account, and AAPL."""
    return [instrument_listed(), account_opened(), cash_deposited()]
